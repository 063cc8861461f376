"""People: names as told, numbers in one form, and nobody seen by those who may not."""

from datetime import date
from uuid import uuid4

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.orm import Session

from registry import cases, contacts, people, search
from registry.access import HOUSE, Actor, Role
from registry.case_states import CaseState
from registry.cases import Area
from registry.contacts import Channel
from registry.journal import Entry
from registry.kit.errors import Invalid, NotFound, WrongState
from registry.people import Person
from registry.places import AddressKind

COORDINATOR = Actor(
    staff_id=uuid4(), login="carla", name="Carla", roles=frozenset({Role.COORDINATOR})
)


@pytest.fixture
def nina(session: Session) -> Person:
    person = people.create(session, given_name="Nina", family_name="Prova", birth_year=1941)
    people.add_phone(session, person, "081 555 0101", "casa")
    return person


def test_a_number_is_kept_in_one_form_and_once(session: Session, nina: Person) -> None:
    people.add_phone(session, nina, "+39 081 5550101")

    assert [phone.number for phone in nina.phones] == ["+390815550101"]
    assert people.by_phone(session, "+390815550101", HOUSE) == [nina]


def test_a_number_nobody_could_dial_is_refused_beside_its_field(
    session: Session, nina: Person
) -> None:
    with pytest.raises(Invalid) as refused:
        people.add_phone(session, nina, "boh")
    assert refused.value.field == "number"


@pytest.mark.parametrize("year", [1850, 3000])
def test_an_impossible_birth_year_is_refused(session: Session, year: int) -> None:
    with pytest.raises(Invalid, match=str(year)):
        people.create(session, family_name="Prova", birth_year=year)


@pytest.mark.parametrize("words", ["prova nina", "NINA", "pro 1941", "081 5550101"])
def test_somebody_is_found_by_what_the_caller_says(
    session: Session, nina: Person, words: str
) -> None:
    assert search.find(session, words, HOUSE).persons == [nina]


@pytest.mark.parametrize("words", ["prova 1950", "081 5550199", "%", "12345678901234567890"])
def test_what_does_not_fit_finds_nobody(session: Session, nina: Person, words: str) -> None:
    assert search.find(session, words, HOUSE).persons == []


def test_a_restricted_person_is_nowhere_for_those_without_the_right(session: Session) -> None:
    hidden = people.create(session, given_name="Ada", family_name="Celata", restricted=True)
    people.add_phone(session, hidden, "081 555 0199")
    case = cases.open_(session, area=Area.HELPLINE, person_id=hidden.id)

    assert search.find(session, "celata", HOUSE).persons == []
    assert people.by_phone(session, "+390815550199", HOUSE) == []
    assert cases.listed(session, HOUSE) == []
    for opening in (
        lambda: people.read(session, hidden.id, HOUSE),
        lambda: cases.read(session, case.id, HOUSE),
    ):
        with pytest.raises(NotFound):
            opening()
    assert search.find(session, "celata", COORDINATOR).persons == [hidden]
    assert cases.listed(session, COORDINATOR) == [case]


def test_reading_a_file_leaves_a_trace(session: Session, nina: Person) -> None:
    session.info["actor"] = COORDINATOR
    people.read(session, nina.id, COORDINATOR, why="call")

    trace = session.scalars(select(Entry).where(Entry.kind == "registry.person_read")).one()
    assert (trace.person_id, trace.actor_id) == (nina.id, COORDINATOR.staff_id)
    assert trace.facts == {"why": "call", "roles": ["coordinator"], "office_id": None}


def test_a_team_is_never_sent_to_a_fictitious_residence(session: Session, nina: Person) -> None:
    people.add_address(
        session, nina, kind=AddressKind.FICTITIOUS, street="via della Casa", town="Borgo"
    )
    assert nina.home is None
    people.add_address(session, nina, kind=AddressKind.FOUND_AT, street="stazione", town="Borgo")
    found = people.read(session, nina.id, HOUSE).home
    assert found is not None
    assert (found.place.text, found.place.on_map) == ("stazione", False)


def test_age_counts_the_birthday(session: Session) -> None:
    born = people.create(session, family_name="Prova", birth_date=date(1950, 6, 15))
    with time_machine.travel("2026-06-14T12:00:00Z", tick=False):
        assert born.age == 75
    with time_machine.travel("2026-06-15T12:00:00Z", tick=False):
        assert born.age == 76


def test_those_near_are_called_in_order(session: Session, nina: Person) -> None:
    people.add_contact(session, nina, name="Vito", phone="081 555 0150", relation="figlio")
    people.add_contact(session, nina, name="Lia", phone="081 555 0151", holds_keys=True)
    session.expire(nina)

    assert [(near.position, near.name) for near in nina.near] == [(1, "Vito"), (2, "Lia")]


def test_a_second_alarm_joins_the_open_case(session: Session, nina: Person) -> None:
    first = cases.for_person(session, nina.id, area=Area.TELECARE)
    assert cases.for_person(session, nina.id, area=Area.TELECARE) == first
    cases.close(session, first, reason="resolved")

    assert cases.for_person(session, nina.id, area=Area.TELECARE) != first
    with pytest.raises(WrongState, match="Case is closed"):
        cases.close(session, first, reason="again")
    cases.reopen(session, first, reason="she rang back")
    assert first.state is CaseState.OPEN


def test_the_timeline_of_a_case_tells_over_all_services(session: Session, nina: Person) -> None:
    case = cases.open_(session, area=Area.HELPLINE)
    cases.name_person(session, case, nina)
    contacts.record(session, channel=Channel.DESK, outcome="informed", case_id=case.id)

    kinds = [entry.kind for entry in cases.timeline(session, case.id)]

    assert kinds == ["registry.contact_recorded", "registry.person_named", "registry.case_opened"]
    assert [each.outcome for each in contacts.of_case(session, case.id)] == ["informed"]
    assert cases.of_person(session, nina.id) == [case]
