"""What reaches outside of tones: pressing keys on a line, and the last ones before it is cut."""

from datetime import timedelta
from uuid import UUID

import structlog

from callcenter import tones
from callcenter.call_states import CallState
from callcenter.calls import Call
from callcenter.carriers.base import MaybeDone, Refused, TryAgain
from callcenter.carriers.twilio import carrier
from callcenter.tones import SEND, Tones, TonesState
from registry import deadlines
from registry.kit import clock
from registry.kit.db import get, locked, transaction

AGAIN_AFTER = timedelta(seconds=0.5)

log = structlog.get_logger()


def send(tones_id: UUID) -> None:
    """Press them once. Whoever finds them half sent does not know, and says so."""
    line = _begin(tones_id)
    if line is None:
        return
    conference_sid, sid = line
    try:
        carrier().press(conference_sid, tones_id, sid=sid)
    except TryAgain as error:
        log.info("tones.again", tones=str(tones_id), reason=str(error))
        _over(tones_id, TonesState.WANTED)
    except MaybeDone as error:
        log.warning("tones.maybe_sent", tones=str(tones_id), reason=str(error))
        _over(tones_id, TonesState.UNCERTAIN)
    except Refused as refused:
        if refused.gone:
            # The operator may be heard a moment before the home is in the room; when it is gone
            # for good, the call's state or the age of the wish says so the next time.
            log.info("tones.not_there", tones=str(tones_id))
            _over(tones_id, TonesState.WANTED)
            return
        log.warning("tones.refused", tones=str(tones_id), code=refused.code)
        _over(tones_id, TonesState.FAILED)
    else:
        _over(tones_id, TonesState.SENT)


def _begin(tones_id: UUID) -> tuple[str, str] | None:
    """The conference and the line they go to, or None when there is nothing to do any more."""
    with transaction() as session:
        wish = locked(session, Tones, tones_id)
        call = get(session, Call, wish.call_id)
        if wish.state is TonesState.SENDING:
            tones.become(session, wish, TonesState.UNCERTAIN)
        elif wish.state is TonesState.WANTED:
            up = call.state is CallState.TALKING and not wish.stale
            if up and call.conference_sid and call.sid:
                tones.become(session, wish, TonesState.SENDING)
                return call.conference_sid, call.sid
            log.warning("tones.too_late", tones=str(tones_id), call=call.state, stale=wish.stale)
            tones.become(session, wish, TonesState.FAILED)
    return None


def _over(tones_id: UUID, state: TonesState) -> None:
    with transaction() as session:
        wish = locked(session, Tones, tones_id)
        tones.become(session, wish, state)
        if state is TonesState.WANTED:
            deadlines.set_(session, SEND, wish.id, clock.now() + AGAIN_AFTER)
