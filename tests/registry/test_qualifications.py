"""Qualifications: from when until when, told before they end, and asked of who follows a case."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from registry import access, case_managers, cases, codes, people, qualifications, staff
from registry.access import HOUSE, ONLY_OURS, Actor, Holder, Right, Role
from registry.case_managers import Part
from registry.cases import Area, Case
from registry.kit import clock
from registry.kit.errors import Conflict, Invalid
from registry.kit.settings import settings
from registry.staff import Staff
from tests.conftest import somebody

DAY = timedelta(days=1)
YEAR = 365 * DAY


@pytest.fixture
def sara(session: Session) -> Staff:
    codes.settle(session)
    return somebody(session, "sara", "Sara Modelli", Role.SOCIAL_WORKER)


@pytest.fixture
def case(session: Session) -> Case:
    nina = people.create(session, given_name="Nina", family_name="Prova", birth_year=1950)
    return cases.open_(session, area=Area.SOCIAL_SERVICES, person_id=nina.id, reason="Sfratto")


def test_one_of_a_kind_is_good_at_a_time(session: Session, sara: Staff) -> None:
    today = clock.now().date()
    old = qualifications.record(
        session, sara, HOUSE, code="first_aid", since=today - 2 * YEAR, until=today - DAY
    )
    new = qualifications.record(session, sara, HOUSE, code="first_aid", since=today, number="7")

    assert (old.is_good(today), new.is_good(today)) == (False, True)
    assert qualifications.of(session, sara.id) == [new, old]
    with pytest.raises(Conflict, match="end it first"):
        qualifications.record(session, sara, HOUSE, code="first_aid", since=today + YEAR)
    with pytest.raises(Invalid, match="not in force"):
        qualifications.record(session, sara, HOUSE, code="wizard", since=today)
    with pytest.raises(Invalid, match="ends before"):
        qualifications.record(session, sara, HOUSE, code="nurse", since=today, until=today - DAY)


def test_what_ends_is_told_in_time_until_it_is_renewed(session: Session, sara: Staff) -> None:
    today = clock.now().date()
    for code, left in (("telecare", -DAY), ("fire_safety", 59 * DAY), ("privacy", 60 * DAY)):
        qualifications.record(
            session, sara, HOUSE, code=code, since=today - YEAR, until=today + left
        )
    told = qualifications.ending(session, [sara.id])[sara.id]
    assert {each.code for each in told} == {"telecare", "fire_safety"}

    qualifications.record(session, sara, HOUSE, code="telecare", since=today)
    told = qualifications.ending(session, [sara.id])[sara.id]
    assert {each.code for each in told} == {"fire_safety"}


def test_ended_today_it_was_good_until_yesterday(session: Session, sara: Staff) -> None:
    today = clock.now().date()
    register = qualifications.record(
        session, sara, HOUSE, code="social_worker_a", since=today - YEAR
    )
    qualifications.end(session, register)
    assert (register.until, register.is_good(today)) == (today - DAY, False)
    with pytest.raises(Conflict, match="has ended"):
        qualifications.end(session, register)

    slip = qualifications.record(session, sara, HOUSE, code="nurse", since=today)
    qualifications.end(session, slip)
    assert [each.code for each in qualifications.of(session, sara.id)] == ["social_worker_a"]


def test_a_rule_of_the_house_asks_for_one_to_follow_a_case(
    session: Session, sara: Staff, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sara in case_managers.able(session)
    ruled = settings().model_copy(
        update={"qualified_to_follow": "social_worker_a, social_worker_b"}
    )
    monkeypatch.setattr(qualifications, "settings", lambda: ruled)

    assert sara not in case_managers.able(session)
    with pytest.raises(Invalid, match="no qualification in force"):
        _assign(session, case, sara.id)

    today = clock.now().date()
    qualifications.record(session, sara, HOUSE, code="social_worker_b", since=today - YEAR)
    assert sara in case_managers.able(session)
    _assign(session, case, sara.id)
    assert case_managers.current(session, case.id)[Part.MANAGER].staff_id == sara.id


def test_who_opens_no_case_follows_none(session: Session, sara: Staff, case: Case) -> None:
    sara.office_id = staff.office(session, "Associazione Esempio", holder=Holder.PARTNER).id
    session.flush()
    session.refresh(sara)

    assert sara not in case_managers.able(session)
    with pytest.raises(Invalid, match="Choose a social worker"):
        _assign(session, case, sara.id)


def _assign(session: Session, case: Case, staff_id: UUID) -> None:
    case_managers.assign(session, case, HOUSE, staff_id=staff_id, part=Part.MANAGER)


def test_who_sits_outside_never_does_what_stays_ours(session: Session) -> None:
    everything = set(Role)
    firm = staff.office(session, "Cooperativa Esempio", holder=Holder.CONTRACTOR)
    body = staff.office(session, "Associazione Esempio", holder=Holder.PARTNER)
    people_of = {
        holder: staff.add(
            session, login=f"di-{holder}", name="Di Fuori", roles=everything, office_id=office.id
        ).actor
        for holder, office in ((Holder.CONTRACTOR, firm), (Holder.PARTNER, body))
    }

    assert people_of[Holder.CONTRACTOR].rights == frozenset(Right) - ONLY_OURS
    assert people_of[Holder.PARTNER].rights == access.AT_MOST[Holder.PARTNER]
    assert not people_of[Holder.PARTNER].rights & {Right.READ_PEOPLE, Right.READ_CASES}


def test_an_office_that_becomes_a_partners_takes_its_people_along(session: Session) -> None:
    desk = staff.office(session, "Sportello Esempio")
    olga = staff.add(
        session, login="olga", name="Olga Prova", roles={Role.OPERATOR}, office_id=desk.id
    )
    assert access.can(olga.actor, Right.READ_PEOPLE)

    staff.give_office(session, desk, Holder.PARTNER)
    actor: Actor = olga.actor
    assert actor.holder is Holder.PARTNER
    assert not access.can(actor, Right.READ_PEOPLE)

    elsewhere = staff.office(session, "Centrale Esempio")
    staff.change(
        session,
        olga,
        name="Olga Prova",
        roles={Role.OPERATOR},
        office_id=elsewhere.id,
        team_id=None,
    )
    assert access.can(olga.actor, Right.READ_PEOPLE)
