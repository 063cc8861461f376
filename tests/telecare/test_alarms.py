"""An alarm from its raising to its end: who holds it, what is allowed, what is written down."""

from datetime import timedelta
from uuid import uuid4

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from registry import deadlines, people
from registry.access import Actor, Role
from registry.cases import Case
from registry.contacts import Contact
from registry.journal import Entry
from registry.kit import clock
from registry.kit.errors import Invalid, WrongState
from registry.kit.states import move
from registry.people import Person
from registry.staff import Staff
from telecare import alarms, devices, escalation, response, subscribers
from telecare.alarms import STEPS, UNANSWERED, Alarm, AlarmState, Outcome
from telecare.devices import Device
from telecare.protocols.base import Kind
from telecare.triage import Lane


def raised(session: Session, device: Device | None = None, kind: Kind = Kind.PERSONAL) -> Alarm:
    alarm = Alarm(
        signal_id=uuid4(),
        position=0,
        account=device.account if device else "9999",
        device_id=device.id if device else None,
        person_id=device.person_id if device else None,
        kind=kind,
        lane=Lane.EMERGENCY if kind is Kind.PERSONAL else Lane.CONCERN,
        code="101",
        zone="001",
        trusted=True,
    )
    session.add(alarm)
    session.flush()
    deadlines.set_(session, UNANSWERED, alarm.id, alarm.raised_at + alarms.ANSWER_WITHIN)
    return alarm


@pytest.fixture
def rosa(session: Session) -> Person:
    person = people.create(session, given_name="Rosa", family_name="Prova", birth_year=1938)
    people.add_phone(session, person, "081 555 0101")
    people.add_address(session, person, street="Via di Prova 1", town="Pozzuoli")
    people.add_contact(session, person, name="Ugo Prova", phone="081 555 0102", relation="figlio")
    return person


@pytest.fixture
def device(session: Session, rosa: Person) -> Device:
    unit = devices.add(session, account="4711")
    subscribers.assign(session, unit, rosa)
    return unit


def kinds(session: Session, alarm: Alarm) -> list[str]:
    found = session.scalars(
        select(Entry.kind).where(Entry.facts["alarm_id"].astext == str(alarm.id)).order_by(Entry.id)
    )
    return [kind.removeprefix("telecare.") for kind in found]


def actor(person: Staff) -> Actor:
    return person.actor


def test_only_one_operator_can_claim_an_alarm_and_the_other_hears_who_has_it(
    session: Session, anna: Staff, bruno: Staff
) -> None:
    alarm = raised(session)
    alarms.claim(session, alarm, anna.id)
    with (
        time_machine.travel(clock.now() + timedelta(seconds=20), tick=False),
        pytest.raises(WrongState, match=r"The alarm has been with Anna Riva for 20 s") as refused,
    ):
        alarms.claim(session, alarm, bruno.id)
    assert refused.value.params == {"name": "Anna Riva", "seconds": 20}
    assert alarm.operator_id == anna.id
    alarms.claim(session, alarm, anna.id)
    assert kinds(session, alarm) == ["alarm_claimed"]


def test_claiming_stops_the_ladder_and_opens_the_case_of_the_person(
    session: Session, anna: Staff, device: Device, rosa: Person
) -> None:
    alarm = raised(session, device)
    alarms.claim(session, alarm, anna.id)
    assert [each.kind for each in deadlines.of(session, alarm.id)] == [alarms.HELD]
    opened = session.get(Case, alarm.case_id)
    assert opened is not None
    assert opened.person_id == rosa.id
    again = raised(session, device)
    alarms.claim(session, again, anna.id)
    assert again.case_id == alarm.case_id


def test_handed_back_it_waits_with_a_new_deadline(session: Session, anna: Staff) -> None:
    alarm = raised(session)
    alarms.claim(session, alarm, anna.id)
    alarms.hand_back(session, alarm)
    assert (alarm.state, alarm.operator_id, alarm.level) == (AlarmState.WAITING, None, 0)
    assert [each.kind for each in deadlines.of(session, alarm.id)] == [UNANSWERED]
    assert kinds(session, alarm) == ["alarm_claimed", "alarm_handed_back"]


def test_closing_needs_an_outcome_and_words_and_is_written_on_the_case(
    session: Session, anna: Staff, device: Device
) -> None:
    alarm = raised(session, device)
    alarms.claim(session, alarm, anna.id)
    alarms.write_note(alarm, "Rosa sta bene")
    with pytest.raises(Invalid, match="few words") as refused:
        alarms.close(session, alarm, outcome=Outcome.PRESSED_BY_MISTAKE, note="  ")
    assert refused.value.field == "note"
    assert alarm.note == "Rosa sta bene"

    alarms.close(session, alarm, outcome=Outcome.PRESSED_BY_MISTAKE, note="Rosa sta bene")
    contact = session.scalars(select(Contact).where(Contact.case_id == alarm.case_id)).one()
    assert (contact.outcome, contact.note, contact.staff_id) == (
        "pressed_by_mistake",
        "Rosa sta bene",
        anna.id,
    )
    with pytest.raises(WrongState):
        alarms.write_note(alarm, "altro")


def test_a_waiting_alarm_cannot_be_closed_unseen(session: Session) -> None:
    with pytest.raises(WrongState):
        alarms.close(session, raised(session), outcome=Outcome.TEST, note="prova")


@given(path=st.lists(st.sampled_from(AlarmState), min_size=1))
def test_a_closed_alarm_stays_closed(path: list[AlarmState]) -> None:
    alarm = Alarm(state=AlarmState.CLOSED)
    for step in path:
        with pytest.raises(WrongState):
            move(alarm, step, STEPS)


def test_nobody_answers_and_it_goes_up_by_itself(session: Session) -> None:
    alarm = raised(session)
    began = alarm.raised_at
    seen = []
    for after in (30, 60, 180, 240):
        (due,) = deadlines.of(session, alarm.id)
        seen.append(round((due.due_at - began).total_seconds()))
        with time_machine.travel(began + timedelta(seconds=after + 0.5), tick=False):
            escalation.unanswered(session, alarm.id)
        session.expire_all()
    assert seen == [30, 60, 180, 240]
    assert (alarm.state, alarm.level) == (AlarmState.ESCALATED, 4)
    told = session.scalars(select(Entry).where(Entry.kind == "telecare.alarm_escalated")).all()
    assert [each.facts["to"] for each in told] == [
        "all_operators",
        "coordinator",
        "on_call",
        "on_call",
    ]


def test_an_answered_alarm_goes_no_further(session: Session, anna: Staff) -> None:
    alarm = raised(session)
    alarms.claim(session, alarm, anna.id)
    escalation.unanswered(session, alarm.id)
    assert (alarm.state, alarm.level) == (AlarmState.CLAIMED, 0)


def test_an_escalated_alarm_can_still_be_taken(session: Session, anna: Staff) -> None:
    alarm = raised(session)
    move(alarm, AlarmState.ESCALATED, STEPS)
    alarms.claim(session, alarm, anna.id)
    assert alarms.in_hand(session, anna.id) == [alarm]


def test_the_gravest_wait_first_then_the_oldest(session: Session) -> None:
    late = raised(session)
    water = raised(session, kind=Kind.WATER)
    early = raised(session)
    late.raised_at += timedelta(seconds=5)
    water.raised_at -= timedelta(hours=1)
    session.flush()
    assert alarms.waiting(session) == [early, late, water]


def test_the_home_is_called(session: Session, anna: Staff, device: Device) -> None:
    alarm = raised(session, device)
    alarms.claim(session, alarm, anna.id)
    assert response.call_home(session, alarm, actor(anna)).number == "+390815550101"


def test_who_is_near_is_called(session: Session, anna: Staff, device: Device) -> None:
    alarm = raised(session, device)
    alarms.claim(session, alarm, anna.id)
    near = response.home_of(session, alarm, actor(anna)).ladder[0]
    assert response.call_contact(session, alarm, actor(anna), near.id).number == "+390815550102"


def test_a_team_goes_to_the_home_or_where_the_unit_is(
    session: Session, anna: Staff, device: Device
) -> None:
    alarm = raised(session, device)
    with pytest.raises(WrongState, match="Take the alarm first"):
        response.ask_for_team(session, alarm, actor(anna), reason="non risponde")
    alarms.claim(session, alarm, anna.id)
    home = response.ask_for_team(session, alarm, actor(anna), reason="non risponde")
    assert (home.place_text, home.town, home.case_id) == (
        "Via di Prova 1",
        "Pozzuoli",
        alarm.case_id,
    )
    alarm.latitude, alarm.longitude = 40.85, 14.27
    street = response.ask_for_team(session, alarm, actor(anna), reason="caduta per strada")
    assert street.latitude == 40.85


def test_who_is_hidden_stays_hidden_from_who_may_not_know(
    session: Session, anna: Staff, device: Device, rosa: Person
) -> None:
    rosa.restricted = True
    alarm = raised(session, device)
    seen = response.home_of(session, alarm, actor(anna))
    assert (seen.person, seen.address, seen.hidden) == (None, None, True)
    chief = Actor(staff_id=None, login="capo", name="Capo", roles=frozenset({Role.COORDINATOR}))
    assert response.home_of(session, alarm, chief).person == rosa
    with pytest.raises(Invalid, match="No phone number"):
        response.call_home(session, alarm, actor(anna))
