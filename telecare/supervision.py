"""Signs of life: who was heard when, and who has fallen silent; swept in bulk, not row by row."""

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from registry import journal
from registry.kit import clock
from registry.kit.db import transaction
from telecare import devices, faults, outages, signals
from telecare.devices import Known
from telecare.protocols.base import Kind

AT_ONCE = 5000  # devices found silent in one transaction
TESTS_AT_ONCE = 1000
LONGEST_ROUND = 3.0  # seconds; what is left is for the next one


@dataclass(frozen=True, kw_only=True)
class DevicesSilent(journal.Event):
    """One fact for all units found silent together: hundreds of them are one line."""

    devices: int


_SEEN = text(
    """
    UPDATE devices SET last_seen_at = heard.at, silent_since = NULL,
        silent_at = CASE WHEN heartbeat_s > 0
            THEN heard.at + make_interval(secs => heartbeat_s * 2.1) END
    FROM (SELECT unnest(CAST(:ids AS uuid[])) AS id, unnest(CAST(:ats AS timestamptz[])) AS at)
        AS heard
    WHERE devices.id = heard.id AND (last_seen_at IS NULL OR last_seen_at < heard.at)
    """
)
_BACK = text("SELECT id FROM devices WHERE id = ANY(:ids) AND silent_since IS NOT NULL")


def heard(session: Session, seen: Mapping[UUID, datetime]) -> None:
    """Any trusted frame is a sign of life; it ends a silence."""
    if not seen:
        return
    ids = sorted(seen)
    back = session.scalars(_BACK, {"ids": ids}).all()
    session.execute(_SEEN, {"ids": ids, "ats": [seen[each] for each in ids]})
    told = [faults.Told(each, Kind.SILENT, seen[each], over=True) for each in back]
    journal.record_many(session, faults.tell(signals.cursor_of(session), told))


def go_round(*, listening_s: float) -> int:
    """Look for silence, missed tests and outages; returns how many units were found silent.

    `listening_s`: for how long this process has heard the units.
    """
    ends = time.monotonic() + LONGEST_ROUND
    silent = 0
    while True:
        with transaction() as session:
            looked, found = sweep(session, listening_s=listening_s)
        silent += found
        if looked < AT_ONCE or time.monotonic() > ends:
            break
    with transaction() as session:
        look_for_tests(session)
    with transaction() as session:
        outages.look(session)
    return silent


# Whose home is empty is expected when the absence ends; nobody is silent for a time in which we
# did not listen ourselves.
_SWEEP = text(
    """
    WITH due AS (
        SELECT id, person_id, heartbeat_s FROM devices
        WHERE silent_at <= :now AND heartbeat_s * :periods <= :listening_s
        ORDER BY silent_at LIMIT :most FOR UPDATE SKIP LOCKED
    ), away AS (
        SELECT due.id, max(coalesce(a.ends_at, :now + interval '1 day')) AS until
        FROM due JOIN absences a ON a.person_id = due.person_id
        WHERE a.begins_at <= :now AND (a.ends_at IS NULL OR a.ends_at > :now)
        GROUP BY due.id
    ), hushed AS (
        UPDATE devices SET silent_at = away.until + make_interval(secs => heartbeat_s * :periods)
        FROM away WHERE devices.id = away.id
    ), gone AS (
        UPDATE devices SET silent_since = silent_at, silent_at = NULL
        FROM due WHERE devices.id = due.id
            AND NOT EXISTS (SELECT FROM away WHERE away.id = due.id)
        RETURNING devices.id
    ), told AS (
        INSERT INTO faults (id, device_id, cause, began_at, told_at, times)
        SELECT gen_random_uuid(), id, :cause, :now, :now, 1 FROM gone
        ON CONFLICT (device_id, cause) WHERE ended_at IS NULL
        DO UPDATE SET times = faults.times + 1, told_at = excluded.told_at
    )
    SELECT (SELECT count(*) FROM due), (SELECT count(*) FROM gone)
    """
)


def sweep(session: Session, *, listening_s: float = float("inf")) -> tuple[int, int]:
    """Mark up to AT_ONCE units whose time has passed; how many were due, and how many are silent.

    Each has its fault, but for those whose people are away.
    """
    given = {
        "now": clock.now(),
        "most": AT_ONCE,
        "periods": devices.PERIODS_OF_SILENCE + 0.1,
        "listening_s": listening_s,
        "cause": Kind.SILENT.value,
    }
    due, silent = session.execute(_SWEEP, given).one()
    if silent:
        journal.record(session, DevicesSilent(devices=silent))
    return due, silent


# The archive itself says when a unit was last tested.
_TESTS = text(
    """
    WITH due AS (
        SELECT d.id, d.test_every_s, (
            SELECT max(s.arrived_at) FROM signals s
            WHERE s.account = d.account AND s.protocol = d.protocol
                AND s.kind = 'test' AND s.verdict = 'good'
        ) AS tested_at, (
            SELECT max(coalesce(a.ends_at, :now + interval '1 day')) FROM absences a
            WHERE a.person_id = d.person_id AND a.begins_at <= :now
                AND (a.ends_at IS NULL OR a.ends_at > :now)
        ) AS away_until
        FROM devices d WHERE d.test_due_at <= :now
        ORDER BY d.test_due_at LIMIT :most FOR UPDATE SKIP LOCKED
    ), next AS (
        SELECT id, coalesce(away_until, tested_at) + make_interval(secs => test_every_s * 1.1)
            AS expected_at
        FROM due
    )
    UPDATE devices
    SET test_due_at = CASE WHEN next.expected_at > :now THEN next.expected_at
        ELSE :now + interval '10 minutes' END
    FROM next WHERE devices.id = next.id
    RETURNING devices.id, coalesce(next.expected_at > :now, false)
    """
)


def look_for_tests(session: Session) -> int:
    """Units whose expected test did not come have a fault until it comes; returns how many."""
    found = session.execute(_TESTS, {"now": clock.now(), "most": TESTS_AT_ONCE}).all()
    missed = {device_id for device_id, came in found if not came}
    came = {device_id for device_id, came in found if came}
    faults.keep(session, Kind.TEST_MISSED, missed, came)
    return len(missed)


def keys_read(session: Session, read: Collection[Known]) -> None:
    """A unit whose key cannot be opened has a fault: its sealed frames are refused meanwhile."""
    lost = {each.id for each in read if each.key_lost}
    faults.keep(session, Kind.KEY, lost, {each.id for each in read} - lost)
