"""The live feed: what is heard, and how a console catches up."""

import asyncio
from typing import cast

import pytest
from sqlalchemy.exc import OperationalError
from starlette.websockets import WebSocket, WebSocketDisconnect

from registry import journal
from registry.access import HOUSE
from tests.waiting import apart, eventually
from tests.webconsole.feed import OURS, START_OF_ALL, BulbLit, SignIn, heard, light, lit_after
from webconsole import hearing, live
from webconsole.still_here import Known, Shown


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
    last = eventually(lambda: lit_after(str(position), 3))
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


def test_a_console_too_slow_to_follow_is_told_to_look_at_everything() -> None:
    console = live.Console(HOUSE, None)
    for number in range(live.BACKLOG + 1):
        console.tell(str(number))

    assert console.messages.get_nowait() == live.ANEW
    assert console.messages.empty()
