"""Probes: one signal through each open door, by a real socket, as a unit would send it."""

import random
import socket
import ssl
import time
from collections.abc import Callable
from functools import partial

from registry.kit.settings import Settings
from telecare import simulator, simulator_doors, simulator_scaip
from telecare.devices import BS8521, DC09, RECEIVER_LINES, SCAIP, SELF_TEST, SOS_ACCESS
from telecare.protocols import sip_messages
from telecare.protocols.dc09_frames import Dc09Framer
from telecare.receivers import probes_json, simulated

# Raises OSError (a time-out is one) when the door does not take the signal.
Probe = Callable[[], None]

PATIENCE = 5.0  # seconds for an answer
TRIES = 3  # datagrams, one after the other
PERIODIC_TEST = "1602"
TEST = ("test", "602", "RP")


def of(chosen: Settings, here: str) -> dict[str, Probe]:
    """A probe for each door that the settings open; `here` is how this machine reaches itself."""
    if not chosen.self_test:
        return {}
    host = chosen.self_test_host or here
    web = (
        chosen.public_url if chosen.self_test_host else f"http://{_in_url(here)}:{chosen.http_port}"
    )
    probes: dict[str, Probe] = {
        "dc09-tcp": partial(dc09_tcp, host, chosen.dc09_port),
        "dc09-udp": partial(dc09_udp, host, chosen.dc09_port),
        "sip-udp": partial(sip_udp, host, chosen.sip_port, chosen.sip_domain),
        "sip-tcp": partial(sip_tcp, host, chosen.sip_port, chosen.sip_domain),
        "bs8521": partial(bs8521, host, chosen.sip_port, chosen.sip_domain),
        "http": partial(probes_json.post, web),
        "websocket": partial(probes_json.over_socket, web),
    }
    if chosen.tls_certificate is not None:
        probes["sip-tls"] = partial(sip_tls, host, chosen.sip_tls_port, chosen.sip_domain)
        if chosen.sos_access_tls_port:
            probes["sos-access-tls"] = partial(sos_access_tls, host, chosen.sos_access_tls_port)
    if chosen.receiver_lines_port:
        probes["receiver-lines"] = partial(receiver_lines, host, chosen.receiver_lines_port)
    if chosen.sos_access_port:
        probes["sos-access"] = partial(sos_access, host, chosen.sos_access_port)
    if chosen.mqtt_url is not None:
        probes["mqtt"] = partial(probes_json.through_broker, chosen)
    return probes


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _dc09_frame() -> bytes:
    """A periodic test under a number of its own, so that it is no repeat."""
    number = random.randint(1, simulator.LONGEST_SEQUENCE)  # noqa: S311 - no secret
    return simulator.Unit(simulator.Home(account=SELF_TEST[DC09]), number).frame(PERIODIC_TEST)


def dc09_tcp(host: str, port: int) -> None:
    _acknowledged(simulator.send(host, port, _dc09_frame()))


def dc09_udp(host: str, port: int) -> None:
    frame = _dc09_frame()
    with _udp(host, port) as line:
        for _ in range(TRIES):
            line.send(frame)
            try:
                heard = line.recv(4096)
            except TimeoutError:
                continue
            for cut in Dc09Framer().feed(heard):
                _acknowledged(cut.body)
                return
    raise TimeoutError("no answer")


def _acknowledged(body: bytes) -> None:
    if not body.startswith(b'"ACK"'):
        raise ConnectionError("not acknowledged")


def _udp(host: str, port: int) -> socket.socket:
    line = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    line.settimeout(PATIENCE / TRIES)
    line.connect((host, port))
    return line


def sip_udp(host: str, port: int, domain: str) -> None:
    """A sign of life in a MESSAGE, repeated as SIP wants it."""
    street = simulator_scaip.Street(host, port)
    street.host = domain or host
    try:
        street.say(simulator_scaip.Home(account=SELF_TEST[SCAIP]), simulator_scaip.ALIVE)
        until = time.monotonic() + PATIENCE
        while not street.counted["answer_200"]:
            street.listen(simulator_scaip.LONGEST_WAIT)
            if time.monotonic() > until:
                raise TimeoutError("no 200")
    finally:
        street.close()


def sip_tcp(host: str, port: int, domain: str) -> None:
    """The same on a connection of its own."""
    with socket.create_connection((host, port), timeout=PATIENCE) as line:
        _message(line, "TCP", host, domain)


def sip_tls(host: str, port: int, domain: str) -> None:
    """The same again, encrypted."""
    with (
        socket.create_connection((host, port), timeout=PATIENCE) as wire,
        _our_own().wrap_socket(wire, server_hostname=domain or None) as line,
    ):
        _message(line, "TLS", host, domain)


def _our_own() -> ssl.SSLContext:
    """The certificate names what units call, and not this machine."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _message(line: socket.socket, transport: str, host: str, domain: str) -> None:
    own = line.getsockname()
    local = f"{_in_url(own[0])}:{own[1]}"
    target = f"sip:centrale@{domain or _in_url(host)}"
    line.sendall(
        sip_messages.ask(
            "MESSAGE",
            target=target,
            sender=f"sip:{SELF_TEST[SCAIP]}@{local}",
            receiver=target,
            via=f"SIP/2.0/{transport} {local}",
            branch=sip_messages.branch(),
            body=simulator_scaip.alive(SELF_TEST[SCAIP]),
        )
    )
    if not line.recv(4096).startswith(b"SIP/2.0 200"):
        raise ConnectionError("no 200")


def bs8521(host: str, port: int, domain: str) -> None:
    """A string of digits in a MESSAGE, and the MESSAGE that acknowledges it."""
    _sent(simulated.over_bs8521(host, port, domain), SELF_TEST[BS8521])


def receiver_lines(host: str, port: int) -> None:
    _sent(simulator_doors.over_lines(host, port), SELF_TEST[RECEIVER_LINES])


def sos_access(host: str, port: int) -> None:
    _sent(simulator_doors.over_sos_access(host, port), SELF_TEST[SOS_ACCESS])


def sos_access_tls(host: str, port: int) -> None:
    _sent(simulator_doors.over_sos_access(host, port, _our_own()), SELF_TEST[SOS_ACCESS])


def _sent(send: simulator_doors.Send, account: str) -> None:
    if not send(simulator_doors.Unit(account, "self-test"), TEST):
        raise ConnectionError("not acknowledged")
