"""Refusals: frames we cannot trust are kept, and many of one unit call an operator."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg import Cursor

from telecare.protocols.base import Kind, Message, Verdict
from telecare.triage import Becomes, sort

# From so many refusals of one account within this time on it may be somebody in need whose
# unit has a wrong clock or a wrong key.
ENOUGH = 3
WITHIN = timedelta(minutes=10)

_COUNT = (
    "SELECT coalesce(sum(repeats + 1), 0), (array_agg(id ORDER BY id DESC))[1] FROM signals"
    " WHERE account = %s AND protocol = %s AND became = 'refused'"
    " AND verdict IN ('clock_off', 'sealed', 'odd')"
    " AND coalesce(repeated_at, arrived_at) > %s AND arrived_at > %s"
)
_OPEN = (
    "SELECT 1 FROM alarms JOIN signals ON signals.id = alarms.signal_id"
    " WHERE alarms.account = %s AND signals.protocol = %s AND alarms.state <> 'closed'"
    " AND alarms.kind = %s LIMIT 1"
)


def may_be_a_press(message: Message) -> bool:
    """A sealed frame may be anything; one with a wrong clock or form says what it is."""
    if not message.account:
        return False
    if message.verdict is Verdict.SEALED:
        return True
    return message.verdict in {Verdict.CLOCK_OFF, Verdict.ODD} and any(
        sort(report).becomes is Becomes.ALARM for report in message.reports
    )


def too_many(
    cursor: Cursor[Any], protocol: str, account: str, at: datetime
) -> tuple[int, UUID] | None:
    """How many of the unit were refused lately, and the last of them.

    None when they are few, or when an operator has such an alarm before them already.
    """
    cursor.execute(_COUNT, (account, protocol, at - WITHIN, at - 2 * WITHIN))
    row = cursor.fetchone()
    if row is None or int(row[0]) < ENOUGH:
        return None
    cursor.execute(_OPEN, (account, protocol, Kind.UNREADABLE.value))
    return None if cursor.fetchone() else (int(row[0]), row[1])
