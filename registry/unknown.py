"""The unknown: people of whom we only know what to call them, until somebody learns their name."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry import access
from registry.access import Actor
from registry.people import Person


def listed(session: Session, actor: Actor, limit: int = 50) -> list[Person]:
    """Newest first."""
    wanted = select(Person).where(Person.given_name == "", Person.family_name == "")
    newest = wanted.where(Person.known_as != "").order_by(Person.id.desc()).limit(limit)
    return list(session.scalars(access.visible(newest, Person.restricted, actor)))
