"""An access point: a door of the network, where people ask for help (REQ 2, 3)."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from registry import hours as opening
from registry import journal
from registry.kit import clock
from registry.kit.db import Base, Id, locked
from registry.kit.errors import Conflict, Invalid
from registry.safe_contacts import ZONE


class PointKind(StrEnum):
    DESK = "desk"
    LINE = "line"
    STREET = "street"
    WEB = "web"
    MAIL = "mail"


@dataclass(frozen=True, kw_only=True)
class AccessPointAdded(journal.Event):
    point_id: UUID


@dataclass(frozen=True, kw_only=True)
class AccessPointChanged(journal.Event):
    point_id: UUID


class AccessPoint(Base):
    """`hours` as registry/hours.py reads them; `areas` are the towns or quarters it serves."""

    __tablename__ = "access_points"
    version: Mapped[int] = mapped_column(server_default=text("1"))
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy reads it so

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[PointKind]
    address: Mapped[str] = mapped_column(default="")
    phone: Mapped[str] = mapped_column(default="")
    hours: Mapped[str] = mapped_column(default="")
    areas: Mapped[list[str]] = mapped_column(default=list)
    active: Mapped[bool] = mapped_column(default=True)


def add(session: Session, *, name: str, kind: PointKind, **facts: Any) -> AccessPoint:
    """`facts` are columns. Raises Invalid for hours nobody can read, Conflict for a name twice."""
    point = AccessPoint(**_checked(session, {"name": name, "kind": kind, **facts}))
    session.add(point)
    session.flush()
    journal.record(session, AccessPointAdded(point_id=point.id))
    return point


def change(session: Session, point: AccessPoint, **facts: Any) -> None:
    """Set columns; `active` false closes it, and what came in by it stays its own."""
    for name, value in _checked(session, facts, point.id).items():
        setattr(point, name, value)
    session.flush()
    journal.record(session, AccessPointChanged(point_id=point.id))


def _checked(session: Session, facts: dict[str, Any], mine: UUID | None = None) -> dict[str, Any]:
    tidy = {name: said.strip() if isinstance(said, str) else said for name, said in facts.items()}
    if "name" in tidy:
        if not tidy["name"]:
            raise Invalid("Write the name", field="name")
        if session.scalar(_others(mine).where(AccessPoint.name == tidy["name"])):
            raise Conflict("There is already an access point with this name", field="name")
    opening.read(tidy.get("hours", ""))
    if "kind" in tidy:
        tidy["kind"] = PointKind(tidy["kind"])
    if "areas" in tidy:
        tidy["areas"] = [area.strip() for area in tidy["areas"] if area.strip()]
    return tidy


def _others(mine: UUID | None) -> Select[UUID]:
    wanted = select(AccessPoint.id)
    return wanted.where(AccessPoint.id != mine) if mine else wanted


def held(session: Session, point_id: UUID) -> AccessPoint:
    """To be changed, held until the transaction ends."""
    return locked(session, AccessPoint, point_id)


def all_(session: Session) -> list[AccessPoint]:
    """Open ones first, by name."""
    wanted = select(AccessPoint).order_by(AccessPoint.active.desc(), AccessPoint.name)
    return list(session.scalars(wanted))


def active(session: Session) -> list[AccessPoint]:
    """Those at which people can ask today, by name."""
    wanted = select(AccessPoint).where(AccessPoint.active).order_by(AccessPoint.name)
    return list(session.scalars(wanted))


def open_now(point: AccessPoint) -> bool | None:
    """Whether somebody is there at this hour of the house; None where no hours were told."""
    return opening.is_open(point.hours, clock.now().astimezone(ZONE)) if point.hours else None
