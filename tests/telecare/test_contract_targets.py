"""Targets of one's own contract: each by its own clock, counted as promised, never rewritten."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from callcenter.call_states import CallState, Direction
from callcenter.calls import Call
from dispatch.rota import HOME_ZONE
from registry.access import Role
from registry.kit import clock
from registry.kit.errors import Invalid, WrongState
from registry.staff import Staff
from telecare import alarms, contract_targets, devices
from telecare.contract_targets import Clock, ContractTarget, Measured
from telecare.faults import Fault
from telecare.protocols.base import Kind
from tests.telecare.test_figures import raised

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=HOME_ZONE)
DAY = timedelta(days=1)


def promised(
    session: Session, by: Clock, within_s: int = 60, percent: float = 97.5
) -> ContractTarget:
    with time_machine.travel(NOON - DAY, tick=False):
        return contract_targets.write(
            session, name="Capitolato, articolo 7", by=by, within_s=within_s, percent=percent
        )


def kept(session: Session) -> Measured:
    (found,) = contract_targets.measured(session, NOON - DAY, NOON + DAY)
    return found


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(waits=st.lists(st.none() | st.integers(0, 300), max_size=6))
def test_every_answer_counts_once_and_who_still_waits_counts_when_late(
    session: Session, anna: Staff, waits: list[int | None]
) -> None:
    undo = session.begin_nested()
    promised(session, Clock.SIGNAL_TO_OPERATOR)
    for wait in waits:
        with time_machine.travel(NOON, tick=False):
            alarm = raised(session)
        if wait is not None:
            with time_machine.travel(NOON + timedelta(seconds=wait), tick=False):
                alarms.claim(session, alarm, anna.id)
    with time_machine.travel(NOON + timedelta(seconds=301), tick=False):
        found = kept(session)
    assert found.counted == len(waits)
    assert found.reached == sum(wait is not None and wait <= 60 for wait in waits)
    undo.rollback()


def test_whoever_waits_and_is_not_late_does_not_count_yet(session: Session) -> None:
    promised(session, Clock.SIGNAL_TO_OPERATOR)
    with time_machine.travel(NOON, tick=False):
        raised(session)
    with time_machine.travel(NOON + timedelta(seconds=30), tick=False):
        found = kept(session)
    assert (found.counted, found.percent, found.met) == (0, None, None)


def test_the_clock_of_the_voice_starts_with_the_signal_and_ends_with_words(
    session: Session,
) -> None:
    promised(session, Clock.SIGNAL_TO_VOICE, 120)
    with time_machine.travel(NOON, tick=False):
        alarm = raised(session)
    session.add(
        Call(
            direction=Direction.OUTGOING,
            state=CallState.TALKING,
            alarm_id=alarm.id,
            purpose="alarm_home",
            arrived_at=NOON + timedelta(seconds=60),
            talking_at=NOON + timedelta(seconds=90),
        )
    )
    session.flush()
    assert kept(session).met is True


def test_a_caller_is_measured_from_the_first_ring(session: Session) -> None:
    promised(session, Clock.CALL_TO_VOICE, 30, 50)
    for seconds in (20, 40):
        session.add(
            Call(
                direction=Direction.INCOMING,
                state=CallState.TALKING,
                arrived_at=NOON,
                talking_at=NOON + timedelta(seconds=seconds),
            )
        )
    session.flush()
    found = kept(session)
    assert (found.counted, found.reached, found.met) == (2, 1, True)


def test_a_fault_is_measured_to_its_repair(session: Session) -> None:
    promised(session, Clock.FAULT_TO_REPAIR, 48 * 3600, 100)
    unit = devices.add(session, account="4711")
    session.add(
        Fault(
            device_id=unit.id,
            cause=Kind.UNIT_BATTERY,
            began_at=NOON,
            told_at=NOON,
            ended_at=NOON + timedelta(hours=49),
        )
    )
    session.flush()
    assert kept(session).met is False


def test_an_ended_target_counts_only_while_it_was_promised(session: Session, anna: Staff) -> None:
    target = promised(session, Clock.SIGNAL_TO_OPERATOR)
    with time_machine.travel(NOON, tick=False):
        contract_targets.end(session, target)
        with pytest.raises(WrongState):
            contract_targets.end(session, target)
    with time_machine.travel(NOON + timedelta(minutes=1), tick=False):
        alarms.claim(session, raised(session), anna.id)
    assert kept(session).counted == 0
    assert contract_targets.in_force(session, clock.now(), clock.now() + DAY) == []


@pytest.mark.parametrize("wrong", [{"name": " "}, {"within_s": 0}, {"percent": 101}])
def test_a_target_has_a_name_a_time_and_a_share(session: Session, wrong: dict[str, object]) -> None:
    good = {"name": "Uno", "by": Clock.CALL_TO_VOICE, "within_s": 60, "percent": 90.0}
    with pytest.raises(Invalid):
        contract_targets.write(session, **(good | wrong))  # type: ignore[arg-type]


def test_the_page_names_the_clock_and_the_sheet_has_the_targets(
    signed_in: Callable[..., TestClient],
) -> None:
    client = signed_in("carla", Role.COORDINATOR)
    new = {"name": "Articolo 7", "clock": "fault_to_repair", "within": 48, "unit": "3600"}
    made = client.post("/api/v1/contract-targets", json=new | {"percent": 90})
    assert (made.status_code, made.json()["within_s"]) == (201, 48 * 3600)
    page = client.get("/cifre", headers={"Accept-Language": "it"}).text
    assert "Articolo 7" in page
    assert "dal guasto alla riparazione" in page
    assert "Articolo 7" in client.get("/cifre-impegni.csv").text
    assert client.post(f"/api/v1/contract-targets/{made.json()['id']}/end").status_code == 204
