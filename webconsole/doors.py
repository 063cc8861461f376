"""The ports of the house: whether they are free, and who has them."""

import socket
from dataclasses import dataclass

import psutil

from registry.kit.errors import Unavailable
from registry.kit.settings import Settings

TCP, UDP = socket.SOCK_STREAM, socket.SOCK_DGRAM
LAST = 65_535


@dataclass(frozen=True)
class Door:
    """A port somebody will listen on, and the setting that moves it."""

    port: int
    kind: socket.SocketKind
    setting: str


# Doors that stay shut until they have a port.
SHUT = {
    "receiver_lines_port": "CENTRALE_RECEIVER_LINES_PORT",
    "sos_access_port": "CENTRALE_SOS_ACCESS_PORT",
}


def of(chosen: Settings) -> list[Door]:
    found = [
        Door(chosen.http_port, TCP, "CENTRALE_HTTP_PORT"),
        Door(chosen.dc09_port, TCP, "CENTRALE_DC09_PORT"),
        Door(chosen.dc09_port, UDP, "CENTRALE_DC09_PORT"),
        Door(chosen.sip_port, TCP, "CENTRALE_SIP_PORT"),
        Door(chosen.sip_port, UDP, "CENTRALE_SIP_PORT"),
    ]
    if chosen.tls_certificate is not None:
        found.append(Door(chosen.sip_tls_port, TCP, "CENTRALE_SIP_TLS_PORT"))
        found.append(Door(chosen.sos_access_tls_port, TCP, "CENTRALE_SOS_ACCESS_TLS_PORT"))
    found += [Door(getattr(chosen, name), TCP, setting) for name, setting in SHUT.items()]
    if chosen.carrier == "simulated":
        carrier = "CENTRALE_SIMULATED_CARRIER_PORT"
        found.append(Door(chosen.simulated_carrier_port, TCP, carrier))
    return [door for door in found if door.port]


def all_open(chosen: Settings) -> dict[str, str]:
    """Settings that open the doors nobody has spoken of, on the next free ports after DC-09's."""
    taken = {door.port for door in of(chosen)}
    free = (
        port
        for port in range(chosen.dc09_port + 1, LAST + 1)
        if port not in taken and _trouble(Door(port, TCP, ""), chosen.bind) is None
    )
    unsaid = [setting for name, setting in SHUT.items() if name not in chosen.model_fields_set]
    return {setting: str(port) for setting, port in zip(unsaid, free, strict=False)}


def check(chosen: Settings) -> None:
    """Raise Unavailable, with the setting to change, when a port cannot be had."""
    for door in of(chosen):
        if (error := _trouble(door, chosen.bind)) is not None:
            raise Unavailable(_refusal(door, chosen.bind, error)) from error


def _trouble(door: Door, bind: str) -> OSError | None:
    """Why nobody could listen there."""
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    with socket.socket(family, door.kind) as trial:
        if door.kind is TCP:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((bind, door.port))
        except OSError as error:
            return error
    return None


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
