"""Circles: who reads a note or a document of a case; the others see that it is there, no more."""

from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from registry import access
from registry.access import Actor, Compartment, Role
from registry.kit.errors import Invalid


class Circle(StrEnum):
    EVERYONE = "everyone"
    ROLE = "role"
    OFFICE = "office"
    AUTHOR = "author"


class Guarded:
    """The columns that say who wrote it and who reads it; see `reads`."""

    author_id: Mapped[UUID | None] = mapped_column(ForeignKey("staff.id"))
    # The author's office on the day: what they wrote stays with it.
    office_id: Mapped[UUID | None] = mapped_column(ForeignKey("offices.id"))
    circle: Mapped[Circle] = mapped_column(default=Circle.EVERYONE)
    role: Mapped[str | None]
    compartment: Mapped[str | None]


def together(name: str) -> tuple[CheckConstraint, CheckConstraint]:
    """What the archive demands of a guarded table of this name."""
    return (
        CheckConstraint("(circle = 'role') = (role IS NOT NULL)", name=f"{name}_role_of_circle"),
        CheckConstraint(
            "circle <> 'office' OR office_id IS NOT NULL", name=f"{name}_office_of_circle"
        ),
    )


def guard(
    thing: Guarded,
    actor: Actor,
    *,
    circle: Circle = Circle.EVERYONE,
    role: Role | None = None,
    compartment: Compartment | None = None,
) -> None:
    """Say who reads it. Raises Invalid for a circle or a compartment that is not the author's."""
    if circle is Circle.OFFICE and actor.office_id is None:
        raise Invalid("You belong to no office: choose other readers", field="circle")
    if (circle is Circle.ROLE) != (role is not None):
        raise Invalid("Choose the role that reads it", field="role")
    if not access.sees(actor, compartment):
        raise Invalid("This part of files is not open to you", field="compartment")
    thing.author_id, thing.office_id = actor.staff_id, actor.office_id
    thing.circle, thing.role, thing.compartment = circle, role, compartment


def reads(actor: Actor, thing: Guarded) -> bool:
    """Whether the actor reads it; else it is shown as blacked out, not left out."""
    if not access.sees(actor, thing.compartment):
        return False
    if thing.circle is Circle.EVERYONE:
        return True
    if actor.staff_id is not None and thing.author_id == actor.staff_id:
        return True
    if thing.circle is Circle.OFFICE:
        return actor.office_id is not None and actor.office_id == thing.office_id
    return thing.circle is Circle.ROLE and thing.role in actor.roles
