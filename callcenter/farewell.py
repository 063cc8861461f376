"""The farewell: a home unit hears its last keys before its line is cut, else it dials again."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import structlog

from callcenter import calls
from callcenter.calls import Call
from callcenter.carriers.base import LegState, MaybeDone, Refused
from callcenter.carriers.twilio import carrier
from callcenter.legs import CallLeg, Part
from registry import deadlines
from registry.kit import clock
from registry.kit.db import locked, transaction

# The carrier presses the keys and ends the line itself; one that is still up then is cut.
CUT_AFTER = timedelta(seconds=6)

log = structlog.get_logger()


def say(call: Call, parts: Sequence[CallLeg]) -> str | None:
    """Press the last keys of a call that is over; the sid of the line not to be cut meanwhile.

    Raises TryAgain while the carrier cannot be reached.
    """
    unit = next((leg for leg in parts if leg.part is Part.CALLER), None)
    if not call.last_tones or unit is None or unit.rank >= LegState.COMPLETED.rank:
        return None
    if call.farewell_at is not None:
        return unit.sid if clock.now() - call.farewell_at < CUT_AFTER else None
    try:
        carrier().farewell(call.id, sid=unit.sid)
    except Refused as refused:
        # Gone already, or not to be led: whoever is still there is cut like anybody.
        log.warning("call.no_farewell", call_id=str(call.id), code=refused.code)
        return None
    except MaybeDone as error:
        log.warning("call.maybe_no_farewell", call_id=str(call.id), reason=str(error))
    _told(call.id)
    return unit.sid


def _told(call_id: UUID) -> None:
    with transaction() as session:
        call = locked(session, Call, call_id)
        call.farewell_at = call.farewell_at or clock.now()
        deadlines.set_(session, calls.HANG_UP, call.id, call.farewell_at + CUT_AFTER)
