"""The directory: services of the municipalities and of others, and how one gets them (REQ 9-15)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint, func, literal_column, select
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from registry import eligibility, journal
from registry import hours as opening
from registry.kit import clock
from registry.kit.db import Base, Id
from registry.kit.errors import Conflict, Invalid, NotFound
from registry.sheet_reports import SheetReport
from registry.spelling import fold

REVIEWED_EVERY = timedelta(days=180)
GRAMMAR = "italian"
# What a sheet is found by, the heaviest first.
WEIGHTS = ("'A'", "'B'", "'C'")


class BodyKind(StrEnum):
    OWN = "own"
    PUBLIC = "public"
    THIRD_SECTOR = "third_sector"
    PRIVATE = "private"


class ServiceArea(StrEnum):
    """REQ 9, 10: at least these sectors stand behind the one door."""

    SOCIO_HEALTH = "socio_health"
    HOME_CARE = "home_care"
    ECONOMIC = "economic"
    HOUSING = "housing"
    RESIDENTIAL = "residential"
    DAY = "day"
    EDUCATION = "education"
    WORK = "work"
    SPORT = "sport"
    CULTURE = "culture"
    TRANSPORT = "transport"
    LISTENING = "listening"
    RIGHTS = "rights"


@dataclass(frozen=True, kw_only=True)
class BodyAdded(journal.Event):
    body_id: UUID


@dataclass(frozen=True, kw_only=True)
class ServiceAdded(journal.Event):
    service_id: UUID


@dataclass(frozen=True, kw_only=True)
class ServiceChanged(journal.Event):
    service_id: UUID


class Body(Base):
    """Who gives a service: us, another public body, the third sector, somebody private."""

    __tablename__ = "bodies"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[BodyKind]
    website: Mapped[str] = mapped_column(default="")


class Service(Base):
    """One sheet. `rules` are those of registry/eligibility.py; `hours` those of hours.py."""

    __tablename__ = "services"
    __table_args__ = (
        UniqueConstraint("body_id", "name"),
        Index("ix_services_words", "words", postgresql_using="gin"),
    )
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy reads it so

    id: Mapped[Id]
    body_id: Mapped[UUID] = mapped_column(ForeignKey("bodies.id"))
    name: Mapped[str]
    area: Mapped[ServiceArea]
    summary: Mapped[str] = mapped_column(default="")
    eligibility: Mapped[str] = mapped_column(default="")
    rules: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list)
    documents: Mapped[list[str]] = mapped_column(default=list)
    steps: Mapped[list[str]] = mapped_column(default=list)
    times: Mapped[str] = mapped_column(default="")
    cost: Mapped[str] = mapped_column(default="")
    appeal: Mapped[str] = mapped_column(default="")
    hours: Mapped[str] = mapped_column(default="")
    places: Mapped[list[str]] = mapped_column(default=list)
    languages: Mapped[list[str]] = mapped_column(default=list)
    accessibility: Mapped[str] = mapped_column(default="")
    address: Mapped[str] = mapped_column(default="")
    phone: Mapped[str] = mapped_column(default="")
    email: Mapped[str] = mapped_column(default="")
    website: Mapped[str] = mapped_column(default="")
    published: Mapped[bool] = mapped_column(default=False)
    review_by: Mapped[date]
    changed_at: Mapped[datetime] = mapped_column(default=clock.now, index=True)
    words: Mapped[Any] = mapped_column(TSVECTOR)

    body: Mapped[Body] = relationship(lazy="joined", innerjoin=True)

    @property
    def out_of_date(self) -> bool:
        return self.review_by < clock.now().date()


def body(session: Session, name: str, kind: BodyKind, website: str = "") -> Body:
    """The body of this name, made when it is new. Raises Invalid without a name."""
    name = name.strip()
    if not name:
        raise Invalid("Write the name", field="body")
    found = session.scalar(select(Body).where(func.lower(Body.name) == name.lower()))
    if found is None:
        found = Body(name=name, kind=kind, website=website)
        session.add(found)
        session.flush()
        journal.record(session, BodyAdded(body_id=found.id))
    return found


def bodies(session: Session) -> list[Body]:
    return list(session.scalars(select(Body).order_by(Body.name)))


def add(session: Session, body: Body, *, name: str, area: ServiceArea, **facts: Any) -> Service:
    """A new sheet; `facts` are columns of Service. Raises Invalid or Conflict beside the field."""
    _checked(facts)
    if not name.strip():
        raise Invalid("Write the name", field="name")
    if by_name(session, body, name) is not None:
        raise Conflict("This body already has a sheet with this name", field="name")
    facts.setdefault("review_by", (clock.now() + REVIEWED_EVERY).date())
    service = Service(body_id=body.id, body=body, name=name.strip(), area=area, **facts)
    service.words = _words(service)
    session.add(service)
    session.flush()
    journal.record(session, ServiceAdded(service_id=service.id))
    return service


def change(session: Session, service: Service, **facts: Any) -> None:
    """Set columns of the sheet. The search keeps in step."""
    _checked(facts)
    if not facts.get("name", service.name).strip():
        raise Invalid("Write the name", field="name")
    for name, value in facts.items():
        setattr(service, name, value)
    service.changed_at = clock.now()
    service.words = _words(service)
    session.flush()
    journal.record(session, ServiceChanged(service_id=service.id))


def reviewed(session: Session, service: Service) -> None:
    """Somebody read it through and found it true: the next look is due in half a year."""
    change(session, service, review_by=(clock.now() + REVIEWED_EVERY).date())


def _checked(facts: dict[str, Any]) -> None:
    if "hours" in facts:
        opening.read(facts["hours"])
    if "rules" in facts:
        eligibility.rules(facts["rules"])


def _words(service: Service) -> Any:
    """What PostgreSQL searches: the name counts most, then what it is, then the conditions."""
    parts = [
        func.setweight(func.to_tsvector(GRAMMAR, fold(text)), literal_column(weight))
        for weight, text in zip(WEIGHTS, texts(service), strict=True)
    ]
    return parts[0].op("||")(parts[1]).op("||")(parts[2])


def texts(service: Service) -> tuple[str, str, str]:
    """What the sheet says, by weight."""
    return (
        service.name,
        " ".join((service.summary or "", service.body.name, *(service.places or []))),
        " ".join((service.eligibility or "", *(service.documents or []), *(service.steps or []))),
    )


def by_name(session: Session, body: Body, name: str) -> Service | None:
    wanted = select(Service).where(
        Service.body_id == body.id, func.lower(Service.name) == name.strip().lower()
    )
    return session.scalar(wanted)


def read(session: Session, service_id: UUID, *, public: bool = False) -> Service:
    """The sheet; to the public one that is not published does not exist."""
    service = session.get(Service, service_id)
    if service is None or (public and not service.published):
        raise NotFound("There is no such %(thing)s", thing="service")
    return service


def held(session: Session, service_id: UUID) -> Service:
    """The sheet, held and freshly read until the transaction ends."""
    wanted = select(Service).where(Service.id == service_id).with_for_update(of=Service)
    service = session.scalar(wanted.execution_options(populate_existing=True))
    if service is None:
        raise NotFound("There is no such %(thing)s", thing="service")
    return service


def listed(
    session: Session,
    *,
    public: bool = False,
    areas: Iterable[ServiceArea] = (),
    out_of_date: bool = False,
    offset: int = 0,
    limit: int = 100,
) -> list[Service]:
    """By name; `out_of_date`: their review is overdue or somebody found a fault; longest first."""
    order = Service.review_by if out_of_date else func.lower(Service.name)
    wanted = select(Service).order_by(order, Service.id).offset(offset).limit(limit)
    if public:
        wanted = wanted.where(Service.published)
    if chosen := list(areas):
        wanted = wanted.where(Service.area.in_(chosen))
    if out_of_date:
        told = select(SheetReport.service_id).where(SheetReport.settled_at.is_(None))
        late = Service.review_by < clock.now().date()
        wanted = wanted.where(late | Service.id.in_(told))
    return list(session.scalars(wanted))


def count(session: Session, *, public: bool = False) -> int:
    wanted = select(func.count(Service.id))
    return session.scalar(wanted.where(Service.published) if public else wanted) or 0
