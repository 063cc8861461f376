"""Simulated units on the ways that stay open or go through others: WebSocket, broker, BS 8521-2."""

import json
import queue
import random
import socket
import time
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from telecare.protocols import sip_messages, xml_documents
from telecare.protocols.bs8521 import ALARM, CONTENT_TYPE, ROOT
from telecare.receivers import broker
from telecare.receivers.broker import MqttPlan
from telecare.simulator_doors import PATIENCE, Saying, Send, Unit

# Our kinds as numbers of BS 8521-2, event and status.
EVENTS = {
    "personal": "02001",
    "fall": "02101",
    "mains": "05105",
    "unit_battery": "05307",
    "test": "05800",
}
ONCE_MORE = 1.0  # seconds until a datagram is sent again


def _event(unit: Unit, saying: Saying) -> dict[str, str]:
    return {"id": f"{unit.account}-{unit.number}", "kind": saying[0], "code": saying[1]}


def over_socket(address: str) -> Send:
    """An app that connects by WebSocket; `address` is that of the pages."""
    door = f"ws{address.removeprefix('http')}/api/v1/signals/socket"

    def send(unit: Unit, saying: Saying) -> bool:
        token = {"Authorization": f"Bearer {unit.secret}"}
        try:
            with connect(
                door,
                additional_headers=token,
                open_timeout=PATIENCE,
                close_timeout=PATIENCE,
                proxy=None,
            ) as line:
                line.send(json.dumps(_event(unit, saying)))
                return bool(json.loads(line.recv(timeout=PATIENCE)).get("type") == "stored")
        except WebSocketException as error:
            raise ConnectionError(type(error).__name__) from error

    return send


def over_broker(plan: MqttPlan) -> Send:
    """A device that publishes to the broker, and waits for our own answer on its topic."""

    def send(unit: Unit, saying: Saying) -> bool:
        said = _event(unit, saying)
        topic = f"{plan.topic}/{unit.account}"
        heard: queue.Queue[bytes] = queue.Queue()
        client = broker.client_of(plan, f"unit-{unit.account}-{random.randrange(10**6)}")  # noqa: S311 - a name

        def connected(client: Client, *_: Any) -> None:
            client.subscribe(f"{topic}/answers", qos=1)

        def subscribed(client: Client, *_: Any) -> None:
            client.publish(f"{topic}/signals", json.dumps(said), qos=1)

        def answered(_: Client, __: Any, message: MQTTMessage) -> None:
            heard.put(bytes(message.payload))

        client.on_connect, client.on_subscribe, client.on_message = connected, subscribed, answered
        client.connect_timeout = PATIENCE
        client.connect(plan.host, plan.port)
        client.loop_start()
        try:
            return _is_stored(heard, said["id"])
        finally:
            client.disconnect()
            client.loop_stop()

    return send


def _is_stored(heard: "queue.Queue[bytes]", reference: str) -> bool:
    until = time.monotonic() + PATIENCE
    while (left := until - time.monotonic()) > 0:
        try:
            answer = json.loads(heard.get(timeout=left))
        except queue.Empty:
            break
        if answer.get("id") == reference:
            return bool(answer.get("type") == "stored")
    return False


def over_bs8521(host: str, port: int, domain: str = "") -> Send:
    """A unit of BS 8521-2 style by UDP: acknowledged by a MESSAGE of type A, which it answers.

    `domain` is the name under which units call, where the door knows only one.
    """
    called = f"sip:centrale@{domain or f'{host}:{port}'}"

    def send(unit: Unit, saying: Saying) -> bool:
        string = f"1001{unit.account}{EVENTS[saying[0]][:3]}02{1}{EVENTS[saying[0]][3:]}"
        body = xml_documents.write(ROOT, [("type", ALARM), ("data", string)])
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as line:
            line.connect((host, port))
            own = line.getsockname()
            local = f"[{own[0]}]:{own[1]}" if ":" in own[0] else f"{own[0]}:{own[1]}"
            frame = sip_messages.ask(
                "MESSAGE",
                target=called,
                sender=f"sip:{unit.account}@{local}",
                receiver=called,
                via=f"SIP/2.0/UDP {local}",
                branch=sip_messages.branch(),
                body=(CONTENT_TYPE, body),
            )
            return _acknowledged(line, frame, host, port)

    return send


def _acknowledged(line: socket.socket, frame: bytes, host: str, port: int) -> bool:
    until = time.monotonic() + PATIENCE
    line.settimeout(ONCE_MORE)
    line.send(frame)
    while time.monotonic() < until:
        try:
            heard = line.recv(65_536)
        except TimeoutError:
            line.send(frame)
            continue
        if heard.startswith(b"MESSAGE "):
            told = sip_messages.read(heard)
            if isinstance(told, sip_messages.Request):
                line.send(sip_messages.respond(told, 200, host=host, port=port))
                return b"<type>A</type>" in told.body
    return False
