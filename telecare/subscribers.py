"""A subscriber: whose home a device stands in, how to reach them, how to get in, who is near."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import ForeignKey, Select, func, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column, selectinload

from registry import access, journal, people, pictures
from registry.access import Actor, Right
from registry.kit import clock
from registry.kit.db import Base, Id
from registry.kit.errors import Invalid, NotAllowed, NotFound
from registry.kit.phone import e164
from registry.kit.sealed import Sealed, SealedText
from registry.people import NearPerson, Person
from registry.pictures import Shows
from registry.places import Address, Place
from telecare import devices, stock
from telecare.alarms import Alarm, AlarmState
from telecare.devices import Device

PAGE = 50


class WhyIn(StrEnum):
    """Why somebody reads how to get into a home."""

    ALARM = "alarm"
    WELFARE_CHECK = "welfare_check"
    ASKED_BY_KIN = "asked_by_kin"
    TECHNICIAN_VISIT = "technician_visit"
    FILE_UPDATE = "file_update"
    HOME_VISIT = "home_visit"


@dataclass(frozen=True, kw_only=True)
class SubscriberChanged(journal.Event):
    """`what` names the fields that were written, never what they say."""

    subscriber_id: UUID
    what: str


@dataclass(frozen=True, kw_only=True)
class WayInShown(journal.Event):
    """Somebody has read how to get into the home."""

    what_for: ClassVar[str] = "way_in"

    why: str


class Subscriber(Base):
    """What telecare alone keeps of a person: the way in, the doctor, health, services."""

    __tablename__ = "subscribers"

    id: Mapped[Id]
    person_id: Mapped[UUID] = mapped_column(ForeignKey(Person.id), unique=True)
    since: Mapped[datetime] = mapped_column(default=clock.now)
    # Key safe and its code, who has keys: whoever holds this text can enter somebody's home.
    way_in: Mapped[bytes | None] = mapped_column(Sealed("subscribers.way_in"))
    doctor: Mapped[str] = mapped_column(SealedText("subscribers.doctor"), default="")
    doctor_phone: Mapped[str] = mapped_column(SealedText("subscribers.doctor_phone"), default="")
    health: Mapped[str] = mapped_column(SealedText("subscribers.health"), default="")
    services: Mapped[str] = mapped_column(SealedText("subscribers.services"), default="")
    consent_at: Mapped[datetime | None]

    @property
    def has_way_in(self) -> bool:
        return bool(self.way_in)


@dataclass(frozen=True, kw_only=True)
class Home:
    """Where a unit stands and whom to call, in the order in which they are called."""

    device: Device | None
    person: Person | None
    address: Address | None
    # There is a person whom the asker may not know of: a coordinator has to take over.
    hidden: bool = False

    @property
    def phone(self) -> str | None:
        """The number of the home itself."""
        phones = self.person.phones if self.person else []
        return phones[0].number if phones else None

    @property
    def ladder(self) -> list[NearPerson]:
        return list(self.person.near) if self.person else []

    @property
    def place(self) -> Place | None:
        return self.address.place if self.address else None


def assign(
    session: Session, device: Device, person: Person, address: Address | None = None
) -> None:
    """Put the unit into somebody's home; without an address, where a team would go for them."""
    device.person_id = person.id
    chosen = address or person.home
    device.address_id = chosen.id if chosen else None
    devices.changed(session, device, "home")
    stock.placed(session, device, person.id)


def by_phone(session: Session, phone: str, actor: Actor) -> Person:
    """The one person whom this number reaches. Raises Invalid when there is none, or several."""
    found = people.by_phone(session, e164(phone), actor)
    if len(found) != 1:
        raise Invalid("This number is not that of one person alone", field="phone")
    return found[0]


def home(session: Session, *, device_id: UUID | None, person_id: UUID | None, actor: Actor) -> Home:
    """The home behind an alarm or a device, as far as the actor may know it."""
    device = session.get(Device, device_id) if device_id else None
    person_id = person_id or (device.person_id if device else None)
    person = session.get(Person, person_id) if person_id else None
    if person is not None and not people.knows(session, person, actor):
        return Home(device=device, person=None, address=None, hidden=True)
    address = session.get(Address, device.address_id) if device and device.address_id else None
    if address is None and person is not None:
        address = person.home
    return Home(device=device, person=person, address=address)


def near(found: Home, near_id: UUID) -> NearPerson:
    """Somebody of the ladder; NotFound when the id is not on it."""
    for each in found.ladder:
        if each.id == near_id:
            return each
    raise NotFound("There is no such %(thing)s", thing="contact")


def of_person(session: Session, person_id: UUID) -> Subscriber | None:
    return session.scalar(select(Subscriber).where(Subscriber.person_id == person_id))


def write(
    session: Session, person_id: UUID, *, way_in: str | None = None, **facts: Any
) -> Subscriber:
    """Write the fields that are given; the first time the person becomes a subscriber."""
    held = select(Subscriber).where(Subscriber.person_id == person_id).with_for_update()
    found = session.scalar(held.execution_options(populate_existing=True))
    if found is None:
        found = Subscriber(person_id=person_id)
        session.add(found)
    if way_in is not None:
        found.way_in = way_in.strip().encode() or None
    for name, value in facts.items():
        setattr(found, name, value)
    session.flush()
    written = sorted([*facts, *(["way_in"] if way_in is not None else [])])
    journal.record(
        session,
        SubscriberChanged(subscriber_id=found.id, what=" ".join(written), person_id=person_id),
    )
    return found


def open_alarms(session: Session, person_id: UUID) -> list[Alarm]:
    """What is not yet closed of theirs, oldest first."""
    wanted = select(Alarm).where(Alarm.person_id == person_id, Alarm.state != AlarmState.CLOSED)
    return list(session.scalars(wanted.order_by(Alarm.id)))


@dataclass(frozen=True, kw_only=True)
class WayIn:
    """How to get in: what only telecare knows, what stands with the address, how the door looks."""

    text: str
    at_the_door: str
    # A small JPEG; None without a photo.
    door: bytes | None


def has_way_in(session: Session, person: Person) -> bool:
    """Whether there is anything to be shown; this much needs no reason."""
    found = of_person(session, person.id)
    written = bool(found and found.has_way_in) or bool(person.home and person.home.has_way_in)
    return written or pictures.of(session, person.id, Shows.DOOR) is not None


def way_in(session: Session, person: Person, me: Actor, *, why: WhyIn | None = None) -> WayIn:
    """Read how to get in: while an alarm is open, else for a reason. Each look is written down.

    Key safe and keys are for those who answer alarms; others are told of the door alone.
    """
    let_in(session, person, why)
    found = of_person(session, person.id)
    keys = access.can(me, Right.ANSWER_ALARMS)
    door = pictures.of(session, person.id, Shows.DOOR)
    return WayIn(
        text=(found.way_in or b"").decode() if found and keys else "",
        at_the_door=person.home.how_to_get_in if person.home else "",
        door=door.small if door else None,
    )


def let_in(session: Session, person: Person, why: WhyIn | None) -> None:
    """Write down who looks how to get in, and why.

    Raises NotAllowed when there is neither alarm nor reason; "alarm" is no reason while none is
    open.
    """
    alarming = bool(open_alarms(session, person.id))
    if not alarming and why in {None, WhyIn.ALARM}:
        raise NotAllowed("How to get in is shown while an alarm is open, else say why you need it")
    reason = WhyIn.ALARM if alarming else why
    journal.record(session, WayInShown(person_id=person.id, why=str(reason)))


def listed(
    session: Session, actor: Actor, *, words: str = "", after: UUID | None = None, limit: int = PAGE
) -> Sequence[Person]:
    """Those with a unit or a subscriber's file, in the order of their files.

    Each of the words must be in the name, in the town, or begin an account.
    """
    wanted = (
        select(Person)
        .where(
            or_(
                Person.id.in_(select(Device.person_id).where(Device.person_id.is_not(None))),
                Person.id.in_(select(Subscriber.person_id)),
            )
        )
        .options(selectinload(Person.addresses), selectinload(Person.phones))
    )
    for word in words.lower().split()[:6]:
        wanted = _with(wanted, word)
    if after is not None:
        wanted = wanted.where(Person.id > after)
    found = access.visible(wanted, Person.restricted, actor).order_by(Person.id).limit(limit)
    return session.scalars(found).all()


def _with(wanted: Select[Person], word: str) -> Select[Person]:
    name = func.lower(Person.given_name + " " + Person.family_name)
    accounts = select(Device.person_id).where(Device.account.istartswith(word, autoescape=True))
    towns = select(Address.person_id).where(
        func.lower(Address.town).startswith(word, autoescape=True)
    )
    return wanted.where(
        or_(name.contains(word, autoescape=True), Person.id.in_(accounts), Person.id.in_(towns))
    )


def units(session: Session, ids: Sequence[UUID]) -> dict[UUID, list[Device]]:
    """The units in the homes of these people."""
    found: dict[UUID, list[Device]] = {}
    wanted = select(Device).where(Device.person_id.in_(ids)).order_by(Device.id)
    for each in session.scalars(wanted):
        if each.person_id is not None:
            found.setdefault(each.person_id, []).append(each)
    return found
