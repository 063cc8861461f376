"""A small web office for tests of the carrier: answers with given documents, keeps what came."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from callcenter.carriers.account import Account
from callcenter.carriers.twilio_hooks import genuine

SID = "AC" + "a" * 32
TOKEN = "12345"
Document = str | Callable[[dict[str, str]], str]


def account(public_url: str = "https://centrale.example", api_base: str | None = None) -> Account:
    return Account(
        sid=SID, tokens=(TOKEN,), public_url=public_url, api_base=api_base, simulated=True
    )


@dataclass
class Office:
    """What each path answers, and the forms that came, in order."""

    url: str = ""
    documents: dict[str, Document] = field(default_factory=dict)
    came: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    forged: int = 0
    _news: threading.Condition = field(default_factory=threading.Condition)

    async def answer(self, request: Request) -> Response:
        form = await request.form()
        url = self.url + request.url.path
        if request.url.query:
            url += "?" + request.url.query
        if not genuine(account(), url, form, request.headers.get("X-Twilio-Signature", "")):
            self.forged += 1
        fields = {key: str(value) for key, value in form.items()}
        with self._news:
            self.came.append((request.url.path, fields))
            self._news.notify_all()
        document = self.documents.get(request.url.path, "<Response/>")
        text = document if isinstance(document, str) else document(fields)
        return Response(text, media_type="text/xml")

    def wait_for(self, path: str, **wanted: str) -> dict[str, str]:
        """The first form at the path with these fields; fails after five seconds."""

        def found() -> dict[str, str] | None:
            for at, fields in self.came:
                if at == path and wanted.items() <= fields.items():
                    return fields
            return None

        with self._news:
            assert self._news.wait_for(lambda: found() is not None, 5), (path, wanted, self.came)
        form = found()
        assert form is not None
        return form

    def forms(self, path: str) -> list[dict[str, str]]:
        return [fields for at, fields in self.came if at == path]


@contextmanager
def listening(app: Starlette) -> Iterator[str]:
    """The application behind a real socket on a free port; yields its address."""
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", access_log=False)
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    tick = threading.Event()
    while not server.started:
        assert thread.is_alive()
        tick.wait(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)


@contextmanager
def open_office() -> Iterator[Office]:
    office = Office()
    app = Starlette(routes=[Route("/{path:path}", office.answer, methods=["POST"])])
    with listening(app) as url:
        office.url = url
        yield office
