"""Signs of life: who was heard when, and who has fallen silent; swept in bulk, not row by row."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from registry import journal
from registry.kit import clock
from telecare import faults, signals
from telecare.devices import Device
from telecare.protocols.base import Kind

AT_ONCE = 1000  # devices found silent by one sweep


@dataclass(frozen=True, kw_only=True)
class DevicesSilent(journal.Event):
    """One fact for all units found silent together, so that a dead carrier is one line."""

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


def sweep(session: Session) -> int:
    """Mark the units whose time has passed, each with a fault; returns how many."""
    now = clock.now()
    due = (
        select(Device.id)
        .where(Device.silent_at <= now)
        .order_by(Device.silent_at)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    silent = session.scalars(
        update(Device)
        .where(Device.id.in_(due.scalar_subquery()))
        .values(silent_since=Device.silent_at, silent_at=None)
        .returning(Device.id)
        .execution_options(synchronize_session=False)
    ).all()
    if silent:
        told = [faults.Told(each, Kind.SILENT, now, over=False) for each in silent]
        faults.tell(signals.cursor_of(session), told)
        journal.record(session, DevicesSilent(devices=len(silent)))
    return len(silent)


def give_time(session: Session) -> None:
    """After a start of ours: nobody is silent for the time in which we did not listen."""
    fresh = clock.now() + func.make_interval(0, 0, 0, 0, 0, 0, Device.heartbeat_s * 2.1)
    session.execute(
        update(Device)
        .where(Device.silent_at.is_not(None))
        .values(silent_at=func.greatest(Device.silent_at, fresh))
        .execution_options(synchronize_session=False)
    )
