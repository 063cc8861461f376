"""The carrier's callbacks: each goes through the inbox, moves a noun and is answered at once."""

from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from uuid import UUID

import structlog
from fastapi import Response
from sqlalchemy.orm import Session

from callcenter import (
    announced,
    calls,
    documents,
    inbox,
    legs,
    lines,
    news,
    queues,
    reassuring,
    sentences,
    tasks,
    tones,
)
from callcenter.answering import PULL
from callcenter.call_states import QUEUED, CallState
from callcenter.calls import Call
from callcenter.carriers import paths, twilio_hooks, twiml
from callcenter.carriers.base import LegState
from callcenter.carriers.twilio_hooks import Hook, Signed
from callcenter.inbox import Letter
from callcenter.legs import Part
from callcenter.lines import Line
from registry.kit import clock
from registry.kit.db import get, transaction

router = twilio_hooks.router()
log = structlog.get_logger()

SOURCE = "twilio"
# After so long a waiting caller may choose to be called back instead.
MAY_LEAVE_AFTER = timedelta(seconds=120)
GOODBYE = timedelta(seconds=20)  # for the last sentence, before the line is cut
JOINABLE = frozenset(
    {
        CallState.WANTED,
        CallState.PLACING,
        CallState.UNCERTAIN,
        CallState.RINGING,
        CallState.ANSWERED,
        CallState.TALKING,
    }
)

Work = Callable[[Session, Call], str]


@router.post(paths.INCOMING.removeprefix("/twilio"))
def incoming(hook: Signed) -> Response:
    """Somebody dials one of our numbers."""

    def work(session: Session) -> str:
        line = lines.of(session, hook.get("To"))
        sid = hook.get("CallSid")
        call = calls.by_sid(session, sid)
        if call is None:
            call = calls.arrive(session, sid=sid, number=hook.get("From"), line=line)
            legs.add(session, call.id, sid, Part.CALLER)
            for told in inbox.earlier(session, SOURCE, sid, "status"):
                _status(session, call, told.fields)
        if not line.open_at(clock.now()):
            return twiml.say_and_end(line.closed_sentence)
        return documents.queue(call, line, line.greeting)

    return _document(hook, "incoming", work, token="")


@router.post(paths.WAIT.removeprefix("/twilio"))
def wait(hook: Signed) -> Response:
    """The caller is in the queue and hears something; asked again when it is over."""

    def work(session: Session, call: Call) -> str:
        news.caller_waits(session, call, hook.get("QueueSid"))
        waited = clock.now() - call.arrived_at
        place = queues.position(session, call)
        may_leave = waited >= MAY_LEAVE_AFTER
        reassured = reassuring.say(session, call)
        return documents.wait(call, place, may_leave=may_leave, reassured=reassured)

    return _of_call(hook, "wait", work)


@router.post(paths.CHOICE.removeprefix("/twilio"))
def choice(hook: Signed) -> Response:
    """The caller pressed a key while waiting."""

    def work(session: Session, call: Call) -> str:
        if hook.get("Digits") != sentences.CALL_BACK_KEY or call.state not in QUEUED:
            return twiml.nothing()
        calls.abandon(session, call, hang_up_in=GOODBYE)
        return twiml.leave_queue()

    return _of_call(hook, "choice", work)


@router.post(paths.LEFT.removeprefix("/twilio"))
def left(hook: Signed) -> Response:
    """The caller is out of the queue: gone, led elsewhere, or by their own choice."""
    result = hook.get("QueueResult")

    def work(session: Session, call: Call) -> str:
        if result == "hangup":
            news.caller_gone(session, call, "other_hung_up", clock.now())
        if result == "leave":
            return twiml.say_and_end(sentences.called_back())
        if result in {"queue-full", "error", "system-error"}:
            return twiml.say_and_end(sentences.busy())
        return twiml.nothing()

    return _of_call(hook, "left", work)


@router.post(paths.CONNECT.removeprefix("/twilio"))
def connect(hook: Signed) -> Response:
    """The caller was pulled out of the queue, because the operator's voice is there."""

    def work(session: Session, call: Call) -> str:
        # Led there twice, they are let in twice: back in the queue they would hear nobody.
        if call.state not in {CallState.ANSWERED, CallState.TALKING}:
            return _again(session, call)
        news.caller_connects(session, call, clock.now())
        return documents.room(call, "caller")

    return _of_call(hook, "connect", work)


@router.post(paths.AGAIN.removeprefix("/twilio"))
def again(hook: Signed) -> Response:
    """The operator's line broke: the caller waits once more, at their old place."""
    return _of_call(hook, "again", _again)


@router.post(paths.ANSWERED.removeprefix("/twilio"))
def answered(hook: Signed) -> Response:
    """Somebody we rang has picked up."""

    def work(session: Session, call: Call) -> str:
        news.leg_is(session, call, hook.get("CallSid"), LegState.IN_PROGRESS, clock.now())
        if call.over:
            return twiml.say_and_end()
        if call.sentence:
            announced.answered(call)
            return documents.ask(call)
        news.caller_connects(session, call, clock.now())
        return documents.room(call, "caller")

    return _of_call(hook, "answered", work)


@router.post(paths.REPLY.removeprefix("/twilio"))
def reply(hook: Signed) -> Response:
    """Somebody whom the system called has pressed a key."""

    def work(session: Session, call: Call) -> str:
        said = announced.replied(session, call, hook.get("Digits"))
        if said is None:
            return documents.ask(call)
        thanks = sentences.thanks(said, call.language, purpose=call.purpose)
        return twiml.say_and_end(thanks, language=call.language)

    return _of_call(hook, "reply", work)


@router.post(paths.OPERATOR.removeprefix("/twilio"))
def operator(hook: Signed) -> Response:
    """An operator's browser calls out to join the call they accepted."""
    who = _uuid(hook.get("From").removeprefix("client:"))
    sid = hook.get("CallSid")

    def work(session: Session, call: Call) -> str:
        if who is None or call.operator_id != who or call.state not in JOINABLE:
            return twiml.say_and_end(sentences.too_late())
        legs.add(session, call.id, sid, Part.OPERATOR, who)
        # Two tabs never share a label: a label that is taken would not be let in.
        return documents.room(call, f"operator-{sid[-8:]}")

    return _of_call(hook, "operator", work)


@router.post(paths.STATUS.removeprefix("/twilio"))
def status(hook: Signed) -> Response:
    """How far a line has come."""

    def work(session: Session, call: Call) -> str:
        _status(session, call, hook.fields)
        return ""

    return _of_call(hook, "status", work, mark=hook.get("CallStatus"))


@router.post(paths.CONFERENCE.removeprefix("/twilio"))
def conference(hook: Signed) -> Response:
    """Somebody joined or left."""

    def work(session: Session, call: Call) -> str:
        news.conference(
            session,
            call,
            event=hook.get("StatusCallbackEvent"),
            sid=hook.get("CallSid"),
            conference_sid=hook.get("ConferenceSid"),
            sequence=_number(hook.get("SequenceNumber")),
            at=_moment(hook.fields),
        )
        return ""

    answer = _of_call(
        hook,
        hook.get("StatusCallbackEvent"),
        work,
        sid=hook.get("ConferenceSid"),
        mark=hook.get("SequenceNumber"),
    )
    if hook.get("StatusCallbackEvent") == news.JOIN:
        tasks.soon(PULL, hook.call_id)
    return answer


@router.post(paths.HOLD.removeprefix("/twilio"))
def hold() -> Response:
    """What is heard alone in a conference."""
    return _xml(twiml.say(sentences.hold()))


@router.post(paths.ANNOUNCE.removeprefix("/twilio"))
def announce() -> Response:
    """What everybody in a conference hears."""
    return _xml(twiml.say(sentences.hold()))


@router.post(paths.TONES.removeprefix("/twilio"))
def press(hook: Signed) -> Response:
    """Which keys the other side's line is to hear; asked again it says the same."""
    with transaction() as session:
        tones_id = _uuid(hook.call_id)
        wish = session.get(tones.Tones, tones_id) if tones_id else None
    return _xml(twiml.press(wish.digits) if wish else twiml.nothing())


@router.post(paths.FAREWELL.removeprefix("/twilio"))
def farewell(hook: Signed) -> Response:
    """A unit hears its clear-down before its line is cut."""

    def work(_: Session, call: Call) -> str:
        if not call.over or not call.last_tones:
            return twiml.say_and_end()
        call.cleared_at = call.cleared_at or clock.now()
        return twiml.press_and_end(call.last_tones)

    return _of_call(hook, "farewell", work)


@router.post(paths.TEXT_STATUS.removeprefix("/twilio"))
def text_status(hook: Signed) -> Response:
    """What became of a text; kept as it came."""
    letter = Letter(
        source=SOURCE,
        sid=hook.get("MessageSid"),
        event="text",
        mark=hook.get("MessageStatus"),
        fields=hook.fields,
    )
    with transaction() as session:
        inbox.once(session, letter, str)
    return Response(status_code=204)


def _status(session: Session, call: Call, fields: dict[str, str]) -> None:
    try:
        state = LegState(fields.get("CallStatus", ""))
    except ValueError:
        log.warning("webhook.unknown_status", call_id=str(call.id))
        return
    news.leg_is(session, call, fields.get("CallSid", ""), state, _moment(fields))


def _again(session: Session, call: Call) -> str:
    """Back into the queue, unless there is nothing left to wait for."""
    if call.over or call.line_id is None:
        return twiml.say_and_end()
    news.caller_waits(session, call, "")
    return documents.queue(call, get(session, Line, call.line_id), sentences.a_moment())


def _of_call(hook: Hook, event: str, work: Work, *, sid: str = "", mark: str = "") -> Response:
    """Find the call and work on it in turn; one that we do not know is kept and let go."""

    def found(session: Session) -> str:
        call_id = _uuid(hook.call_id)
        call = session.get(Call, call_id) if call_id else None
        call = call or calls.by_sid(session, hook.get("CallSid"))
        if call is None:
            log.warning("webhook.unknown_call", webhook=event)
            return "" if mark else twiml.say_and_end()
        return work(session, calls.get_call(session, call.id))

    # News has its own number; a request for a document is known by the carrier's retry token.
    token = "" if mark else hook.token or inbox.digest(hook.fields)
    return _document(hook, event, found, sid=sid, mark=mark, token=token)


def _document(
    hook: Hook,
    event: str,
    work: Callable[[Session], str],
    *,
    sid: str = "",
    mark: str = "",
    token: str,
) -> Response:
    letter = Letter(
        source=SOURCE,
        sid=sid or hook.get("CallSid"),
        event=event,
        mark=mark,
        token=token,
        fields=hook.fields,
    )

    def in_turn(session: Session) -> str:
        with queues.turn(session):
            return work(session)

    with transaction() as session:
        answer = inbox.once(session, letter, lambda: in_turn(session))
    return _xml(answer) if answer else Response(status_code=204)


def _xml(document: str) -> Response:
    return Response(document, media_type="text/xml")


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0


def _moment(fields: dict[str, str]) -> datetime:
    """When it happened, by the carrier's clock, which may be ahead of ours but never rules it."""
    now = clock.now()
    try:
        told = parsedate_to_datetime(fields.get("Timestamp", ""))
    except ValueError:
        return now
    return min(told, now) if told.tzinfo else now
