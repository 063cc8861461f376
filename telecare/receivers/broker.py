"""The operator's MQTT broker: where it is, whom we trust there, and why it is not reached."""

import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from typing_extensions import override

from registry.kit.errors import Unavailable
from registry.kit.settings import Settings

PORTS = {"mqtt": 1883, "mqtts": 8883}
FIRST_PAUSE, LONGEST_PAUSE = 1, 30  # seconds between two attempts to reach the broker


@dataclass(frozen=True, kw_only=True)
class MqttPlan:
    """Which broker, as whom, and what is heard there."""

    host: str
    port: int
    topic: str
    client_id: str
    user: str = ""
    password: str = ""
    share: str = ""
    # The broker lets each device write to its own topic only.
    guarded: bool = False
    tls: ssl.SSLContext | None = None

    @property
    def subscription(self) -> str:
        """One level stands for the account; receivers of one share get each signal once."""
        heard = f"{self.topic}/+/signals"
        return f"$share/{self.share}/{heard}" if self.share else heard


def plan_of(chosen: Settings) -> MqttPlan | None:
    if chosen.mqtt_url is None:
        return None
    url = urlsplit(chosen.mqtt_url.get_secret_value())
    return MqttPlan(
        host=url.hostname or "127.0.0.1",
        port=url.port or PORTS[url.scheme],
        topic=chosen.mqtt_topic.strip("/"),
        client_id=chosen.mqtt_client_id or f"centrale-{socket.gethostname()}",
        user=unquote(url.username or ""),
        password=unquote(url.password or ""),
        share=chosen.mqtt_share,
        guarded=chosen.mqtt_guarded,
        tls=_tls(chosen.mqtt_ca, chosen.mqtt_certificate, chosen.mqtt_key)
        if url.scheme == "mqtts"
        else None,
    )


def _tls(ca: Path | None, certificate: Path | None, key: Path | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=ca)
    except OSError as error:
        raise _unreadable("CENTRALE_MQTT_CA", ca) from error
    context.sslsocket_class = _Wire
    if certificate is None:
        return context
    try:
        context.load_cert_chain(certificate, key)
    except OSError as error:
        raise _unreadable(
            "CENTRALE_MQTT_CERTIFICATE with CENTRALE_MQTT_KEY", certificate
        ) from error
    return context


class _Wire(ssl.SSLSocket):
    """The client forgets a socket whose handshake fails; this one hangs up by itself."""

    @override
    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise


def _unreadable(setting: str, file: Path | None) -> Unavailable:
    return Unavailable(
        "%(setting)s: no certificate in PEM form can be read from %(file)s",
        setting=setting,
        file=str(file),
    )


def client_of(plan: MqttPlan, client_id: str, *, manual_ack: bool = False) -> Client:
    """A client of the broker that speaks MQTT 5; not connected yet."""
    client = Client(
        CallbackAPIVersion.VERSION2, client_id=client_id, protocol=MQTTv5, manual_ack=manual_ack
    )
    if plan.user:
        client.username_pw_set(plan.user, plan.password or None)
    if plan.tls is not None:
        client.tls_set_context(plan.tls)
    client.reconnect_delay_set(FIRST_PAUSE, LONGEST_PAUSE)
    return client


def trouble(error: BaseException | None, plan: MqttPlan) -> str:
    """One sentence for the log: what is wrong, and which setting mends it."""
    where = f"{plan.host}:{plan.port}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"The broker at {where} shows a certificate that we do not trust "
            f"({error.verify_message}). Set CENTRALE_MQTT_CA to the certificate (PEM) of the "
            "authority that signed it, and name the broker in CENTRALE_MQTT_URL as it does"
        )
    if plan.tls is not None and isinstance(error, ssl.SSLError | ConnectionResetError):
        return (
            f"The broker at {where} and we found no common TLS. Check that the port speaks TLS, "
            "and whether it asks for our certificate (CENTRALE_MQTT_CERTIFICATE)"
        )
    return f"No broker is reached at {where}: check CENTRALE_MQTT_URL, and that it runs"
