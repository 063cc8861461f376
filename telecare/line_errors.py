"""Line errors: a unit of which many frames come damaged or refused has a fault until they stop.

A frame lost now and then is nothing; many within minutes are a bad line, a wrong key, a wrong
clock, or somebody who tries. What a damaged frame says of its sender is not trusted: this raises
a technician's fault, and nothing else.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from registry.kit import clock
from telecare import faults, signals
from telecare.faults import Fault
from telecare.protocols.base import Kind

ENOUGH = 10
WITHIN = timedelta(minutes=10)

_MANY = text(
    """
    SELECT d.id FROM signals s
    JOIN devices d ON d.protocol = s.protocol AND d.account = s.account
    WHERE s.id >= :first_id AND s.became = 'refused'
        AND coalesce(s.repeated_at, s.arrived_at) > :since
    GROUP BY d.id HAVING sum(s.repeats + 1) >= :enough
    """
)


def look(session: Session) -> int:
    """Open and end the faults; returns how many units have one."""
    since = clock.now() - WITHIN
    many = _many(session, since)
    open_now = set(
        session.scalars(
            select(Fault.device_id).where(Fault.cause == Kind.LINE_ERRORS, Fault.ended_at.is_(None))
        )
    )
    faults.keep(session, Kind.LINE_ERRORS, many, open_now - many)
    return len(many)


def _many(session: Session, since: datetime) -> set[UUID]:
    given = {"first_id": signals.first_id(since), "since": since, "enough": ENOUGH}
    return set(session.scalars(_MANY, given))
