"""Who looked at a file, what the journal says, and what deserves a question."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import time_machine
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from registry import audit, checks, merges, openings, people, search
from registry.access import Role
from registry.audit import Filters
from registry.kit import clock
from registry.kit.db import transaction
from registry.kit.errors import Invalid, NotFound
from registry.people import Person
from registry.staff import Staff
from registry.unusual import MANY, Reading, Why, unusual
from tests.conftest import somebody

WEEK = timedelta(days=7)
# Twenty thousand lines, of which one in four is a search that showed two strangers.
A_LONG_DAY = text(
    "INSERT INTO journal (at, kind, facts) SELECT now(),"
    " CASE WHEN n % 4 = 0 THEN 'registry.people_searched' ELSE 'telecare.alarm_raised' END,"
    " CASE WHEN n % 4 = 0 THEN jsonb_build_object("
    " 'shown', jsonb_build_array(gen_random_uuid(), gen_random_uuid())) ELSE '{}' END"
    " FROM generate_series(1, 20000) AS n"
)


@pytest.fixture
def maria(session: Session) -> Person:
    return people.create(
        session, given_name="Maria", family_name="Riservata", birth_year=1950, restricted=True
    )


@pytest.fixture
def carla(session: Session) -> Staff:
    return somebody(session, "carla", "Carla Esempio", Role.COORDINATOR)


def acting(session: Session, person: Staff) -> None:
    session.info["actor"] = person.actor


def broken(session: Session, person: Person, by: Staff) -> openings.Opening:
    acting(session, by)
    return openings.break_glass(
        session,
        staff_id=by.id,
        person_id=person.id,
        reason="allarme in corso, la squadra chiede come entrare",
        roles=sorted(by.roles),
        office_id=by.office_id,
    )


def test_every_way_of_looking_is_told_with_role_and_office(
    session: Session, maria: Person, carla: Staff, anna: Staff
) -> None:
    acting(session, carla)
    people.read(session, maria.id, carla.actor)
    search.find(session, "Maria Riservata 1950", carla.actor)
    audit.printed(session, maria, carla.actor)
    broken(session, maria, anna)

    told = [(each.kind, each.actor_id) for each in audit.looks_at(session, maria.id)]

    assert told == [
        ("registry.glass_broken", anna.id),
        ("registry.person_printed", carla.id),
        ("registry.people_searched", carla.id),
        ("registry.person_read", carla.id),
    ]
    assert audit.looks_at(session, maria.id)[-1].facts["roles"] == ["coordinator"]


def test_asking_who_looked_is_told_to_the_next_who_asks(
    session: Session, maria: Person, carla: Staff
) -> None:
    acting(session, carla)
    assert audit.looks_at(session, maria.id) == []

    assert [each.kind for each in audit.looks_at(session, maria.id)] == ["registry.access_log_read"]


def test_looks_at_a_file_that_was_merged_away_are_told_of_the_one_that_stays(
    session: Session, maria: Person, carla: Staff, anna: Staff
) -> None:
    twin = people.create(session, given_name="Mariuccia", family_name="Riservati")
    stranger = people.create(session, given_name="Ada", family_name="Prova")
    acting(session, anna)
    people.read(session, twin.id, anna.actor)
    people.read(session, stranger.id, anna.actor)
    search.find(session, "mariuccia riservati", anna.actor)
    acting(session, carla)
    done = merges.merge(session, carla.actor, maria.id, twin.id)

    told = {
        (each.kind, each.person_id)
        for each in audit.looks_at(session, maria.id)
        if each.actor_id == anna.id
    }
    assert told == {("registry.person_read", twin.id), ("registry.people_searched", None)}

    merges.undo(session, carla.actor, done.id)
    after = audit.looks_at(session, maria.id)
    assert anna.id not in {each.actor_id for each in after}


def test_who_looked_is_found_by_index_in_a_long_journal(
    session: Session, maria: Person, carla: Staff
) -> None:
    acting(session, carla)
    search.find(session, "Maria Riservata 1950", carla.actor)
    session.execute(A_LONG_DAY)
    session.execute(text("ANALYZE journal"))
    asked: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, sql: str, given: Any, *_rest: object) -> None:
        asked.append((sql, given))

    connection = session.connection()
    event.listen(connection, "before_cursor_execute", note)
    told = audit.looks_at(session, maria.id)
    event.remove(connection, "before_cursor_execute", note)
    plans = [
        "\n".join(row[0] for row in connection.exec_driver_sql(f"EXPLAIN {sql}", given))
        for sql, given in asked
        if "FROM journal" in sql
    ]

    assert [each.kind for each in told] == ["registry.people_searched"]
    assert "ix_journal_shown" in plans[0]
    assert "ix_journal_person" in plans[0]
    assert not [plan for plan in plans if "Seq Scan" in plan or "Backward" in plan], plans


def test_the_list_goes_on_where_the_page_ended(session: Session, maria: Person) -> None:
    for _ in range(5):
        audit.looks_at(session, maria.id)
    first = audit.looks_at(session, maria.id, limit=3)
    rest = audit.looks_at(session, maria.id, before=first[-1].id, limit=3)

    ids = [each.id for each in (*first, *rest)]
    assert ids == sorted(ids, reverse=True)
    assert len(set(ids)) == 5


def test_the_journal_is_filtered_by_service_person_staff_and_day(
    session: Session, maria: Person, carla: Staff
) -> None:
    acting(session, carla)
    people.read(session, maria.id, carla.actor)

    def kinds(**those: object) -> set[str]:
        return {each.kind for each in audit.lines(session, Filters(**those))}  # type: ignore[arg-type]

    assert kinds(actor_id=carla.id, person_id=maria.id) == {"registry.person_read"}
    assert kinds(package="dispatch", actor_id=carla.id) == set()
    assert kinds(actor_id=uuid4()) == set()
    tomorrow = clock.now() + timedelta(days=1)
    assert kinds(actor_id=carla.id, since=tomorrow) == set()
    assert kinds(actor_id=carla.id, until=tomorrow) == {"registry.person_read"}


def test_the_glass_is_broken_for_an_hour_and_for_one_person_only(
    session: Session, maria: Person, anna: Staff, bruno: Staff
) -> None:
    with pytest.raises(NotFound):
        people.read(session, maria.id, anna.actor)
    broken(session, maria, anna)

    assert people.read(session, maria.id, anna.actor) == maria
    assert search.find(session, "Maria Riservata 1950", anna.actor).persons == [maria]
    with pytest.raises(NotFound):
        people.read(session, maria.id, bruno.actor)
    with (
        time_machine.travel(clock.now() + openings.LASTS + timedelta(seconds=1)),
        pytest.raises(NotFound),
    ):
        people.read(session, maria.id, anna.actor)


@pytest.mark.parametrize("reason", ["", "urgente", " " * 40, "x" * 501, "\0" * 20])
def test_without_a_real_reason_the_glass_holds(
    session: Session, maria: Person, anna: Staff, reason: str
) -> None:
    with pytest.raises(Invalid) as refused:
        openings.break_glass(
            session, staff_id=anna.id, person_id=maria.id, reason=reason, roles=[], office_id=None
        )
    assert refused.value.field == "reason"


def test_an_opening_waits_until_a_coordinator_has_seen_it(
    session: Session, maria: Person, anna: Staff, carla: Staff
) -> None:
    opening = broken(session, maria, anna)
    assert openings.unseen(session) == [opening]

    openings.seen(session, opening, carla.id)
    openings.seen(session, opening, anna.id)

    assert openings.unseen(session) == []
    assert opening.seen_by == carla.id


def test_the_office_that_keeps_a_file_knows_of_it(
    session: Session, maria: Person, anna: Staff, bruno: Staff
) -> None:
    from registry import staff

    shelter = staff.office(session, "Centro antiviolenza").id
    anna.office_id, maria.kept_by = shelter, shelter
    session.flush()

    assert people.read(session, maria.id, anna.actor) == maria
    with pytest.raises(NotFound):
        people.read(session, maria.id, bruno.actor)


A, B, FILE = uuid4(), uuid4(), uuid4()


def reading(staff_id: UUID = A, person_id: UUID = FILE, **more: bool) -> Reading:
    return Reading(staff_id=staff_id, person_id=person_id, role="operator", **more)


def whys(readings: list[Reading], worked: set[tuple[UUID, UUID]] | None = None) -> list[Why]:
    return [each.why for each in unusual(readings, worked or set())]


@pytest.mark.parametrize(
    ("readings", "found"),
    [
        ([reading()], []),
        ([reading()] * 5, [Why.OFTEN_WITHOUT_WORK]),
        ([reading(reserved=True)], [Why.RESERVED_WITHOUT_WORK]),
        ([reading(namesake=True)], [Why.SAME_FAMILY_NAME]),
    ],
)
def test_looking_without_working_is_asked_about(readings: list[Reading], found: list[Why]) -> None:
    assert whys(readings) == found
    assert whys(readings, {(A, FILE)}) == []


def test_broken_glass_is_always_asked_about() -> None:
    assert whys([reading(broke_glass=True)], {(A, FILE)}) == [Why.BROKE_GLASS]


def test_far_more_files_than_the_others_of_the_role_are_asked_about() -> None:
    mine = [reading(person_id=uuid4()) for _ in range(MANY)]
    few = [reading(B, uuid4()) for _ in range(3)]
    many = [reading(B, uuid4()) for _ in range(MANY)]

    assert whys([*mine, *few]) == [Why.MANY_FILES]
    assert whys([*mine, *many]) == []


def test_a_week_of_the_journal_is_read_for_what_is_unusual(
    session: Session, maria: Person, anna: Staff
) -> None:
    same = people.create(session, given_name="Zia", family_name="Riva")
    acting(session, anna)
    people.read(session, same.id, anna.actor)
    broken(session, maria, anna)
    now = clock.now() + timedelta(seconds=1)

    found = {(each.why, each.person_id) for each in audit.unusual_in(session, now - WEEK, now)}

    assert found == {
        (Why.BROKE_GLASS, maria.id),
        (Why.RESERVED_WITHOUT_WORK, maria.id),
        (Why.SAME_FAMILY_NAME, same.id),
    }
    assert audit.unusual_in(session, now - 2 * WEEK, now - WEEK) == []


@pytest.mark.usefixtures("database")
def test_a_check_is_asked_for_once_and_says_what_it_found() -> None:
    with transaction() as session:
        asked = checks.ask(session, None)
        assert checks.ask(session, None).id == asked.id

    checks.verify(asked.id)

    with transaction() as session:
        done = checks.last(session)
        assert done is not None
        assert done.ended_at is not None
        assert done.found == {"says": []}
        assert checks.ask(session, None).id != asked.id
