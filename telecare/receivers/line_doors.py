"""The doors of protocols on plain TCP lines, each closed until it has a port."""

import asyncio
import base64
import hashlib
import hmac
from collections.abc import Sequence
from functools import partial
from uuid import UUID

import structlog
from sqlalchemy.exc import SQLAlchemyError
from typing_extensions import override

from registry.kit.crypto import key_file
from registry.kit.db import transaction
from registry.kit.errors import Problem
from registry.kit.settings import Settings
from telecare import devices
from telecare.batch import Book, Received
from telecare.ingest import Ingest
from telecare.protocols import sos_access
from telecare.protocols.base import Verdict
from telecare.protocols.receiver_lines import ReceiverLines
from telecare.protocols.sos_access import SosAccess
from telecare.receivers.door import MakeDoor
from telecare.receivers.line_door import LineDoor, Port

# Hardware receivers and converters; a house has some, and each holds one connection.
MOST_RECEIVERS = 1000
# Transmitters connect for one message; each may hold 100 kB while it sends.
MOST_TRANSMITTERS = 2000
PASSWORD_LENGTH = 15

log = structlog.get_logger()


def from_settings(chosen: Settings) -> list[MakeDoor]:
    """The doors that have a port in this installation."""
    doors: list[MakeDoor] = []
    if chosen.receiver_lines_port:
        port = Port(number=chosen.receiver_lines_port, setting="CENTRALE_RECEIVER_LINES_PORT")
        doors.append(lambda ingest, book: receiver_lines([port], ingest, book))
    if ports := _sos_ports(chosen):
        doors.append(lambda ingest, book: SosDoor(ports, ingest, book))
    return doors


def _sos_ports(chosen: Settings) -> list[Port]:
    ports: list[Port] = []
    if chosen.sos_access_port:
        ports.append(Port(number=chosen.sos_access_port, setting="CENTRALE_SOS_ACCESS_PORT"))
    if chosen.sos_access_tls_port and chosen.tls_certificate:
        ports.append(
            Port(
                number=chosen.sos_access_tls_port,
                setting="CENTRALE_SOS_ACCESS_TLS_PORT",
                certificate=chosen.tls_certificate,
                key=chosen.tls_key,
            )
        )
    return ports


def receiver_lines(ports: Sequence[Port], ingest: Ingest, book: Book) -> LineDoor:
    return LineDoor(ReceiverLines(), ports, ingest, book, most=MOST_RECEIVERS)


def renewed(secret: bytes, account: str, password: bytes) -> bytes:
    """The password after this one: made, not kept, so that a lost answer locks nobody out."""
    mark = hmac.digest(secret, account.encode() + b"|" + password, hashlib.sha256)
    return base64.b32encode(mark).lower()[:PASSWORD_LENGTH]


class SosDoor(LineDoor):
    """SOS Access: the first message with a password that we gave ends the one before."""

    def __init__(self, ports: Sequence[Port], ingest: Ingest, book: Book) -> None:
        self._book = book
        protocol = SosAccess(partial(renewed, key_file("sos-access.key")))
        super().__init__(
            protocol, ports, ingest, book, elsewhere=sos_access.elsewhere, most=MOST_TRANSMITTERS
        )

    @override
    def answer(self, group: Sequence[Received]) -> None:
        super().answer(group)
        for each in group:
            if each.message.verdict is Verdict.GOOD and each.message.encrypted:
                self._notice(each)

    def _notice(self, each: Received) -> None:
        known = self._book.get(each.account)
        used = sos_access.password_of(each.cut.body)
        if known is not None and known.key != used:
            self._book[each.account] = known._replace(key=used)
            asyncio.get_running_loop().run_in_executor(None, _take, known.id, used)


def _take(device_id: UUID, password: bytes) -> None:
    try:
        with transaction() as session:
            devices.take_password(session, device_id, password)
    except (SQLAlchemyError, Problem) as error:
        # Both passwords go on opening the door, and the next message brings us here again.
        log.warning("sos_access.password_not_taken", reason=type(error).__name__)
