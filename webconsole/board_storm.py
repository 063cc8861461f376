"""The storm on the board: however much is down together, one line."""

from typing import Any

from sqlalchemy.orm import Session

from telecare import storms
from webconsole import door_words
from webconsole.words import Words


def line(session: Session, words: Words) -> dict[str, Any] | None:
    """What is down, where and since when, and how many pressed there; None in calm weather."""
    found = storms.now(session)
    if found is None:
        return None
    causes = ", ".join(door_words.said(words, "outage", each) for each in found.causes)
    where = found.name or words.say("%(n)s areas or carriers", n=found.outages)
    return {
        "title": causes,
        "where": where,
        "since": found.since,
        "devices": found.devices,
        "pressed": found.pressed,
        "href": "/guasti-diffusi",
    }
