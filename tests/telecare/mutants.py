"""Damaged frames for every protocol: none may stop a decoder, slow it down or make it grow."""

import gc
import random
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from telecare.protocols.base import AlarmProtocol, KeyOf, Verdict

NOW = datetime(2026, 11, 22, 3, 4, 5, tzinfo=UTC)
MANY = 10_000
# What all mutants together may leave behind, and from when on one of them is a hang.
GROWTH = 5_000  # blocks of memory
SLOWEST = 10.0  # seconds


def mutants(frames: Sequence[bytes], many: int, seed: int) -> Iterator[bytes]:
    """The same seed gives the same damage."""
    dice = random.Random(seed)
    for _ in range(many):
        frame = bytearray(dice.choice(frames))
        for _ in range(dice.randint(1, 4)):
            _damage(frame, dice, frames)
        yield bytes(frame)


def _damage(frame: bytearray, dice: random.Random, frames: Sequence[bytes]) -> None:
    at = dice.randrange(len(frame) + 1)
    upto = min(len(frame), at + dice.randint(1, 12))
    kind = dice.randrange(6)
    if kind == 0 and at < len(frame):
        frame[at] ^= 1 << dice.randrange(8)
    elif kind == 1:
        del frame[at:upto]
    elif kind == 2:
        frame[at:at] = dice.randbytes(dice.randint(1, 8))
    elif kind == 3:
        frame[at:at] = frame[at:upto] * dice.choice((1, 2, 50))
    elif kind == 4:
        frame[at:] = dice.choice(frames)[at:]
    else:
        frame[at:upto] = dice.choice((b"\x00", b"\xff", b"<", b"]", b'"', b"9" * 40))


def survived(protocol: AlarmProtocol, frames: Sequence[bytes], key_of: KeyOf, seed: int = 5) -> int:
    """Send them all down one connection after another; returns how many frames were cut."""
    cut_in_all = blocks = 0
    slowest = 0.0
    framer = protocol.framer()
    for number, mutant in enumerate(mutants(frames, MANY, seed)):
        if number == MANY // 5:  # caches are warm
            gc.collect()
            blocks = sys.getallocatedblocks()
        began = time.perf_counter()
        for cut in framer.feed(mutant):
            cut_in_all += 1
            message = protocol.decode(cut, key_of, NOW)
            if message.verdict is Verdict.GOOD:
                protocol.acknowledge(message, key_of, NOW)
            else:
                protocol.refuse(message, NOW)
        slowest = max(slowest, time.perf_counter() - began)
        if framer.hopeless or number % 50 == 49:
            framer = protocol.framer()
    del framer
    gc.collect()
    assert sys.getallocatedblocks() - blocks < GROWTH
    assert slowest < SLOWEST
    return cut_in_all
