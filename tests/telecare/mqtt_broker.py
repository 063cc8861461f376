"""Somebody else's broker and client: mosquitto as a process, and paho as the device."""

import json
import queue
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

from tests.waiting import eventually

HERE = "127.0.0.1"
MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
MISSING = "LOUD: no mosquitto here (apt-get install mosquitto): no MQTT was spoken"


class Broker:
    """A broker that keeps its sessions in a folder, so that it can be killed and started again."""

    def __init__(self, folder: Path, *more: str) -> None:
        with socket.socket() as probe:
            probe.bind((HERE, 0))
            self.port = int(probe.getsockname()[1])
        self._config = folder / "mosquitto.conf"
        rules = more or ("allow_anonymous true",)
        self._config.write_text(
            "\n".join(
                (
                    f"listener {self.port} {HERE}",
                    *rules,
                    "user root",
                    "persistence true",
                    f"persistence_location {folder}/",
                    "max_queued_messages 0",
                    f"log_dest file {folder}/mosquitto.log",
                    "",
                )
            )
        )
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        assert MOSQUITTO is not None
        self._process = subprocess.Popen([MOSQUITTO, "-c", str(self._config)])
        eventually(self._listens)

    def _listens(self) -> bool:
        with suppress(OSError), socket.create_connection((HERE, self.port), timeout=1):
            return True
        return False

    def kill(self) -> None:
        """At once: what it had in memory alone is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(30)
            self._process = None

    def stop(self) -> None:
        """Orderly: mosquitto writes its sessions down."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(30)
            self._process = None


class AppOverMqtt:
    """A device: publishes, is told by the broker that it has it, and hears our answers."""

    def __init__(
        self,
        port: int,
        account: str,
        *,
        user: str = "",
        password: str = "",
        ca: Path | None = None,
    ) -> None:
        self.account = account
        self.heard: queue.Queue[dict[str, Any]] = queue.Queue()
        self._ready: queue.Queue[Any] = queue.Queue()
        self._client = Client(CallbackAPIVersion.VERSION2, client_id=account, protocol=MQTTv5)
        if user:
            self._client.username_pw_set(user, password)
        if ca is not None:
            self._client.tls_set(str(ca))
        self._client.on_message = self._hears
        # At every connection: a broker cuts off whoever writes where they may not.
        self._client.on_connect = lambda client, *_: client.subscribe(self._own("answers"), qos=1)
        self._client.on_subscribe = lambda *told: self._ready.put(told)
        self._client.connect(HERE, port)
        self._client.loop_start()
        self._ready.get(timeout=30)

    def _own(self, what: str) -> str:
        return f"centrale/v1/{self.account}/{what}"

    def _hears(self, *told: Any) -> None:
        self.heard.put(json.loads(told[2].payload))

    def say(self, said: Any, *, topic: str = "") -> None:
        body = said if isinstance(said, bytes) else json.dumps(said).encode()
        sent = self._client.publish(topic or self._own("signals"), body, qos=1)
        sent.wait_for_publish(10)

    def answer(self) -> dict[str, Any]:
        return self.heard.get(timeout=30)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@contextmanager
def app(port: int, account: str = "APP7", **who: Any) -> Iterator[AppOverMqtt]:
    opened = AppOverMqtt(port, account, **who)
    try:
        yield opened
    finally:
        opened.close()
