"""Every door of the house as data, and a reserved person whose every word is a canary."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from inspect import getclosurevars
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from fastapi import FastAPI
from fastapi.routing import APIRoute, APIWebSocketRoute
from sqlalchemy.orm import Session

from callcenter import calls, lines
from dispatch import interventions
from registry import (
    attachments,
    case_notes,
    cases,
    contacts,
    people,
    referrals,
    requests,
    staff,
    tokens,
)
from registry.access import HOUSE, RIGHTS, Compartment, Holder, Role
from registry.cases import Area
from registry.contacts import Channel
from registry.kit import clock
from registry.places import Place
from telecare import alarms, devices
from telecare.protocols.base import Kind
from tests.conftest import somebody

TABLE = Path(__file__).with_name("matrix.txt")
# What guards a door, and the word for it in the table.
WORDS = {
    "registry.door.allow_at_screen.<locals>.check": "screen",
    "registry.door.public.<locals>.check": "public",
    "callcenter.carriers.twilio_hooks._signed": "carrier",
}
ALLOW = "registry.door.allow.<locals>.check"

# Found by whoever may know of her, misspelt so that the question does not echo the answer.
QUESTION = "zqverin canarinni"
NAMES = ("Zqverina", "Canarinqi")
OTHER_CANARIES = (
    "0825551977",
    "+390825551977",
    "zqstreet",
    "zqentrance",
    "zqalert",
    "zqnear",
    "0825551978",
    "zqcase",
    "zqnote",
    "zqrequest",
    "zqreason",
    "zqsent",
    "zqwritten",
    "zqpaper",
)
SEALED = ("zqhealth", "zqviolence")


@dataclass(frozen=True)
class Door:
    """One method of one path; `let_in` is a role each, or one of the words of the table."""

    method: str
    path: str
    let_in: frozenset[str]
    body: Any = None
    asks_for_proof: bool = False

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def line(self) -> str:
        return f"{self.name}  {' '.join(sorted(self.let_in))}"


def doors(app: FastAPI) -> list[Door]:
    """Every route of the application with who passes, as its dependencies say."""
    found = list(_doors(app.routes, "", ()))
    return sorted(found, key=lambda each: (each.path, each.method))


def _doors(routes: Any, prefix: str, given: tuple[Any, ...]) -> Iterator[Door]:
    for route in routes:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            context = route.include_context
            more = tuple(each.dependency for each in context.dependencies)
            yield from _doors(inner.routes, prefix + context.prefix, given + more)
        elif isinstance(route, APIRoute | APIWebSocketRoute):
            guards = [*given, *_calls(route.dependant)]
            methods = getattr(route, "methods", None) or {"LIVE"}
            body = getattr(route, "body_field", None)
            for method in methods - {"HEAD"}:
                yield Door(method, prefix + route.path, _let_in(guards), body, _asks(guards))


def _asks(guards: list[Any]) -> bool:
    return any(each.__qualname__ == "fresh.<locals>.check" for each in guards)


def _calls(dependant: Any) -> Iterator[Any]:
    for each in dependant.dependencies:
        yield each.call
        yield from _calls(each)


def _let_in(guards: list[Any]) -> frozenset[str]:
    """The roles whose rights open every guard of this door."""
    roles = set(Role)
    words, allowed = set[str](), False
    for guard in guards:
        name = f"{guard.__module__}.{guard.__qualname__}"
        if name == ALLOW:
            allowed = True
            rights = getclosurevars(guard).nonlocals["rights"]
            roles &= {role for role in Role if not rights or RIGHTS[role] & set(rights)}
        elif name in WORDS:
            words.add(WORDS[name])
    if allowed:
        return frozenset({"everybody"} if roles == set(Role) else {str(role) for role in roles})
    return frozenset(words or {"unguarded"})


def written() -> dict[str, frozenset[str]]:
    """The table: what people have agreed on, a line for each door."""
    found = {}
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            method, path, *let_in = line.split()
            found[f"{method} {path}"] = frozenset(let_in)
    return found


@dataclass
class World:
    """Somebody reserved, with all that can hang on her; and who asks, by their tokens."""

    ids: dict[str, Any] = field(default_factory=dict)
    askers: dict[str, "Asker"] = field(default_factory=dict)


@dataclass(frozen=True)
class Asker:
    """One of the staff with a token; `may_read` are the canaries that are theirs to see."""

    role: Role
    token: str
    may_read: frozenset[str] = frozenset()


def build(session: Session) -> World:
    """The reserved person, kept by the shelter; askers inside and outside it."""
    world = World()
    shelter, elsewhere = staff.office(session, "Rifugio"), staff.office(session, "Altrove")
    person = _person(session, shelter.id)
    case = cases.open_(session, area=Area.EMERGENCY, person_id=person.id, title="zqcase")
    cases.open_(
        session,
        area=Area.EMERGENCY,
        person_id=person.id,
        title="zqviolence",
        compartment=Compartment.VIOLENCE,
    )
    contacts.record(
        session,
        channel=Channel.DESK,
        outcome="listening",
        case_id=case.id,
        person_id=person.id,
        note="zqnote",
    )
    device = devices.add(session, account="7977", person_id=person.id)
    alarm = alarms.raise_(
        session,
        signal_id=uuid4(),
        position=0,
        account="7977",
        device_id=device.id,
        person_id=person.id,
        kind=Kind.FALL,
        code="E100",
    )
    line = lines.add(session, number="0825 551 000", name="Linea")
    call = calls.arrive(session, sid="CA977", number="0825551000", line=line)
    call.person_id = person.id
    job = interventions.request(
        session,
        case_id=case.id,
        person_id=person.id,
        kind="fall",
        priority=interventions.Priority.A,
        place=Place(text="zqstreet 7", town="Borgo", latitude=40.8, longitude=14.1),
        reason="zqreason",
        source="call",
    )
    asked = requests.receive(
        session, HOUSE_READS, channel=Channel.DESK, expressed="zqrequest", person_id=person.id
    )
    case_notes.write(session, case, HOUSE_READS, text="zqwritten")
    paper = attachments.add(session, case, HOUSE_READS, name="zqpaper.pdf", content=b"%PDF-1.7 x")
    partner = staff.office(session, f"Fuori {Holder.PARTNER}", holder=Holder.PARTNER)
    sent = referrals.send(
        session,
        case,
        HOUSE_READS,
        reason="zqsent",
        answer_by=clock.now() + timedelta(days=7),
        office_id=partner.id,
    )
    world.ids = {
        "person_id": person.id,
        "other_id": person.id,
        "case_id": case.id,
        "alarm_id": alarm.id,
        "call_id": call.id,
        "intervention_id": job.id,
        "job_id": job.id,
        "device_id": device.id,
        "account": device.account,
        "near_id": person.near[0].id,
        "request_id": asked.id,
        "referral_id": sent.id,
        "attachment_id": paper.id,
        "staff_id": somebody(session, "spare", "Riserva Libera", Role.TEAM).id,
    }
    _askers(session, world, shelter.id, elsewhere.id)
    return world


HOUSE_READS = HOUSE.__class__(
    staff_id=None, login="prova", name="Prova", roles=frozenset({Role.COORDINATOR})
)


def _person(session: Session, kept_by: UUID) -> people.Person:
    person = people.create(
        session, given_name=NAMES[0], family_name=NAMES[1], birth_year=1977, restricted=True
    )
    person.kept_by = kept_by
    people.add_phone(session, person, "0825551977")
    people.add_address(
        session,
        person,
        street="zqstreet 7",
        town="Borgo",
        latitude=40.8,
        longitude=14.1,
        how_to_get_in="zqentrance",
    )
    people.add_alert(session, person, kind="home", text="zqalert")
    people.add_alert(
        session, person, kind="health", text="zqhealth", compartment=Compartment.HEALTH
    )
    people.add_contact(session, person, name="zqnear", phone="0825551978")
    return person


def _askers(session: Session, world: World, shelter: UUID, elsewhere: UUID) -> None:
    """One asker for each role from elsewhere, and those who may know more."""
    whole = frozenset((*NAMES, *OTHER_CANARIES))
    known = {Role.COORDINATOR: whole, Role.AUDITOR: frozenset(NAMES)}
    for role in Role:
        _asker(session, world, str(role), role, elsewhere, known.get(role, frozenset()))
    for role in (Role.OPERATOR, Role.SOCIAL_WORKER):
        _asker(session, world, f"{role} of the shelter", role, shelter, whole)
    _asker(
        session,
        world,
        "operator with every compartment",
        Role.OPERATOR,
        elsewhere,
        frozenset(),
        set(Compartment),
    )
    _asker(
        session,
        world,
        "coordinator with every compartment",
        Role.COORDINATOR,
        elsewhere,
        whole | set(SEALED),
        set(Compartment),
    )
    for holder in (Holder.CONTRACTOR, Holder.PARTNER):
        office = staff.office(session, f"Fuori {holder}", holder=holder)
        name = f"coordinator of a {holder}"
        everything = set(Compartment)
        # A partner reads what was sent to it, and nothing else of her.
        theirs = frozenset({"zqsent"}) if holder is Holder.PARTNER else frozenset[str]()
        _asker(session, world, name, Role.COORDINATOR, office.id, theirs, everything)


def _asker(
    session: Session,
    world: World,
    name: str,
    role: Role,
    office: UUID,
    may_read: frozenset[str],
    compartments: set[Compartment] | None = None,
) -> None:
    person = somebody(session, f"asker{len(world.askers)}", "Chi Chiede", role)
    person.office_id = office
    person.compartments = sorted(compartments or ())
    world.askers[name] = Asker(role, tokens.issue(session, person), may_read)


def filled(path: str, ids: dict[str, Any]) -> str:
    """The path with her ids in it, and ids of nothing elsewhere."""
    return re.sub(r"{(\w+)[^}]*}", lambda found: str(ids.get(found[1], uuid4())), path)


def body_of(schema: dict[str, Any], whole: dict[str, Any], ids: dict[str, Any]) -> Any:
    """A body that the schema accepts, about her wherever an id is asked for."""
    if "$ref" in schema:
        schema = whole["components"]["schemas"][schema["$ref"].split("/")[-1]]
    schema = schema.get("anyOf", [schema])[0]
    if "$ref" in schema:
        return body_of(schema, whole, ids)
    match schema.get("type"), schema.get("format"):
        case _ if "enum" in schema:
            return schema["enum"][0]
        case "object", _:
            return {
                name: str(ids[name]) if name in ids else body_of(each, whole, ids)
                for name, each in schema.get("properties", {}).items()
                if name in schema.get("required", ()) or name in ids
            }
        case "array", _:
            return [body_of(schema.get("items", {}), whole, ids)]
        case _, "uuid":
            return str(ids["person_id"])
        case _:
            pass
    plain = {"integer": schema.get("minimum", 1), "number": 1, "boolean": False, "null": None}
    return plain.get(str(schema.get("type")), "x" * max(1, schema.get("minLength", 1)))


def canaries(text: str) -> set[str]:
    """Those that this text gives away, however numbers are grouped."""
    plain = re.sub(r"(?<=\d)[\s.-](?=\d)", "", text)
    return {each for each in (*NAMES, *OTHER_CANARIES, *SEALED) if each in text or each in plain}
