"""A console's live link: it hears what happens and answers the server's heartbeat."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.stories.conftest import House
from tests.waiting import eventually

PRESENT = json.dumps({"beat": True, "audio": True})


@dataclass
class Screen:
    """What was heard so far, in order; heartbeats apart."""

    socket: ClientConnection
    heard: list[dict[str, Any]] = field(default_factory=list)
    told: int = 0

    def listen(self) -> None:
        try:
            for message in self.socket:
                said = json.loads(message)
                if said["kind"] == "beat":
                    self.socket.send(PRESENT)
                else:
                    self.heard.append(said)
        except ConnectionClosed:
            return

    def hears(self, kind: str) -> dict[str, Any]:
        """The ids of the next message of this kind."""

        def next_one() -> dict[str, Any] | None:
            while self.told < len(self.heard):
                self.told += 1
                if self.heard[self.told - 1]["kind"] == kind:
                    return self.heard[self.told - 1]
            return None

        ids: dict[str, Any] = eventually(next_one, within=40)["ids"]
        return ids


@contextmanager
def screen(house: House, client: httpx2.Client) -> Iterator[Screen]:
    """The screen of whoever this client belongs to, connected and present."""
    address = house.url.replace("http", "ws") + "/live"
    token = {"Authorization": client.headers["authorization"]}
    with connect(address, additional_headers=token) as socket:
        socket.send(json.dumps({"resume": None}))
        opened = Screen(socket)
        thread = threading.Thread(target=opened.listen, daemon=True)
        thread.start()
        socket.send(PRESENT)
        yield opened
        socket.close()
        thread.join(5)
