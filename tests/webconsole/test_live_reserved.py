"""What the live feed tells of reserved files: nothing, to who may not know of them."""

import json
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest

from registry import cases, journal, people, staff
from registry.access import Actor, Role
from registry.cases import Area
from registry.kit.db import transaction
from tests.waiting import eventually
from tests.webconsole.feed import START_OF_ALL, BulbLit
from webconsole import hearing, live


@dataclass(frozen=True, kw_only=True)
class FileTouched(journal.Event):
    lamp_id: UUID


FileTouched.kind = "registry.file_touched"
journal.Event.kinds[FileTouched.kind] = FileTouched


def test_nobody_hears_of_a_reserved_file_but_those_who_may_know(database: None) -> None:
    """Of her file nothing at all; of her call, as of any other, only that there is one."""
    with transaction() as session:
        shelter = staff.office(session, "Casa protetta", "rifugio")
        hidden = people.create(session, given_name="Zita", family_name="Nascosta", restricted=True)
        hidden.kept_by = shelter.id
        for kind in (FileTouched, BulbLit):
            journal.record(session, kind(person_id=hidden.id, lamp_id=uuid4()))
    mine = (FileTouched.kind, BulbLit.kind)
    eventually(lambda: {each.kind for each in live._after(START_OF_ALL)[0]} >= set(mine))
    after, reserved = live._after(START_OF_ALL)
    entries = [each for each in after if each.kind in mine]

    def heard_by(role: Role, office: UUID | None = None) -> list[dict[str, object]]:
        actor = Actor(
            staff_id=uuid4(), login="x", name="X", roles=frozenset({role}), office_id=office
        )
        messages = (hearing.News(each, reserved).told(actor) for each in entries)
        return [json.loads(each) for each in messages if each is not None]

    (call,) = heard_by(Role.OPERATOR)
    assert (call["kind"], set(call["ids"])) == (BulbLit.kind, {"lamp_id"})  # type: ignore[call-overload]
    assert heard_by(Role.SOCIAL_WORKER) == []
    for may_know in (heard_by(Role.COORDINATOR), heard_by(Role.OPERATOR, shelter.id)):
        assert [each["kind"] for each in may_know] == [FileTouched.kind, BulbLit.kind]
        assert {each["ids"]["person_id"] for each in may_know} == {str(hidden.id)}  # type: ignore[index]


@dataclass(frozen=True, kw_only=True)
class HomesVisited(journal.Event):
    """Ids of files under names of its own, one and many."""

    neighbour_id: UUID
    homes: list[UUID]
    lamp_id: UUID


HomesVisited.kind = "callcenter.homes_visited"
journal.Event.kinds[HomesVisited.kind] = HomesVisited


@pytest.mark.parametrize("way", ["case", "fact", "list"])
def test_a_reserved_file_is_not_told_by_its_case_or_under_another_name(
    database: None, way: str
) -> None:
    with transaction() as session:
        hidden = people.create(session, given_name="Zita", family_name="Nascosta", restricted=True)
        case = cases.open_(session, area=Area.EMERGENCY, person_id=hidden.id)
        other, lamp = uuid4(), uuid4()
        happened = HomesVisited(
            case_id=case.id if way == "case" else None,
            neighbour_id=hidden.id if way == "fact" else other,
            homes=[other, case.id] if way == "list" else [other],
            lamp_id=lamp,
        )
        journal.record(session, happened)
    mine = HomesVisited.kind
    eventually(lambda: mine in {each.kind for each in live._after(START_OF_ALL)[0]})
    after, reserved = live._after(START_OF_ALL)
    (entry,) = (each for each in after if each.kind == mine)

    def heard_by(role: Role) -> str:
        actor = Actor(staff_id=uuid4(), login="x", name="X", roles=frozenset({role}))
        return hearing.News(entry, reserved).told(actor) or ""

    for name in (str(hidden.id), str(case.id)):
        assert name not in heard_by(Role.OPERATOR)
    assert str(lamp) in heard_by(Role.OPERATOR)
    named = str(hidden.id if way == "fact" else case.id)
    assert named in heard_by(Role.COORDINATOR)
