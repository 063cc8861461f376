"""What is packed for PostgreSQL comes back as it was."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import DataError
from sqlalchemy.orm import Session

from telecare import columns, signals

Pack = Callable[[Any], bytes]

WRITABLE = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
OLDEST = datetime(1990, 1, 1)  # noqa: DTZ001 - hypothesis adds the zone

# How each type is packed, and what values it takes.
TYPES: dict[str, tuple[Pack, st.SearchStrategy[Any]]] = {
    "bool": (lambda value: columns.flag(value=value), st.booleans()),
    "bytea": (columns.octets, st.binary(max_size=300)),
    "int": (columns.whole, st.integers(-(2**31), 2**31 - 1)),
    "text": (columns.text, st.text(WRITABLE)),
    "float8": (columns.number_or_null, st.none() | st.floats(allow_nan=False)),
    "timestamptz": (
        columns.moment,
        st.datetimes(OLDEST, timezones=st.just(UTC)),
    ),
    "uuid": (columns.key_or_null, st.none() | st.uuids()),
}


def back(session: Session, kind: str, column: columns.Column) -> list[Any]:
    cursor = signals.cursor_of(session)
    cursor.execute(f"SELECT unnest(%b::{kind}[])", (column,))
    return [row[0] for row in cursor]


@pytest.mark.parametrize("kind", TYPES)
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_each_value_comes_back_as_it_was(session: Session, kind: str, data: st.DataObject) -> None:
    pack, some = TYPES[kind]
    values = data.draw(st.lists(some, max_size=8))
    assert back(session, kind, columns.column(kind, [pack(each) for each in values])) == values


def test_json_comes_back_as_it_was(session: Session) -> None:
    packed = [columns.document('{"said": "àè \\" \\\\"}')]
    assert back(session, "jsonb", columns.column("jsonb", packed)) == [{"said": 'àè " \\'}]


def test_a_word_of_ours_is_packed_like_any_other() -> None:
    assert columns.word("dc09") == columns.text("dc09")
    assert columns.key(UUID(int=5)) == columns.key_or_null(UUID(int=5))


def test_what_the_archive_cannot_hold_is_a_fault_of_the_data(session: Session) -> None:
    """So that the frame is found and kept without its meaning."""
    with pytest.raises(DataError):
        back(session, "text", columns.column("text", [columns.text("\0")]))
