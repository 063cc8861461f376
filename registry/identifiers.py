"""An identifier: a code by which some office knows a person, with who gave it and for how long."""

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, select
from sqlalchemy.orm import Mapped, Session, mapped_column, validates

from registry import journal, tax_code
from registry.kit import blind
from registry.kit.db import Base, Id
from registry.kit.errors import Invalid
from registry.kit.sealed import SealedText
from registry.spelling import fold
from registry.tax_code import Doubt

LONGEST = 40
STRETCH = 1000
VALUE = "identifiers.value"
SIX_MONTHS = 6
STP = re.compile(r"STP[0-9]{13}", re.ASCII)
ENI = re.compile(r"ENI[0-9]{13}", re.ASCII)


class IdentifierKind(StrEnum):
    TAX_CODE = "tax_code"
    STP = "stp"  # foreigners temporarily present: six months, renewable
    ENI = "eni"  # Europeans without cover: six months, in the region that gave it
    RESIDENCE_PERMIT = "residence_permit"
    PASSPORT = "passport"
    IDENTITY_CARD = "identity_card"
    PROTECTED_CODE = "protected_code"
    OTHER = "other"


SHAPES = {IdentifierKind.STP: STP, IdentifierKind.ENI: ENI}


@dataclass(frozen=True, kw_only=True)
class IdentifierAdded(journal.Event):
    identifier_id: UUID
    as_kind: str


class Identifier(Base):
    """One code of one person, encrypted; the same code on two files is told, not refused.

    `found_by` is its blind index and follows the value.
    """

    __tablename__ = "identifiers"
    __table_args__ = (
        Index("ux_identifiers_found_by", "found_by", "kind", "person_id", unique=True),
    )

    id: Mapped[Id]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"), index=True)
    kind: Mapped[IdentifierKind]
    value: Mapped[str] = mapped_column(SealedText(VALUE))
    found_by: Mapped[str]
    issuer: Mapped[str] = mapped_column(default="")
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]

    @validates("value")
    def _indexed(self, _: str, value: str) -> str:
        self.found_by = index(value)
        return value

    def valid_on(self, day: date) -> bool:
        """True also where an end or a beginning is not known."""
        begun = self.valid_from is None or self.valid_from <= day
        return begun and (self.valid_to is None or day <= self.valid_to)


def add(
    session: Session,
    person_id: UUID,
    *,
    kind: IdentifierKind,
    value: str,
    issuer: str = "",
    valid_from: date | None = None,
    valid_to: date | None = None,
) -> Identifier:
    """Raises Invalid for a wrong check character and for nothing else about a code.

    STP and ENI end six months after they begin unless another end is given. One that the person
    already has is returned with the new issuer and dates: that is how they are renewed.
    """
    written = plain(value)
    if not written or len(written) > LONGEST:
        raise Invalid("Write the code", field="value")
    if kind is IdentifierKind.TAX_CODE and not tax_code.is_right(written):
        raise Invalid("The last letter of the tax code does not fit: check it", field="value")
    if valid_to is None and valid_from is not None and kind in SHAPES:
        valid_to = months_later(valid_from, SIX_MONTHS)
    if valid_from and valid_to and valid_to < valid_from:
        raise Invalid("The end comes before the beginning", field="valid_to")
    found = _held(session, person_id, kind, written)
    found.issuer, found.valid_from, found.valid_to = issuer.strip(), valid_from, valid_to
    session.add(found)
    session.flush()
    journal.record(
        session, IdentifierAdded(person_id=person_id, identifier_id=found.id, as_kind=kind)
    )
    return found


def _held(session: Session, person_id: UUID, kind: IdentifierKind, value: str) -> Identifier:
    found = session.scalar(
        select(Identifier).where(
            Identifier.found_by == index(value),
            Identifier.kind == kind,
            Identifier.person_id == person_id,
        )
    )
    return found or Identifier(person_id=person_id, kind=kind, value=value)


def index(value: str) -> str:
    """By what a code made plain is found."""
    return blind.index(VALUE, value)


def plain(value: str) -> str:
    """Capital letters and digits alone."""
    return "".join(letter for letter in value.upper() if letter.isalnum())


def months_later(day: date, months: int) -> date:
    """The same day of a later month, or its last day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for last in range(day.day, 27, -1):
        try:
            return date(year, month + 1, last)
        except ValueError:
            continue
    return date(year, month + 1, min(day.day, 28))


def shape_is_known(kind: IdentifierKind, value: str) -> bool:
    """False for an STP or ENI that does not look like one: a warning, never a refusal."""
    return kind not in SHAPES or SHAPES[kind].fullmatch(value) is not None


def doubts(
    identifier: Identifier, given_name: str, family_name: str, birth_date: date | None
) -> list[str]:
    """What somebody should look at twice: an unknown shape, or a tax code of another name."""
    if identifier.kind is IdentifierKind.TAX_CODE:
        return list(
            tax_code.doubts(
                identifier.value,
                given_name=fold(given_name),
                family_name=fold(family_name),
                birth_date=birth_date,
            )
        )
    return [] if shape_is_known(identifier.kind, identifier.value) else [Doubt.SHAPE]


def holders(session: Session, value: str) -> list[UUID]:
    """Whose code this is, restricted people's too: for those who go on to ask `people.known`."""
    return list(
        session.scalars(
            select(Identifier.person_id).where(Identifier.found_by == index(plain(value)))
        )
    )


def of(session: Session, person_id: UUID) -> list[Identifier]:
    return list(
        session.scalars(
            select(Identifier).where(Identifier.person_id == person_id).order_by(Identifier.id)
        )
    )


def index_anew(session: Session, after: UUID | None) -> tuple[UUID | None, int]:
    """Write what a stretch of codes is found by under the key that is there now.

    Returns where to go on, None at the end, and how many were found by something else.
    """
    wanted = select(Identifier).order_by(Identifier.id).limit(STRETCH)
    if after is not None:
        wanted = wanted.where(Identifier.id > after)
    changed, found = 0, session.scalars(wanted).all()
    for each in found:
        if not is_found(each):
            each.found_by = index(each.value)
            changed += 1
    return (found[-1].id if found else None), changed


def is_found(identifier: Identifier) -> bool:
    """Whether its index is of the key that is there now; what reads as nothing is not sought."""
    return not identifier.value or identifier.found_by == index(identifier.value)
