"""A subscriber: whose home a device stands in, how to reach them, and who is near."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from registry import access
from registry.access import Actor, Right
from registry.kit.errors import NotFound
from registry.people import NearPerson, Person
from registry.places import Address, Place
from telecare import devices
from telecare.devices import Device


@dataclass(frozen=True, kw_only=True)
class Home:
    """Where a unit stands and whom to call, in the order in which they are called."""

    device: Device | None
    person: Person | None
    address: Address | None
    # There is a person whom the asker may not know of: a coordinator has to take over.
    hidden: bool = False

    @property
    def phone(self) -> str | None:
        """The number of the home itself."""
        phones = self.person.phones if self.person else []
        return phones[0].number if phones else None

    @property
    def ladder(self) -> list[NearPerson]:
        return list(self.person.near) if self.person else []

    @property
    def place(self) -> Place | None:
        return self.address.place if self.address else None


def assign(
    session: Session, device: Device, person: Person, address: Address | None = None
) -> None:
    """Put the unit into somebody's home; without an address, where a team would go for them."""
    device.person_id = person.id
    chosen = address or person.home
    device.address_id = chosen.id if chosen else None
    devices.changed(session, device, "home")


def home(session: Session, *, device_id: UUID | None, person_id: UUID | None, actor: Actor) -> Home:
    """The home behind an alarm or a device, as far as the actor may know it."""
    device = session.get(Device, device_id) if device_id else None
    person_id = person_id or (device.person_id if device else None)
    person = session.get(Person, person_id) if person_id else None
    if person is not None and person.restricted and not access.can(actor, Right.READ_RESTRICTED):
        return Home(device=device, person=None, address=None, hidden=True)
    address = session.get(Address, device.address_id) if device and device.address_id else None
    if address is None and person is not None:
        address = person.home
    return Home(device=device, person=person, address=address)


def near(found: Home, near_id: UUID) -> NearPerson:
    """Somebody of the ladder; NotFound when the id is not on it."""
    for each in found.ladder:
        if each.id == near_id:
            return each
    raise NotFound("There is no such %(thing)s", thing="contact")
