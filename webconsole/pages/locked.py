"""What a locked screen may know: which alarms wait, by their ids, so that it goes on sounding."""

from typing import Any

from fastapi import APIRouter

from registry import access, door
from registry.access import Right
from registry.door import AtScreen
from registry.kit.http import InTransaction
from telecare import alarms

router = APIRouter(include_in_schema=False)


@router.get("/blocco/attesa", dependencies=[door.allow_at_screen()])
def waiting(session: InTransaction, signed: AtScreen) -> dict[str, Any]:
    """Nobody's name and no kind; nothing for whoever answers no alarms."""
    hears = access.can(signed.actor, Right.ANSWER_ALARMS) and not signed.owes_factor
    return {"alarms": [str(each.id) for each in alarms.waiting(session)] if hears else []}
