"""Damaged and refused frames are counted by unit; many are a fault until they stop."""

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.orm import Session

from registry.kit import clock, db
from telecare import devices, faults, line_errors
from telecare.faults import Fault
from telecare.protocols.base import Kind, Verdict
from telecare.protocols.dc09_frames import wrap
from telecare.signals import Signal
from tests.telecare.conftest import Dial

UNIT = b"4711"


def press(sequence: int, account: bytes = UNIT) -> bytes:
    return wrap(b'"ADM-CID"%04dL0#%b[#%b|1101 01 003]' % (sequence, account, account))


def damaged(sequence: int, account: bytes = UNIT) -> bytes:
    return press(sequence, account).replace(b"|1101", b"|1100")


@pytest.fixture
def units(database: None) -> dict[bytes, devices.Device]:
    with db.transaction() as session:
        return {each: devices.add(session, account=each.decode()) for each in (UNIT, b"4712")}


def open_faults(session: Session) -> list[Fault]:
    return [each for each in faults.open_(session) if each.cause is Kind.LINE_ERRORS]


def test_many_damaged_frames_of_a_unit_are_one_fault_until_they_stop(
    units: dict[bytes, devices.Device], dial: Dial
) -> None:
    line = dial()
    for number in range(line_errors.ENOUGH):
        line.send(damaged(number))
        line.send(damaged(number % 3, b"4712") if number < 3 else b"")
        assert line.ask(press(number))
    with db.transaction() as session:
        broken = session.scalars(select(Signal).where(Signal.verdict == Verdict.BROKEN)).all()
        assert {each.account for each in broken} == {"4711", "4712"}
        assert {each.became for each in broken} == {"refused"}
        assert line_errors.look(session) == line_errors.look(session) == 1
        (fault,) = open_faults(session)
        assert (fault.device_id, fault.times) == (units[UNIT].id, 1)

    with time_machine.travel(clock.now() + line_errors.WITHIN), db.transaction() as session:
        assert line_errors.look(session) == 0
        assert open_faults(session) == []


def test_a_damaged_frame_is_no_sign_of_life(units: dict[bytes, devices.Device], dial: Dial) -> None:
    line = dial()
    line.send(damaged(1))
    assert line.ask(press(2, b"4712"))
    with db.transaction() as session:
        seen = {each.account: each.last_seen_at for each in devices.listed(session)}
        sent = session.scalars(select(Signal).where(Signal.account == "4711")).one()
        line_errors.look(session)
        assert open_faults(session) == []
    assert seen["4711"] is None
    assert sent.decoded["reports"] == []
