"""JSON of the calendar of expected tests."""

from datetime import date, datetime
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from registry.access import Right
from registry.door import allow
from registry.kit.http import InTransaction
from telecare import expected_tests

router = APIRouter(prefix="/expected-tests")


class DayOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    on: date
    tests: int


class ExpectedOut(BaseModel):
    device_id: UUID
    protocol: str
    account: str
    at: datetime


class CalendarOut(BaseModel):
    """`units`: those of the day asked for, today if none was; `missed`: faults that go on."""

    missed: int
    days: list[DayOut]
    units: list[ExpectedOut]


@router.get("", dependencies=[allow(Right.MANAGE_DEVICES)])
def read_expected_tests(session: InTransaction, on: date | None = None) -> CalendarOut:
    """Which units are to test themselves when; each day of the next two weeks is counted."""
    units = expected_tests.of_day(session, on or expected_tests.today())
    return CalendarOut(
        missed=expected_tests.missed(session),
        days=[DayOut.model_validate(each) for each in expected_tests.days(session)],
        units=[
            ExpectedOut(
                device_id=each.device.id,
                protocol=each.device.protocol,
                account=each.device.account,
                at=each.at,
            )
            for each in units
        ],
    )
