"""An intervention: somebody has to go to somebody, now."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Select, Sequence, or_, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from dispatch import offers
from dispatch.offers import FIND_TEAM
from dispatch.teams import Team
from dispatch.travel import Point
from registry import access, deadlines, journal
from registry.access import Actor, Right
from registry.kit import clock
from registry.kit.db import Base, Id
from registry.kit.errors import Invalid, NotFound
from registry.kit.sealed import SealedText
from registry.kit.states import move
from registry.people import Person
from registry.places import Place

NUMBERS = Sequence("intervention_numbers", metadata=Base.metadata)

# A need that no skill answers: at least two people must go.
TWO_PEOPLE = "two_people"

NOBODY_FOUND = "dispatch.nobody_found"
NO_NEWS = "dispatch.no_news"


class Priority(StrEnum):
    """A now, B soon, C today, D when somebody is free."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"


class InterventionState(StrEnum):
    REQUESTED = "requested"
    SEARCHING = "searching"
    ESCALATED = "escalated"
    ASSIGNED = "assigned"
    EN_ROUTE = "en_route"
    ON_SCENE = "on_scene"
    CLOSED = "closed"
    CANCELLED = "cancelled"


State = InterventionState
WITHOUT_TEAM = frozenset({State.REQUESTED, State.SEARCHING, State.ESCALATED})
WITH_TEAM = frozenset({State.ASSIGNED, State.EN_ROUTE, State.ON_SCENE})
ON_THE_WAY = frozenset({State.ASSIGNED, State.EN_ROUTE})
OPEN = WITHOUT_TEAM | WITH_TEAM

STEPS = {
    State.REQUESTED: {State.SEARCHING, State.ESCALATED, State.CANCELLED},
    State.SEARCHING: {State.ASSIGNED, State.ESCALATED, State.CANCELLED},
    State.ESCALATED: {State.SEARCHING, State.ASSIGNED, State.CANCELLED},
    State.ASSIGNED: {State.EN_ROUTE, State.SEARCHING, State.CANCELLED},
    State.EN_ROUTE: {State.ON_SCENE, State.SEARCHING, State.CANCELLED},
    State.ON_SCENE: {State.CLOSED, State.CANCELLED},
    State.CLOSED: set[State](),
    State.CANCELLED: set[State](),
}


class Outcome(StrEnum):
    """How it ended. That nobody was found, or wanted help, is an answer and not a failure."""

    HELPED = "helped"
    ACCOMPANIED = "accompanied"
    HANDED_OVER = "handed_over"
    NOT_FOUND = "not_found"
    REFUSED = "refused"
    MOVED_ON = "moved_on"
    ALREADY_KNOWN = "already_known"
    NOT_NEEDED = "not_needed"


# No national figure exists (LEPS sheet 3.7.1 gives none): our defaults.
ARRIVE_WITHIN = {
    Priority.A: timedelta(minutes=60),
    Priority.B: timedelta(minutes=120),
    Priority.C: timedelta(hours=8),
    Priority.D: timedelta(hours=24),
}


@dataclass(frozen=True, kw_only=True)
class InterventionRequested(journal.Event):
    intervention_id: UUID
    priority: str
    what: str
    source: str


@dataclass(frozen=True, kw_only=True)
class InterventionCancelled(journal.Event):
    intervention_id: UUID
    team_id: UUID | None


class Intervention(Base):
    """One job for one team, from the request to its end."""

    __tablename__ = "interventions"
    __table_args__ = (
        # One exclusive job per team, whatever anybody's screen says.
        Index(
            "ux_interventions_team_at_work",
            "team_id",
            unique=True,
            postgresql_where=text("state IN ('assigned', 'en_route', 'on_scene')"),
        ),
        Index("ix_interventions_state", "state", "requested_at"),
    )

    id: Mapped[Id]
    number: Mapped[int] = mapped_column(NUMBERS, server_default=NUMBERS.next_value(), unique=True)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), index=True)
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("people.id"), index=True)
    what: Mapped[str] = mapped_column(SealedText("interventions.what"))
    priority: Mapped[Priority]
    state: Mapped[InterventionState] = mapped_column(default=InterventionState.REQUESTED)
    place_text: Mapped[str]
    town: Mapped[str] = mapped_column(default="")
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    reason: Mapped[str] = mapped_column(SealedText("interventions.reason"), default="")
    needs: Mapped[list[str]]
    source: Mapped[str]
    team_id: Mapped[UUID | None] = mapped_column(ForeignKey("teams.id"), index=True)
    # Grows each time that everybody has been asked in vain and the search starts afresh.
    round: Mapped[int] = mapped_column(default=0)
    # The moment by which the next step is expected; past it the board says "late".
    due_at: Mapped[datetime | None]
    requested_at: Mapped[datetime] = mapped_column(default=clock.now)
    assigned_at: Mapped[datetime | None]
    set_out_at: Mapped[datetime | None]
    arrived_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    way_seconds: Mapped[int | None]
    outcome: Mapped[Outcome | None]
    # What the team wrote at the end, or why it was cancelled.
    report: Mapped[str] = mapped_column(SealedText("interventions.report"), default="")

    team: Mapped[Team | None] = relationship(lazy="selectin")

    @property
    def place(self) -> Place:
        return Place(
            text=self.place_text,
            town=self.town,
            latitude=self.latitude,
            longitude=self.longitude,
        )

    @property
    def since(self) -> datetime:
        """When the present state began, as far as the people concerned feel it."""
        begun = {
            State.ASSIGNED: self.assigned_at,
            State.EN_ROUTE: self.set_out_at,
            State.ON_SCENE: self.arrived_at,
            State.CLOSED: self.ended_at,
            State.CANCELLED: self.ended_at,
        }
        return begun.get(self.state) or self.requested_at

    @property
    def expected_at(self) -> datetime | None:
        """When the team should be there, by the estimate of its way."""
        left = self.set_out_at or self.assigned_at
        if self.state not in ON_THE_WAY or left is None or self.way_seconds is None:
            return None
        return left + timedelta(seconds=self.way_seconds)

    @property
    def point(self) -> Point | None:
        if self.latitude is None or self.longitude is None:
            return None
        return Point(self.latitude, self.longitude)


def request(
    session: Session,
    *,
    case_id: UUID,
    person_id: UUID | None,
    kind: str,
    priority: Priority,
    place: Place,
    reason: str,
    needs: frozenset[str] = frozenset(),
    source: str,
) -> Intervention:
    """Ask for a team; the search starts by itself at the next sweep, within a second."""
    if not place.text.strip():
        raise Invalid("Say where the team has to go", field="place")
    intervention = Intervention(
        case_id=case_id,
        person_id=person_id,
        what=kind,
        priority=Priority(priority),
        place_text=place.text,
        town=place.town,
        latitude=place.latitude,
        longitude=place.longitude,
        reason=reason,
        needs=sorted(needs),
        source=source,
        due_at=clock.now() + ARRIVE_WITHIN[Priority(priority)],
    )
    session.add(intervention)
    session.flush()
    deadlines.set_(session, FIND_TEAM, intervention.id, clock.now())
    happened = InterventionRequested(
        case_id=case_id,
        person_id=person_id,
        intervention_id=intervention.id,
        priority=priority,
        what=kind,
        source=source,
    )
    journal.record(session, happened)
    return intervention


def cancel(session: Session, intervention: Intervention, reason: str) -> None:
    """Nobody has to go any more: whoever was asked or on the way is told."""
    move(intervention, State.CANCELLED, STEPS)
    asked = offers.live(session, [intervention.id]).get(intervention.id)
    if asked is not None:
        offers.withdraw(session, asked)
    end(session, intervention, reason, clock.now())
    journal.record(session, InterventionCancelled(**facts(intervention)))


def end(session: Session, intervention: Intervention, report: str, at: datetime) -> None:
    """What every end has in common: nothing is due any more, and a team may be free."""
    intervention.report = report
    intervention.ended_at = at
    intervention.due_at = None
    for kind in (FIND_TEAM, NOBODY_FOUND, NO_NEWS):
        deadlines.cancel(session, kind, intervention.id)
    look_again(session)


def look_again(session: Session) -> None:
    """A team is free, or has come on duty: those for whom nobody was found are looked at again."""
    waiting = session.scalars(
        select(Intervention.id)
        .where(Intervention.state == State.ESCALATED)
        .order_by(Intervention.id)
    )
    deadlines.set_many(session, NOBODY_FOUND, [(each, clock.now()) for each in waiting])


def facts(intervention: Intervention) -> dict[str, Any]:
    """The ids every event about an intervention carries."""
    return {
        "case_id": intervention.case_id,
        "person_id": intervention.person_id,
        "intervention_id": intervention.id,
        "team_id": intervention.team_id,
    }


def visible_to(wanted: Select[Intervention], actor: Actor) -> Select[Intervention]:
    """Without the interventions of people whom the actor may not know of."""
    known = access.visible(select(Person.id), Person.restricted, actor)
    return wanted.where(or_(Intervention.person_id.is_(None), Intervention.person_id.in_(known)))


def read(session: Session, intervention_id: UUID, actor: Actor) -> Intervention:
    """NotFound also when the actor may not know of the person; a team sees only its own."""
    wanted = select(Intervention).where(Intervention.id == intervention_id)
    if access.can(actor, Right.REQUEST_TEAM):
        wanted = visible_to(wanted, actor)
    else:
        wanted = wanted.where(Intervention.team_id == actor.team_id)
    found = session.scalar(wanted)
    if found is None:
        raise NotFound("There is no such %(thing)s", thing="intervention")
    return found


def open_(session: Session, actor: Actor | None = None) -> list[Intervention]:
    """What is not over yet: the most urgent first, then the oldest."""
    wanted = select(Intervention).where(Intervention.state.in_(OPEN))
    if actor is not None:
        wanted = visible_to(wanted, actor)
    return list(session.scalars(wanted.order_by(Intervention.priority, Intervention.requested_at)))


def listed(
    session: Session,
    actor: Actor,
    *,
    state: InterventionState | None = None,
    case_id: UUID | None = None,
    after: int | None = None,
    limit: int = 50,
) -> list[Intervention]:
    """Newest first; `after` is the number of the last one seen."""
    wanted = visible_to(select(Intervention), actor)
    if state is not None:
        wanted = wanted.where(Intervention.state == state)
    if case_id is not None:
        wanted = wanted.where(Intervention.case_id == case_id)
    if after is not None:
        wanted = wanted.where(Intervention.number < after)
    return list(session.scalars(wanted.order_by(Intervention.number.desc()).limit(limit)))


def at_work(session: Session) -> dict[UUID, Intervention]:
    """What each team is on, by team."""
    found = session.scalars(select(Intervention).where(Intervention.state.in_(WITH_TEAM)))
    return {each.team_id: each for each in found if each.team_id is not None}


def last_of_team(session: Session, team_id: UUID) -> Intervention | None:
    """What the team was last on, once it is over."""
    return session.scalar(
        select(Intervention)
        .where(Intervention.team_id == team_id, Intervention.ended_at.is_not(None))
        .order_by(Intervention.ended_at.desc())
        .limit(1)
    )


def for_case(session: Session, case_id: UUID) -> list[Intervention]:
    """Newest first."""
    return list(
        session.scalars(
            select(Intervention)
            .where(Intervention.case_id == case_id)
            .order_by(Intervention.requested_at.desc())
        )
    )
