"""The ports of the house: whether they are free, and who has them."""

import socket
from dataclasses import dataclass

import psutil

from registry.kit.errors import Unavailable
from registry.kit.settings import Settings

TCP, UDP = socket.SOCK_STREAM, socket.SOCK_DGRAM


@dataclass(frozen=True)
class Door:
    """A port somebody will listen on, and the setting that moves it."""

    port: int
    kind: socket.SocketKind
    setting: str


def of(chosen: Settings) -> list[Door]:
    simulated = Door(chosen.simulated_carrier_port, TCP, "CENTRALE_SIMULATED_CARRIER_PORT")
    sips = Door(chosen.sip_tls_port, TCP, "CENTRALE_SIP_TLS_PORT")
    secure = Door(chosen.sip_tls_port, TCP, "CENTRALE_SIP_TLS_PORT")
    return [
        Door(chosen.http_port, TCP, "CENTRALE_HTTP_PORT"),
        Door(chosen.dc09_port, TCP, "CENTRALE_DC09_PORT"),
        Door(chosen.dc09_port, UDP, "CENTRALE_DC09_PORT"),
        Door(chosen.sip_port, TCP, "CENTRALE_SIP_PORT"),
        Door(chosen.sip_port, UDP, "CENTRALE_SIP_PORT"),
        *([sips] if chosen.tls_certificate is not None else []),
        Door(chosen.sip_port, UDP, "CENTRALE_SIP_PORT"),
        Door(chosen.sip_port, TCP, "CENTRALE_SIP_PORT"),
        *([secure] if chosen.tls_certificate else []),
        *([simulated] if chosen.carrier == "simulated" else []),
    ]


def check(chosen: Settings) -> None:
    """Raise Unavailable, with the setting to change, when a port cannot be had."""
    for door in of(chosen):
        family = socket.AF_INET6 if ":" in chosen.bind else socket.AF_INET
        with socket.socket(family, door.kind) as trial:
            if door.kind is TCP:
                trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind((chosen.bind, door.port))
            except OSError as error:
                raise Unavailable(_refusal(door, chosen.bind, error)) from error


def _refusal(door: Door, bind: str, error: OSError) -> str:
    if isinstance(error, PermissionError):
        why = "is for the administrator only"
    elif holder := _holder(door):
        why = f"is in use by {holder}"
    else:
        why = f"cannot be had ({error.strerror})"
    return f"Port {door.port} on {bind} {why}: stop what uses it, or set {door.setting} to another"


def _holder(door: Door) -> str:
    kind = "tcp" if door.kind is TCP else "udp"
    try:
        found = psutil.net_connections(kind)
    except psutil.Error:
        return ""
    for each in found:
        listens = each.status == psutil.CONN_LISTEN or kind == "udp"
        if each.laddr and each.laddr.port == door.port and listens and each.pid:
            return f"process {each.pid} ({psutil.Process(each.pid).name()})"
    return ""


def local_host(chosen: Settings) -> str:
    """Where a program on this machine reaches us."""
    everywhere = {"0.0.0.0": "127.0.0.1", "::": "::1"}
    return everywhere.get(chosen.bind, chosen.bind)


def local_url(chosen: Settings) -> str:
    host = local_host(chosen)
    return (
        f"http://[{host}]:{chosen.http_port}"
        if ":" in host
        else f"http://{host}:{chosen.http_port}"
    )
