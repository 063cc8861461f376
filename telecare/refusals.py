"""Refusals: frames we cannot trust are kept, and many of one unit call an operator."""

from datetime import datetime, timedelta
from typing import Any

from psycopg import Cursor

from telecare.protocols.base import Kind, Message, Phase, Verdict
from telecare.triage import Becomes, sort

# From so many refusals of one account within this time on it may be somebody in need whose
# unit has a wrong clock or a wrong key.
ENOUGH = 3
WITHIN = timedelta(minutes=10)
PHASE = Phase.NEW

_COUNT = (
    "SELECT coalesce(sum(repeats + 1), 0) FROM signals"
    " WHERE account = %s AND became = 'refused' AND verdict IN ('clock_off', 'sealed', 'odd')"
    " AND coalesce(repeated_at, arrived_at) > %s AND arrived_at > %s"
)
_OPEN = "SELECT 1 FROM alarms WHERE account = %s AND state <> 'closed' AND kind = %s LIMIT 1"


def may_be_a_press(message: Message) -> bool:
    """A sealed frame may be anything; one with a wrong clock or form says what it is."""
    if not message.account:
        return False
    if message.verdict is Verdict.SEALED:
        return True
    return message.verdict in {Verdict.CLOCK_OFF, Verdict.ODD} and any(
        sort(report).becomes is Becomes.ALARM for report in message.reports
    )


def too_many(cursor: Cursor[Any], account: str, at: datetime) -> int | None:
    """How many of the account were refused lately, if enough and no such alarm is open yet."""
    cursor.execute(_COUNT, (account, at - WITHIN, at - 2 * WITHIN))
    row = cursor.fetchone()
    refused = int(row[0]) if row else 0
    if refused < ENOUGH:
        return None
    cursor.execute(_OPEN, (account, Kind.UNREADABLE.value))
    return None if cursor.fetchone() else refused
