"""A place: where somebody lives, waits or is to be found."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from registry import access
from registry.access import Actor, Compartment
from registry.kit.db import Base, Id
from registry.kit.sealed import SealedText


class AddressKind(StrEnum):
    RESIDENCE = "residence"
    DOMICILE = "domicile"
    FICTITIOUS = "fictitious"  # law 1228/1954: a street that does not exist; no team is sent there
    FOUND_AT = "found_at"  # where a person without a home is usually found
    HIDDEN = "hidden"  # where somebody is safe as long as few know of it


# Nobody is sent there, and no list or search tells it.
NOT_A_PLACE = frozenset({AddressKind.FICTITIOUS, AddressKind.HIDDEN})


@dataclass(frozen=True, kw_only=True)
class Place:
    """A place in words, and on the map when it is known (degrees, WGS 84)."""

    text: str
    town: str = ""
    latitude: float | None = None
    longitude: float | None = None

    @property
    def on_map(self) -> bool:
        return self.latitude is not None and self.longitude is not None


class Address(Base):
    """An address of a person, with how to get in."""

    __tablename__ = "addresses"
    __table_args__ = (Index("ix_addresses_town", text("lower(town)")),)

    id: Mapped[Id]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("people.id"), index=True)
    kind: Mapped[AddressKind] = mapped_column(default=AddressKind.RESIDENCE)
    street: Mapped[str]
    town: Mapped[str]
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]
    # When somebody without a home is there: "la sera, vicino alla biglietteria".
    habits: Mapped[str] = mapped_column(SealedText("addresses.habits"), default="")
    # Which bell, which gate: shown while an alarm is open or for a reason, never with the address.
    how_to_get_in: Mapped[str] = mapped_column(SealedText("addresses.how_to_get_in"), default="")

    def valid_on(self, day: date) -> bool:
        """True also where an end or a beginning is not known."""
        begun = self.valid_from is None or self.valid_from <= day
        return begun and (self.valid_to is None or day <= self.valid_to)

    @property
    def has_way_in(self) -> bool:
        return bool(self.how_to_get_in)

    @property
    def place(self) -> Place:
        return Place(
            text=self.street, town=self.town, latitude=self.latitude, longitude=self.longitude
        )


def told_to(actor: Actor, address: Address) -> bool:
    """A hidden address is for those alone whose work violence is; others know that there is one."""
    return address.kind is not AddressKind.HIDDEN or access.sees(actor, Compartment.VIOLENCE)
