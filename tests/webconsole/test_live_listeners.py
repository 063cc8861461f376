"""Who may listen to the live feed, and what ends when rights do."""

import asyncio
from collections.abc import Callable
from threading import Event
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from registry import administration, door, journal, sessions, staff, tokens
from registry.access import Actor, Role
from registry.kit.db import transaction
from tests.conftest import somebody
from tests.waiting import eventually
from tests.webconsole.feed import OURS, BulbLit, SignIn, heard, light, lit_after
from webconsole import hearing, live
from webconsole.still_here import Known, Shown


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
    last = eventually(lambda: lit_after(position, 1))
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


def test_the_cookie_of_somebody_else_is_not_guessed(client: TestClient) -> None:
    client.cookies.set(door.COOKIE, "x" * 43, domain="testserver.local", path="/")
    assert client.get("/api/v1/me").status_code == 401
