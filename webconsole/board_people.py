"""People on the board: name and place for a row, the file's first page for the one looked at."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Uuid, any_, literal, or_, select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from registry import access, audiences, cases, journal, merges
from registry import listed as shown
from registry.access import Actor, Right
from registry.kit import clock
from registry.kit.phone import spoken
from registry.people import Alert, Person
from registry.places import Address, Place
from telecare import subscribers
from webconsole.dress import inline
from webconsole.person_words import CAUTIONS, cautions
from webconsole.staff_words import COMPARTMENTS
from webconsole.words import Words

STORY = 6
# Lines that repeat what another line of the story says, or are the auditor's alone.
QUIET = (
    "registry.person_read",
    "registry.person_printed",
    "registry.access_log_read",
    "registry.glass_broken",
    "registry.opening_seen",
    "registry.person_changed",
    "registry.contact_recorded",
    "registry.attachment_read",
    "telecare.way_in_shown",
)


def known(session: Session, ids: Iterable[UUID | None], me: Actor) -> dict[UUID, Person]:
    """Those of these people whom the asker may know of, with their addresses, in one look."""
    wanted = {each for each in ids if each is not None}
    if not wanted:
        return {}
    query = select(Person).where(Person.id == one_of(wanted))
    people = session.scalars(access.visible(query, Person.restricted, me)).all()
    homes: dict[UUID, list[Address]] = {person.id: [] for person in people}
    there = select(Address).where(Address.person_id == one_of(homes))
    for address in session.scalars(there.order_by(Address.id)):
        homes[address.person_id].append(address)
    for person in people:
        set_committed_value(person, "addresses", homes[person.id])
    return {person.id: person for person in people}


def listed(
    session: Session, ids: Iterable[UUID | None], me: Actor, where: str
) -> dict[UUID, Person]:
    """The same for a page that lists them: whose names were shown is written down."""
    found = known(session, ids, me)
    shown.note(session, where, found)
    return found


def one_of(ids: Iterable[UUID]) -> ColumnElement[Any]:
    """As one value: a list of five hundred parameters takes longer to write than to be answered."""
    return any_(literal(list(ids), ARRAY(Uuid())))


def where(place: Place | Address | None) -> str:
    """A place on one line."""
    if place is None:
        return ""
    street = place.street if isinstance(place, Address) else place.text
    return ", ".join(part for part in (street, place.town) if part)


def place(of: Address | Place | None) -> dict[str, Any] | None:
    if of is None:
        return None
    return {
        "street": of.street if isinstance(of, Address) else of.text,
        "town": of.town,
        "latitude": of.latitude,
        "longitude": of.longitude,
    }


def summary(session: Session, person: Person, me: Actor, words: Words) -> dict[str, Any]:
    """The first page of a file: what to know, where, whom to call, what happened lately."""
    return {
        "id": person.id,
        "name": person.name,
        "age": person.age,
        "language_text": words.language(person.language),
        "interpreter": person.interpreter,
        "alerts": [alert(each, me, words) for each in audiences.heard(me, person.alerts)],
        "phones": [
            {
                "number": each.number,
                "shown": spoken(each.number),
                "label": each.label,
                "cautions": [words.of(CAUTIONS, code) for code in cautions(each.safe, clock.now())],
            }
            for each in person.phones
        ],
        "address": place(person.home),
        **_way_in(session, person, me),
        "contacts": [
            {
                "id": near.id,
                "name": near.name,
                "relation": near.relation,
                "phone": near.phone,
                "shown": spoken(near.phone),
                "holds_keys": near.holds_keys,
            }
            for near in person.near
        ],
        "story": story(journal_of(session, person.id, me), words),
    }


def _way_in(session: Session, person: Person, me: Actor) -> dict[str, Any]:
    """How to get in while an alarm is open; else whether there is something to ask for."""
    alarming = subscribers.open_alarms(session, person.id)
    if not alarming or not access.can(me, Right.ANSWER_ALARMS):
        has = subscribers.has_way_in(session, person)
        return {"way_in": [], "has_way_in": has, "door": ""}
    known = subscribers.way_in(session, person, me)
    said = [text for text in (known.text, known.at_the_door) if text]
    door = inline(known.door) if known.door else ""
    return {"way_in": said, "has_way_in": bool(said or door), "door": door}


def alert(of: Alert, me: Actor, words: Words) -> dict[str, str]:
    """An alert, or that there is one in a compartment that is not the asker's."""
    if access.sees(me, of.compartment):
        return {"kind": of.kind, "text": of.text}
    part = words.of(COMPARTMENTS, of.compartment or "")
    return {"kind": "reserved", "text": words.say("reserved part: %(part)s", part=part)}


def journal_of(
    session: Session,
    person_id: UUID,
    me: Actor,
    limit: int = STORY,
    begin: Iterable[str] = ("",),
    before: int | None = None,
) -> list[journal.Entry]:
    """What happened with the person, newest first; who read the file is the auditor's.

    Cases in compartments that are not the asker's are left out. `begin`: how the kinds begin;
    `before`: only what came before that line of the journal.
    """
    hidden = cases.closed_to(session, person_id, me)
    wanted = (
        select(journal.Entry)
        .where(
            journal.Entry.person_id.in_(merges.ids_of(session, person_id)),
            or_(*(journal.Entry.kind.startswith(each) for each in begin)),
            journal.Entry.kind.not_in(QUIET),
            or_(journal.Entry.case_id.is_(None), journal.Entry.case_id.not_in(hidden)),
        )
        .order_by(journal.Entry.id.desc())
        .limit(limit)
    )
    if before is not None:
        wanted = wanted.where(journal.Entry.id < before)
    return list(session.scalars(wanted))


def story(entries: Iterable[journal.Entry], words: Words) -> list[dict[str, Any]]:
    return [
        {"at": entry.at, "text": words.happened(entry)}
        for entry in entries
        if entry.kind not in QUIET
    ]
