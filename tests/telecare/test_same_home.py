"""Whoever presses three times has three alarms, and the house rings for them once."""

from datetime import timedelta
from functools import partial

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter import lines
from dispatch.interventions import Intervention
from registry.kit import clock
from registry.kit.errors import Invalid
from registry.staff import Staff
from telecare import alarms, devices, escalation, rounds, same_home
from telecare.alarms import Alarm, AlarmState, Outcome
from telecare.devices import Device
from telecare.protocols.base import Kind
from telecare.triage import Lane
from tests.callcenter import room
from tests.telecare.test_alarms import device, raised, rosa

__all__ = ["device", "rosa"]

SOON = timedelta(seconds=40)


@pytest.fixture(autouse=True)
def line(session: Session) -> None:
    lines.add(session, number=room.LINE, name="Linea sociale")


def later(session: Session, first: Alarm, device: Device, after: timedelta) -> Alarm:
    made = raised(session, device)
    made.raised_at = first.raised_at + after
    session.flush()
    return made


def to_the_end(session: Session, alarm: Alarm) -> None:
    for _ in escalation.LADDER:
        escalation.unanswered(session, alarm.id)


def rung(session: Session, *found: Alarm) -> list[int]:
    """How many rounds of calls were begun for each."""
    return [len(rounds.of_alarm(session, each.id)) for each in found]


def test_three_presses_that_nobody_takes_ring_the_contacts_once(
    session: Session, device: Device
) -> None:
    first = raised(session, device)
    more = [later(session, first, device, number * SOON) for number in (1, 2)]
    for each in (first, *more):
        to_the_end(session, each)

    assert rung(session, first, *more) == [1, 0, 0]
    # They are on the list all the same, and marked like it.
    assert {each.state for each in (first, *more)} == {AlarmState.ESCALATED}


def test_while_somebody_is_with_the_home_the_house_asks_for_nothing(
    session: Session, device: Device, anna: Staff
) -> None:
    first = raised(session, device)
    second = later(session, first, device, SOON)
    alarms.claim(session, second, anna.id)
    to_the_end(session, first)

    assert rung(session, first, second) == [0, 0]
    assert session.scalars(select(Intervention)).all() == []

    # Put back in the queue, and everything is done for the one that is oldest.
    alarms.hand_back(session, second)
    escalation.unanswered(session, first.id)
    assert rung(session, first, second) == [1, 0]


def test_a_graver_alarm_one_much_later_and_one_of_another_home_are_rung_for(
    session: Session, device: Device
) -> None:
    mild = raised(session, device, kind=Kind.INACTIVITY)
    assert mild.lane is not Lane.EMERGENCY
    graver = later(session, mild, device, SOON)
    much_later = later(session, graver, device, same_home.TOGETHER)
    elsewhere = raised(session, devices.add(session, account="4712"))
    stranger, another = raised(session), raised(session)
    for each in (mild, graver, much_later, elsewhere, stranger, another):
        assert not same_home.is_cared_for(session, each)


def test_seen_together_they_end_together(session: Session, device: Device, anna: Staff) -> None:
    first = raised(session, device)
    seen = later(session, first, device, SOON)
    alarms.claim(session, first, anna.id)
    unseen = later(session, first, device, 2 * SOON)
    assert same_home.waiting(session, first) == [seen, unseen]
    assert same_home.holders(session, [seen]) == {device.id: anna.name}

    with time_machine.travel(clock.now() + timedelta(minutes=4), tick=False):
        same_home.close(
            session,
            first,
            anna.id,
            outcome=Outcome.PRESSED_BY_MISTAKE,
            note="ha premuto spolverando",
            others=[seen.id],
        )

    assert [each.state for each in (first, seen, unseen)] == [
        AlarmState.CLOSED,
        AlarmState.CLOSED,
        AlarmState.WAITING,
    ]
    assert (seen.outcome, seen.note, seen.operator_id) == (first.outcome, first.note, anna.id)
    # Anna was with that home already when it came.
    assert first.claimed_at is not None
    assert seen.answered_at == max(seen.raised_at, first.claimed_at)
    assert seen.case_id == first.case_id


def test_another_home_is_not_closed_along_and_what_a_colleague_took_is_theirs(
    session: Session, device: Device, anna: Staff, bruno: Staff
) -> None:
    first = raised(session, device)
    second = later(session, first, device, SOON)
    foreign = raised(session, devices.add(session, account="4712"))
    alarms.claim(session, first, anna.id)
    alarms.claim(session, second, bruno.id)
    end = partial(same_home.close, session, first, anna.id, outcome=Outcome.HELPED_BY_VOICE)
    with pytest.raises(Invalid, match="another unit"), session.begin_nested():
        end(note="sta bene", others=[foreign.id])
    assert (first.state, foreign.state) == (AlarmState.CLAIMED, AlarmState.WAITING)

    end(note="sta bene", others=[second.id])
    assert (first.state, second.state) == (AlarmState.CLOSED, AlarmState.CLAIMED)
    assert second.operator_id == bruno.id
