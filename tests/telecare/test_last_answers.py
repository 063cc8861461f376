"""A receiver that is stopped answers what it has stored before it hangs up."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import text

from registry.kit import db
from telecare.protocols.dc09_frames import wrap
from telecare.receivers.sip import SipDoor, SipPlan
from telecare.signals import Signal
from tests.telecare.doors import HERE, running
from tests.telecare.sip_centre import stored
from tests.waiting import eventually

MANY = 40
WAITING = text("SELECT count(*) FROM pg_locks WHERE relation = 'signals'::regclass AND NOT granted")


def press(number: int) -> bytes:
    return wrap(b'"ADM-CID"%04dL0#4711[#4711|1101 01 003]' % number)


def message(number: int, own: str) -> bytes:
    body = (
        f"<mrq><ref>{number}</ref><cid>4711</cid><dty>0003</dty><stc>0010</stc>"
        "<crd>sip:</crd></mrq>"
    )
    return (
        f"MESSAGE sip:arc@{HERE} SIP/2.0\r\nVia: SIP/2.0/UDP {own};branch=z9hG4bKlast{number}\r\n"
        f"From: <sip:4711@{own}>;tag=1\r\nTo: <sip:arc@{HERE}>\r\nCall-ID: last{number}\r\n"
        "CSeq: 1 MESSAGE\r\nContent-Type: application/scaip+xml\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


@contextmanager
def nothing_is_stored() -> Iterator[None]:
    """While this lasts every writer of signals waits; it ends when one does."""
    with db.engine().connect() as other:
        other.execute(text("LOCK TABLE signals IN ACCESS EXCLUSIVE MODE"))
        yield
        eventually(lambda: other.execute(WAITING).scalar())


def heard(line: socket.socket) -> list[bytes]:
    """All that has come."""
    line.setblocking(False)
    found: list[bytes] = []
    while True:
        try:
            found.append(line.recv(65_536))
        except BlockingIOError:
            return found


def test_what_was_stored_at_the_stop_was_answered(database: None) -> None:
    dc09: list[int] = []
    with (
        socket.socket(type=socket.SOCK_DGRAM) as unit,
        socket.socket(type=socket.SOCK_DGRAM) as home,
    ):
        home.bind((HERE, 0))
        own = f"{HERE}:{home.getsockname()[1]}"
        with (
            running(lambda *given: SipDoor(SipPlan(port=0), *given), dc09=dc09) as (door,),
            nothing_is_stored(),
        ):
            for number in range(1, MANY):
                unit.sendto(press(number), (HERE, dc09[0]))
            for number in range(1, MANY - 9):  # a unit may have so many unanswered
                home.sendto(message(number, own), (HERE, door.port))

        answers = [each for each in heard(unit) if b'"ACK"' in each]
        fine = [each for each in heard(home) if each.startswith(b"SIP/2.0 200")]

    signals = stored(Signal)
    assert signals
    assert len(answers) == sum(each.protocol == "sia-dc09" for each in signals)
    assert len(fine) == sum(each.protocol == "scaip" for each in signals)
