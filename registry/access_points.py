"""An access point: a door of the network, where people ask for help (REQ 2, 3)."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Mapped, Session, mapped_column

from registry import hours as opening
from registry import journal
from registry.kit.db import Base, Id
from registry.kit.errors import Conflict, Invalid


class PointKind(StrEnum):
    DESK = "desk"
    LINE = "line"
    STREET = "street"
    WEB = "web"
    MAIL = "mail"


@dataclass(frozen=True, kw_only=True)
class AccessPointAdded(journal.Event):
    point_id: UUID


class AccessPoint(Base):
    """`hours` as registry/hours.py reads them; `areas` are the towns or quarters it serves."""

    __tablename__ = "access_points"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[PointKind]
    address: Mapped[str] = mapped_column(default="")
    phone: Mapped[str] = mapped_column(default="")
    hours: Mapped[str] = mapped_column(default="")
    areas: Mapped[list[str]] = mapped_column(default=list)
    active: Mapped[bool] = mapped_column(default=True)


def add(
    session: Session,
    *,
    name: str,
    kind: PointKind,
    address: str = "",
    phone: str = "",
    hours: str = "",
    areas: list[str] | None = None,
) -> AccessPoint:
    """Raises Invalid for hours that cannot be read, Conflict for a name that is taken."""
    name = name.strip()
    if not name:
        raise Invalid("Write the name", field="name")
    opening.read(hours)
    if session.scalar(select(AccessPoint.id).where(AccessPoint.name == name)):
        raise Conflict("There is already an access point with this name", field="name")
    point = AccessPoint(
        name=name,
        kind=kind,
        address=address.strip(),
        phone=phone.strip(),
        hours=hours.strip(),
        areas=[area.strip() for area in areas or [] if area.strip()],
    )
    session.add(point)
    session.flush()
    journal.record(session, AccessPointAdded(point_id=point.id))
    return point


def active(session: Session) -> list[AccessPoint]:
    """Those at which people can ask today, by name."""
    wanted = select(AccessPoint).where(AccessPoint.active).order_by(AccessPoint.name)
    return list(session.scalars(wanted))
