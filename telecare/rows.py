"""A whole batch as one statement: one round trip stores what belongs together, or leaves it out.

On a busy machine each round trip costs more than the rows it carries.
"""

from collections.abc import Sequence
from datetime import datetime
from json.encoder import encode_basestring_ascii as quoted
from typing import Any
from uuid import UUID

from psycopg import Cursor

from telecare import columns
from telecare.columns import Column
from telecare.protocols.base import Message

# A row is its columns as elements (columns.py).
Row = tuple[bytes, ...]

# Types of the columns, in the order of a row.
SIGNAL = "uuid timestamptz text text text bytea text text text text bool uuid text text jsonb bytea"
ALARM = "uuid uuid int text uuid uuid text text text text bool float8 float8 text timestamptz"
FACT = "uuid timestamptz text uuid jsonb"
DEADLINE = "uuid text uuid timestamptz"


def _arrays(name: str, types: str) -> str:
    each = (f"%({name}{number})b::{kind}[]" for number, kind in enumerate(types.split()))
    return f"unnest({', '.join(each)}) AS sent ({_columns(types)})"


def _columns(types: str, first: int = 0) -> str:
    return ", ".join(f"c{number}" for number in range(first, len(types.split())))


# The alarms, facts and deadlines of a signal go in only with the signal itself. "IS TRUE" keeps
# the look at what was stored a look: as a join, planned once for any number of rows, it would
# compare each row with each.
_STORED = "(c0 IN (SELECT id FROM stored)) IS TRUE"
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
    FROM {_arrays("alarm", ALARM)} WHERE {_STORED}
), told AS (
    INSERT INTO journal (at, kind, person_id, facts)
    SELECT {_columns(FACT, 1)}
    FROM {_arrays("fact", FACT)} WHERE {_STORED}
), due AS (
    INSERT INTO deadlines (id, kind, subject_id, due_at)
    SELECT c2, {_columns(DEADLINE, 1)}
    FROM {_arrays("deadline", DEADLINE)} WHERE {_STORED}
)
SELECT id FROM stored
"""  # noqa: S608 - only our own words are put together here


def deadline(signal: bytes, kind: str, subject: bytes, due_at: datetime) -> Row:
    """The first deadline of something new. A subject has one of a kind, so its id serves twice."""
    return signal, columns.word(kind), subject, columns.moment(due_at)


def store(
    cursor: Cursor[Any],
    *,
    signals: Sequence[Row],
    alarms: Sequence[Row],
    facts: Sequence[Row],
    deadlines: Sequence[Row],
) -> set[UUID]:
    """The ids of the signals that were not there yet, and are now."""
    given: dict[str, Column] = {}
    for name, types, rows in (
        ("signal", SIGNAL, signals),
        ("alarm", ALARM, alarms),
        ("fact", FACT, facts),
        ("deadline", DEADLINE, deadlines),
    ):
        sent = zip(*rows, strict=True) if rows else ((),) * len(types.split())
        for number, (kind, each) in enumerate(zip(types.split(), sent, strict=True)):
            given[f"{name}{number}"] = columns.column(kind, each)
    return {row[0] for row in cursor.execute(STORE, given, prepare=True)}


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
