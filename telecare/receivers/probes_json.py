"""Probes of the doors that take JSON: one signal by POST, by WebSocket, and through the broker."""

import http.client
import json
import queue
import time
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from paho.mqtt.client import Client, MQTTMessage
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from registry.kit.settings import Settings
from telecare import device_tokens
from telecare.devices import JSON, SELF_TEST
from telecare.receivers import broker
from telecare.receivers.broker import MqttPlan

PATIENCE = 5.0  # seconds for an answer
ADDRESS = "/api/v1/signals"


def _signal() -> dict[str, str]:
    return {"id": f"self-test-{uuid4().hex}", "kind": "test"}


def _token() -> dict[str, str]:
    """The token that only this installation can make."""
    return {"Authorization": f"Bearer {device_tokens.self_test_secret()}"}


def post(web: str) -> None:
    """Over HTTP, as an app or a webhook does."""
    url = urlsplit(web)
    make = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
    door = make(url.hostname or "127.0.0.1", url.port, timeout=PATIENCE)
    headers = _token() | {"Content-Type": "application/json"}
    try:
        door.request("POST", ADDRESS, json.dumps(_signal()), headers)
        answer = door.getresponse()
        answer.read()
    except http.client.HTTPException as error:
        raise ConnectionError(type(error).__name__) from error
    finally:
        door.close()
    if answer.status != http.client.OK:
        raise ConnectionError(f"answer {answer.status}")


def over_socket(web: str) -> None:
    """Over a WebSocket, as an app that stays connected does."""
    said = _signal()
    address = f"ws{web.removeprefix('http')}{ADDRESS}/socket"
    try:
        with connect(
            address,
            additional_headers=_token(),
            open_timeout=PATIENCE,
            close_timeout=PATIENCE,
            proxy=None,
        ) as door:
            door.send(json.dumps(said))
            answer = json.loads(door.recv(timeout=PATIENCE))
    except WebSocketException as error:
        raise ConnectionError(type(error).__name__) from error
    if (answer.get("type"), answer.get("id")) != ("stored", said["id"]):
        raise ConnectionError("not stored")


def through_broker(chosen: Settings) -> None:
    """Over MQTT, where a broker is named."""
    plan = broker.plan_of(chosen)
    if plan is not None:
        publish(plan)


def publish(plan: MqttPlan) -> None:
    """Through the broker to us and back: how long it takes is how long devices wait."""
    said = _signal()
    topic = f"{plan.topic}/{SELF_TEST[JSON]}"
    heard: queue.Queue[str] = queue.Queue()
    client = broker.client_of(plan, f"{plan.client_id}-self-test-{uuid4().hex[:8]}")

    def hears(_: Client, __: Any, message: MQTTMessage) -> None:
        heard.put(bytes(message.payload).decode("utf-8", "replace"))

    def connected(client: Client, *_: Any) -> None:
        client.subscribe(f"{topic}/answers", qos=1)

    def subscribed(client: Client, *_: Any) -> None:
        client.publish(f"{topic}/signals", json.dumps(said), qos=1)

    client.on_message, client.on_connect, client.on_subscribe = hears, connected, subscribed
    client.connect_timeout = PATIENCE
    client.connect(plan.host, plan.port)
    client.loop_start()
    try:
        until = time.monotonic() + 2 * PATIENCE
        while said["id"] not in heard.get(timeout=max(0.0, until - time.monotonic())):
            continue
    except queue.Empty:
        raise TimeoutError("the broker took it, and we did not answer") from None
    finally:
        client.disconnect()
        client.loop_stop()
