"""What stays of a file that was erased: figures that name nobody, for the years to come."""

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Mapped, Session

from registry.cases import Case
from registry.contacts import Contact
from registry.kit import clock
from registry.kit.db import Base, Id
from registry.people import Person

BAND = 10  # years of birth told as one


class KeptFigure(Base):
    """One row a file, without its number, and with nothing finer than a year."""

    __tablename__ = "kept_figures"

    id: Mapped[Id]
    born_from: Mapped[int | None]
    language: Mapped[str]
    areas: Mapped[list[str]]
    cases: Mapped[int]
    contacts: Mapped[int]
    first_year: Mapped[int]
    erased_year: Mapped[int]


def keep(session: Session, person: Person) -> None:
    """Before the file is emptied."""
    areas = session.scalars(select(Case.area).where(Case.person_id == person.id)).all()
    session.add(
        KeptFigure(
            born_from=person.birth_year - person.birth_year % BAND if person.birth_year else None,
            language=person.language,
            areas=sorted({str(each) for each in areas}),
            cases=len(areas),
            contacts=_count(session, person.id),
            first_year=person.created_at.year,
            erased_year=clock.now().year,
        )
    )


def _count(session: Session, person_id: UUID) -> int:
    asked = select(func.count()).select_from(Contact).where(Contact.person_id == person_id)
    return session.scalar(asked) or 0
