"""Who passes which door, and that nobody learns of a reserved person: route × role × office."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import event, select
from starlette.testclient import TestClient

from registry import access
from registry.access import RIGHTS, Actor, Role
from registry.journal import Entry, Event
from registry.kit import db
from registry.kit.db import transaction
from tests.conftest import empty
from tests.webconsole import matrix
from tests.webconsole.matrix import Asker, Door, World

pytestmark = pytest.mark.in_order

HOW = """
tests/webconsole/matrix.txt says who passes each door, one line each. Compare the lines below with
what you meant; then write them there (lines with + are what the code does, lines with - what the
table says). `everybody` is whoever is signed in, `public` anybody, `carrier` a signed webhook,
`screen` a browser's session, locked or not.
"""
# About the processes of the house, which do not run here.
NOT_ASKED = {"GET /metrics", "GET /readyz"}


def test_every_door_lets_in_those_who_were_agreed_on() -> None:
    from webconsole.app import make

    doors = {each.name: each for each in matrix.doors(make())}
    table = matrix.written()

    differ = [
        *(f"+ {each.line}" for name, each in doors.items() if table.get(name) != each.let_in),
        *(
            f"- {name}  {' '.join(sorted(let_in))}"
            for name, let_in in table.items()
            if not name.startswith("HEARS ") and (name not in doors or doors[name].let_in != let_in)
        ),
    ]
    assert differ == [], HOW + "\n".join(differ)
    assert "unguarded" not in {word for each in doors.values() for word in each.let_in}


@pytest.fixture(scope="module")
def house(_database: None) -> Iterator[tuple[TestClient, World, list[Door]]]:
    """The whole application over a database in which a reserved person has everything."""
    from webconsole.app import app

    with transaction() as session:
        world = matrix.build(session)
    with TestClient(app, base_url="https://testserver", raise_server_exceptions=False) as client:
        yield client, world, matrix.doors(app)
    empty()


def comes(asker: Asker, name: str, door: Door) -> bool:
    """Whoever passes comes to read; where something is done, one of each role is enough."""
    if door.let_in & {"public", "screen"}:
        return asker.role is Role.OPERATOR and name == "operator"
    inside = door.let_in & {str(asker.role), "everybody"}
    if asker.may_read >= set(matrix.SEALED):
        return False
    return bool(inside) and (door.method == "GET" or name == str(asker.role))


def ask(client: TestClient, door: Door, world: World, token: str) -> Any:
    """One request at this door, about the reserved person wherever that can be said."""
    headers = {"authorization": f"Bearer {token}"}
    path = matrix.filled(door.path, world.ids)
    more: dict[str, Any] = {}
    if door.method == "GET":
        about = {"q": matrix.QUESTION, "person_id": str(world.ids["person_id"])}
        more["params"] = about | {"persona": about["person_id"]}
    else:
        spec = client.app.openapi()  # type: ignore[attr-defined]
        said = spec["paths"].get(door.path, {}).get(door.method.lower(), {}).get("requestBody")
        content = said["content"].get("application/json") if said else None
        more["json"] = matrix.body_of(content["schema"], spec, world.ids) if content else {}
    return client.request(door.method, path, headers=headers, follow_redirects=False, **more)


def test_the_canaries_sing_for_whoever_may_hear_them(
    house: tuple[TestClient, World, list[Door]],
) -> None:
    """Else the next test would find nothing because there is nothing."""
    client, world, doors = house
    heard = set[str]()
    asker = world.askers["coordinator with every compartment"]
    for door in doors:
        if door.method == "GET" and door.let_in & {"coordinator", "everybody"}:
            heard |= matrix.canaries(ask(client, door, world, asker.token).text)

    assert heard >= {*matrix.NAMES, *matrix.SEALED, "zqalert", "zqnear", "zqcase", "zqstreet"}


def test_nobody_learns_of_a_reserved_person(
    house: tuple[TestClient, World, list[Door]],
) -> None:
    """No name, number, street, note or compartment in any answer, errors and headers included."""
    client, world, doors = house
    leaks, faults, asked = [], [], 0
    for door in doors:
        if door.method == "LIVE" or door.name in NOT_ASKED or "carrier" in door.let_in:
            continue
        for name, asker in world.askers.items():
            if not comes(asker, name, door):
                continue
            answer = ask(client, door, world, asker.token)
            asked += 1
            given = matrix.canaries(answer.text + str(answer.headers)) - asker.may_read
            leaks += [f"{door.name} as {name} ({answer.status_code}): {word}" for word in given]
            if answer.status_code >= 500:
                faults.append(f"{door.name} as {name}: {answer.status_code}")

    assert not leaks, "\n".join(leaks)
    assert not faults, "\n".join(faults)
    assert asked > 400


# The room's live picture is fetched at each event by every console: what it shows are calls, alarms
# and teams at work, each in the journal by itself; opening one of its files is written down.
LIVE_PICTURE = {"GET /api/v1/board"}
# Files that are taken along; those of a subject's own data are the export of that person.
TAKEN = re.compile(r"\.(csv|xlsx|zip|ics)$|/refusals$")
OPEN_TO_ALL = {"GET /api/v1/feeds/{secret}.ics"}


def test_whoever_was_shown_somebody_is_in_the_journal_with_role_office_and_purpose(
    house: tuple[TestClient, World, list[Door]],
) -> None:
    """At every door whose answer says anything of her, for whoever may know of her."""
    client, world, doors = house
    her, missing, told = str(world.ids["person_id"]), [], 0
    for door in doors:
        if door.method != "GET" or door.name in NOT_ASKED | LIVE_PICTURE:
            continue
        for name, asker in world.askers.items():
            if not asker.may_read or not comes(asker, name, door):
                continue
            before = newest()
            answer = ask(client, door, world, asker.token)
            if not matrix.canaries(answer.text):
                continue
            told += 1
            looks = [each for each in since(before) if names(each, her)]
            if not any(whole(each) for each in looks):
                missing.append(f"{door.name} as {name}: {[each.kind for each in looks]}")
    assert not missing, "\n".join(missing)
    assert told > 50


def test_whoever_takes_a_file_along_is_in_the_journal(
    house: tuple[TestClient, World, list[Door]],
) -> None:
    client, world, doors = house
    asker = world.askers["coordinator with every compartment"]
    taken = [each for each in doors if TAKEN.search(each.path) and each.name not in OPEN_TO_ALL]
    for door in taken:
        before = newest()
        answer = ask(client, door, world, asker.token)
        if answer.status_code == 200:
            kinds = {each.kind for each in since(before) if whole(each)}
            assert (door.name, "registry.list_exported" in kinds) == (door.name, True)
    assert len(taken) > 5


def newest() -> int:
    with transaction() as session:
        return session.scalar(select(Entry.id).order_by(Entry.id.desc()).limit(1)) or 0


def since(before: int) -> list[Entry]:
    with transaction() as session:
        return list(session.scalars(select(Entry).where(Entry.id > before)))


def names(entry: Entry, person_id: str) -> bool:
    return str(entry.person_id) == person_id or person_id in entry.facts.get("shown", ())


def whole(entry: Entry) -> bool:
    """Who, as what, from where, and what for."""
    said = entry.facts
    return bool(entry.actor_id and said.get("roles") and said.get("office_id") and said.get("why"))


def test_a_door_is_closed_to_whoever_is_not_let_in(
    house: tuple[TestClient, World, list[Door]],
) -> None:
    """The guards are real: one asker who must not pass, at each door; and nobody at all."""
    client, world, doors = house
    wrong = []
    for door in doors:
        if door.method == "LIVE" or door.let_in & {"public", "carrier"}:
            continue
        nobody = ask(client, door, world, "no such token")
        if nobody.status_code != 401:
            wrong.append(f"{door.name} without a token: {nobody.status_code}")
        others = [role for role in Role if not door.let_in & {str(role), "everybody", "screen"}]
        if others:
            refused = ask(client, door, world, world.askers[others[0]].token)
            if refused.status_code != 403:
                wrong.append(f"{door.name} as {others[0]}: {refused.status_code}")

    assert wrong == []


def test_a_search_for_a_reserved_person_is_like_one_for_nobody(
    house: tuple[TestClient, World, list[Door]],
) -> None:
    client, world, _ = house
    asker = world.askers["operator"]

    def answer(q: str) -> Any:
        headers = {"authorization": f"Bearer {asker.token}"}
        return client.get("/api/v1/people", params={"q": q}, headers=headers).json()

    for question in (" ".join(matrix.NAMES), "0825551977", matrix.QUESTION, "zqstreet 7 borgo"):
        assert answer(question) == answer("qwxyz nessuno così")


def test_a_search_for_a_reserved_person_takes_the_way_of_one_for_nobody(
    house: tuple[TestClient, World, list[Door]],
) -> None:
    """Time says nothing either: the archive is asked the same questions in the same order."""
    client, world, _ = house
    headers = {"authorization": f"Bearer {world.askers['operator'].token}"}

    def asked(q: str) -> list[str]:
        seen: list[str] = []

        def note(_: Any, __: Any, statement: str, *___: Any) -> None:
            # What the live feed and others ask meanwhile is none of this.
            if not statement.startswith("SELECT people.id, people.kept_by \n") and re.search(
                r"FROM (people|name_keys|phones|identifiers|addresses|cases)\b", statement
            ):
                # How a list of ids is written out depends on how many there are.
                seen.append(statement.partition("WHERE")[0])

        event.listen(db.engine(), "after_cursor_execute", note)
        try:
            found = client.get("/api/v1/people", params={"q": q}, headers=headers)
        finally:
            event.remove(db.engine(), "after_cursor_execute", note)
        assert found.status_code == 200
        return seen

    for hers, nobodys in (
        (" ".join(matrix.NAMES), "Qwxyzina Nessunaqi"),
        ("0825551977", "0825551900"),
        (matrix.NAMES[1], "Nessunaqi"),
    ):
        assert asked(nobodys), "else nothing is compared"
        assert asked(hers) == asked(nobodys)


def test_every_fact_on_the_live_feed_is_for_those_who_were_agreed_on() -> None:
    """Kinds by their first word; what only the auditor may know is told to no screen."""
    hears = {
        f"HEARS {kind.partition('.')[0]}": {
            str(role) for role in Role if RIGHTS[role] & access.HEARS[kind.partition(".")[0]]
        }
        for kind in Event.kinds
        if kind.partition(".")[0] in access.HEARS
    }
    table = {name: set(words) for name, words in matrix.written().items() if name in hears}
    assert hears == table, HOW + str(hears)
    auditor = Actor(staff_id=None, login="a", name="A", roles=frozenset({Role.AUDITOR}))
    assert [kind for kind in Event.kinds if access.hears(auditor, kind, {})] == []
    heard = {"registry.people_merged", "registry.merge_undone", "registry.glass_broken"}
    looked = {kind for kind, each in Event.kinds.items() if each.what_for} - heard
    looked |= {"registry.person_read"}
    for role in Role:
        actor = Actor(staff_id=None, login="x", name="X", roles=frozenset({role}))
        assert [kind for kind in looked if access.hears(actor, kind, {})] == []
        told = access.hears(actor, "registry.glass_broken", {})
        assert told is (role is Role.COORDINATOR)
