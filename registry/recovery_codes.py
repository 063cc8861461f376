"""Recovery codes: ten on paper, each good once, for the day the phone is lost."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from registry import journal
from registry.kit import clock
from registry.kit.db import Base, Id
from registry.kit.digests import digest

# Without letters that are mistaken for one another on paper.
LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
HOW_MANY = 10
# 120 bits: with as many a plain digest is enough (ASVS 6.5.2), which ten slow hashes would not be.
GROUPS, GROUP = 6, 4


@dataclass(frozen=True, kw_only=True)
class RecoveryCodesMade(journal.Event):
    staff_id: UUID


@dataclass(frozen=True, kw_only=True)
class RecoveryCodeUsed(journal.Event):
    staff_id: UUID
    left: int


class RecoveryCode(Base):
    """Only the digest is kept: the code is shown once, to be printed."""

    __tablename__ = "recovery_codes"

    id: Mapped[Id]
    staff_id: Mapped[UUID] = mapped_column(ForeignKey("staff.id"), index=True)
    digest: Mapped[str] = mapped_column(unique=True)
    made_at: Mapped[datetime] = mapped_column(default=clock.now)
    used_at: Mapped[datetime | None]


def make(session: Session, staff_id: UUID) -> list[str]:
    """Ten new ones, to be shown this once; those before open nothing any more."""
    forget(session, staff_id)
    codes = [_code() for _ in range(HOW_MANY)]
    session.add_all(RecoveryCode(staff_id=staff_id, digest=digest(_plain(each))) for each in codes)
    session.flush()
    journal.record(session, RecoveryCodesMade(staff_id=staff_id))
    return codes


def accept(session: Session, staff_id: UUID, code: str) -> bool:
    """Whether it is one of theirs that was not used; now it is."""
    found = session.scalar(
        select(RecoveryCode)
        .where(
            RecoveryCode.staff_id == staff_id,
            RecoveryCode.digest == digest(_plain(code)),
            RecoveryCode.used_at.is_(None),
        )
        .with_for_update()
    )
    if found is None:
        return False
    found.used_at = clock.now()
    session.flush()
    journal.record(session, RecoveryCodeUsed(staff_id=staff_id, left=left(session, staff_id)))
    return True


def _code() -> str:
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(GROUP)) for _ in range(GROUPS))


def _plain(code: str) -> str:
    """As it is compared: people write codes in small letters and with spaces."""
    return "".join(letter for letter in code.upper() if letter in LETTERS)


def left(session: Session, staff_id: UUID) -> int:
    """How many are still good."""
    wanted = select(func.count()).where(
        RecoveryCode.staff_id == staff_id, RecoveryCode.used_at.is_(None)
    )
    return session.scalar(wanted) or 0


def forget(session: Session, staff_id: UUID) -> None:
    """None of theirs is good any more."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.staff_id == staff_id))
