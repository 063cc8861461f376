"""A storm: all that is down together on one line, and who is behind it, the most fragile first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Uuid, and_, any_, func, literal, or_, select
from sqlalchemy.orm import Session

from registry.kit import clock
from registry.people import Alert, NearPerson, Person
from telecare import fragility, outages
from telecare.alarms import Alarm, AlarmState
from telecare.devices import Device
from telecare.faults import Fault
from telecare.fragility import Known, Why
from telecare.outages import TOGETHER, By, Outage
from telecare.protocols.base import Kind
from telecare.triage import Lane

# An outage that is over stays on the page: those who were in alarm may still have to be called.
REMEMBERED = timedelta(hours=48)


@dataclass(frozen=True, kw_only=True)
class Storm:
    """The one line of the board: everything that is down together now."""

    since: datetime
    outages: int
    devices: int
    causes: list[Kind]
    # A place or a carrier when there is only one.
    name: str
    # Alarms not yet closed from units that stand in it.
    pressed: int


@dataclass(frozen=True, kw_only=True)
class Down:
    """A unit in an outage, and the home behind it."""

    device_id: UUID
    account: str
    person_id: UUID | None
    pressed_at: datetime | None
    alarm_open: bool
    silent: bool
    back: bool
    why: list[Why]

    @property
    def weight(self) -> int:
        return fragility.weight(self.why)


def now(session: Session) -> Storm | None:
    """What the board says in one line; None in calm weather."""
    found = outages.open_(session)
    if not found:
        return None
    return Storm(
        since=min(each.began_at for each in found),
        outages=len(found),
        devices=sum(each.devices for each in found),
        causes=sorted({each.cause for each in found}),
        name=found[0].name if len(found) == 1 else "",
        pressed=_open_presses(session, found),
    )


def _open_presses(session: Session, found: Sequence[Outage]) -> int:
    """Open presses, falls and fires from units of the carriers and areas that are down."""
    wanted = (
        select(func.count())
        .select_from(Alarm)
        .join(Device, Device.id == Alarm.device_id)
        .where(
            Alarm.state != AlarmState.CLOSED,
            Alarm.lane == Lane.EMERGENCY,
            or_(*_places(found)),
        )
    )
    return session.scalar(wanted) or 0


def _places(found: Sequence[Outage]) -> list[ColumnElement[bool]]:
    names = {by: [each.name for each in found if each.by is by] for by in By}
    return [Device.carrier.in_(names[By.CARRIER]), Device.area.in_(names[By.AREA])]


def lines(session: Session) -> list[Outage]:
    """Those that go on, the largest first; then those that ended lately, the latest first."""
    over = (
        select(Outage)
        .where(Outage.ended_at > clock.now() - REMEMBERED)
        .order_by(Outage.ended_at.desc(), Outage.id)
    )
    return [*outages.open_(session), *session.scalars(over)]


def pressed(session: Session, found: Sequence[Outage]) -> dict[UUID, int]:
    """For each outage, in how many homes somebody pressed meanwhile."""
    counts = {}
    for each in found:
        wanted = (
            select(func.count(func.distinct(Alarm.device_id)))
            .join(Device, Device.id == Alarm.device_id)
            .where(outages.of(each), *_meanwhile(each))
        )
        counts[each.id] = session.scalar(wanted) or 0
    return counts


def _meanwhile(outage: Outage) -> tuple[ColumnElement[bool], ...]:
    """Alarms of life and limb that were raised while it lasted."""
    return (
        Alarm.lane == Lane.EMERGENCY,
        Alarm.raised_at > outage.began_at - TOGETHER,
        Alarm.raised_at <= (outage.ended_at or clock.now() + TOGETHER),
    )


def down(session: Session, outage: Outage) -> list[Down]:
    """Every unit that was told down or pressed in it: the most fragile first.

    A press counts whether or not its unit said that it is in trouble.
    """
    presses = (
        select(
            Alarm.device_id,
            func.max(Alarm.raised_at).label("at"),
            func.bool_or(Alarm.state != AlarmState.CLOSED).label("open"),
        )
        .where(*_meanwhile(outage))
        .group_by(Alarm.device_id)
        .subquery()
    )
    mine = and_(
        Fault.device_id == Device.id,
        Fault.cause == outage.cause,
        Fault.began_at > outage.began_at - TOGETHER,
        Fault.began_at <= (outage.ended_at or clock.now() + TOGETHER),
    )
    wanted = (
        select(
            Device.id,
            Device.account,
            Device.person_id,
            Device.silent_since,
            func.bool_and(Fault.ended_at.is_not(None)),
            func.max(presses.c.at),
            func.bool_or(presses.c.open),
        )
        .outerjoin(Fault, mine)
        .outerjoin(presses, presses.c.device_id == Device.id)
        .where(outages.of(outage), or_(Fault.id.is_not(None), presses.c.at.is_not(None)))
        .group_by(Device.id)
    )
    rows = session.execute(wanted).all()
    people = _facts(session, {row[2] for row in rows if row[2] is not None})
    found = [
        Down(
            device_id=row[0],
            account=row[1],
            person_id=row[2],
            pressed_at=row[5],
            alarm_open=bool(row[6]),
            silent=row[3] is not None or (outage.cause is Kind.SILENT and row[4] is False),
            back=row[4] is not False and row[3] is None,
            why=_why(people.get(row[2]), pressed=row[5] is not None, silent=row[3] is not None),
        )
        for row in rows
    ]
    return sorted(found, key=lambda each: (-each.weight, each.account))


Facts = tuple[int | None, frozenset[str], int]  # age, kinds of alerts, how many are near


def _why(facts: Facts | None, *, pressed: bool, silent: bool) -> list[Why]:
    if facts is None:
        return [why for why, holds in ((Why.PRESSED, pressed), (Why.SILENT, silent)) if holds]
    age, alerts, near = facts
    return fragility.reasons(
        Known(pressed=pressed, silent=silent, age=age, alerts=alerts, near=near)
    )


def _facts(session: Session, ids: set[UUID]) -> dict[UUID | None, Facts]:
    """What is known of the people, in three looks however many they are."""
    if not ids:
        return {}
    these = any_(literal(list(ids), ARRAY(Uuid())))
    ages = session.execute(select(Person.id, Person.birth_year).where(Person.id == these)).all()
    # What stands in a compartment moves nobody up the list: the order would give it away.
    kinds = (
        select(Alert.person_id, func.array_agg(Alert.kind))
        .where(Alert.person_id == these, Alert.compartment.is_(None))
        .group_by(Alert.person_id)
    )
    near = (
        select(NearPerson.person_id, func.count())
        .where(NearPerson.person_id == these)
        .group_by(NearPerson.person_id)
    )
    alerts = {key: frozenset(value) for key, value in session.execute(kinds)}
    nearby = {key: value for key, value in session.execute(near)}  # noqa: C416 - rows are typed
    year = clock.now().year
    return {
        key: (year - born if born else None, alerts.get(key, frozenset()), nearby.get(key, 0))
        for key, born in ages
    }
