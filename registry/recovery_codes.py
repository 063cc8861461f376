"""Recovery codes: ten on paper, each good once, for the day the phone is lost."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint, delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from registry import journal
from registry.kit import clock, passwords
from registry.kit.db import Base, Id

# Without letters that are mistaken for one another on paper.
LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
HOW_MANY = 10
GROUPS, GROUP = 3, 4  # 60 bits


@dataclass(frozen=True, kw_only=True)
class RecoveryCodesMade(journal.Event):
    staff_id: UUID


@dataclass(frozen=True, kw_only=True)
class RecoveryCodeUsed(journal.Event):
    staff_id: UUID
    left: int


class RecoveryCode(Base):
    """Kept as a password is; the digit it begins with says which one it is."""

    __tablename__ = "recovery_codes"
    __table_args__ = (UniqueConstraint("staff_id", "place"),)

    id: Mapped[Id]
    staff_id: Mapped[UUID] = mapped_column(ForeignKey("staff.id"))
    place: Mapped[int]
    hash: Mapped[str]
    made_at: Mapped[datetime] = mapped_column(default=clock.now)
    used_at: Mapped[datetime | None]


def make(session: Session, staff_id: UUID) -> list[str]:
    """Ten new ones, to be shown this once; those before open nothing any more."""
    forget(session, staff_id)
    codes = []
    for place in range(HOW_MANY):
        groups = ["".join(secrets.choice(LETTERS) for _ in range(GROUP)) for _ in range(GROUPS)]
        hashed = passwords.hash_("".join(groups))
        session.add(RecoveryCode(staff_id=staff_id, place=place, hash=hashed))
        codes.append("-".join((str(place), *groups)))
    session.flush()
    journal.record(session, RecoveryCodesMade(staff_id=staff_id))
    return codes


def accept(session: Session, staff_id: UUID, code: str) -> bool:
    """Whether it is one of theirs that was not used; now it is."""
    plain = "".join(letter for letter in code.upper() if letter.isalnum())
    found = session.scalar(
        select(RecoveryCode)
        .where(
            RecoveryCode.staff_id == staff_id,
            RecoveryCode.place == (int(plain[0]) if plain[:1] in set("0123456789") else -1),
            RecoveryCode.used_at.is_(None),
        )
        .with_for_update()
    )
    if not passwords.right(plain[1:], found.hash if found else None) or found is None:
        return False
    found.used_at = clock.now()
    session.flush()
    journal.record(session, RecoveryCodeUsed(staff_id=staff_id, left=left(session, staff_id)))
    return True


def left(session: Session, staff_id: UUID) -> int:
    """How many are still good."""
    wanted = select(func.count()).where(
        RecoveryCode.staff_id == staff_id, RecoveryCode.used_at.is_(None)
    )
    return session.scalar(wanted) or 0


def forget(session: Session, staff_id: UUID) -> None:
    """None of theirs is good any more."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.staff_id == staff_id))
