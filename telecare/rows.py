"""A whole batch as one statement: columns as PostgreSQL's array literals.

One round trip stores signals with their alarms, facts and deadlines, or leaves out what is there
already. On a busy machine each round trip costs more than the rows it carries.
"""

from collections.abc import Sequence
from datetime import datetime
from json.encoder import encode_basestring_ascii as quoted
from typing import Any
from uuid import UUID

from psycopg import Cursor

from telecare.protocols.base import Message

NULL = "NULL"
FEW = 16  # rows

# A row is its columns as elements of array literals: ids, moments, numbers and our own words as
# they are, what a sender wrote through `text`.
Row = tuple[str, ...]

# Types of the columns, in the order of a row.
SIGNAL = "uuid timestamptz text text text bytea text text text text bool uuid text text jsonb bytea"
ALARM = "uuid uuid int text uuid uuid text text text text bool float8 float8 text timestamptz"
FACT = "uuid timestamptz text uuid jsonb"
DEADLINE = "uuid text uuid timestamptz"


def _arrays(name: str, types: str) -> str:
    each = (f"%({name}{number})s::{kind}[]" for number, kind in enumerate(types.split()))
    return f"unnest({', '.join(each)}) AS sent ({_columns(types)})"


def _columns(types: str, first: int = 0) -> str:
    return ", ".join(f"c{number}" for number in range(first, len(types.split())))


# The alarms, facts and deadlines of a signal go in only with the signal itself.
STORE = f"""
WITH stored AS (
    INSERT INTO signals (id, arrived_at, protocol, path, peer, raw, verdict, reason, account,
        sequence, encrypted, device_id, kind, became, decoded, digest, repeats)
    SELECT {_columns(SIGNAL)}, 0
    FROM {_arrays("signal", SIGNAL)}
    ON CONFLICT (digest) DO NOTHING RETURNING id
), raised AS (
    INSERT INTO alarms (signal_id, id, position, account, device_id, person_id, kind, lane, code,
        zone, trusted, latitude, longitude, state, raised_at, level, note)
    SELECT {_columns(ALARM)}, 0, ''
    FROM {_arrays("alarm", ALARM)} JOIN stored ON stored.id = c0
), told AS (
    INSERT INTO journal (at, kind, person_id, facts)
    SELECT {_columns(FACT, 1)}
    FROM {_arrays("fact", FACT)} JOIN stored ON stored.id = c0
), due AS (
    INSERT INTO deadlines (id, kind, subject_id, due_at)
    SELECT c2, {_columns(DEADLINE, 1)}
    FROM {_arrays("deadline", DEADLINE)} JOIN stored ON stored.id = c0
)
SELECT id, NULL::bytea, NULL::timestamptz FROM stored
UNION ALL SELECT id, digest, arrived_at FROM signals WHERE digest = ANY(%(digests)s)
"""  # noqa: S608 - only our own words are put together here


def text(value: str) -> str:
    """What a sender wrote, as one element."""
    if value.isalnum() and value.upper() != NULL:
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def or_null(value: UUID | float | None) -> str:
    return NULL if value is None else str(value)


def bytes_of(value: bytes) -> str:
    return f'"\\\\x{value.hex()}"'


def deadline(signal_id: str, kind: str, subject_id: str, due_at: datetime) -> Row:
    """The first deadline of something new. A subject has one of a kind, so its id serves twice."""
    return signal_id, kind, subject_id, str(due_at)


def store(
    cursor: Cursor[Any],
    *,
    signals: Sequence[Row],
    alarms: Sequence[Row],
    facts: Sequence[Row],
    deadlines: Sequence[Row],
    digests: Sequence[bytes],
) -> list[tuple[UUID, bytes | None, datetime | None]]:
    """Ids now stored (without a digest), and what was there before (with digest and arrival)."""
    given: dict[str, Any] = {"digests": list(digests)}
    given |= _literals("signal", SIGNAL, signals)
    given |= _literals("alarm", ALARM, alarms)
    given |= _literals("fact", FACT, facts)
    given |= _literals("deadline", DEADLINE, deadlines)
    # A plan made once for any number of rows would join the many each with each.
    return cursor.execute(STORE, given, prepare=len(signals) <= FEW).fetchall()


def _literals(name: str, types: str, rows: Sequence[Row]) -> dict[str, str]:
    """One array literal for each column."""
    columns = zip(*rows, strict=True) if rows else ((),) * len(types.split())
    return {f"{name}{number}": f"{{{','.join(each)}}}" for number, each in enumerate(columns)}


def decoded(message: Message) -> str:
    """The decoded form of a frame as JSON."""
    said = [
        f'"token": {quoted(message.token)}',
        f'"receiver": {_quoted_or_null(message.receiver)}',
        f'"line": {_quoted_or_null(message.line)}',
        f'"data": {quoted(message.data)}',
    ]
    if message.sent_at is not None:
        said.append(f'"sent_at": "{message.sent_at.isoformat()}"')
    if message.inner_account not in {"", message.account}:
        said.append(f'"inner_account": {quoted(message.inner_account)}')
    if message.extras:
        pairs = (f"[{quoted(name)}, {quoted(value)}]" for name, value in message.extras)
        said.append(f'"extras": [{", ".join(pairs)}]')
    if message.blocks:
        named = (f"{quoted(name)}: {quoted(value)}" for name, value in message.blocks.items())
        said.append(f'"blocks": {{{", ".join(named)}}}')
    reports = (
        f'{{"kind": "{each.kind}", "phase": "{each.phase}", "code": {quoted(each.code)},'
        f' "area": {quoted(each.area)}, "zone": {quoted(each.zone)}, "text": {quoted(each.text)}}}'
        for each in message.reports
    )
    return f'{{{", ".join(said)}, "reports": [{", ".join(reports)}]}}'


def _quoted_or_null(value: str | None) -> str:
    return "null" if value is None else quoted(value)
