"""Requests: simple ones end with an answer, complex ones open a case, and somebody decided why."""

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from registry import access_points, cases, codes, people, requests, triage
from registry.access import Actor, Compartment, Role
from registry.access_points import PointKind
from registry.codes import Code, CodeList
from registry.contacts import Channel, Contact
from registry.journal import Entry
from registry.kit.db import get
from registry.kit.errors import Conflict, Invalid, NotAllowed, NotFound, Problem, WrongState
from registry.people import Person
from registry.request_states import RequestState
from registry.requests import AsksAs, Request
from registry.staff import Staff


@pytest.fixture
def me(session: Session, anna: Staff) -> Actor:
    codes.settle(session)
    session.info["actor"] = anna.actor
    return anna.actor


@pytest.fixture
def nina(session: Session) -> Person:
    return people.create(session, given_name="Nina", family_name="Prova", birth_year=1941)


def ask(session: Session, me: Actor, **facts: Any) -> Request:
    told = {"channel": Channel.DESK, "expressed": "Chiede un aiuto per la spesa"} | facts
    return requests.receive(session, me, **told)


def test_requests_are_numbered_in_the_order_they_come(session: Session, me: Actor) -> None:
    first, second = ask(session, me), ask(session, me)

    assert second.number > first.number
    assert requests.listed(session, me) == [second, first]


def test_nobody_has_to_say_who_they_are(session: Session, me: Actor, nina: Person) -> None:
    request = ask(session, me, asks_as=AsksAs.ANONYMOUS, applicant_id=nina.id)

    assert (request.person_id, request.applicant_id) == (None, None)


def test_who_asks_for_herself_is_applicant_and_person_concerned(
    session: Session, me: Actor, nina: Person
) -> None:
    request = ask(session, me, person_id=nina.id)
    son = people.create(session, family_name="Figlio")
    other = ask(session, me, person_id=nina.id, applicant_id=son.id, asks_as=AsksAs.FAMILY)

    assert request.applicant_id == nina.id
    assert (other.person_id, other.applicant_id) == (nina.id, son.id)
    assert requests.listed(session, me, person_id=son.id) == [other]


def test_each_request_is_a_contact_at_a_door(session: Session, me: Actor) -> None:
    desk = access_points.add(
        session, name="Sportello", kind=PointKind.DESK, hours="lun-ven 9-13", areas=["Pozzuoli"]
    )
    request = ask(session, me, access_point_id=desk.id)

    assert request.contact_id is not None
    assert get(session, Contact, request.contact_id).access_point_id == desk.id


def test_a_simple_need_ends_with_an_answer_and_no_case(
    session: Session, me: Actor, nina: Person
) -> None:
    request = ask(session, me, person_id=nina.id)
    triage.find_simple(session, request, me, reason="Basta un'informazione")
    triage.answer(session, request, me, answer="Il banco alimentare apre il martedì")

    assert (request.state, request.case_id) == (RequestState.ANSWERED, None)
    assert request.triaged_by == me.staff_id
    assert cases.of_person(session, nina.id) == []


def test_a_complex_need_opens_a_case_of_the_social_services(
    session: Session, me: Actor, nina: Person
) -> None:
    request = ask(session, me, person_id=nina.id)
    triage.take_on(session, request, me, reason="Sfratto e nessun reddito")

    (case,) = cases.of_person(session, nina.id)
    assert (request.case_id, case.area) == (case.id, cases.Area.SOCIAL_SERVICES)
    with pytest.raises(WrongState):
        triage.answer(session, request, me, answer="No")


def test_an_answer_without_a_decision_is_refused(session: Session, me: Actor) -> None:
    with pytest.raises(WrongState):
        triage.answer(session, ask(session, me), me, answer="Ecco")


@pytest.mark.parametrize("reason", ["", "  \n"])
def test_a_decision_needs_a_reason(session: Session, me: Actor, reason: str) -> None:
    with pytest.raises(Invalid) as refused:
        triage.find_simple(session, ask(session, me), me, reason=reason)
    assert refused.value.field == "reason"


STEP = st.sampled_from(["simple", "complex", "answer", "withdraw", "change"])


@given(path=st.lists(STEP, max_size=5))
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_whatever_is_tried_a_simple_request_owns_no_case_and_a_case_has_its_decision(
    session: Session, me: Actor, path: list[str]
) -> None:
    """REQUIREMENTS 1.G: "a simple-need request never owns a case; a case always has a triage"."""
    request = ask(session, me)
    does = {
        "simple": lambda: triage.find_simple(session, request, me, reason="perché"),
        "complex": lambda: triage.take_on(session, request, me, reason="perché"),
        "answer": lambda: triage.answer(session, request, me, answer="ecco"),
        "withdraw": lambda: triage.withdraw(session, request, me, reason="non serve più"),
        "change": lambda: requests.change(session, request, recognised="casa"),
    }
    for step in path:
        ended = not request.open
        before = request.state
        try:
            does[step]()
        except Problem:
            assert request.state is before
        else:
            assert not ended
        assert (request.case_id is not None) == (request.state is RequestState.TAKEN_ON)
        decided = request.state not in {RequestState.RECEIVED, RequestState.WITHDRAWN}
        assert not decided or (request.triage_reason and request.triaged_by and request.triaged_at)
    session.flush()


def test_the_archive_itself_refuses_a_case_without_a_decision(session: Session, me: Actor) -> None:
    request = ask(session, me)
    session.flush()
    case = cases.open_(session, area=cases.Area.HELPLINE)

    with pytest.raises(IntegrityError, match="only_what_is_taken_on"), session.begin_nested():
        session.execute(
            text("UPDATE requests SET case_id = :case WHERE id = :id"),
            {"case": case.id, "id": request.id},
        )


def test_what_concerns_a_reserved_person_is_not_there_for_others(
    session: Session, me: Actor
) -> None:
    hidden = people.create(session, family_name="Riservata", restricted=True)
    boss = Actor(staff_id=None, login="carla", name="Carla", roles=frozenset({Role.COORDINATOR}))
    about = ask(session, me, person_id=hidden.id)
    asked = ask(session, me, applicant_id=hidden.id, asks_as=AsksAs.FAMILY)

    assert requests.listed(session, me) == []
    for each in (about, asked):
        with pytest.raises(NotFound):
            requests.read(session, each.id, me)
        assert requests.read(session, each.id, boss) is each


def test_the_journal_knows_that_it_was_asked_and_not_what(
    session: Session, me: Actor, nina: Person
) -> None:
    request = ask(session, me, person_id=nina.id)
    triage.find_simple(session, request, me, reason="Segreto di famiglia")
    lines = session.scalars(select(Entry).where(Entry.kind.like("registry.request_%"))).all()

    assert [each.kind for each in lines] == [
        "registry.request_received",
        "registry.request_triaged",
    ]
    assert "Segreto" not in str([each.facts for each in lines])


DAYS = st.dates(date(2021, 1, 1), date(2030, 12, 31))


@given(first=DAYS, length=st.integers(0, 900), on=DAYS)
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_a_code_is_accepted_on_its_own_days_only(
    session: Session, first: date, length: int, on: date
) -> None:
    """REQUIREMENTS 1.G: "Target, need and measure codes are valid at the event date"."""
    last = date.fromordinal(first.toordinal() + length)
    code = f"c{uuid4().hex[:8]}"
    session.add(
        Code(
            list=CodeList.TARGET,
            code=code,
            valid_from=first,
            valid_to=last,
            italian="Prova",
            english="Try",
            position=99,
        )
    )
    session.flush()
    if first <= on <= last:
        assert codes.check(session, CodeList.TARGET, [code], on) == [code]
    else:
        with pytest.raises(Invalid):
            codes.check(session, CodeList.TARGET, [code], on)


def test_a_need_that_is_in_no_list_is_refused(session: Session, me: Actor) -> None:
    with pytest.raises(Invalid, match="boh"):
        ask(session, me, expressed_need="boh")


def test_two_doors_have_two_names_and_hours_that_can_be_read(session: Session) -> None:
    access_points.add(session, name="Sportello", kind=PointKind.DESK)
    with pytest.raises(Conflict):
        access_points.add(session, name=" Sportello ", kind=PointKind.DESK)
    with pytest.raises(Invalid) as refused:
        access_points.add(session, name="Altro", kind=PointKind.DESK, hours="quando capita")
    assert refused.value.field == "hours"


def test_the_words_of_a_request_in_a_compartment_are_for_whoever_has_it(
    session: Session, me: Actor, nina: Person
) -> None:
    request = ask(session, me, person_id=nina.id, compartment=Compartment.VIOLENCE)
    inside = replace(me, compartments=frozenset({Compartment.VIOLENCE}))

    assert not requests.sees(session, request, me)
    with pytest.raises(NotAllowed):
        requests.held(session, request.id, me)
    triage.take_on(session, requests.held(session, request.id, inside), inside, reason="Sì")
    (case,) = cases.of_person(session, nina.id)
    assert case.compartment == Compartment.VIOLENCE
    request.compartment = None
    assert not requests.sees(session, request, me)
    assert requests.sees(session, request, inside)


def test_somebody_unknown_is_named_once_and_the_case_with_them(
    session: Session, me: Actor, nina: Person
) -> None:
    request = requests.receive(session, me, channel=Channel.STREET, expressed="Un letto")
    triage.take_on(session, request, me, reason="Dorme fuori")

    requests.name_person(session, request, nina)

    assert (request.person_id, request.applicant_id) == (nina.id, nina.id)
    assert request.contact_id is not None
    assert request.case_id is not None
    assert session.get_one(Contact, request.contact_id).person_id == nina.id
    assert session.get_one(cases.Case, request.case_id).person_id == nina.id
    other = people.create(session, given_name="Ugo", family_name="Esempio")
    with pytest.raises(WrongState):
        requests.name_person(session, request, other)
