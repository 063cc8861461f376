"""What the team that goes may know of the person, while it goes; every look is written down."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from dispatch.interventions import WITH_TEAM, Intervention
from registry import audiences, journal
from registry.kit.errors import NotAllowed
from registry.kit.phone import spoken
from registry.people import Person, PersonRead


@dataclass(frozen=True, kw_only=True)
class Number:
    """A phone number to dial, and as people read it."""

    dial: str
    spoken: str


@dataclass(frozen=True, kw_only=True)
class KeyHolder:
    """Somebody near the person, who may open."""

    name: str
    phone: Number
    relation: str
    holds_keys: bool


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """The person in a few lines: who, what to mind, how to get in, who has the keys."""

    name: str = ""
    age: int | None = None
    language: str = "it"
    phones: tuple[Number, ...] = ()
    alerts: tuple[str, ...] = ()
    how_to_get_in: str = ""
    near: tuple[KeyHolder, ...] = ()


def read(session: Session, intervention: Intervention, team_id: UUID | None) -> Sheet:
    """Raises NotAllowed unless this team is on this intervention now."""
    if intervention.team_id != team_id or intervention.state not in WITH_TEAM:
        raise NotAllowed("The person's data are shown only to the team that goes, while it goes")
    person = session.get(Person, intervention.person_id) if intervention.person_id else None
    if person is None:
        return Sheet()
    looked = PersonRead(case_id=intervention.case_id, person_id=person.id, why="intervention")
    journal.record(session, looked)
    return Sheet(
        name=person.name,
        age=person.age,
        language=person.language,
        phones=tuple(_number(phone.number) for phone in person.phones),
        alerts=tuple(
            alert.text
            for alert in person.alerts
            if alert.compartment is None and audiences.for_team(alert.audience)
        ),
        how_to_get_in=_way_in(person, intervention),
        near=tuple(
            KeyHolder(
                name=near.name,
                phone=_number(near.phone),
                relation=near.relation,
                holds_keys=near.holds_keys,
            )
            for near in person.near
        ),
    )


def _number(dial: str) -> Number:
    return Number(dial=dial, spoken=spoken(dial))


def _way_in(person: Person, intervention: Intervention) -> str:
    """How to get in, if the team goes to an address of the person's own."""
    for address in person.addresses:
        if address.street == intervention.place_text:
            return address.how_to_get_in
    return ""
