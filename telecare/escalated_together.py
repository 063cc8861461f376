"""The first two steps of the ladder for hundreds of alarms at once: in a storm, one by one is late.

The third step rings people and asks for teams, so it stays one alarm at a time (escalation.py).
"""

import time

from sqlalchemy import text
from sqlalchemy.orm import Session

from registry import journal
from registry.kit import clock
from registry.kit.db import transaction
from telecare.alarms import TO_ANSWER, UNANSWERED, AlarmEscalated
from telecare.escalation import LADDER, wait

AT_ONCE = 1000
# Seconds. What is left is for the next one; and for whoever keeps deadlines one by one, which is
# thirty times slower: on a busy machine it is better to go on here.
LONGEST_ROUND = 15.0

# A row that somebody holds, or has claimed and not yet given up, is theirs. The deadline is moved
# from the moment at which it was due, as for a single alarm, and its version fences off whoever
# claimed it before and slept.
_STEP = text(
    """
    WITH due AS (
        SELECT d.id, d.due_at, a.id AS alarm_id FROM deadlines d
        JOIN alarms a ON a.id = d.subject_id
        WHERE d.kind = :kind AND d.due_at <= :now
            AND (d.leased_until IS NULL OR d.leased_until <= :now)
            AND a.state = ANY(:to_answer) AND a.level < :last
        ORDER BY d.due_at LIMIT :most FOR UPDATE OF d, a SKIP LOCKED
    ), stepped AS (
        UPDATE alarms SET level = level + 1 FROM due WHERE alarms.id = due.alarm_id
        RETURNING alarms.id, alarms.level, alarms.case_id, alarms.person_id
    ), moved AS (
        UPDATE deadlines SET version = version + 1, leased_until = NULL, attempts = 0,
            last_error = NULL,
            due_at = due.due_at + make_interval(secs => (CAST(:waits AS float[]))[stepped.level])
        FROM due JOIN stepped ON stepped.id = due.alarm_id
        WHERE deadlines.id = due.id
    )
    SELECT id, level, case_id, person_id FROM stepped
    """
)


def step(session: Session) -> int:
    """Take the next step for up to AT_ONCE alarms that still wait; how many there were."""
    given = {
        "kind": UNANSWERED,
        "now": clock.now(),
        "to_answer": [each.value for each in TO_ANSWER],
        "last": len(LADDER) - 1,
        "most": AT_ONCE,
        "waits": [wait(level).total_seconds() for level in range(1, len(LADDER))],
    }
    rows = session.execute(_STEP, given).all()
    journal.record_many(
        session,
        [
            AlarmEscalated(
                alarm_id=row.id,
                level=row.level,
                to=LADDER[row.level - 1].to,
                case_id=row.case_id,
                person_id=row.person_id,
            )
            for row in rows
        ],
    )
    return len(rows)


def go_round() -> None:
    """All that are due, a transaction for each thousand."""
    ends = time.monotonic() + LONGEST_ROUND
    while True:
        with transaction() as session:
            done = step(session)
        if done < AT_ONCE or time.monotonic() > ends:
            return
