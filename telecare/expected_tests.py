"""The calendar of expected tests: on which day which unit is to test itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import (
    ColumnElement,
    Date,
    DateTime,
    cast,
    exists,
    func,
    literal,
    literal_column,
    select,
    type_coerce,
)
from sqlalchemy.orm import Session

from dispatch.rota import HOME_ZONE
from registry.kit import clock
from telecare.devices import Device
from telecare.faults import Fault
from telecare.protocols.base import Kind

DAYS = 14
MOST = 200  # units of one day that are shown

_TENTH_OF_A_SECOND: ColumnElement[timedelta] = literal_column("interval '0.1 second'")


@dataclass(frozen=True, kw_only=True)
class Day:
    """A day of the house, from its midnight."""

    on: date
    tests: int

    @property
    def begins(self) -> datetime:
        return datetime.combine(self.on, time(), HOME_ZONE)


@dataclass(frozen=True, kw_only=True)
class Expected:
    device: Device
    # A period after the last test; missed is what has not come a tenth of a period later.
    at: datetime


def today() -> date:
    return clock.now().astimezone(HOME_ZONE).date()


def days(session: Session) -> list[Day]:
    """Today and the days after it; what should have come before and may still come is today's."""
    first = today()
    day = _day(first)
    counted = (
        select(day, func.count())
        .where(*_awaited(), day < first + timedelta(days=DAYS))
        .group_by(day)
    )
    found = {on: tests for on, tests in session.execute(counted)}  # noqa: C416 - rows are typed
    every = (first + timedelta(days=number) for number in range(DAYS))
    return [Day(on=on, tests=found.get(on, 0)) for on in every]


def of_day(session: Session, on: date) -> list[Expected]:
    """The units of a day in the order in which they should test, at most MOST."""
    wanted = (
        select(Device, _expected())
        .where(*_awaited(), _day(today()) == on)
        .order_by(_expected(), Device.id)
        .limit(MOST)
    )
    return [Expected(device=device, at=at) for device, at in session.execute(wanted)]


def missed(session: Session) -> int:
    """How many units have missed theirs, each a fault until its test comes."""
    counted = select(func.count()).select_from(Fault)
    return session.scalar(counted.where(_is_missed())) or 0


def _expected() -> ColumnElement[datetime]:
    """`devices.test_due_at` leaves a unit a tenth of its period more."""
    tenths: ColumnElement[timedelta] = _TENTH_OF_A_SECOND * Device.test_every_s
    return type_coerce(Device.test_due_at - tenths, DateTime(timezone=True))


def _day(first: date) -> ColumnElement[date]:
    local = cast(func.timezone(HOME_ZONE.key, _expected()), Date)
    return func.greatest(local, literal(first, Date))


def _awaited() -> Sequence[ColumnElement[bool]]:
    of_device = exists().where(Fault.device_id == Device.id, _is_missed())
    return Device.test_every_s > 0, Device.test_due_at.is_not(None), ~of_device


def _is_missed() -> ColumnElement[bool]:
    return (Fault.cause == Kind.TEST_MISSED) & Fault.ended_at.is_(None)
