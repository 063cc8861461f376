"""Apps that keep a ledger as the other units do: over HTTP, over a WebSocket, through a broker."""

import http.client
import json
import queue
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from sqlalchemy.orm import Session
from typing_extensions import override
from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from telecare import device_tokens, devices
from tests.gates.diallers import OnLines
from tests.telecare import mqtt_broker
from tests.telecare.mqtt_broker import Broker

HERE = "127.0.0.1"
SIGNALS = "/api/v1/signals"


def known(session: Session, accounts: Sequence[str]) -> list[str]:
    """Units of these accounts that speak JSON, and the token that each shows."""
    units = [devices.add(session, account=each, protocol=devices.JSON) for each in accounts]
    return [device_tokens.issue(session, unit)[1] for unit in units]


def broker_in(folder: Path) -> Broker | None:
    """A broker where one is installed; where not, the gate goes on with its other doors."""
    if mqtt_broker.MOSQUITTO is None:
        print(mqtt_broker.MISSING)  # noqa: T201 - what the gate has not seen
        return None
    return Broker(folder)


class App(OnLines):
    """One unit that speaks JSON; the id of each event is its number."""

    def __init__(self, account: str, port: int) -> None:
        super().__init__(account, port)
        self._port = port

    def _event(self, number: int) -> str:
        return json.dumps({"id": f"{number:04d}", "kind": "personal"})


class HttpApp(App):
    """Posts each event on a connection that it keeps."""

    def __init__(self, account: str, port: int, token: str) -> None:
        super().__init__(account, port)
        self.told = ""  # the last answer, or why there was none
        self._door = http.client.HTTPConnection(HERE, port)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    @override
    def ask(self, number: int) -> bool:
        try:
            self._door.timeout = self.patience
            if self._door.sock is not None:
                self._door.sock.settimeout(self.patience)
            self._door.request("POST", SIGNALS, self._event(number), self._headers)
            answer = self._door.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.told = type(error).__name__
            return False
        self.told = str(answer.status)
        return answer.status == http.client.OK

    @override
    def hang_up(self) -> None:
        self._door.close()


class SocketApp(App):
    """Stays connected by WebSocket."""

    def __init__(self, account: str, port: int, token: str) -> None:
        super().__init__(account, port)
        self._headers = {"Authorization": f"Bearer {token}"}
        self._socket: ClientConnection | None = None
        self._closing = ExitStack()

    @override
    def ask(self, number: int) -> bool:
        try:
            if self._socket is None:
                opening = connect(
                    f"ws://{HERE}:{self._port}{SIGNALS}/socket",
                    additional_headers=self._headers,
                    open_timeout=self.patience,
                    close_timeout=0.2,
                    proxy=None,
                )
                self._socket = self._closing.enter_context(opening)
            self._socket.send(self._event(number))
            while True:
                answer = json.loads(self._socket.recv(timeout=self.patience))
                if answer["id"] == f"{number:04d}":
                    return bool(answer["type"] == "stored")
        except (OSError, WebSocketException):
            return False

    @override
    def hang_up(self) -> None:
        self._socket = None
        self._closing.close()


class BrokerApp(App):
    """Publishes to the broker; only our own answer on its topic counts, not the broker's."""

    def __init__(self, account: str, port: int) -> None:
        super().__init__(account, port)
        self._heard: queue.Queue[str] = queue.Queue()
        self._client = Client(CallbackAPIVersion.VERSION2, client_id=account, protocol=MQTTv5)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = self._joins
        self._client.on_message = self._told

    def _topic(self, what: str) -> str:
        return f"centrale/v1/{self.account}/{what}"

    def _joins(self, client: Client, *_: Any) -> None:
        client.subscribe(self._topic("answers"), qos=1)

    def _told(self, *told: Any) -> None:
        answer = json.loads(told[2].payload)
        if answer["type"] == "stored":
            self._heard.put(answer["id"])

    def begin(self) -> None:
        self._client.connect_async(HERE, self._port)
        self._client.loop_start()

    def end(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    @override
    def run(self) -> None:
        self.begin()
        super().run()
        self.end()

    @override
    def ask(self, number: int) -> bool:
        self._client.publish(self._topic("signals"), self._event(number), qos=1)
        until = time.monotonic() + self.patience
        while (left := until - time.monotonic()) > 0:
            try:
                if self._heard.get(timeout=left) == f"{number:04d}":
                    return True
            except queue.Empty:
                return False
        return False

    @override
    def hang_up(self) -> None:
        """The client finds its broker again by itself."""
