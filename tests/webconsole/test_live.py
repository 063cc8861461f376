"""The live feed: who may listen, what they hear, and how they catch up."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event
from typing import cast
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from starlette.testclient import TestClient, WebSocketTestSession
from starlette.websockets import WebSocket, WebSocketDisconnect

from registry import administration, cases, door, journal, people, sessions, staff, tokens
from registry.access import HOUSE, Actor, Role
from registry.cases import Area
from registry.kit.db import transaction
from tests.conftest import somebody
from tests.waiting import apart, eventually
from webconsole import hearing, live
from webconsole.still_here import Known, Shown

SignIn = Callable[..., TestClient]
OURS = {"origin": "https://testserver"}
START_OF_ALL = journal.Position(1, 1)


@dataclass(frozen=True, kw_only=True)
class BulbLit(journal.Event):
    lamp_id: UUID


# Told to whoever may hear of the helpline.
BulbLit.kind = "callcenter.bulb_lit"
journal.Event.kinds[BulbLit.kind] = BulbLit


def light() -> str:
    lamp = uuid4()
    with transaction() as session:
        journal.record(session, BulbLit(lamp_id=lamp))
    return str(lamp)


def heard(socket: WebSocketTestSession, kind: str) -> dict[str, object]:
    """The next message of this kind; heartbeats and others are passed over."""
    while True:
        message: dict[str, object] = socket.receive_json()
        if message["kind"] == kind:
            return message


def test_a_console_hears_what_happens_and_gets_ids_only(signed_in: SignIn) -> None:
    client = signed_in("anna")
    with client.websocket_connect("/live", headers=OURS) as socket:
        socket.send_json({"resume": None})
        heard(socket, "snapshot")
        lamp = light()

        message = heard(socket, BulbLit.kind)

    assert message["ids"] == {"lamp_id": lamp}
    assert set(message) == {"position", "kind", "ids"}


def test_a_console_that_was_away_gets_what_it_missed(signed_in: SignIn) -> None:
    client = signed_in("anna")
    with client.websocket_connect("/live", headers=OURS) as socket:
        socket.send_json({"resume": None})
        light()
        position = heard(socket, BulbLit.kind)["position"]
    missed = [light() for _ in range(3)]

    with client.websocket_connect("/live", headers=OURS) as socket:
        socket.send_json({"resume": position})
        got = [heard(socket, BulbLit.kind)["ids"] for _ in missed]

    assert got == [{"lamp_id": each} for each in missed]


def test_what_happens_meanwhile_is_told_after_what_was_missed(
    signed_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = signed_in("anna")
    with client.websocket_connect("/live", headers=OURS) as socket:
        socket.send_json({"resume": None})
        light()
        position = heard(socket, BulbLit.kind)["position"]
    missed = [light() for _ in range(3)]
    last = eventually(lambda: _lit_after(str(position), 3))
    eventually(lambda: live.hub.position >= last)
    reads = live._after

    def reads_slowly(since: journal.Position) -> tuple[list[journal.Entry], hearing.Reserved]:
        found = reads(since)
        if str(since) == position and not lit_meanwhile:
            lit_meanwhile.append(light())
            eventually(lambda: live.hub.position > last)
        return found

    lit_meanwhile: list[str] = []
    monkeypatch.setattr(live, "_after", reads_slowly)
    with client.websocket_connect("/live", headers=OURS) as socket:
        socket.send_json({"resume": position})
        first = socket.receive_json()
        got = [first["ids"], *(heard(socket, BulbLit.kind)["ids"] for _ in range(3))]

    # The first position it hears is of the first it missed: cut off there, it asks for the rest.
    assert got == [{"lamp_id": each} for each in missed + lit_meanwhile]


def _lit_after(position: str, number: int) -> journal.Position | None:
    """Where the bulb of this number is in the journal, counted from 1."""
    entries, _ = live._after(journal.Position.parse(position))
    lit = [entry.position for entry in entries if entry.kind == BulbLit.kind]
    return lit[number - 1] if len(lit) >= number else None


def test_too_much_missed_means_look_at_everything(
    signed_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "REPLAY", 3)
    client = signed_in("anna")
    for _ in range(4):
        light()
    # Another worker's open transaction may still hide the last ones from every reader.
    eventually(lambda: len(live._after(START_OF_ALL)[0]) == live.REPLAY)
    with client.websocket_connect("/live", headers=OURS) as socket:
        socket.send_json({"resume": str(START_OF_ALL)})
        assert heard(socket, "snapshot")


@pytest.mark.parametrize("origin", ["https://example.com", "null", None])
def test_a_page_of_another_site_is_not_let_in(signed_in: SignIn, origin: str | None) -> None:
    client = signed_in("anna")
    headers = {"origin": origin} if origin else {}
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/live", headers=headers):
        pass


def test_without_a_session_it_is_closed_with_the_code_that_says_so(client: TestClient) -> None:
    with (
        client.websocket_connect("/live", headers=OURS) as socket,
        pytest.raises(WebSocketDisconnect) as closed,
    ):
        socket.receive_json()
    assert closed.value.code == live.UNAUTHENTICATED


def test_signing_out_closes_the_socket(signed_in: SignIn) -> None:
    client = signed_in("anna")
    with client.websocket_connect("/live", headers=OURS) as socket:
        socket.send_json({"resume": None})
        heard(socket, "snapshot")
        client.post("/esci", follow_redirects=False)
        with pytest.raises(WebSocketDisconnect) as closed:
            heard(socket, "nothing more")
    assert closed.value.code == live.UNAUTHENTICATED


def leaves(session: Session) -> None:
    ada = somebody(session, "ada", "Ada Facsimile", Role.ADMINISTRATOR)
    administration.let_go(session, staff.named(session, "anna"), ada.actor)


def is_signed_out_elsewhere(session: Session) -> None:
    sessions.end_all(session, staff.named(session, "anna").id)


def loses_the_token(session: Session) -> None:
    tokens.revoke(session, tokens.of(session, staff.named(session, "anna").id)[0])


@pytest.mark.parametrize(
    ("happens", "with_token"),
    [(leaves, False), (leaves, True), (is_signed_out_elsewhere, False), (loses_the_token, True)],
)
def test_whoever_may_no_longer_listen_is_cut_off_when_it_happens(
    signed_in: SignIn,
    monkeypatch: pytest.MonkeyPatch,
    happens: Callable[[Session], None],
    with_token: bool,
) -> None:
    """Within two seconds, on a quiet machine; here, that nobody had to look by the clock."""
    monkeypatch.setattr(live, "RECHECK", 3_600)
    client, headers = signed_in("anna"), dict(OURS)
    if with_token:
        with transaction() as session:
            secret = tokens.issue(session, staff.named(session, "anna"))
        headers = {"authorization": f"Bearer {secret}"}
        client.cookies.clear()
    with client.websocket_connect("/live", headers=headers) as socket:
        socket.send_json({"resume": None})
        heard(socket, "snapshot")
        with transaction() as session:
            happens(session)
        with pytest.raises(WebSocketDisconnect) as closed:
            heard(socket, "nothing more")
    assert closed.value.code == live.UNAUTHENTICATED


def loses_the_role(session: Session) -> None:
    anna = staff.named(session, "anna")
    staff.change(
        session, anna, name=anna.name, roles={Role.TECHNICIAN}, office_id=None, team_id=None
    )


def test_rights_that_change_hold_on_an_open_screen_too(
    signed_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "RECHECK", 3_600)
    client = signed_in("anna")
    with client.websocket_connect("/live", headers=OURS) as socket:
        socket.send_json({"resume": None})
        heard(socket, "snapshot")
        (console,) = live.hub.consoles
        with transaction() as session:
            loses_the_role(session)
            journal.record(session, BulbLit(lamp_id=uuid4()))

        # Not the bulb, which is lit at the same moment and is nothing for a technician.
        assert heard(socket, "snapshot")
        assert console.actor.roles == {Role.TECHNICIAN}


def test_rights_that_change_during_a_resume_hold_for_what_was_missed(
    signed_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "RECHECK", 3_600)
    reads, asks = live._after, live.doorkeeper.who
    reading, told = Event(), Event()
    client = signed_in("anna")
    with client.websocket_connect("/live", headers=OURS) as socket:
        socket.send_json({"resume": None})
        light()
        position = str(heard(socket, BulbLit.kind)["position"])
    light()
    last = eventually(lambda: _lit_after(position, 1))
    eventually(lambda: live.hub.position >= last)

    def reads_slowly(since: journal.Position) -> tuple[list[journal.Entry], hearing.Reserved]:
        found = reads(since)
        if str(since) == position and not reading.is_set():
            reading.set()
            with transaction() as session:
                loses_the_role(session)
            (console,) = live.hub.consoles
            eventually(console.doubted.is_set)
        return found

    async def says_late(shown: Shown) -> Known:
        if reading.is_set():
            await asyncio.to_thread(told.wait)
        return await asks(shown)

    monkeypatch.setattr(live, "_after", reads_slowly)
    monkeypatch.setattr(live.doorkeeper, "who", says_late)
    with client.websocket_connect("/live", headers=OURS) as socket:
        socket.send_json({"resume": position})
        first = socket.receive_json()
        told.set()
        second = heard(socket, "snapshot")

    # Of what she missed nothing; first that she has to look, and again once her rights are clear.
    assert first["kind"] == "snapshot"
    assert "position" in first
    assert "position" not in second


def test_a_console_that_comes_while_nobody_can_say_who_it_is_comes_again(
    signed_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Left open it would hear heartbeats, believe it hears everything, and hear of no alarm."""
    client = signed_in("anna")

    async def nobody_knows(_: Shown) -> Known:
        raise OperationalError("look", {}, Exception("gone"))

    with client.websocket_connect("/live", headers=OURS) as socket:
        monkeypatch.setattr(live.doorkeeper, "who", nobody_knows)
        socket.send_json({"resume": None})
        with pytest.raises(WebSocketDisconnect) as closed:
            heard(socket, "nothing more")
    assert closed.value.code == live.LEFT


def test_no_position_is_told_to_whom_something_was_not(
    signed_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "BEAT", 0.05)
    client = signed_in("anna")
    with client.websocket_connect("/live", headers=OURS) as socket:
        assert "position" not in heard(socket, "beat")
        socket.send_json({"resume": None})
        heard(socket, "snapshot")
        assert "position" in heard(socket, "beat")


class Stalled:
    """A socket whose other end reads nothing: what is sent to it never goes."""

    def __init__(self) -> None:
        self.closed_with: int | None = None
        self.forever = asyncio.Event()

    async def send_text(self, _: str) -> None:
        await self.forever.wait()

    async def receive_json(self) -> None:
        await self.forever.wait()

    async def close(self, code: int) -> None:
        self.closed_with = code


def test_who_does_not_read_is_cut_off_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    async def listens() -> tuple[int | None, int]:
        socket, console = Stalled(), live.Console(HOUSE, None)

        async def welcome(_: object) -> live.Console:
            return console

        monkeypatch.setattr(live, "_welcome", welcome)
        listening = asyncio.create_task(live.listen(cast("WebSocket", socket)))
        for number in range(live.BACKLOG - 1):
            console.tell(str(number))
        await asyncio.sleep(0)
        console.end()
        console.tell("one more")
        await asyncio.wait_for(listening, 20)
        return socket.closed_with, console.messages.qsize()

    # Apart: where a browser was opened, its loop runs in ours.
    assert apart(lambda: asyncio.run(listens())) == (live.UNAUTHENTICATED, 0)


def test_each_message_of_a_console_is_authorised_anew(
    signed_in: SignIn,
) -> None:
    client = signed_in("anna")
    with client.websocket_connect("/live", headers=OURS) as socket:
        socket.send_json({"resume": None})
        heard(socket, "snapshot")
        (console,) = live.hub.consoles
        # The session ends behind the feed's back: no event, as after a restored backup.
        with transaction() as session:
            session.execute(text("UPDATE sessions SET ended_at = now()"))
        socket.send_json({"beat": True})
        with pytest.raises(WebSocketDisconnect) as closed:
            heard(socket, "nothing more")
    assert closed.value.code == live.UNAUTHENTICATED
    assert console.actor.staff_id not in live.hub.present


def test_nothing_is_told_under_rights_in_doubt() -> None:
    actor = Actor(staff_id=None, login="a", name="A", roles=frozenset({Role.OPERATOR}))
    hub, console = live.Hub(), live.Console(actor, None)
    hub.consoles.add(console)
    entry = journal.Entry(id=1, xid=1, kind=BulbLit.kind, facts={"lamp_id": "x"})
    hub._spread(entry, {})
    assert console.messages.qsize() == 1
    console.doubt()
    hub._spread(entry, {})
    assert console.messages.qsize() == 1


def test_a_doubt_that_comes_while_another_is_looked_into_is_not_forgotten() -> None:
    """What was read before it may be out of date: it neither counts nor ends the doubt."""
    before = Actor(staff_id=None, login="a", name="A", roles=frozenset({Role.OPERATOR}))
    after = Actor(staff_id=None, login="a", name="A", roles=frozenset({Role.TECHNICIAN}))
    console = live.Console(before, None)
    console.doubt()
    asked_at = console.doubts
    console.doubt()

    console.known(before, asked_at)
    assert console.doubted.is_set()
    assert console.messages.empty()
    console.known(after, console.doubts)
    # An answer to a question of before the doubts comes late: it gives no rights back.
    console.known(before, 0)

    assert console.actor is after
    assert not console.doubted.is_set()
    assert console.messages.get_nowait() == live.ANEW
    assert console.messages.empty()


def test_a_program_listens_with_a_token_and_hears_only_what_it_may(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "BEAT", 0.5)
    with transaction() as session:
        operator = tokens.issue(session, somebody(session, "anna", "Anna Riva", Role.OPERATOR))
        auditor = tokens.issue(session, somebody(session, "aldo", "Aldo Verdi", Role.AUDITOR))

    def headers(secret: str) -> dict[str, str]:
        return {"authorization": f"Bearer {secret}"}

    with (
        client.websocket_connect("/live", headers=headers(auditor)) as deaf,
        client.websocket_connect("/live", headers=headers(operator)) as hears,
    ):
        for socket in (deaf, hears):
            socket.send_json({"resume": None})
            heard(socket, "snapshot")
        light()
        lit = journal.Position.parse(str(heard(hears, BulbLit.kind)["position"]))
        while (beat := deaf.receive_json())["kind"] == "beat":
            if journal.Position.parse(beat["position"]) >= lit:
                break
        assert beat["kind"] == "beat"


def test_a_console_too_slow_to_follow_is_told_to_look_at_everything() -> None:
    console = live.Console(HOUSE, None)
    for number in range(live.BACKLOG + 1):
        console.tell(str(number))

    assert console.messages.get_nowait() == live.ANEW
    assert console.messages.empty()


def test_the_cookie_of_somebody_else_is_not_guessed(client: TestClient) -> None:
    client.cookies.set(door.COOKIE, "x" * 43, domain="testserver.local", path="/")
    assert client.get("/api/v1/me").status_code == 401


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
