"""Each encrypted column that a model has: sealed for its row, under the key of whom it is about."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID, uuid4

import pytest
from cryptography.exceptions import InvalidTag
from sqlalchemy import LargeBinary, Table, event, func, inspect, select, text, type_coerce, update
from sqlalchemy.orm import Session

from callcenter import calls
from callcenter.call_states import CallState, Direction
from callcenter.calls import Call
from registry import cases, merges, people, rotation
from registry.access import HOUSE
from registry.case_notes import CaseNote
from registry.cases import Area
from registry.kit import clock, crypto, sealed, subject_keys
from registry.kit.db import Base
from registry.people import Alert, Person, Phone
from registry.person_keys import PersonKey
from registry.rotation import Field
from telecare.subscribers import Subscriber
from webconsole import app, erasing, personal

CANARY = "zqcanarino nel cassetto"
assert app.app is not None  # every model
FIELDS = {each.bound_to: each for each in rotation.fields()}
# They tell of nobody, or of many at once.
HOUSE_ONLY = {
    "authenticators.secret",
    "devices.key",
    "handshakes.facts",
    "hooks.former",
    "hooks.secret",
    "imports.content",
    "sessions.id_token",
    "sheet_reports.words",
}


@pytest.fixture
def rows(session: Session) -> dict[str, list[Any]]:
    """Two rows of each table that has an encrypted column, whatever else they say."""
    connection = session.connection()
    connection.execute(text("SET LOCAL session_replication_role = replica"))
    made: dict[str, list[Any]] = {"people": [Person(), Person()]}
    session.add_all(made["people"])
    session.flush()
    made["phones"] = [Phone(person_id=each.id, number="+390825551944") for each in made["people"]]
    session.add_all(made["phones"])
    for table in Base.metadata.sorted_tables:
        if any(each.table is table for each in FIELDS.values()):
            _lenient(session, table)
            mapper = personal.mapper_of(table.name)
            assert mapper is not None
            made[table.name] = [_row(mapper, table, made, number) for number in range(2)]
            session.add_all(made[table.name])
            session.flush()
    return made


def _lenient(session: Session, table: Table) -> None:
    """Rows of no sense: what the archive asks of them is left out, until the test is undone."""
    asked = "SELECT conname FROM pg_constraint WHERE contype = 'c' AND conrelid = :table ::regclass"
    for name in session.scalars(text(asked), {"table": table.name}).all():
        session.execute(text(f'ALTER TABLE {table.name} DROP CONSTRAINT "{name}"'))


def _row(mapper: Any, table: Table, made: dict[str, list[Any]], number: int) -> Any:
    values = {}
    for column in table.columns:
        name = mapper.get_property_by_column(column).key
        target = next(iter(column.foreign_keys), None)
        of = target.column.table.name if target is not None else ""
        if isinstance(column.type, sealed.Sealed):
            words = f"{CANARY} {number} {column}"
            values[name] = words if isinstance(column.type, sealed.SealedText) else words.encode()
        elif column.name == "person_id" or (of in made and column.name != "merged_into"):
            values[name] = _key(made[of or "people"][number])
        elif not column.nullable and column.server_default is None:
            said = _any(column.type)
            values[name] = f"x{number}" if said == "x" else said
    return mapper.class_(**values)


def _key(row: Any) -> Any:
    identity = inspect(row).identity
    assert identity is not None
    return identity[0]


def _any(kind: Any) -> Any:
    if getattr(kind, "enum_class", None) is not None:
        return next(iter(kind.enum_class))
    known = {
        UUID: uuid4(),
        str: "x",
        int: 7,
        bool: False,
        datetime: datetime(2026, 1, 1, tzinfo=UTC),
        date: date(2026, 1, 1),
        time: time(8),
        dict: {},
        list: [],
        bytes: b"x",
        float: 0.0,
        object: "127.0.0.1",
    }
    return known[kind.python_type]


def stored(session: Session, each: Field, row: Any) -> bytes:
    asked = select(type_coerce(each.column, LargeBinary)).where(each.key == _key(row))
    return bytes(session.execute(asked).scalar_one())


def put(session: Session, each: Field, row: Any, value: bytes) -> None:
    written = {each.column.name: type_coerce(value, LargeBinary)}
    session.execute(update(each.table).where(each.key == _key(row)).values(written))


def said(session: Session, each: Field, row: Any) -> Any:
    mapper = row.__mapper__
    session.expire(row)
    session.get(mapper.class_, _key(row), populate_existing=True)
    return getattr(row, mapper.get_property_by_column(each.column).key)


def test_what_has_no_key_of_a_person_is_of_the_house() -> None:
    assert {name for name, each in FIELDS.items() if each.kind.house} == HOUSE_ONLY
    ownerless = {
        name
        for name, each in FIELDS.items()
        if not each.kind.house and not subject_keys.ways(each.table)
    }
    assert ownerless == set()
    assert all(name == str(each.column) for name, each in FIELDS.items())


def test_values_that_change_rows_or_columns_are_refused(
    session: Session, rows: dict[str, list[Any]]
) -> None:
    for each in FIELDS.values():
        one, two = rows[each.table.name]
        before = stored(session, each, one)
        assert CANARY in str(said(session, each, one))
        put(session, each, one, stored(session, each, two))
        with pytest.raises(InvalidTag):
            said(session, each, one)
        for other in FIELDS.values():
            if other is not each and other.table is each.table:
                put(session, each, one, stored(session, other, one))
                with pytest.raises(InvalidTag):
                    said(session, each, one)
        put(session, each, one, before)
        assert CANARY in str(said(session, each, one))


def test_no_flipped_bit_opens(session: Session, rows: dict[str, list[Any]]) -> None:
    for each in FIELDS.values():
        value = select(func.coalesce(type_coerce(sealed.WithKey(each.column), LargeBinary)))
        if each.kind.house:
            value = select(type_coerce(each.column, LargeBinary))
        one = rows[each.table.name][0]
        brought = bytes(session.execute(value.where(each.key == _key(one))).scalar_one())
        plain, _, _ = sealed.open_(brought, each.bound_to)
        assert CANARY.encode() in plain
        for place in range(len(brought)):
            changed = bytearray(brought)
            changed[place] ^= 1 << place % 8
            # The one byte that says "destroyed" says nothing more than an empty column would.
            if place or changed[:1] != subject_keys.GONE:
                with pytest.raises(InvalidTag):
                    sealed.open_(bytes(changed), each.bound_to)


def test_nothing_of_it_stands_in_any_table(session: Session, rows: dict[str, list[Any]]) -> None:
    everything = "".join(
        session.scalars(text(f"SELECT string_agg(t::text, '') FROM {table.name} t")).one() or ""
        for table in Base.metadata.sorted_tables
    )
    assert str(rows["people"][0].id) in everything
    for hidden in (CANARY, CANARY.encode().hex()):
        assert hidden not in everything


def test_a_list_asks_for_no_key_apart(session: Session, statements: list[str]) -> None:
    for number in range(30):
        person = people.create(session, given_name=f"Prova {number}")
        people.add_alert(session, person, kind="health", text=CANARY)
    session.flush()
    session.expire_all()
    statements.clear()

    assert {each.text for each in session.scalars(select(Alert))} == {CANARY}
    assert len(statements) == 1
    assert session.scalar(select(func.count()).select_from(PersonKey)) == 30


@pytest.fixture
def statements(session: Session) -> Iterator[list[str]]:
    said: list[str] = []

    def hear(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        said.append(statement)

    event.listen(session.get_bind(), "before_cursor_execute", hear)
    yield said
    event.remove(session.get_bind(), "before_cursor_execute", hear)


def test_an_unknown_caller_has_a_key_that_becomes_the_persons(session: Session) -> None:
    call = Call(direction=Direction.INCOMING, state=CallState.TALKING, note=CANARY)
    session.add(call)
    session.flush()
    calls.open_case(session, call)
    case = session.get_one(cases.Case, call.case_id)
    note = CaseNote(case_id=case.id, sealed_text=CANARY.encode())
    session.execute(text("SET LOCAL session_replication_role = replica"))
    session.add(note)
    session.flush()
    assert set(session.scalars(select(PersonKey.person_id))) == {None}
    copies = [copy_of(session, "calls.note", call), copy_of(session, "case_notes.text", note)]

    person = people.create(session, given_name="Prova")
    calls.name_caller(session, call, person.id)
    session.flush()
    assert set(session.scalars(select(PersonKey.person_id))) == {person.id}
    session.expire_all()
    assert (call.note, note.sealed_text) == (CANARY, CANARY.encode())

    erasing.erase(session, person)
    name, row, value = copies[0]
    put(session, FIELDS[name], row, value)
    session.expire_all()
    assert not call.note
    assert session.scalar(select(func.count()).where(PersonKey.destroyed_at.is_(None))) == 0


def copy_of(session: Session, name: str, row: Any) -> tuple[str, Any, bytes]:
    return name, row, stored(session, FIELDS[name], row)


def test_what_a_copy_still_holds_of_somebody_erased_reads_as_nothing(session: Session) -> None:
    gone, stays = [people.create(session, given_name=name) for name in ("Prova", "Altra")]
    for person in (gone, stays):
        session.add(Subscriber(person_id=person.id, health=CANARY, way_in=CANARY.encode()))
    session.flush()
    held = {each.person_id: each for each in session.scalars(select(Subscriber))}
    copies = [copy_of(session, "subscribers.health", held[each.id]) for each in (gone, stays)]

    erasing.erase(session, gone)
    for name, row, value in copies:
        put(session, FIELDS[name], row, value)
    session.expire_all()

    assert held[gone.id].health == ""
    assert held[stays.id].health == CANARY
    held[gone.id].health = "di nuovo da noi"
    session.flush()
    session.expire_all()
    assert held[gone.id].health == "di nuovo da noi"


def test_a_merge_takes_the_keys_along_and_an_undone_one_gives_them_back(session: Session) -> None:
    here, there = [people.create(session, given_name=name) for name in ("Prova", "Prove")]
    _, theirs = [
        people.add_alert(session, each, kind="health", text=f"{CANARY} {each.given_name}")
        for each in (here, there)
    ]
    session.flush()
    done = merges.merge(session, HOUSE, here.id, there.id)
    assert set(session.scalars(select(PersonKey.person_id))) == {here.id}
    theirs.reason = "scritto dopo l'unione"
    session.flush()

    merges.undo(session, HOUSE, done.id)
    erasing.erase(session, here)
    session.expire_all()
    left = session.scalars(select(Alert)).one()
    assert (left.person_id, left.text) == (there.id, f"{CANARY} Prove")
    assert left.reason == "scritto dopo l'unione"


def test_a_key_that_nobody_knows_is_an_error_and_not_silence(session: Session) -> None:
    person = people.create(session, given_name="Prova")
    people.add_alert(session, person, kind="health", text=CANARY)
    session.flush()
    session.execute(text("DELETE FROM subject_keys"))
    session.expire_all()

    with pytest.raises(crypto.KeyMissing):
        session.scalars(select(Alert)).all()


def test_a_case_that_is_about_somebody_stays_so(session: Session) -> None:
    one, two = [people.create(session, given_name=name) for name in ("Prova", "Altra")]
    case = cases.open_(session, area=Area.HELPLINE, person_id=one.id)
    cases.name_person(session, case, one)
    with pytest.raises(Exception, match="somebody else"):
        cases.name_person(session, case, two)
    assert clock.now() is not None
