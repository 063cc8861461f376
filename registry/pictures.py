"""A picture that belongs to a file: a person's face, the door of a home. Kept encrypted.

Who may see which is decided where it is shown: a face with the file, a door with the way in.
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from registry import attachments, drawing, people
from registry.access import Actor
from registry.kit import clock
from registry.kit.db import Base, Id, get, new_id
from registry.kit.errors import Invalid, NotFound, TooLarge
from registry.kit.sealed import Sealed
from registry.kit.settings import settings
from registry.people import Person


class Shows(StrEnum):
    """What is on it; a file has one picture of each."""

    FACE = "face"
    DOOR = "door"


# What the journal says that somebody changed.
CHANGED = {Shows.FACE: "picture", Shows.DOOR: "picture_of_the_door"}


class Picture(Base):
    """One picture, small enough to stand on a page."""

    __tablename__ = "pictures"
    __table_args__ = (UniqueConstraint("person_id", "shows"),)

    id: Mapped[Id]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"))
    shows: Mapped[Shows]
    width: Mapped[int]
    height: Mapped[int]
    small: Mapped[bytes] = mapped_column(Sealed("pictures.small"))
    added_at: Mapped[datetime] = mapped_column(default=clock.now)
    added_by: Mapped[UUID | None] = mapped_column(ForeignKey("staff.id"))


class LargePicture(Base):
    """The same as large as it is kept, apart, so that a page does not read it."""

    __tablename__ = "large_pictures"

    picture_id: Mapped[UUID] = mapped_column(
        ForeignKey("pictures.id", ondelete="CASCADE"), primary_key=True
    )
    content: Mapped[bytes] = mapped_column(Sealed("large_pictures.content"))


def put(session: Session, person: Person, actor: Actor, shows: Shows, content: bytes) -> Picture:
    """Take this one, in place of the one there was; the caller holds the person.

    Raises TooLarge, or Invalid for what is no picture.
    """
    if len(content) > attachments.most():
        raise TooLarge(
            "A picture may have %(most)s MB at most",
            field="file",
            most=settings().attachment_megabytes,
        )
    if not content:
        raise Invalid("The file is empty", field="file")
    new = drawing.drawn(content)
    _discard(session, person.id, shows)
    made = Picture(
        id=new_id(),
        person_id=person.id,
        shows=shows,
        width=new.width,
        height=new.height,
        small=new.small,
        added_by=actor.staff_id,
    )
    session.add(made)
    session.flush()
    session.add(LargePicture(picture_id=made.id, content=new.large))
    people.changed(session, person, CHANGED[shows])
    return made


def take_off(session: Session, person: Person, shows: Shows) -> None:
    """It leaves the house; who took it off stays in the journal. Raises NotFound."""
    if not _discard(session, person.id, shows):
        raise NotFound("There is no such %(thing)s", thing="picture")
    people.changed(session, person, CHANGED[shows])


def _discard(session: Session, person_id: UUID, shows: Shows) -> bool:
    found = of(session, person_id, shows)
    if found is None:
        return False
    session.delete(get(session, LargePicture, found.id))
    session.flush()
    session.delete(found)
    session.flush()
    return True


def of(session: Session, person_id: UUID, shows: Shows) -> Picture | None:
    """The picture that the file has, if any."""
    wanted = select(Picture).where(Picture.person_id == person_id, Picture.shows == shows)
    return session.scalar(wanted)


def large(session: Session, person_id: UUID, shows: Shows) -> bytes:
    """The JPEG as large as it is kept. Raises NotFound."""
    found = of(session, person_id, shows)
    if found is None:
        raise NotFound("There is no such %(thing)s", thing="picture")
    return get(session, LargePicture, found.id).content
