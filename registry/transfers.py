"""A list of files handed to an archive before they are erased: what left, to whom, by which paper.

A rule may want files kept elsewhere rather than thrown away (DPR 445/2000 art. 67: transfer to the
archive of deposit). Nothing is erased before somebody has said who took it.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, Session, mapped_column

from registry import access, disposals, journal
from registry.access import Actor, Right
from registry.disposals import Disposal, DisposalState, ItemState
from registry.kit import clock
from registry.kit.db import Base, get
from registry.kit.errors import Conflict, Invalid, WrongState
from registry.kit.states import move
from registry.people import Person


@dataclass(frozen=True, kw_only=True)
class FilePacked(journal.Event):
    """The whole of somebody's file was taken, to be handed to the archive."""

    what_for: ClassVar[str] = "privacy"

    disposal_id: UUID


@dataclass(frozen=True, kw_only=True)
class DisposalHandedOver(journal.Event):
    disposal_id: UUID
    files: int
    digest: str


class Transfer(Base):
    """The package as it was taken last; the receiver, once they have it."""

    __tablename__ = "disposal_transfers"

    disposal_id: Mapped[UUID] = mapped_column(ForeignKey("disposals.id"), primary_key=True)
    # SHA-256 of the package, in hexadecimal figures: the receiver can compare it for good.
    digest: Mapped[str]
    files: Mapped[int]
    taken_at: Mapped[datetime]
    taken_by: Mapped[UUID | None] = mapped_column(ForeignKey("staff.id"))
    receiver: Mapped[str] = mapped_column(default="")
    # The number of the paper by which they took it over.
    receipt: Mapped[str] = mapped_column(default="")
    handed_over_at: Mapped[datetime | None]
    handed_over_by: Mapped[UUID | None] = mapped_column(ForeignKey("staff.id"))


def of(session: Session, disposal: Disposal) -> Transfer | None:
    return session.get(Transfer, disposal.id)


def to_pack(session: Session, disposal: Disposal, actor: Actor) -> list[Person]:
    """The files that go, those still needed apart. Raises WrongState."""
    access.require(actor, Right.COORDINATE)
    if disposal.state is not DisposalState.AUTHORISED or not disposals.transfers(session, disposal):
        raise WrongState("Files are handed over once their transfer is authorised")
    those = (get(session, Person, item.person_id) for item in disposals.files(session, disposal.id))
    return [person for person in those if disposals.may_go(session, person)]


def taken(
    session: Session, disposal: Disposal, actor: Actor, those: Collection[Person], digest: str
) -> None:
    """Somebody has the package in hand; another one later counts instead."""
    transfer = of(session, disposal) or Transfer(disposal_id=disposal.id)
    transfer.digest, transfer.files = digest, len(those)
    transfer.taken_at, transfer.taken_by = clock.now(), actor.staff_id
    session.add(transfer)
    session.flush()
    for person in those:
        journal.record(session, FilePacked(person_id=person.id, disposal_id=disposal.id))


def hand_over(
    session: Session,
    disposal: Disposal,
    actor: Actor,
    *,
    receiver: str,
    receipt: str,
    those: Collection[Person],
    digest: str,
) -> None:
    """The archive has it: a worker then erases what went, and what did not go stays.

    `those` and `digest` are of the package as it would be now: Conflict when it is not the one
    that was taken, as what was written since would be lost.
    """
    access.require(actor, Right.COORDINATE)
    for field, said in (("receiver", receiver), ("receipt", receipt)):
        if not said.strip():
            raise Invalid("Write it in a few words", field=field)
    transfer = of(session, disposal)
    if transfer is None:
        raise WrongState("Take the package first: it is what you hand over")
    if transfer.digest != digest:
        raise Conflict("The files have changed since the package was taken: take it anew")
    gone = {each.id for each in those}
    for item in disposals.files(session, disposal.id):
        if item.person_id not in gone:
            item.state = ItemState.KEPT
    move(disposal, DisposalState.HANDED_OVER, disposals.STEPS)
    transfer.receiver, transfer.receipt = receiver.strip(), receipt.strip()
    transfer.handed_over_at, transfer.handed_over_by = clock.now(), actor.staff_id
    session.flush()
    handed = DisposalHandedOver(disposal_id=disposal.id, files=len(gone), digest=digest)
    journal.record(session, handed)
    disposals.carry_out(session, disposal)
