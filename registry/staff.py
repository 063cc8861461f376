"""The staff: who works here, in which office, with which roles."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, func, select
from sqlalchemy.orm import Mapped, Session, column_property, mapped_column

from registry import journal
from registry.access import Actor, Compartment, Holder, Role
from registry.kit import clock, passwords
from registry.kit.db import Base, Id
from registry.kit.errors import Conflict, Invalid, NotFound


@dataclass(frozen=True, kw_only=True)
class StaffAdded(journal.Event):
    staff_id: UUID


@dataclass(frozen=True, kw_only=True)
class PasswordSet(journal.Event):
    staff_id: UUID


@dataclass(frozen=True, kw_only=True)
class StaffLeft(journal.Event):
    staff_id: UUID


@dataclass(frozen=True, kw_only=True)
class StaffChanged(journal.Event):
    """Name, roles, office or team: open screens look again at what their owner may do."""

    staff_id: UUID
    roles: list[str]


@dataclass(frozen=True, kw_only=True)
class StaffReturned(journal.Event):
    staff_id: UUID


@dataclass(frozen=True, kw_only=True)
class OfficeOpened(journal.Event):
    office_id: UUID


@dataclass(frozen=True, kw_only=True)
class OfficeChanged(journal.Event):
    """Whose it is: whoever sits there may do more, or less, from their next click."""

    office_id: UUID
    holder: str


class Office(Base):
    """A desk, a service, a municipality's office, a contractor's or a partner's."""

    __tablename__ = "offices"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str] = mapped_column(default="")
    holder: Mapped[Holder] = mapped_column(default=Holder.BODY, server_default="body")


class Staff(Base):
    """Somebody who works here."""

    __tablename__ = "staff"

    id: Mapped[Id]
    login: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    roles: Mapped[list[str]]
    office_id: Mapped[UUID | None] = mapped_column(ForeignKey("offices.id"))
    # Whose that office is, read with each of the staff: no right is answered without it.
    holder: Mapped[Holder | None] = column_property(
        select(Office.holder)
        .where(Office.id == office_id)
        .correlate_except(Office)
        .scalar_subquery()
    )
    # The team a phone belongs to; teams live above, in dispatch.
    team_id: Mapped[UUID | None]
    password: Mapped[str | None]
    active: Mapped[bool] = mapped_column(default=True)
    added_at: Mapped[datetime] = mapped_column(default=clock.now)
    # Whose parts of files they read: violence, minors, adoption, health, judicial.
    compartments: Mapped[list[str]] = mapped_column(default=list, server_default="{}")

    @property
    def actor(self) -> Actor:
        return Actor(
            staff_id=self.id,
            login=self.login,
            name=self.name,
            roles=frozenset(Role(role) for role in self.roles),
            office_id=self.office_id,
            team_id=self.team_id,
            compartments=frozenset(Compartment(each) for each in self.compartments),
            holder=self.holder or Holder.BODY,
        )


def add(
    session: Session,
    *,
    login: str,
    name: str,
    roles: set[Role],
    office_id: UUID | None = None,
    team_id: UUID | None = None,
) -> Staff:
    """Somebody new, without a password: they cannot sign in until one is set."""
    login = login.strip().lower()
    if not login or " " in login:
        raise Invalid("A log-in name is one word", field="login")
    if not roles:
        raise Invalid("Choose at least one role", field="roles")
    if by_login(session, login) is not None:
        raise Conflict("The log-in name “%(login)s” is taken", field="login", login=login)
    person = Staff(
        login=login,
        name=name.strip(),
        roles=sorted(roles),
        office_id=office_id,
        team_id=team_id,
    )
    session.add(person)
    session.flush()
    journal.record(session, StaffAdded(staff_id=person.id))
    return person


def set_password(session: Session, person: Staff, password: str) -> None:
    """Raises Invalid when it is too short or among the first that anybody would guess."""
    passwords.check(password, about=(person.login, person.name))
    person.password = passwords.hash_(password)
    journal.record(session, PasswordSet(staff_id=person.id))


def change(
    session: Session,
    person: Staff,
    *,
    name: str,
    roles: set[Role],
    office_id: UUID | None,
    team_id: UUID | None,
    compartments: Iterable[Compartment] = (),
) -> None:
    """What they are called, may do and where they sit. It holds from their next click."""
    if not roles:
        raise Invalid("Choose at least one role", field="roles")
    if not name.strip():
        raise Invalid("Write a name", field="name")
    person.name = name.strip()
    person.roles = sorted(roles)
    person.office_id = office_id
    person.team_id = team_id
    person.compartments = sorted(compartments)
    session.flush()
    session.expire(person, ["holder"])
    journal.record(session, StaffChanged(staff_id=person.id, roles=person.roles))


def come_back(session: Session, person: Staff) -> None:
    """They work here again, with a password that somebody has to give them anew."""
    person.active = True
    person.password = None
    journal.record(session, StaffReturned(staff_id=person.id))


def leave(session: Session, person: Staff) -> None:
    """They no longer work here: nothing of theirs is deleted, and nothing opens to them."""
    person.active = False
    journal.record(session, StaffLeft(staff_id=person.id))


def by_login(session: Session, login: str) -> Staff | None:
    return session.scalar(select(Staff).where(Staff.login == login.strip().lower()))


def named(session: Session, login: str) -> Staff:
    """The person with this log-in; NotFound says so."""
    found = by_login(session, login)
    if found is None:
        raise NotFound("Nobody has the log-in “%(login)s”", login=login)
    return found


def all_(session: Session, *, gone: bool = False) -> list[Staff]:
    """By name; with `gone`, also those who no longer work here."""
    wanted = select(Staff) if gone else select(Staff).where(Staff.active)
    return list(session.scalars(wanted.order_by(Staff.name, Staff.login)))


def offices(session: Session) -> list[Office]:
    return list(session.scalars(select(Office).order_by(Office.name)))


def office(session: Session, name: str, kind: str = "", holder: Holder = Holder.BODY) -> Office:
    """The office of this name, made when it is new."""
    found = session.scalar(select(Office).where(func.lower(Office.name) == name.lower()))
    if found is None:
        found = Office(name=name, kind=kind, holder=holder)
        session.add(found)
        session.flush()
        journal.record(session, OfficeOpened(office_id=found.id))
    return found


def give_office(session: Session, office: Office, holder: Holder) -> None:
    """The office is somebody else's now, and so is the limit of whoever sits there."""
    if office.holder is holder:
        return
    office.holder = holder
    session.flush()
    journal.record(session, OfficeChanged(office_id=office.id, holder=holder))
    seated = session.scalars(select(Staff).where(Staff.office_id == office.id, Staff.active))
    for each in seated:
        session.expire(each, ["holder"])
        journal.record(session, StaffChanged(staff_id=each.id, roles=each.roles))
