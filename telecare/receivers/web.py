"""The HTTP door: apps and webhooks post a signal and hear 200 once it is stored."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from registry.door import public
from registry.kit import http
from registry.kit.db import transaction
from registry.kit.errors import (
    Invalid,
    NotAllowed,
    NotSignedIn,
    Problem,
    TooLarge,
    TooMany,
    Unavailable,
)
from telecare import device_tokens
from telecare.device_tokens import Sender
from telecare.protocols.base import Verdict
from telecare.protocols.json_signals import (
    FOREIGN,
    KINDS,
    LARGEST,
    LONGEST_ID,
    LONGEST_TEXT,
    LONGEST_WORD,
    NO_ID,
    NO_KIND,
    TOO_LARGE,
)
from telecare.receivers.web_writer import RETRY_AFTER, WebWriter

router = APIRouter(tags=["telecare"])

# One for all requests and sockets of this process; it starts with the first signal.
writer = WebWriter()

Word = Annotated[str, Field(max_length=LONGEST_WORD)]


class PositionIn(BaseModel):
    """Where, how exactly, and since when that is known."""

    latitude: Annotated[float, Field(ge=-90, le=90, description="Degrees north, WGS 84.")]
    longitude: Annotated[float, Field(ge=-180, le=180, description="Degrees east, WGS 84.")]
    accuracy_m: Annotated[float, Field(ge=0, description="Radius in metres.")] = 0
    at: Annotated[str, Field(description="Moment of the fix, ISO 8601 with zone.")] = ""


class SignalIn(BaseModel):
    """What a sender should write. The reader takes more: an alarm is never lost to a schema."""

    id: Annotated[
        str,
        Field(
            min_length=1,
            max_length=LONGEST_ID,
            description="The sender's own id of this event, the same at every attempt and other "
            "for each event. A heartbeat may be without.",
        ),
    ]
    kind: Annotated[
        str, Field(description="What happened.", json_schema_extra={"enum": list(KINDS)})
    ]
    phase: Annotated[
        str,
        Field(
            description="Whether it begins, is over, or goes on.",
            json_schema_extra={"enum": ["new", "over", "still"]},
        ),
    ] = "new"
    at: Annotated[str, Field(description="Moment of the event, ISO 8601 with zone.")] = ""
    account: Annotated[Word, Field(description="Only if the sender wants it checked.")] = ""
    code: Annotated[Word, Field(description="The sender's own code.")] = ""
    area: Word = ""
    zone: Annotated[Word, Field(description="Which sensor or button.")] = ""
    text: Annotated[str, Field(max_length=LONGEST_TEXT)] = ""
    battery: Annotated[float | None, Field(ge=0, le=100, description="Per cent.")] = None
    position: PositionIn | None = None


class StoredOut(BaseModel):
    """The signal is kept, or was kept before: the sender may forget it."""

    type: Annotated[str, Field(json_schema_extra={"const": "stored"})]
    id: str | None
    at: Annotated[str, Field(description="When we had it.")]
    ignored: Annotated[
        list[str], Field(description="Fields that could not be used; absent when there are none.")
    ] = []


def _schema() -> dict[str, Any]:
    """The contract in one piece, as a request body wants it."""
    schema = SignalIn.model_json_schema()
    schema["properties"]["position"] = schema.pop("$defs")["PositionIn"]
    return schema


_PROBLEM: dict[str, Any] = {"content": {"application/problem+json": {}}}
_ANSWERS: dict[int | str, dict[str, Any]] = {
    401: {"description": "No token, or one that is not known or was revoked"} | _PROBLEM,
    403: {"description": "The account is not the sender's"} | _PROBLEM,
    413: {"description": "Larger than 16384 bytes"} | _PROBLEM,
    422: {"description": "No JSON object, or without id or kind; sending it again is useless"}
    | _PROBLEM,
    429: {"description": "Too many of this token; see Retry-After"} | _PROBLEM,
    503: {"description": "Not stored; send it again after Retry-After seconds"} | _PROBLEM,
}


@router.post(
    "/signals",
    dependencies=[public("a device shows a token of its own, see _sender")],
    response_model=StoredOut,
    responses=_ANSWERS,
    openapi_extra={
        "requestBody": {"required": True, "content": {"application/json": {"schema": _schema()}}},
        "security": [{"deviceToken": []}],
    },
)
async def post_signal(
    request: Request,
    idempotency_key: Annotated[
        str, Header(max_length=LONGEST_ID, description="Stands in for an id in the body.")
    ] = "",
) -> Response:
    """Take one signal of an app or a webhook: 200 means stored for good."""
    sender = await _sender(request)
    body = await _body(request)
    peer = request.client.host if request.client else ""
    try:
        stored = await writer.take(sender, body, "http", peer, reference=idempotency_key)
    except Unavailable as problem:
        answer = http.problem(request, problem)
        answer.headers["Retry-After"] = str(RETRY_AFTER)
        return answer
    if stored.message.verdict is Verdict.GOOD:
        said = stored.protocol.acknowledge(stored.message, lambda _: None, stored.at)
        return Response(said, media_type="application/json")
    return _refused(request, stored.message.reason)


async def _sender(request: Request) -> Sender:
    """Whose token it is. Raises NotSignedIn or TooMany."""
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        writer.counted["http_unauthenticated"] += 1
        raise NotSignedIn("Send the device's token: Authorization: Bearer …")
    try:
        sender = await run_in_threadpool(whose, secret.strip())
    except NotSignedIn:
        writer.counted["http_unauthenticated"] += 1
        raise
    if (wait := writer.shares.wait(sender.account)) > 0:
        writer.counted["http_too_many"] += 1
        raise TooMany(
            "Too many attempts. Try again in %(seconds)s s",
            retry_after=wait,
            seconds=max(1, round(wait)),
        )
    return sender


def whose(secret: str) -> Sender:
    with transaction() as session:
        return device_tokens.check(session, secret)


async def _body(request: Request) -> bytes:
    """All of it, but never much more than a signal may have."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > LARGEST:
            break
    return body


_REFUSALS: dict[str, Problem] = {
    TOO_LARGE: TooLarge("A signal has at most 16384 bytes"),
    NO_ID: Invalid("A signal needs an id of 1 to 64 characters, other for each event", field="id"),
    NO_KIND: Invalid("A signal needs a kind", field="kind"),
    FOREIGN: NotAllowed("The account is not that of the sender"),
}
_NOT_JSON = Invalid("The signal is not a JSON object in UTF-8")


def _refused(request: Request, reason: str) -> Response:
    """The same whether the account of somebody else exists or not."""
    problem = _REFUSALS.get(reason, _NOT_JSON)
    return http.problem(request, problem)
