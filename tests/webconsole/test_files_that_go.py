"""Which files a rule reaches: none that is still needed; and each goes whole, with merged ones."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.orm import Session

from registry import (
    bookings,
    calendars,
    case_holds,
    cases,
    directory,
    disposals,
    merges,
    names,
    people,
    requests,
    retention,
    search,
    triage,
)
from registry.access import HOUSE, Actor
from registry.bookings import Booking
from registry.cases import Area
from registry.contacts import Channel
from registry.directory import BodyKind, ServiceArea
from registry.kept_figures import KeptFigure
from registry.kit import clock, db
from registry.kit.errors import Invalid
from registry.people import Person
from registry.person_keys import PersonKey
from registry.retention import Disposition, RetentionRule, Trigger
from registry.vocabulary import Word, WordKind
from telecare import devices, planned, subscribers
from telecare.planned import By, Purpose
from tests.webconsole.test_privacy import coordinator, everything
from webconsole import erasing, kept_keys, wiring
from webconsole.kept_keys import Kept

LATER = timedelta(days=3660)


@pytest.fixture(autouse=True)
def _wired() -> None:
    wiring.wire()


def rule(session: Session, me: Actor, trigger: Trigger = Trigger.LAST_CASE_CLOSED) -> RetentionRule:
    return retention.write(
        session,
        me,
        name=f"Fascicoli: {trigger}",
        trigger=trigger,
        years=10,
        disposition=Disposition.ANONYMISE,
        source="Piano di conservazione",
    )


def long_closed(session: Session, given_name: str = "Zqnome") -> Person:
    person = people.create(session, given_name=given_name, family_name="Zqcognome")
    case = cases.open_(session, area=Area.EMERGENCY, person_id=person.id)
    cases.close(session, case, reason="finito")
    return person


def asked(session: Session, person: Person) -> Callable[[], None]:
    made = requests.receive(
        session, HOUSE, channel=Channel.DESK, expressed="chiede", person_id=person.id
    )
    return lambda: triage.withdraw(session, made, HOUSE, reason="non serve più")


def booked(session: Session, person: Person) -> Callable[[], None]:
    body = directory.body(session, "Comune", BodyKind.OWN)
    service = directory.add(session, body, name="Sportello", area=ServiceArea.RIGHTS)
    calendar = calendars.open_(session, service, name="Colloqui", place="Via Facsimile 1")
    starts = clock.now().replace(microsecond=0) + timedelta(days=1)
    (slot,) = calendars.offer(session, calendar, starts_at=starts, minutes=30)
    held: Booking = bookings.book(session, HOUSE, slot.id, person.id)
    return lambda: bookings.cancel(session, held, reason="non viene")


def held(session: Session, person: Person) -> Callable[[], None]:
    (case,) = cases.of_person(session, person.id)
    me = coordinator(session, "dora")
    case_holds.hold(session, case, me, reason="causa in corso")
    return lambda: case_holds.release(session, case, me)


def served(session: Session, person: Person) -> Callable[[], None]:
    unit = devices.add(session, account="7001")
    subscribers.assign(session, unit, person)

    def taken_back() -> None:
        unit.person_id = None

    return taken_back


def called(session: Session, person: Person) -> Callable[[], None]:
    made = planned.plan(
        session, person.id, purpose=Purpose.CHECK, by=By.OPERATOR, days="1", at=time(9)
    )
    return lambda: planned.end_plan(session, made)


@pytest.mark.parametrize("needs", [asked, booked, held, served, called])
def test_a_file_that_is_still_needed_is_on_no_list_and_goes_with_none(
    session: Session, needs: Callable[[Session, Person], Callable[[], None]]
) -> None:
    me = coordinator(session)
    person, by = long_closed(session), rule(session, me)
    with time_machine.travel(clock.now() + LATER):
        assert [each for each, _ in retention.due(session, by)] == [person.id]
        assert disposals.may_go(session, person)
        over = needs(session, person)
        session.flush()
        assert retention.due(session, by) == []
        assert not disposals.may_go(session, person)
        with pytest.raises(Invalid, match="No file is due"):
            disposals.propose(session, by, me)
        over()
        session.flush()
        assert [each for each, _ in disposals.due(session, by)] == [person.id]
        disposals.propose(session, by, me)
        assert disposals.due(session, by) == []


def test_a_file_that_became_part_of_another_goes_with_that_one(session: Session) -> None:
    """Its row still has the name that it had, and rows that both files had alike."""
    stays, gone, before = [
        people.create(session, given_name=name, family_name="Zqcognome")
        for name in ("Zqnome", "Zqaltra", "Zqprima")
    ]
    for person in (stays, gone):
        people.add_phone(session, person, "0825551944")
    people.add_alert(session, gone, kind="health", text="zqnota")
    session.flush()
    merges.merge(session, HOUSE, gone.id, before.id)
    merges.merge(session, HOUSE, stays.id, gone.id)
    by = rule(session, coordinator(session), Trigger.LAST_CONTACT)
    with time_machine.travel(clock.now() + LATER):
        assert [each for each, _ in retention.due(session, by)] == [stays.id]
        assert [disposals.may_go(session, each) for each in (stays, gone)] == [True, False]

    erasing.erase(session, stays)

    assert names.forget_unused(session) == len(("zqcognome", "zqnome", "zqaltra", "zqprima"))
    said = everything(session)
    gone_words = ("Zq", "zqcognome", "zqnome", "zqaltra", "zqprima", "zqnota", "0825551944")
    assert [each for each in gone_words if each in said] == []
    assert len(session.scalars(select(KeptFigure)).all()) == 1


def test_a_word_of_a_name_that_somebody_bears_stays(session: Session) -> None:
    stays, renamed = [
        people.create(session, given_name=name, family_name="Zqcognome") for name in ("Uno", "Due")
    ]
    people.change(session, renamed, given_name="Uno", family_name="Zqaltro")
    assert names.forget_unused(session) == 1

    left = set(session.scalars(select(Word.word).where(Word.kind != WordKind.TOWN)))
    assert left == {"zqcognome", "zqaltro", "uno"}
    erasing.erase(session, stays)
    assert names.forget_unused(session) == 1
    found = search.find(session, "zqaltro uno", HOUSE).persons
    assert [each.id for each in found] == [renamed.id]


def test_whoever_never_had_a_key_is_erased_again_after_a_restore(session: Session) -> None:
    """A backup from before the merge and the erasure names them both, in clear."""
    stays, gone, other = [people.create(session, given_name=n) for n in ("Uno", "Due", "Tre")]
    session.flush()
    merges.merge(session, HOUSE, stays.id, gone.id)
    before = datetime.now(UTC)
    erasing.erase(session, stays)
    session.flush()
    kept = Kept(clock.now(), list(session.scalars(select(PersonKey))))

    # In the archive that is restored they are still apart.
    gone.merged_into = None
    session.flush()
    again = {each.id for each in kept_keys.erased_since(session, kept, before)}
    assert again == {stays.id, gone.id}
    assert other.id not in again
    assert db.get(session, Person, other.id).given_name == "Tre"
