"""Cases: every change has author, time and reason; one manager at a time; groups by plan period."""

from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from registry import (
    case_holds,
    case_lists,
    case_managers,
    case_states,
    case_targets,
    cases,
    codes,
    people,
)
from registry.access import Actor, Compartment, Role
from registry.case_lists import Scope
from registry.case_managers import Assignment, Part
from registry.case_states import STEPS, CaseState
from registry.cases import Area, Case
from registry.codes import Code, CodeList
from registry.kit import clock
from registry.kit.errors import Invalid, NotAllowed, Problem, WrongState
from registry.staff import Staff
from tests.conftest import somebody


@pytest.fixture
def sara(session: Session) -> Actor:
    codes.settle(session)
    worker = somebody(session, "sara", "Sara Modelli", Role.SOCIAL_WORKER)
    session.info["actor"] = worker.actor
    return worker.actor


@pytest.fixture
def dino(session: Session) -> Staff:
    return somebody(session, "dino", "Dino Esempio", Role.SOCIAL_WORKER)


@pytest.fixture
def carla(session: Session) -> Actor:
    return somebody(session, "carla", "Carla Esempio", Role.COORDINATOR).actor


@pytest.fixture
def case(session: Session, sara: Actor) -> Case:
    nina = people.create(session, given_name="Nina", family_name="Prova", birth_year=1941)
    opened = cases.open_(
        session, area=Area.SOCIAL_SERVICES, person_id=nina.id, reason="Sfratto in corso"
    )
    assert sara.staff_id is not None
    case_managers.assign(session, opened, sara, sara.staff_id, part=Part.MANAGER)
    return opened


def test_a_case_begins_its_history_with_who_took_it_on_and_why(
    session: Session, case: Case, sara: Actor
) -> None:
    (first,) = case_states.of(session, case.id)

    assert (first.state, first.reason) == (CaseState.OPEN, "Sfratto in corso")
    assert first.staff_id == sara.staff_id


def test_how_it_ended_is_a_code_of_the_plan(session: Session, case: Case) -> None:
    with pytest.raises(Invalid):
        cases.close(session, case, reason="Basta così", outcome="no_such_code")
    cases.close(session, case, reason="Ha trovato casa", outcome="autonomy")

    assert (case.state, case.stage) == (CaseState.CLOSED, "autonomy")
    cases.reopen(session, case, reason="È tornata")
    assert (case.state, case.stage, case.closed_at) == (CaseState.OPEN, None, None)


def test_what_people_wrote_is_not_in_the_journal(session: Session, case: Case) -> None:
    cases.close(session, case, reason="Parole da non ripetere")

    told = cases.timeline(session, case.id)
    assert "Parole" not in str([each.facts for each in told])


CHANGE = st.sampled_from(["stage", "suspend", "close", "reopen"])


@given(path=st.lists(st.tuples(CHANGE, st.sampled_from(["", "  ", "Perché serve"])), max_size=8))
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_every_change_of_state_has_author_time_and_reason(
    session: Session, sara: Actor, path: list[tuple[str, str]]
) -> None:
    """REQUIREMENTS 1.G; and a closed case changes in no way but by being reopened."""
    one = cases.open_(session, area=Area.SOCIAL_SERVICES, reason="Perché sì")
    verbs: dict[str, Any] = {
        "stage": lambda why: cases.set_stage(session, one, "assessing", reason=why),
        "suspend": lambda why: cases.suspend(session, one, reason=why),
        "close": lambda why: cases.close(session, one, reason=why),
        "reopen": lambda why: cases.reopen(session, one, reason=why),
    }
    for verb, why in path:
        before, lines = one.state, len(case_states.of(session, one.id))
        point = session.begin_nested()
        try:
            verbs[verb](why)
        except Problem:
            point.rollback()
            session.refresh(one)
            assert len(case_states.of(session, one.id)) == lines
            continue
        told = case_states.of(session, one.id)
        assert len(told) == lines + 1
        assert before is one.state or one.state in STEPS[before]
        assert verb == "reopen" or before is not CaseState.CLOSED
        assert (told[0].state, told[0].staff_id) == (one.state, sara.staff_id)
        assert told[0].reason == why.strip() != ""


def test_a_manager_hands_over_with_a_note_and_the_other_sees_it(
    session: Session, case: Case, sara: Actor, dino: Staff
) -> None:
    with pytest.raises(Invalid) as refused:
        case_managers.assign(session, case, sara, dino.id, part=Part.MANAGER)
    assert refused.value.field == "note"

    given = case_managers.assign(
        session, case, sara, dino.id, part=Part.MANAGER, note="Giovedì c’è l’udienza"
    )
    assert (given.note, given.seen_at) == ("Giovedì c’è l’udienza", None)
    case_managers.seen(session, case.id, dino.actor)
    assert given.seen_at is not None
    assert [each.staff_id for each in case_managers.history(session, case.id)] == [
        dino.id,
        sara.staff_id,
    ]


def test_only_who_follows_a_case_gives_it_away(
    session: Session, case: Case, dino: Staff, carla: Actor
) -> None:
    with pytest.raises(NotAllowed):
        case_managers.assign(session, case, dino.actor, dino.id, part=Part.MANAGER, note="Mio")

    case_managers.assign(session, case, carla, dino.id, part=Part.MANAGER, note="Da oggi a te")
    assert case_managers.current(session, case.id)[Part.MANAGER].staff_id == dino.id


def test_nobody_follows_what_they_may_not_see(session: Session, sara: Actor, dino: Staff) -> None:
    one = cases.open_(session, area=Area.EMERGENCY, compartment=Compartment.VIOLENCE)
    with pytest.raises(Invalid, match="may not see"):
        case_managers.assign(session, one, sara, dino.id, part=Part.MANAGER)

    operator = somebody(session, "olga", "Olga Prova", Role.OPERATOR)
    other = cases.open_(session, area=Area.HELPLINE)
    with pytest.raises(Invalid, match="social worker"):
        case_managers.assign(session, other, sara, operator.id, part=Part.MANAGER)


@given(
    steps=st.lists(
        st.tuples(st.sampled_from(Part), st.integers(0, 3), st.integers(0, 3)), max_size=8
    )
)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whoever_gives_it_to_whom_there_is_at_most_one_manager_and_another_deputy(
    session: Session, sara: Actor, steps: list[tuple[Part, int, int]]
) -> None:
    """REQUIREMENTS 1.G: "at most one active case manager"."""
    staff = [
        session.scalar(select(Staff).where(Staff.login == f"w{n}"))
        or somebody(session, f"w{n}", f"Prova {n}", Role.SOCIAL_WORKER)
        for n in range(4)
    ]
    one = cases.open_(session, area=Area.SOCIAL_SERVICES)
    for part, who, to in steps:
        point = session.begin_nested()
        try:
            case_managers.assign(
                session, one, staff[who].actor, staff[to].id, part=part, note="Ecco"
            )
        except Problem:
            point.rollback()
        now = session.scalars(
            select(Assignment).where(Assignment.case_id == one.id, Assignment.until.is_(None))
        ).all()
        assert len({each.part for each in now}) == len(now)
        assert len({each.staff_id for each in now}) == len(now)


def test_the_archive_itself_refuses_a_second_manager(
    session: Session, case: Case, dino: Staff
) -> None:
    session.add(Assignment(case_id=case.id, staff_id=dino.id, part=Part.MANAGER))
    with pytest.raises(IntegrityError):
        session.flush()


def test_groups_are_those_of_the_plan_of_the_day(session: Session, case: Case, sara: Actor) -> None:
    case_targets.set_(session, case, sara, ["homeless", "mother_child"])
    with pytest.raises(Invalid):
        case_targets.set_(session, case, sara, ["long_gone"])

    today = clock.now().date()
    session.get_one(Code, (CodeList.TARGET, "homeless", codes.BEGINNING)).valid_to = today
    with time_machine.travel(clock.now() + timedelta(days=3)):
        assert case_targets.ended(session, case.id) == {"homeless"}
        case_targets.set_(session, case, sara, ["mother_child"])
        assert [each.code for each in case_targets.current(session, case.id)] == ["mother_child"]
    assert case_targets.on(session, case.id, today) == {"homeless", "mother_child"}
    assert case_targets.on(session, case.id, today + timedelta(days=3)) == {"mother_child"}
    assert case_targets.on(session, case.id, date(2021, 1, 1)) == set()


def test_a_hold_stands_until_a_coordinator_lifts_it(
    session: Session, case: Case, sara: Actor, carla: Actor
) -> None:
    assert case.person_id is not None
    with pytest.raises(NotAllowed):
        case_holds.hold(session, case, sara, reason="Ricorso")
    case_holds.hold(session, case, carla, reason="Ricorso al TAR")
    with pytest.raises(WrongState):
        case_holds.hold(session, case, carla, reason="Ancora")

    assert case_holds.on_person(session, case.person_id)
    case_holds.release(session, case, carla)
    assert not case_holds.on_person(session, case.person_id)


def test_everybody_finds_their_own_and_those_that_nobody_follows(
    session: Session, case: Case, sara: Actor, dino: Staff
) -> None:
    alone = cases.open_(session, area=Area.HELPLINE)

    assert case_lists.find(session, sara, scope=Scope.MINE) == [case]
    assert case_lists.find(session, dino.actor, scope=Scope.MINE) == []
    assert alone in case_lists.find(session, sara, scope=Scope.NOBODYS)
    assert case not in case_lists.find(session, sara, scope=Scope.NOBODYS)
    session.get_one(Staff, sara.staff_id).active = False
    session.flush()
    assert case in case_lists.find(session, sara, scope=Scope.NOBODYS)


def test_a_closed_case_is_given_to_nobody(session: Session, case: Case, dino: Staff) -> None:
    cases.close(session, case, reason="Finito")
    with pytest.raises(WrongState):
        case_managers.assign(session, case, dino.actor, dino.id, part=Part.DEPUTY)
