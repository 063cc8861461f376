"""The MQTT door: signals through the operator's broker, acknowledged to it after the commit."""

import asyncio
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import structlog
from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions
from typing_extensions import override

from registry.kit import clock
from registry.kit.settings import Settings
from telecare.batch import Received
from telecare.ingest import Ingest
from telecare.protocols.base import AlarmProtocol, Cut, Verdict
from telecare.protocols.json_signals import JsonSignals
from telecare.receivers import broker
from telecare.receivers.broker import MqttPlan
from telecare.receivers.door import Allowance, Door, MakeDoor

KEEPALIVE = 30  # seconds
# How long the broker keeps for us what we have not acknowledged, while we are away.
KEPT_FOR = 7 * 24 * 3600  # seconds
# What the broker sends at most without our acknowledgement: this is how we are read slower.
MOST_UNANSWERED = 512
LARGEST_PACKET = 64 * 1024  # bytes
# What could not be stored waits here and is tried again; the broker has it too.
AGAIN_AFTER = 1.0  # seconds
REFUSED_STORED = 50  # a second; beyond that they are only counted
# Nothing is sent to us at the moment of subscribing: what a topic retains is old news.
NO_RETAINED = SubscribeOptions.RETAIN_DO_NOT_SEND

log = structlog.get_logger()


class Line(NamedTuple):
    """Where an acknowledgement goes: a packet of one connection, and who wrote."""

    connection: int
    packet: int
    qos: int
    account: str


def from_settings(chosen: Settings) -> list[MakeDoor]:
    """A door, where a broker is named."""
    plan = broker.plan_of(chosen)
    return [] if plan is None else [lambda ingest, _: MqttDoor(plan, ingest)]


class MqttDoor(Door):
    """A client of the broker in a thread of its own; it goes on trying while there is no broker.

    The broker's session of ours outlives us: what was not acknowledged is sent again when we are
    back, and is known by its id. A broker that is away never keeps the other doors shut.
    """

    def __init__(self, plan: MqttPlan, ingest: Ingest) -> None:
        self._plan = plan
        self._ingest = ingest
        self._json = JsonSignals()
        self._allowance = Allowance(REFUSED_STORED)
        self._counted: Counter[str] = Counter()
        self._connection = 0
        self._listening = False
        self._ends = False
        self._client = broker.client_of(plan, plan.client_id, manual_ack=True)
        self._client.on_connect = self._connected
        self._client.on_connect_fail = self._unreachable
        self._client.on_disconnect = self._disconnected
        self._client.on_subscribe = self._subscribed
        self._client.on_message = self._message

    @property
    @override
    def protocol(self) -> AlarmProtocol:
        return self._json

    @override
    async def open(self, host: str) -> None:
        """`host` is where the other doors listen; here we call out."""
        wanted = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        wanted.SessionExpiryInterval = KEPT_FOR
        wanted.ReceiveMaximum = MOST_UNANSWERED
        wanted.MaximumPacketSize = LARGEST_PACKET
        self._client.connect_async(
            self._plan.host,
            self._plan.port,
            keepalive=KEEPALIVE,
            clean_start=False,
            properties=wanted,
        )
        self._client.loop_start()

    def _connected(
        self, client: Client, _: Any, flags: ConnectFlags, code: ReasonCode, __: Any
    ) -> None:
        if code.is_failure:
            self._counted["connect_refused"] += 1
            log.warning("mqtt.refused", reason=str(code))
            return
        self._connection += 1
        self._counted["connects"] += 1
        log.info("mqtt.connected", resumed=flags.session_present)
        options = SubscribeOptions(qos=1, retainHandling=NO_RETAINED)
        client.subscribe(self._plan.subscription, options=options)

    def _unreachable(self, _: Client, __: Any) -> None:
        """Called while the client handles what went wrong; it tries again by itself."""
        error = sys.exception()
        self._counted["connect_failed"] += 1
        said = broker.trouble(error, self._plan)
        log.error("mqtt.unreachable", reason=type(error).__name__, trouble=said)

    def _subscribed(self, _: Client, __: Any, ___: int, codes: list[ReasonCode], ____: Any) -> None:
        self._listening = not any(code.is_failure for code in codes)
        if not self._listening:
            self._counted["subscribe_refused"] += 1
            log.error("mqtt.may_not_subscribe", reason=", ".join(map(str, codes)))

    def _disconnected(
        self, _: Client, __: Any, ___: DisconnectFlags, code: ReasonCode, ____: Any
    ) -> None:
        self._listening = False
        if not self._ends:
            log.warning("mqtt.disconnected", reason=str(code))

    def _message(self, _: Client, __: Any, message: MQTTMessage) -> None:
        """From the client's thread; what is raised here would end it."""
        try:
            self._hear(message)
        except Exception:
            # Unacknowledged: the broker sends it again when we connect anew.
            self._counted["faults"] += 1
            log.exception("mqtt.fault")

    def _hear(self, message: MQTTMessage) -> None:
        self._counted["received"] += 1
        self._counted["sent_again"] += message.dup
        account = _account(message)
        body = bytes(message.payload)
        cut = Cut(body, body, proven=self._plan.guarded, sender=account)
        now = clock.now()
        read = self._json.decode(cut, lambda _: None, now)
        line = Line(self._connection, message.mid, message.qos, account)
        received = Received(self._json, cut, read, "mqtt", self._plan.host, now, line)
        if read.verdict is not Verdict.GOOD:
            self._counted[f"refused_{read.reason}"] += 1
            if not self._allowance.take():
                self._say(received)  # counted only, and out of the way of the others
                return
        self._ingest.put(received)

    @override
    def answer(self, group: Sequence[Received]) -> None:
        for each in group:
            self._say(each)

    def _say(self, each: Received) -> None:
        """Let the broker forget the message, then tell the device what became of it."""
        line: Line = each.line
        if line.connection == self._connection:
            self._client.ack(line.packet, line.qos)
        if not line.account:
            return
        if each.message.verdict is Verdict.GOOD:
            said: bytes | None = self._json.acknowledge(each.message, lambda _: None, each.at)
        else:
            said = self._json.refuse(each.message, each.at)
        self._client.publish(f"{self._plan.topic}/{line.account}/answers", said)

    @override
    def leave(self, group: Sequence[Received]) -> None:
        """Not stored: the broker does not send again on the same connection, so we keep trying."""
        if group:
            self._counted["tried_again"] += len(group)
            asyncio.get_running_loop().call_later(AGAIN_AFTER, self._again, list(group))

    def _again(self, group: Sequence[Received]) -> None:
        for each in group:
            if each.line.connection == self._connection and not self._ends:
                self._ingest.put(each)

    @override
    def sweep(self) -> None:
        """Nothing of ours is slow or idle: the broker has its own time-outs."""

    @override
    def figures(self) -> Mapping[str, float]:
        figures = {"listening": float(self._listening)} | self._counted
        return {f"mqtt_{name}": value for name, value in figures.items()}

    @override
    def close(self) -> None:
        """Leave the broker; it keeps our session and what comes for it."""
        self._ends = True
        self._client.disconnect()
        self._client.loop_stop()


def _account(message: MQTTMessage) -> str:
    """The level before the last, as the device wrote it; empty for one that cannot be read."""
    try:
        return message.topic.split("/")[-2]
    except UnicodeDecodeError:
        return ""
