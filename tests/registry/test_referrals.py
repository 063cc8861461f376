"""Referrals: sent, seen, accepted or refused, outcome; each with who and when, and a day."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from registry import cases, deadlines, directory, referral_lists, referrals, staff
from registry.access import Actor, Role
from registry.cases import Area, Case
from registry.directory import BodyKind
from registry.kit import clock
from registry.kit.errors import Invalid, NotAllowed, Problem
from registry.referral_lists import Box
from registry.referrals import PENDING, Referral, ReferralState
from tests.conftest import somebody


@pytest.fixture
def sara(session: Session) -> Actor:
    person = somebody(session, "sara", "Sara Modelli", Role.SOCIAL_WORKER)
    person.office_id = staff.office(session, "Servizio sociale").id
    return person.actor


@pytest.fixture
def dino(session: Session) -> Actor:
    person = somebody(session, "dino", "Dino Esempio", Role.SOCIAL_WORKER)
    person.office_id = staff.office(session, "Consultorio").id
    return person.actor


@pytest.fixture
def case(session: Session) -> Case:
    return cases.open_(session, area=Area.SOCIAL_SERVICES)


def sent(session: Session, case: Case, by: Actor, to: Actor) -> Referral:
    return referrals.send(
        session,
        case,
        by,
        reason="Serve un colloquio di coppia",
        answer_by=clock.now() + timedelta(days=5),
        office_id=to.office_id,
    )


def test_four_facts_each_with_who_and_when(
    session: Session, case: Case, sara: Actor, dino: Actor
) -> None:
    referral = sent(session, case, sara, dino)
    referrals.seen(session, referral.id, sara)
    assert referral.state is ReferralState.SENT
    referrals.seen(session, referral.id, dino)
    referrals.step(session, referral, dino, ReferralState.ACCEPTED)
    with pytest.raises(Invalid):
        referrals.step(session, referral, dino, ReferralState.CONCLUDED)
    referrals.step(session, referral, dino, ReferralState.CONCLUDED, words="Tre colloqui fatti")

    facts = referrals.facts(session, referral.id)
    assert [each.fact for each in facts] == ["sent", "seen", "accepted", "concluded"]
    assert [each.staff_id for each in facts] == [sara.staff_id, *[dino.staff_id] * 3]
    assert facts[-1].words == "Tre colloqui fatti"
    assert deadlines.of(session, referral.id) == []


def test_only_the_office_it_was_sent_to_answers(
    session: Session, case: Case, sara: Actor, dino: Actor
) -> None:
    referral = sent(session, case, sara, dino)
    with pytest.raises(NotAllowed):
        referrals.step(session, referral, sara, ReferralState.ACCEPTED)
    with pytest.raises(NotAllowed):
        referrals.step(session, referral, dino, ReferralState.WITHDRAWN, words="No")
    referrals.step(session, referral, sara, ReferralState.WITHDRAWN, words="Non serve più")
    assert referral.expected_by is None


def test_what_another_body_says_is_written_down_by_one_of_ours(
    session: Session, case: Case, sara: Actor
) -> None:
    clinic = directory.body(session, "ASL di prova", BodyKind.PUBLIC)
    referral = referrals.send(
        session,
        case,
        sara,
        reason="Visita",
        answer_by=clock.now() + timedelta(days=5),
        body_id=clinic.id,
    )
    referrals.step(
        session,
        referral,
        sara,
        ReferralState.REFUSED,
        words="Fuori zona",
        told_by="Segreteria, al telefono",
    )
    facts = referrals.facts(session, referral.id)
    assert [each.fact for each in facts] == ["sent", "seen", "refused"]
    assert facts[-1].told_by == "Segreteria, al telefono"


def test_without_an_answer_by_the_day_it_is_overdue_until_there_is_one(
    session: Session, case: Case, sara: Actor, dino: Actor
) -> None:
    referral = sent(session, case, sara, dino)
    (due,) = deadlines.of(session, referral.id)
    assert (due.kind, due.due_at) == (referrals.EXPECTED, referral.expected_by)
    referrals.seen(session, referral.id, dino)
    referrals.overdue(session, referral.id)
    referrals.overdue(session, referral.id)

    assert [each.id for each, _ in referral_lists.find(session, sara, box=Box.OVERDUE)] == [
        referral.id
    ]
    referrals.step(session, referral, dino, ReferralState.ACCEPTED)
    assert referral_lists.find(session, sara, box=Box.OVERDUE) == []
    session.expire_all()
    (due,) = deadlines.of(session, referral.id)
    assert due.due_at > clock.now() + timedelta(days=29)


def test_each_office_finds_what_it_got_and_what_it_sent(
    session: Session, case: Case, sara: Actor, dino: Actor
) -> None:
    referral = sent(session, case, sara, dino)
    found = [(referral, case)]

    assert referral_lists.find(session, dino, box=Box.RECEIVED) == found
    assert referral_lists.find(session, sara, box=Box.SENT) == found
    assert referral_lists.find(session, sara, box=Box.RECEIVED) == []
    assert referral_lists.waiting(session, dino) == 1


@given(path=st.lists(st.sampled_from(ReferralState), max_size=6))
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_fact_comes_twice_and_whatever_is_pending_has_a_day(
    session: Session, case: Case, sara: Actor, path: list[ReferralState]
) -> None:
    referral = sent(session, case, sara, sara)
    for to in path:
        point = session.begin_nested()
        try:
            referrals.step(session, referral, sara, to, words="Ecco")
        except Problem:
            point.rollback()
            session.refresh(referral)
        facts = [each.fact for each in referrals.facts(session, referral.id)]
        assert len(facts) == len(set(facts))
        assert facts[-1] == referral.state
        pending = referral.state in PENDING
        assert (referral.expected_by is not None) is pending
        assert bool(deadlines.of(session, referral.id)) is pending
