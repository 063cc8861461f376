"""A campaign: many people called once for one reason (heat, cold, an outage), and how far it is."""

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ForeignKey, Index, func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from callcenter.operators import Operator
from dispatch.rota import HOME_ZONE
from registry import deadlines, journal
from registry.kit import clock
from registry.kit.db import Base, Id, new_id
from registry.kit.errors import Invalid, WrongState
from registry.staff import Staff
from telecare import planned
from telecare.outages import Outage
from telecare.planned import (
    LONGEST,
    MISSED,
    RING,
    SHORTEST,
    By,
    PlannedCall,
    PlannedState,
    Purpose,
)

FASTEST = 120  # calls a minute that the system may begin
OPEN = (PlannedState.TO_DO, PlannedState.RINGING)


@dataclass(frozen=True, kw_only=True)
class CampaignBegan(journal.Event):
    campaign_id: UUID
    purpose: str
    calls: int


@dataclass(frozen=True, kw_only=True)
class CampaignClosed(journal.Event):
    campaign_id: UUID
    purpose: str


class Campaign(Base):
    """Its calls are planned calls, on the day's list like all others."""

    __tablename__ = "campaigns"
    __table_args__ = (
        # One click more begins nothing: an outage has one campaign at a time.
        Index(
            "ux_campaigns_outage",
            "outage_id",
            unique=True,
            postgresql_where=text("closed_at IS NULL"),
        ),
    )

    id: Mapped[Id]
    purpose: Mapped[Purpose]
    title: Mapped[str]
    by: Mapped[By]
    outage_id: Mapped[UUID | None] = mapped_column(ForeignKey(Outage.id))
    began_at: Mapped[datetime] = mapped_column(default=clock.now)
    began_by: Mapped[UUID | None] = mapped_column(ForeignKey(Staff.id))
    closed_at: Mapped[datetime | None]


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Somebody to be called, and how fragile they are."""

    person_id: UUID
    weight: int = 0
    # Minutes after which they are tried again when not reached; None: an alarm is raised.
    again_minutes: int | None = None


@dataclass(frozen=True, kw_only=True)
class Pace:
    """When the first call is due, how many follow in a minute, how long each may take (minutes)."""

    first_at: datetime
    a_minute: float = 30
    within_minutes: int = 60


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a campaign has come; counts of its calls by state, by result and by operator."""

    calls: int
    over: int
    states: Mapping[PlannedState, int]
    results: Mapping[str, int]
    # Of each operator: how many of theirs are over, and how many they have.
    operators: Mapping[UUID | None, tuple[int, int]]

    @property
    def percent(self) -> int:
        """Whole per cent, never 100 before all are over."""
        return 100 * self.over // self.calls if self.calls else 100


def begin(
    session: Session,
    *,
    purpose: Purpose,
    title: str,
    by: By,
    people: Sequence[Wanted],
    pace: Pace,
    outage_id: UUID | None = None,
    began_by: UUID | None = None,
) -> Campaign:
    """Put everybody on the list, the most fragile first. Raises Invalid, naming the field."""
    if not title.strip():
        raise Invalid("Give the campaign a name", field="title")
    if not people:
        raise Invalid("There is nobody to be called", field="list")
    if not SHORTEST <= pace.within_minutes <= LONGEST:
        raise Invalid("Say within how many minutes, from 15 to 720", field="within_minutes")
    if not 0 < pace.a_minute <= FASTEST:
        raise Invalid("Say how many calls a minute, from 1 to 120", field="a_minute")
    made = Campaign(
        purpose=purpose, title=title.strip(), by=by, outage_id=outage_id, began_by=began_by
    )
    session.add(made)
    session.flush()
    _write(session, made, people, pace)
    journal.record(session, CampaignBegan(campaign_id=made.id, purpose=purpose, calls=len(people)))
    return made


def _write(session: Session, made: Campaign, people: Sequence[Wanted], pace: Pace) -> None:
    ordered = sorted(people, key=lambda each: -each.weight)
    hands = share(loads(session, pace.first_at), len(ordered))
    rows = []
    for number, (each, operator_id) in enumerate(zip(ordered, hands, strict=True)):
        due = pace.first_at + timedelta(minutes=number / pace.a_minute)
        rows.append(
            PlannedCall(
                id=new_id(),
                campaign_id=made.id,
                person_id=each.person_id,
                day=due.astimezone(HOME_ZONE).date(),
                due_at=due,
                until_at=due + timedelta(minutes=pace.within_minutes),
                purpose=made.purpose,
                by=made.by,
                operator_id=operator_id,
                weight=each.weight,
                again_minutes=each.again_minutes,
            )
        )
    session.add_all(rows)
    session.flush()
    deadlines.set_many(session, MISSED, [(each.id, each.until_at) for each in rows])
    if made.by is By.SYSTEM:
        deadlines.set_many(session, RING, [(each.id, each.due_at) for each in rows])


def loads(session: Session, at: datetime) -> dict[UUID, int]:
    """How many calls each operator in service has on that day already."""
    day = at.astimezone(HOME_ZONE).date()
    mine = (PlannedCall.operator_id == Operator.staff_id) & (PlannedCall.day == day)
    wanted = (
        select(Operator.staff_id, func.count(PlannedCall.id))
        .join(Staff, Staff.id == Operator.staff_id)
        .outerjoin(PlannedCall, mine)
        .where(Staff.active, ~Operator.reserve)
        .group_by(Operator.staff_id)
    )
    return {staff_id: calls for staff_id, calls in session.execute(wanted)}  # noqa: C416 - typed


def share(load: Mapping[UUID, int], calls: int) -> list[UUID | None]:
    """Who makes each call, so that in the end all have as many: always whoever has fewest."""
    hands = [(has, staff_id) for staff_id, has in load.items()]
    if not hands:
        return [None] * calls
    heapq.heapify(hands)
    shared: list[UUID | None] = []
    for _ in range(calls):
        has, staff_id = hands[0]
        shared.append(staff_id)
        heapq.heapreplace(hands, (has + 1, staff_id))
    return shared


def close(session: Session, campaign: Campaign) -> None:
    """No more calls: who has not been called yet is taken off the list."""
    if campaign.closed_at is not None:
        raise WrongState("The campaign is closed already")
    campaign.closed_at = clock.now()
    wanted = select(PlannedCall).where(
        PlannedCall.campaign_id == campaign.id, PlannedCall.state == PlannedState.TO_DO
    )
    for each in session.scalars(wanted.with_for_update()):
        planned.call_off(session, each)
    journal.record(session, CampaignClosed(campaign_id=campaign.id, purpose=campaign.purpose))


def progress(session: Session, ids: Sequence[UUID]) -> dict[UUID, Progress]:
    """Of each of these campaigns, in one look."""
    wanted = (
        select(
            PlannedCall.campaign_id,
            PlannedCall.state,
            PlannedCall.result,
            PlannedCall.operator_id,
            func.count(),
        )
        .where(PlannedCall.campaign_id.in_(ids))
        .group_by(
            PlannedCall.campaign_id,
            PlannedCall.state,
            PlannedCall.result,
            PlannedCall.operator_id,
        )
    )
    rows = session.execute(wanted).all()
    return {each: _told([row for row in rows if row[0] == each]) for each in ids}


def _told(
    rows: Sequence[tuple[UUID | None, PlannedState, str | None, UUID | None, int]],
) -> Progress:
    states: dict[PlannedState, int] = {}
    results: dict[str, int] = {}
    operators: dict[UUID | None, tuple[int, int]] = {}
    for _, state, result, operator_id, calls in rows:
        is_over = calls if state not in OPEN else 0
        states[state] = states.get(state, 0) + calls
        if result is not None:
            results[result] = results.get(result, 0) + calls
        over, of_theirs = operators.get(operator_id, (0, 0))
        operators[operator_id] = (over + is_over, of_theirs + calls)
    return Progress(
        calls=sum(states.values()),
        over=sum(calls for state, calls in states.items() if state not in OPEN),
        states=states,
        results=results,
        operators=operators,
    )


def of_outages(session: Session, ids: Sequence[UUID]) -> dict[UUID, Campaign]:
    """The latest campaign of each outage."""
    wanted = select(Campaign).where(Campaign.outage_id.in_(ids)).order_by(Campaign.id)
    return {each.outage_id: each for each in session.scalars(wanted) if each.outage_id}


def latest(session: Session, limit: int = 50) -> list[Campaign]:
    """Those that go on first, then the newest."""
    is_open = Campaign.closed_at.is_(None).desc()
    return list(
        session.scalars(select(Campaign).order_by(is_open, Campaign.id.desc()).limit(limit))
    )


def calls_of(session: Session, campaign_id: UUID, limit: int = 200) -> list[PlannedCall]:
    """What is missed first, then what is open, the most fragile first; done at the end."""
    wanted = select(PlannedCall).where(PlannedCall.campaign_id == campaign_id)
    order = (
        (PlannedCall.state == PlannedState.MISSED).desc(),
        PlannedCall.state.in_(OPEN).desc(),
        (PlannedCall.tries > 0).desc(),
        PlannedCall.weight.desc(),
        PlannedCall.due_at,
        PlannedCall.id,
    )
    return list(session.scalars(wanted.order_by(*order).limit(limit)))
