"""A storm told as one line, its homes by fragility, and called back in one click."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from callcenter import announced, calls, lines, operators, queues
from callcenter.call_events import CallClosed
from callcenter.call_states import CallState
from callcenter.calls import Call
from registry import deadlines, people
from registry.access import Role
from registry.kit import clock, db
from registry.kit.errors import Conflict
from registry.people import Person
from registry.staff import Staff
from telecare import (
    absences,
    alarms,
    call_backs,
    campaigns,
    devices,
    faults,
    fragility,
    outages,
    planned,
    reassurance,
    storms,
)
from telecare.absences import Reason
from telecare.alarms import Alarm
from telecare.devices import Device
from telecare.fragility import FRAGILE, Known, Why
from telecare.outages import Outage
from telecare.planned import PlannedCall, PlannedState, Result
from telecare.protocols.base import Kind
from tests.callcenter import room

SignIn = Callable[..., TestClient]
AREA = "Borgo Finto"


def home(session: Session, account: str, birth_year: int | None = None) -> tuple[Person, Device]:
    person = people.create(
        session, given_name="Rosa", family_name=f"Prova {account}", birth_year=birth_year
    )
    people.add_phone(session, person, f"081 555 {account}")
    device = devices.add(session, account=account, area=AREA, person_id=person.id)
    return person, device


def press(session: Session, device: Device) -> Alarm:
    return alarms.raise_(
        session,
        signal_id=uuid4(),
        position=0,
        account=device.account,
        device_id=device.id,
        person_id=device.person_id,
        kind=Kind.PERSONAL,
        code="E101",
    )


def lose_mains(session: Session, units: list[UUID]) -> Outage:
    faults.keep(session, Kind.MAINS, set(units), set())
    outages.look(session)
    return session.scalars(select(Outage)).one()


@pytest.fixture
def blackout(session: Session) -> tuple[Outage, list[Person]]:
    """Six homes of one area lose their mains; the oldest lives in the last, the first presses."""
    lines.add(session, number=room.LINE, name="Linea sociale")
    homes = [home(session, f"010{number}", birth_year=1970) for number in range(5)]
    homes.append(home(session, "0109", birth_year=1930))
    found = lose_mains(session, [device.id for _, device in homes])
    press(session, homes[0][1])
    return found, [person for person, _ in homes]


@pytest.mark.parametrize(
    ("known", "why"),
    [
        (Known(near=1), []),
        (Known(near=1, age=80), [Why.OLD]),
        (Known(near=0, age=86), [Why.VERY_OLD, Why.NOBODY_NEAR]),
        (Known(near=1, alerts=frozenset({"oxygen", "dog"})), [Why.POWERED, Why.ALERT]),
        (Known(near=2, pressed=True, silent=True), [Why.PRESSED, Why.SILENT]),
    ],
)
def test_why_somebody_comes_first(known: Known, why: list[Why]) -> None:
    assert fragility.reasons(known) == why


def test_a_press_outweighs_all_that_is_only_known() -> None:
    rest = fragility.weight(why for why in Why if why is not Why.PRESSED)
    assert fragility.WEIGHTS[Why.PRESSED] > rest


def test_a_storm_is_one_line_and_its_homes_are_in_order(
    session: Session, blackout: tuple[Outage, list[Person]]
) -> None:
    outage, homes = blackout
    seen = storms.now(session)
    assert seen is not None
    assert (seen.devices, seen.pressed, seen.name, seen.causes) == (6, 1, AREA, [Kind.MAINS])
    assert storms.pressed(session, [outage]) == {outage.id: 1}

    found = storms.down(session, outage)
    assert [each.person_id for each in found][:2] == [homes[0].id, homes[5].id]
    assert found[0].pressed_at is not None
    assert found[0].alarm_open
    assert found[1].why == [Why.VERY_OLD, Why.NOBODY_NEAR]


def test_who_pressed_without_a_word_of_the_unit_is_on_the_list(
    session: Session, blackout: tuple[Outage, list[Person]]
) -> None:
    outage, _ = blackout
    _, quiet = home(session, "0177")
    press(session, quiet)
    assert storms.down(session, outage)[1].device_id == quiet.id


def test_an_outage_that_is_over_stays_for_those_who_pressed(
    session: Session, blackout: tuple[Outage, list[Person]]
) -> None:
    outage, _ = blackout
    with time_machine.travel(clock.now() + timedelta(minutes=20), tick=False):
        everybody = {each.device_id for each in storms.down(session, outage)}
        faults.keep(session, Kind.MAINS, set(), everybody)
        outages.look(session)
        assert storms.now(session) is None
        assert storms.lines(session) == [outage]
        assert [each.back for each in storms.down(session, outage)] == [True] * 6


def test_all_are_called_back_in_one_click_the_fragile_first(
    session: Session, blackout: tuple[Outage, list[Person]], anna: Staff
) -> None:
    outage, homes = blackout
    operators.of(session, anna.id)
    absences.declare(session, homes[1], reason=Reason.HOSPITAL)
    made = call_backs.begin(session, outage, began_by=anna.id)

    listed = campaigns.calls_of(session, made.id)
    assert [each.person_id for each in listed][:2] == [homes[0].id, homes[5].id]
    assert homes[1].id not in {each.person_id for each in listed}
    assert len(listed) == 5
    assert [each.due_at for each in listed] == sorted(each.due_at for each in listed)
    with pytest.raises(Conflict):
        call_backs.begin(session, outage, began_by=anna.id)


def answers(session: Session, due: PlannedCall, key: str) -> None:
    call = session.scalars(select(Call).where(Call.id == due.call_id)).one()
    call.state = CallState.RINGING
    announced.answered(call)
    if key:
        announced.replied(session, call, key)
    with queues.turn(session):
        calls.end(session, call, because="other_hung_up")
    reassurance.heard(session, CallClosed(call_id=call.id, outcome="reached"))


def test_one_is_well_one_asks_for_help_and_one_is_not_reached(
    session: Session, blackout: tuple[Outage, list[Person]]
) -> None:
    outage, homes = blackout
    made = call_backs.begin(session, outage, began_by=None)
    of = {each.person_id: each for each in campaigns.calls_of(session, made.id)}
    with time_machine.travel(clock.now() + timedelta(minutes=2), tick=False):
        room.sweep(session)
        called = session.scalars(select(Call)).all()
        assert len(called) == 6
        assert "guasto" in (called[0].sentence or "")
        answers(session, of[homes[0].id], "1")
        answers(session, of[homes[2].id], "2")
    # A yes on the phone closes nobody's alarm: an operator does.
    assert session.query(Alarm).filter_by(person_id=homes[0].id).one().state == "waiting"
    helped = session.query(Alarm).filter_by(person_id=homes[2].id).one()
    assert (helped.kind, of[homes[2].id].result) == (Kind.PERSONAL, Result.HELP_ASKED)
    assert deadlines.of(session, helped.id)

    told = campaigns.progress(session, [made.id])[made.id]
    assert (told.calls, told.over, told.percent) == (6, 2, 33)


def test_who_is_not_reached_is_rung_again_and_the_fragile_become_an_alarm(
    session: Session, blackout: tuple[Outage, list[Person]]
) -> None:
    outage, homes = blackout
    made = call_backs.begin(session, outage, began_by=None)
    of = {each.person_id: each for each in campaigns.calls_of(session, made.id)}
    of[homes[3].id].weight = 0
    fragile = of[homes[5].id]
    assert fragile.weight >= FRAGILE
    for minutes in (2, 61, 62, 92, 122, 183):
        with time_machine.travel(clock.now() + timedelta(minutes=minutes), tick=False):
            room.sweep(session)
            for each in of.values():
                if each.state is PlannedState.RINGING:
                    answers(session, each, "")
    assert fragile.state is PlannedState.MISSED
    assert session.query(Alarm).filter_by(person_id=homes[5].id).one().kind is Kind.INACTIVITY
    patient = of[homes[3].id]
    assert patient.state is PlannedState.TO_DO
    assert patient.tries > reassurance.MOST_TRIES
    assert planned.MISSED in room.due(session, patient.id)
    assert session.query(Alarm).filter_by(person_id=homes[3].id).all() == []

    campaigns.close(session, made)
    assert deadlines.of(session, patient.id) == []
    assert campaigns.progress(session, [made.id])[made.id].percent == 100


def test_who_may_not_know_of_somebody_is_told_of_a_unit(signed_in: SignIn) -> None:
    with db.transaction() as session:
        units = [home(session, f"020{number}")[1].id for number in range(4)]
        hidden, device = home(session, "0209", birth_year=1930)
        hidden.restricted = True
        outage = lose_mains(session, [*units, device.id])
    anna = signed_in("anna", Role.OPERATOR)
    (line,) = anna.get("/api/v1/storms").json()
    assert (line["name"], line["devices"], line["campaign_id"]) == (AREA, 5, None)
    found = anna.get(f"/api/v1/storms/{outage.id}/down").json()
    mine = [each for each in found if each["account"] == "0209"]
    assert [(each["person_id"], each["why"], each["weight"]) for each in mine] == [(None, [], 0)]
    begun = anna.post(f"/api/v1/storms/{outage.id}/call-back")
    assert (begun.status_code, begun.json()["calls"]) == (201, 5)
    assert anna.post(f"/api/v1/storms/{outage.id}/call-back").status_code == 409
