"""A team: people who go out together, with what they can do and how they move."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Mapped, Session, mapped_column

from dispatch.travel import Mode, Point
from registry import journal
from registry.kit import clock
from registry.kit.db import Base, Id
from registry.kit.errors import Conflict, Invalid, NotFound
from registry.kit.phone import e164

LARGEST_CREW = 12


@dataclass(frozen=True, kw_only=True)
class TeamFormed(journal.Event):
    team_id: UUID


class Team(Base):
    """Who goes. How it stands now is never stored here: see `standing`."""

    __tablename__ = "teams"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)
    skills: Mapped[list[str]]
    crew: Mapped[int]
    mode: Mapped[Mode]
    phone: Mapped[str | None]
    # Where it waits between one intervention and the next.
    base_text: Mapped[str] = mapped_column(default="")
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    active: Mapped[bool] = mapped_column(default=True)
    formed_at: Mapped[datetime] = mapped_column(default=clock.now)

    @property
    def base(self) -> Point | None:
        if self.latitude is None or self.longitude is None:
            return None
        return Point(self.latitude, self.longitude)


def form(
    session: Session,
    *,
    name: str,
    skills: frozenset[str] = frozenset(),
    crew: int = 2,
    mode: Mode = Mode.CITY_CAR,
    phone: str | None = None,
    base_text: str = "",
    base: Point | None = None,
) -> Team:
    """A new team, off duty until its first shift. Raises Invalid or Conflict on a bad name."""
    name = name.strip()
    if not name:
        raise Invalid("A team needs a name", field="name")
    if not 1 <= crew <= LARGEST_CREW:
        raise Invalid("A team has between 1 and %(most)s people", field="crew", most=LARGEST_CREW)
    if session.scalar(select(Team.id).where(Team.name == name)):
        raise Conflict("There is already a team called “%(name)s”", field="name", name=name)
    team = Team(
        name=name,
        skills=sorted(skills),
        crew=crew,
        mode=mode,
        phone=e164(phone) if phone else None,
        base_text=base_text,
        latitude=base.latitude if base else None,
        longitude=base.longitude if base else None,
    )
    session.add(team)
    session.flush()
    journal.record(session, TeamFormed(team_id=team.id))
    return team


def active(session: Session) -> list[Team]:
    """Every team that still exists, by name."""
    return list(session.scalars(select(Team).where(Team.active).order_by(Team.name)))


def named(session: Session, name: str) -> Team:
    """The team of this name; NotFound says so."""
    found = session.scalar(select(Team).where(Team.name == name.strip(), Team.active))
    if found is None:
        raise NotFound("There is no team called “%(name)s”", name=name)
    return found
