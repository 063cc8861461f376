"""An outage: many units with the same trouble in one area or behind one carrier, told as one."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ColumnElement, Index, and_, false, func, or_, select, text
from sqlalchemy.orm import InstrumentedAttribute, Mapped, Session, mapped_column

from registry import journal
from registry.kit import clock
from registry.kit.db import Base, Id
from telecare.devices import Device
from telecare.faults import Fault
from telecare.protocols.base import Kind

# What a whole street or a whole network may lose at once.
CAUSES = (Kind.SILENT, Kind.MAINS, Kind.LINK)
TOGETHER = timedelta(minutes=30)
FEWEST = 5  # units with the same trouble
SHARE = 0.2  # of the units there: fewer are as many single faults
OVER_AT = 0.2  # of the most that were down at once
ONE_LOOKS = 7_301_401  # the advisory lock of `look`


class By(StrEnum):
    CARRIER = "carrier"
    AREA = "area"


# Power is lost by streets; what else goes quiet together hangs on one carrier first.
FIRST = {Kind.MAINS: By.AREA}

Where = tuple[str, str]  # carrier, area


@dataclass(frozen=True, kw_only=True)
class OutageBegan(journal.Event):
    outage_id: UUID
    cause: str
    devices: int


@dataclass(frozen=True, kw_only=True)
class OutageEnded(journal.Event):
    outage_id: UUID
    cause: str


class Outage(Base):
    """One line instead of hundreds. Its faults stay, each with its own device."""

    __tablename__ = "outages"
    __table_args__ = (
        Index(
            "ix_outages_open",
            "cause",
            "by",
            "name",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[Id]
    cause: Mapped[Kind]
    by: Mapped[By]
    name: Mapped[str]
    began_at: Mapped[datetime]
    told_at: Mapped[datetime] = mapped_column(default=clock.now)
    # Units with this trouble now, the most at once, and all units there.
    devices: Mapped[int]
    most: Mapped[int]
    units: Mapped[int]
    ended_at: Mapped[datetime | None]


@dataclass(frozen=True, kw_only=True)
class Group:
    """So many units of one carrier, or of one area, are in the same trouble."""

    by: By
    name: str
    devices: int


def groups(
    troubled: Mapping[Where, int], sizes: Mapping[tuple[By, str], int], first: By = By.CARRIER
) -> list[Group]:
    """The fewest carriers and areas that explain most of the trouble, the largest first.

    `sizes` says how many units each carrier and each area has. What a dead carrier explains does
    not make an outage of every town in which it has customers.
    """
    left = dict(troubled)
    found: list[Group] = []
    while best := max(_candidates(left, sizes), key=_rank(first), default=None):
        found.append(best)
        left = {where: count for where, count in left.items() if not _within(where, best)}
    return found


def _candidates(left: Mapping[Where, int], sizes: Mapping[tuple[By, str], int]) -> list[Group]:
    counted: dict[tuple[By, str], int] = {}
    for (carrier, area), count in left.items():
        for key in ((By.CARRIER, carrier), (By.AREA, area)):
            if key[1]:
                counted[key] = counted.get(key, 0) + count
    return [
        Group(by=by, name=name, devices=count)
        for (by, name), count in counted.items()
        if count >= FEWEST and count >= SHARE * sizes.get((by, name), count)
    ]


def _rank(first: By) -> Callable[[Group], tuple[int, bool, str]]:
    return lambda group: (group.devices, group.by is first, group.name)


def _within(where: Where, group: Group) -> bool:
    return where[0 if group.by is By.CARRIER else 1] == group.name


def look(session: Session) -> None:
    """Open what has gone down together, count what is open, end what is back.

    One process looks at a time; the others have nothing to do.
    """
    if not session.scalar(select(func.pg_try_advisory_xact_lock(ONE_LOOKS))):
        return
    for outage in open_(session):
        _count(session, outage)
    for cause in CAUSES:
        found = _troubled(session, cause)
        if sum(found.values()) >= FEWEST:
            _open_new(session, cause, found)


def open_(session: Session) -> list[Outage]:
    """The largest first."""
    wanted = select(Outage).where(Outage.ended_at.is_(None))
    return list(session.scalars(wanted.order_by(Outage.devices.desc(), Outage.id)))


def of(outage: Outage) -> ColumnElement[bool]:
    """Whether a device belongs to the carrier or the area that is down."""
    return _column(outage.by) == outage.name


def _column(by: By) -> InstrumentedAttribute[str]:
    return Device.carrier if by is By.CARRIER else Device.area


def _count(session: Session, outage: Outage) -> None:
    wanted = select(func.count()).select_from(Fault).join(Device, Device.id == Fault.device_id)
    outage.devices = (
        session.scalar(wanted.where(*_open_since(outage.cause, outage.began_at), of(outage))) or 0
    )
    outage.most = max(outage.most, outage.devices)
    outage.told_at = clock.now()
    if outage.devices < FEWEST or outage.devices <= OVER_AT * outage.most:
        outage.ended_at = outage.told_at
        journal.record(session, OutageEnded(outage_id=outage.id, cause=outage.cause))


def _open_since(cause: Kind, since: datetime) -> tuple[ColumnElement[bool], ...]:
    return Fault.ended_at.is_(None), Fault.cause == cause, Fault.began_at > since - TOGETHER


def _troubled(session: Session, cause: Kind) -> dict[Where, int]:
    """Units that fell into this trouble lately, by carrier and area, outside any outage."""
    wanted = (
        select(Device.carrier, Device.area, func.count())
        .join(Fault, Device.id == Fault.device_id)
        .where(
            *_open_since(cause, clock.now()),
            *(~of(each) for each in open_(session) if each.cause is cause),
        )
        .group_by(Device.carrier, Device.area)
    )
    return {(carrier, area): count for carrier, area, count in session.execute(wanted)}


def _open_new(session: Session, cause: Kind, troubled: dict[Where, int]) -> None:
    sizes = _sizes(session, troubled)
    for group in groups(troubled, sizes, FIRST.get(cause, By.CARRIER)):
        began = session.scalar(
            select(func.min(Fault.began_at))
            .join(Device, Device.id == Fault.device_id)
            .where(*_open_since(cause, clock.now()), _column(group.by) == group.name)
        )
        outage = Outage(
            cause=cause,
            by=group.by,
            name=group.name,
            began_at=began or clock.now(),
            devices=group.devices,
            most=group.devices,
            units=sizes[group.by, group.name],
        )
        session.add(outage)
        session.flush()
        journal.record(
            session, OutageBegan(outage_id=outage.id, cause=cause, devices=group.devices)
        )


def _sizes(session: Session, troubled: Iterable[Where]) -> dict[tuple[By, str], int]:
    """How many units each carrier and each area has."""
    sizes: dict[tuple[By, str], int] = {}
    for number, by in enumerate((By.CARRIER, By.AREA)):
        column = _column(by)
        names = {where[number] for where in troubled if where[number]}
        wanted = select(column, func.count()).where(column.in_(names)).group_by(column)
        sizes |= {(by, name): count for name, count in session.execute(wanted)}
    return sizes


def explained(session: Session) -> ColumnElement[bool]:
    """Of open faults, joined with their devices: those that are told as one by an outage."""
    each_of = [and_(of(each), *_open_since(each.cause, each.began_at)) for each in open_(session)]
    return or_(false(), *each_of)


def single_faults(session: Session, limit: int) -> list[tuple[Fault, Device]]:
    """Open faults that no outage explains, newest first."""
    wanted = (
        select(Fault, Device)
        .join(Device, Device.id == Fault.device_id)
        .where(Fault.ended_at.is_(None), ~explained(session))
        .order_by(Fault.began_at.desc(), Fault.id)
        .limit(limit)
    )
    return [(fault, device) for fault, device in session.execute(wanted)]
