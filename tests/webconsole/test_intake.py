"""What stands before every route: what was not sent whole is never taken for the whole."""

import asyncio

from starlette.types import Message, Receive, Scope, Send

from tests.waiting import apart
from webconsole.intake import Intake

FORM = (b"content-type", b"application/x-www-form-urlencoded")


def test_half_a_form_is_no_form() -> None:
    """A telephone that loses its network in the middle of a note must not leave half of it."""
    coming: list[Message] = [
        {"type": "http.request", "body": b"note=Is+well.+Do+not", "more_body": True},
        {"type": "http.disconnect"},
    ]
    reached: list[Scope] = []
    said: list[Message] = []

    async def route(scope: Scope, _: Receive, __: Send) -> None:
        reached.append(scope)

    async def receive() -> Message:
        return coming.pop(0)

    async def send(message: Message) -> None:
        said.append(message)

    scope = {"type": "http", "path": "/notes", "query_string": b"", "headers": [FORM]}
    apart(lambda: asyncio.run(Intake(route)(scope, receive, send)))
    assert (reached, said, coming) == ([], [], [])
