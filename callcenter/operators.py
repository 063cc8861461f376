"""An operator: somebody at a desk with a headset.

Their status is what they chose; their state is what happens to them; present means that their
console answers.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from callcenter import turns
from registry import access, deadlines, journal
from registry.access import Right, Role
from registry.kit import clock
from registry.kit.db import Base, get
from registry.kit.errors import Invalid
from registry.staff import Staff

# Without a heartbeat for so long they are absent, and what was offered goes on to the next.
ABSENT_AFTER = timedelta(seconds=15)
# Offers missed in a row after which the operator is paused by rule: nobody is at the desk.
MOST_MISSED = 2

ABSENT = "callcenter.operator_absent"
BACK = "callcenter.operator_back"


class Status(StrEnum):
    """What they chose."""

    AVAILABLE = "available"
    PAUSED = "paused"
    AWAY = "away"


class State(StrEnum):
    """What happens to them."""

    IDLE = "idle"
    OFFERED = "offered"
    TALKING = "talking"
    WRAP_UP = "wrap_up"


@dataclass(frozen=True, kw_only=True)
class OperatorChose(journal.Event):
    operator_id: UUID
    status: str


@dataclass(frozen=True, kw_only=True)
class OperatorPaused(journal.Event):
    """Paused by a rule, not by themselves; `reason` says which."""

    operator_id: UUID
    reason: str


@dataclass(frozen=True, kw_only=True)
class OperatorBack(journal.Event):
    operator_id: UUID


@dataclass(frozen=True, kw_only=True)
class OperatorAbsent(journal.Event):
    operator_id: UUID


class Operator(Base):
    """One of the staff who answers calls."""

    __tablename__ = "operators"

    staff_id: Mapped[UUID] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    status: Mapped[Status]
    state: Mapped[State] = mapped_column(default=State.IDLE)
    present: Mapped[bool] = mapped_column(default=False)
    # Coordinators who are not available are still asked when somebody waits long.
    reserve: Mapped[bool] = mapped_column(default=False)
    # Something other than a call needs them (an alarm): no call is offered meanwhile.
    occupied: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    free_since: Mapped[datetime] = mapped_column(default=clock.now)
    missed: Mapped[int] = mapped_column(default=0)


def seen(session: Session, staff_id: UUID) -> None:
    """Their console has answered. Holds no row but deadlines, so that heartbeats never collide."""
    operator = session.get(Operator, staff_id)
    if operator is None and not _answers(session, staff_id):
        return
    now = clock.now()
    deadlines.set_(session, ABSENT, staff_id, now + ABSENT_AFTER)
    if operator is None or not operator.present:
        deadlines.set_(session, BACK, staff_id, now)


def back(session: Session, staff_id: UUID) -> None:
    """They are at their desk (again). Whoever chose a pause keeps it."""
    operator = of(session, staff_id)
    if not operator.present:
        operator.present = True
        operator.free_since = clock.now()
        journal.record(session, OperatorBack(operator_id=staff_id))


def absent(session: Session, staff_id: UUID) -> None:
    """Their console no longer answers."""
    turns.take(session)
    operator = of(session, staff_id)
    if operator.present:
        operator.present = False
        journal.record(session, OperatorAbsent(operator_id=staff_id))


def choose(session: Session, staff_id: UUID, status: Status) -> Operator:
    """They say whether they want calls; a call in hand is not touched."""
    turns.take(session)
    operator = of(session, staff_id)
    if operator.status is not status:
        operator.status = status
        operator.missed = 0
        operator.free_since = clock.now()
        journal.record(session, OperatorChose(operator_id=staff_id, status=status))
    return operator


def occupy(operator: Operator, *, occupied: bool) -> None:
    """Whether something other than a call needs them; being free again starts a new count."""
    if operator.occupied and not occupied:
        operator.free_since = clock.now()
    operator.occupied = occupied


def become(operator: Operator, state: State) -> None:
    """What happens to them now; being free again starts a new count."""
    if state is State.IDLE and operator.state is not State.IDLE:
        operator.free_since = clock.now()
    operator.state = state


def missed(session: Session, operator: Operator) -> None:
    """They let an offer pass in silence. Twice in a row is a rule's reason to pause them."""
    operator.missed += 1
    if operator.missed >= MOST_MISSED and operator.status is Status.AVAILABLE:
        operator.status = Status.PAUSED
        journal.record(
            session, OperatorPaused(operator_id=operator.staff_id, reason="missed_offers")
        )


def answers(session: Session, staff_id: UUID) -> None:
    """They have taken a call: whom the rule had put on a break is plainly there again."""
    operator = of(session, staff_id)
    if paused_by_rule(operator):
        choose(session, staff_id, Status.AVAILABLE)
    operator.missed = 0


def paused_by_rule(operator: Operator) -> bool:
    return operator.status is Status.PAUSED and operator.missed >= MOST_MISSED


def of(session: Session, staff_id: UUID) -> Operator:
    """The operator, held. Whoever signs in for the first time is available, coordinators away."""
    held = select(Operator).where(Operator.staff_id == staff_id).with_for_update()
    operator = session.scalar(held.execution_options(populate_existing=True))
    if operator is None:
        person = get(session, Staff, staff_id)
        if not _answers(session, staff_id):
            raise Invalid("Only operators and coordinators answer calls", field="operator")
        coordinator = Role.COORDINATOR in person.roles
        status = Status.AWAY if coordinator else Status.AVAILABLE
        operator = Operator(staff_id=staff_id, status=status, reserve=coordinator)
        session.add(operator)
        session.flush()
    return operator


def free(session: Session) -> list[Operator]:
    """Present, idle, not on a pause and with nothing else in hand. Held for this transaction."""
    wanted = select(Operator).where(
        Operator.present,
        ~Operator.occupied,
        Operator.state == State.IDLE,
        (Operator.status == Status.AVAILABLE)
        | (Operator.reserve & (Operator.status == Status.AWAY)),
    )
    held = wanted.order_by(Operator.staff_id).with_for_update()
    return list(session.scalars(held.execution_options(populate_existing=True)))


def all_(session: Session) -> list[tuple[Operator, Staff]]:
    """Everybody who answers calls, with their names."""
    wanted = select(Operator, Staff).join(Staff, Staff.id == Operator.staff_id)
    return [(operator, person) for operator, person in session.execute(wanted.order_by(Staff.name))]


def _answers(session: Session, staff_id: UUID) -> bool:
    person = session.get(Staff, staff_id)
    return person is not None and person.active and access.can(person.actor, Right.ANSWER_CALLS)
