"""Peers that send nothing but damage where apps come in: HTTP, WebSocket, a broker's topics."""

import base64
import contextlib
import json
import random
import select
import socket
import threading
from collections import Counter
from collections.abc import Sequence
from http.client import HTTPException, HTTPResponse
from itertools import cycle
from typing import Any

from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from typing_extensions import override
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import ClientConnection, connect

from tests.gates.apps import HERE, SIGNALS
from tests.telecare.mutants import mutants

SEED = 11
PATIENCE = 30.0  # seconds for an answer that must come
GLANCE = 0.02  # seconds for one that may come
# What a unit may say at once; whoever says more is only told to wait.
EACH = 50
MASK = b"\x11\x22\x33\x44"
# The one message after which an app's line is cut: larger than a signal may be.
TOO_LARGE = 1009


def bodies() -> list[bytes]:
    """Signals as apps write them, in our words and in those of others."""
    where = {"latitude": 40.82, "longitude": 14.12, "accuracy_m": 12, "at": "2026-11-22T03:04:05Z"}
    said: list[dict[str, Any]] = [
        {"id": "n-1", "kind": "personal"},
        {"id": "n-2", "kind": "fall", "phase": "new", "battery": 71.5, "position": where},
        {"id": 3, "kind": "smoke", "text": "sala \u00e8 \U0001f600", "zone": "12", "area": "2"},
        {"kind": "heartbeat", "at": "2026-11-22T03:04:05+01:00"},
        {"eventType": "SOS", "timestamp": "2026-11-22T03:04:05Z", "gps": {"lat": 40, "lon": 14}},
        {"id": "n-4", "kind": "gas", "account": "NOISE", "deep": [[[[{"a": [1e308, None]}]]]]},
    ]
    return [
        json.dumps(each, ensure_ascii=number % 2 == 0).encode() for number, each in enumerate(said)
    ]


class Noise(threading.Thread):
    """Sends so many damaged things, and counts what it hears."""

    def __init__(self, many: int, tokens: Sequence[str], port: int) -> None:
        super().__init__(daemon=True, name=type(self).__name__)
        self._many, self._port = many, port
        self._tokens = cycle(tokens)
        self._token = next(self._tokens)
        self.sent = 0
        self.heard: Counter[str] = Counter()

    @override
    def run(self) -> None:
        for number, mutant in enumerate(mutants(bodies(), self._many, SEED)):
            if number % EACH == 0:
                self.hang_up()
                self._token = next(self._tokens)
            self.say(number, mutant)
            self.sent += 1
        self.hang_up()

    def say(self, number: int, mutant: bytes) -> None:
        """Send one; what is heard is counted."""
        raise NotImplementedError

    def hang_up(self) -> None:
        """Leave, and come again with the next."""

    def _raw(self, data: bytes) -> None:
        """On a line of its own, whatever it is; what is said at once is heard."""
        with contextlib.suppress(OSError), socket.create_connection((HERE, self._port), 10) as line:
            line.sendall(data)
            if select.select([line], [], [], GLANCE)[0]:
                heard = line.recv(65_536).split(b" ", 2)
                self.heard[heard[1].decode() if len(heard) > 1 else "hung up"] += 1


class HttpNoise(Noise):
    """Damaged bodies and damaged headers, as HTTP wants them; and every third a damaged request."""

    _line: socket.socket | None = None

    @override
    def say(self, number: int, mutant: bytes) -> None:
        headers = self._headers()
        if number % 3 == 0:
            request = self._request(headers, bodies()[number % len(bodies())])
            self._raw(next(mutants([request], 1, number)))
            return
        if number % 3 == 1:
            at = random.Random(number).randrange(len(headers))
            value = next(mutants([headers[at][1]], 1, number))
            headers[at] = headers[at][0], value.translate(None, b"\r\n\x00")
        self._asked(self._request(headers, mutant))

    def _headers(self) -> list[tuple[bytes, bytes]]:
        return [
            (b"Host", f"{HERE}:{self._port}".encode()),
            (b"Authorization", f"Bearer {self._token}".encode()),
            (b"Content-Type", b"application/json"),
            (b"Idempotency-Key", b"9f3a-77"),
            (b"Accept-Language", b"it-IT,it;q=0.9,en;q=0.8"),
        ]

    def _request(self, headers: list[tuple[bytes, bytes]], body: bytes) -> bytes:
        said = [*headers, (b"Content-Length", str(len(body)).encode())]
        lines = b"".join(name + b": " + value + b"\r\n" for name, value in said)
        return f"POST {SIGNALS} HTTP/1.1\r\n".encode() + lines + b"\r\n" + body

    def _asked(self, request: bytes) -> None:
        """It is whole, so there is an answer."""
        if self._line is None:
            self._line = socket.create_connection((HERE, self._port), PATIENCE)
        try:
            self._line.sendall(request)
            with HTTPResponse(self._line, method="POST") as answer:
                answer.begin()
                answer.read()
                self.heard[str(answer.status)] += 1
                if answer.will_close:
                    self.hang_up()
        except (OSError, HTTPException) as error:
            self.heard[type(error).__name__] += 1
            self.hang_up()

    @override
    def hang_up(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None


class SocketNoise(Noise):
    """Damaged messages, some instead of the token; and every third a line damaged anywhere."""

    def __init__(self, many: int, tokens: Sequence[str], port: int) -> None:
        super().__init__(many, tokens, port)
        self._app: ClientConnection | None = None
        self._closing = contextlib.ExitStack()

    @override
    def say(self, number: int, mutant: bytes) -> None:
        if number % 3 == 0:
            self._raw(next(mutants([self._handshake() + _frame(mutant)], 1, number)))
        elif number % 30 == 1:
            self._instead_of_a_token(mutant)
        else:
            self._told(mutant if number % 2 else mutant.decode("utf-8", "replace"))

    def _handshake(self) -> bytes:
        key = base64.b64encode(bytes(16)).decode()
        said = (
            f"GET {SIGNALS}/socket HTTP/1.1",
            f"Host: {HERE}:{self._port}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {key}",
            "Sec-WebSocket-Version: 13",
            f"Authorization: Bearer {self._token}",
            "\r\n",
        )
        return "\r\n".join(said).encode()

    def _opened(
        self, headers: dict[str, str]
    ) -> contextlib.AbstractContextManager[ClientConnection]:
        door = f"ws://{HERE}:{self._port}{SIGNALS}/socket"
        return connect(
            door,
            additional_headers=headers,
            open_timeout=PATIENCE,
            close_timeout=0.2,
            proxy=None,
            max_size=None,
        )

    def _told(self, said: str | bytes) -> None:
        """Each message has an answer, and only one that is too large cuts the line."""
        if self._app is None:
            shown = {"Authorization": f"Bearer {self._token}"}
            self._app = self._closing.enter_context(self._opened(shown))
        try:
            self._app.send(said)
            self.heard[json.loads(self._app.recv(timeout=PATIENCE))["type"]] += 1
        except ConnectionClosed as cut:
            self.heard[f"cut {cut.rcvd.code if cut.rcvd else 0}"] += 1
            self.hang_up()
        except TimeoutError:
            self.heard["no answer"] += 1

    def _instead_of_a_token(self, said: bytes) -> None:
        try:
            with self._opened({}) as app:
                app.send(next(mutants([b'{"token": "cdt_\\ud800x"}', said], 1, self.sent)))
                app.recv(timeout=PATIENCE)
        except ConnectionClosed as cut:
            self.heard[f"hello {cut.rcvd.code if cut.rcvd else 0}"] += 1
        except (TimeoutError, InvalidHandshake) as error:
            self.heard[type(error).__name__] += 1

    @override
    def hang_up(self) -> None:
        self._app = None
        self._closing.close()


class BrokerNoise(Noise):
    """Damaged payloads, topics and properties, as far as a broker passes them on."""

    def __init__(self, many: int, port: int) -> None:
        super().__init__(many, [""], port)
        self._client = Client(CallbackAPIVersion.VERSION2, client_id="noise", protocol=MQTTv5)
        self._joined = threading.Event()
        self._client.on_connect = lambda *_: self._joined.set()

    @override
    def run(self) -> None:
        self._client.connect(HERE, self._port)
        self._client.loop_start()
        self._joined.wait(PATIENCE)
        super().run()
        self._client.disconnect()
        self._client.loop_stop()

    @override
    def say(self, number: int, mutant: bytes) -> None:
        damage = random.Random(number)
        topic = b"centrale/v1/NOISE/signals"
        if number % 3 == 0:
            topic = b"centrale/v1/" + next(mutants([b"NOISE"], 1, number)) + b"/signals"
        written = _passed_on(topic).replace("+", "").replace("#", "")
        told = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        told.UserProperty = [("of", _passed_on(mutant[:40]))]
        told.ContentType = _passed_on(mutant[-20:])
        sent = self._client.publish(written, mutant, qos=damage.randrange(3), properties=told)
        sent.wait_for_publish(PATIENCE)
        self.heard["taken" if sent.is_published() else "not taken"] += 1


def _passed_on(damaged: bytes) -> str:
    """As text of the protocol: a broker hangs up on whoever writes control characters."""
    return "".join(letter for letter in damaged.decode("utf-8", "replace") if letter.isprintable())


def _frame(body: bytes) -> bytes:
    """A message of text, masked as a client's must be."""
    masked = bytes(byte ^ MASK[at % 4] for at, byte in enumerate(body))
    return b"\x81\xfe" + len(body).to_bytes(2, "big") + MASK + masked
