"""A processing purpose: why the house keeps something of somebody, on which basis, and for whom.

Together they are the register of processing activities (GDPR art. 30).
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Mapped, Session, mapped_column

from registry import access, journal
from registry.access import Actor, Right
from registry.kit import clock
from registry.kit.db import Base, Id
from registry.kit.errors import Invalid


class LegalBasis(StrEnum):
    """GDPR art. 6(1). For a public body it is hardly ever consent."""

    PUBLIC_TASK = "public_task"
    LEGAL_OBLIGATION = "legal_obligation"
    VITAL_INTEREST = "vital_interest"
    CONSENT = "consent"


@dataclass(frozen=True, kw_only=True)
class PurposeWritten(journal.Event):
    purpose_id: UUID


class Purpose(Base):
    """One line of the register."""

    __tablename__ = "purposes"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)
    why: Mapped[str]
    basis: Mapped[LegalBasis]
    # The laws, and the ground of art. 9 where the data are of special categories.
    source: Mapped[str]
    subjects: Mapped[str] = mapped_column(default="")
    facts: Mapped[str] = mapped_column(default="")
    recipients: Mapped[str] = mapped_column(default="")
    # To countries outside the Union, and under which guarantees.
    transfers: Mapped[str] = mapped_column(default="")
    keeping: Mapped[str] = mapped_column(default="")
    measures: Mapped[str] = mapped_column(default="")
    changed_at: Mapped[datetime] = mapped_column(default=clock.now)


def write(session: Session, actor: Actor, purpose: Purpose | None = None, **facts: Any) -> Purpose:
    """A new line, or another wording of one. Raises Invalid where the law wants words."""
    access.require(actor, Right.COORDINATE)
    told = {name: each.strip() if type(each) is str else each for name, each in facts.items()}
    for field in ("name", "why", "source"):
        if not told.get(field):
            raise Invalid("Write it in a few words", field=field)
    same = session.scalar(select(Purpose).where(Purpose.name == told["name"]))
    if same is not None and same is not purpose:
        raise Invalid("There is a purpose of this name already", field="name")
    if purpose is None:
        purpose = Purpose()
        session.add(purpose)
    for name, value in told.items():
        setattr(purpose, name, value)
    purpose.changed_at = clock.now()
    session.flush()
    journal.record(session, PurposeWritten(purpose_id=purpose.id))
    return purpose


def all_(session: Session) -> list[Purpose]:
    return list(session.scalars(select(Purpose).order_by(Purpose.name)))
