"""A publisher that costs little: MQTT 5 packets written ahead, acknowledgements counted."""

import json
import socket
import struct
import time

AHEAD = 1000  # packets without the broker's acknowledgement
PUBLISH_QOS1, PUBACK, CONNACK = 0x32, 0x40, 0x20
LAST_ID = 65_535


def publish(host: str, port: int, topic: str, accounts: list[str], signals: int, mark: str) -> None:
    """So many presses, each with an id of its own; returns when the broker has them all."""
    packets = [
        _packet(f"{topic}/{accounts[number % len(accounts)]}/signals", number, mark)
        for number in range(signals)
    ]
    with _connected(host, port) as line:
        sent = taken = 0
        buffer = b""
        while taken < signals:
            ahead = min(signals, taken + AHEAD)
            if sent < ahead:
                line.sendall(b"".join(packets[sent:ahead]))
                sent = ahead
            buffer += line.recv(65_536)
            done, buffer = _acknowledged(buffer)
            taken += done
        line.sendall(b"\xe0\x00")


def _connected(host: str, port: int) -> socket.socket:
    until = time.monotonic() + 10
    while True:
        try:
            line = socket.create_connection((host, port), timeout=30)
            break
        except ConnectionRefusedError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
    name = _text("bench-publisher")
    head = _text("MQTT") + b"\x05\x02" + struct.pack("!H", 0) + b"\x00" + name
    line.sendall(b"\x10" + _length(len(head)) + head)
    heard = line.recv(256)
    if heard[0] != CONNACK or heard[3] != 0:
        raise ConnectionError("the broker refused the publisher")
    return line


def _packet(topic: str, number: int, mark: str) -> bytes:
    said = {"id": f"{mark}-{number}", "kind": "personal", "battery": 80, "zone": "polso"}
    identifier = struct.pack("!H", number % LAST_ID + 1)
    body = _text(topic) + identifier + b"\x00" + json.dumps(said).encode()
    return bytes([PUBLISH_QOS1]) + _length(len(body)) + body


def _acknowledged(buffer: bytes) -> tuple[int, bytes]:
    """How many PUBACKs are whole in the buffer, and what is left of it."""
    done = at = 0
    while len(buffer) - at >= 2 and len(buffer) - at >= 2 + buffer[at + 1]:
        done += buffer[at] == PUBACK
        at += 2 + buffer[at + 1]
    return done, buffer[at:]


def _text(written: str) -> bytes:
    return struct.pack("!H", len(written)) + written.encode()


def _length(count: int) -> bytes:
    written = b""
    while True:
        count, low = divmod(count, 128)
        written += bytes([low | (128 if count else 0)])
        if not count:
            return written
