"""What comes in: no more than is ever needed, and no text with what nobody can see.

Bodies of forms and JSON are held whole, so that they can be looked at before any route; uploads
pass in pieces and are counted. Signed webhooks and devices' signals stay as they came: their
signatures and their bytes are evidence.
"""

import json
import re
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from registry import attachments
from registry.kit import texts
from registry.kit.errors import Invalid, Problem, TooLarge

LONGEST = 1_000_000  # bytes of a form or of JSON
UPLOAD_AT_LEAST = 10_000_000  # bytes; each kind of file has its own limit at its route
AS_THEY_CAME = ("/twilio/", "/api/v1/signals")
FORM, UPLOAD = "application/x-www-form-urlencoded", "multipart/form-data"
JSON = re.compile(r"application/(?:[\w.-]+\+)?json")


class Intake:
    """Stands before every route; what it refuses is answered like any other problem."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        try:
            if scope["path"].startswith(AS_THEY_CAME):
                await self.app(scope, counted(receive, LONGEST), send)
                return
            scope["query_string"] = _query(scope["query_string"])
            await self.app(scope, await _looked_at(scope, receive), send)
        except _Refused as refused:
            await answer(scope, refused.problem)(scope, receive, send)
        except ClientDisconnect:
            return  # half a form is no form, and nobody is there to be told


class _Refused(Exception):  # noqa: N818 - carries a problem out of the application's own handlers
    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


async def _looked_at(scope: Scope, receive: Receive) -> Receive:
    """The body, cleaned where it is text."""
    headers = Headers(scope=scope)
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    longest = max(UPLOAD_AT_LEAST, attachments.most() + LONGEST) if kind == UPLOAD else LONGEST
    if int(headers.get("content-length") or 0) > longest:
        raise _Refused(_too_large(longest))
    clean = _form if kind == FORM else _json if JSON.fullmatch(kind) else None
    if clean is None:
        return counted(receive, longest)
    whole = await _whole(counted(receive, longest))
    try:
        body = clean(whole)
    except Invalid as problem:
        raise _Refused(problem) from problem
    if body != whole:
        scope["headers"] = [
            (name, str(len(body)).encode() if name == b"content-length" else value)
            for name, value in scope["headers"]
        ]
    return _once(body, receive)


def counted(receive: Receive, longest: int) -> Receive:
    """The same body, refused as soon as it is longer than was agreed."""
    seen = 0

    async def next_() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > longest:
            raise _Refused(_too_large(longest))
        return message

    return next_


def _too_large(longest: int) -> TooLarge:
    return TooLarge("More than %(most)s MB is not taken", most=longest // 1_000_000)


async def _whole(receive: Receive) -> bytes:
    pieces = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        pieces.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(pieces)


def _once(body: bytes, receive: Receive) -> Receive:
    """The body in one piece, then whatever comes after it: the end of the connection."""
    given = False

    async def next_() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return next_


def _query(query: bytes) -> bytes:
    """An address that cannot be read is left for the route to refuse."""
    try:
        return _form(query)
    except Invalid as problem:
        raise _Refused(problem) from problem


def _form(body: bytes) -> bytes:
    pairs = parse_qsl(body.decode("latin-1"), keep_blank_values=True, max_num_fields=None)
    kept = [(texts.clean(name), texts.clean(value)) for name, value in pairs]
    return urlencode(kept).encode() if kept != pairs else body


def _json(body: bytes) -> bytes:
    try:
        said = json.loads(body)
        kept = texts.clean_all(said)
    except (ValueError, RecursionError):
        return body  # what is no JSON is refused by the route, in its words
    return json.dumps(kept, ensure_ascii=False).encode() if kept != said else body


def answer(scope: Scope, problem: Problem) -> Response:
    """As the application answers problems: a page for eyes, JSON for programs."""
    answer = scope["app"].exception_handlers[Problem]
    said: Response = answer(Request(scope), problem)
    return said
