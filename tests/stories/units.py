"""A home unit as a story needs it: one frame over TCP, and the answer."""

import socket

from registry.kit import clock
from telecare.protocols.dc09_crypto import decrypt, encrypt, timestamp
from telecare.protocols.dc09_frames import wrap

PATIENCE = 20.0  # seconds
KEY = bytes(range(32))


def report(address: tuple[str, int], frame: bytes, *, patience: float = PATIENCE) -> bytes:
    """Send one frame on a connection of its own; what the receiver answers, whole."""
    with socket.create_connection(address, timeout=patience) as line:
        line.sendall(frame)
        answer = b""
        while not answer.endswith(b"\r"):
            answer += line.recv(4096)
    return answer


def plain(account: str, sequence: int, code: str) -> bytes:
    """An ADM-CID event, such as 1101 for a pressed button."""
    name = account.encode()
    return wrap(b'"ADM-CID"%04dL0#%b[#%b|%b 00 001]' % (sequence, name, name, code.encode()))


def sealed(account: str, sequence: int, code: str) -> bytes:
    """The same under KEY, with the time that protects it from being sent again later."""
    name = account.encode()
    inside = b"|#%b|%b 00 001]%b" % (name, code.encode(), timestamp(clock.now()))
    return wrap(b'"*ADM-CID"%04dL0#%b[%b' % (sequence, name, encrypt(KEY, inside)))


def opened(answer: bytes) -> bytes:
    """What an encrypted answer says inside."""
    return decrypt(KEY, bytes.fromhex(answer.rstrip(b"\r").rpartition(b"[")[2].decode()))
