"""SIP on a stream: whole messages however they were cut or glued, and an end to nonsense."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telecare.protocols.base import Cut
from telecare.protocols.sip_frames import LARGEST_HEAD, SipFramer, datagram


def message(
    body: bytes = b"<mrq/>", length: int | None = None, header: str = "Content-Length"
) -> bytes:
    size = len(body) if length is None else length
    head = f"MESSAGE sip:arc@here SIP/2.0\r\nCall-ID: 1\r\n{header}: {size}\r\n\r\n"
    return head.encode() + body


def cuts(*pieces: bytes) -> tuple[list[Cut], SipFramer]:
    framer = SipFramer()
    return [cut for piece in pieces for cut in framer.feed(piece)], framer


def test_several_messages_of_one_segment_are_several() -> None:
    found, _ = cuts(message(b"one") + message(b"two") + message(b""))
    assert [cut.body for cut in found] == [b"one", b"two", b""]
    assert not any(cut.flaw for cut in found)


def test_byte_by_byte_gives_the_same() -> None:
    stream = message(b"one") + b"\r\n\r\n" + message(b"two", header="l")
    whole, first = cuts(stream)
    pieces, second = cuts(*(bytes([byte]) for byte in stream))
    assert [(cut.raw, cut.body) for cut in whole] == [(cut.raw, cut.body) for cut in pieces]
    assert first.pings == second.pings == 1


def test_keepalives_are_counted_and_lone_line_ends_skipped() -> None:
    found, framer = cuts(b"\r\n\r\n", b"\r\n\r\n", b"\r\n" + message())
    assert framer.pings == 2
    assert len(found) == 1


def test_a_length_shorter_than_the_body_ends_the_stream() -> None:
    found, framer = cuts(message(b"<mrq><ref>SIP0006</ref></mrq>", length=10))
    assert [cut.flaw for cut in found] == ["length"]
    assert framer.hopeless
    assert framer.feed(message()) == []


@pytest.mark.parametrize(
    ("stream", "flaw"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "start_line"),
        (b"\x16\x03\x01\x02\x00", "head"),
        (b"MESSAGE sip:arc@here SIP/2.0\r\nCall-ID: 1\r\n\r\nbody", "no_length"),
        (message(length=70_000), "too_large"),
        (b"MESSAGE sip:" + b"a" * LARGEST_HEAD, "head"),
    ],
)
def test_nonsense_is_told_once_and_ends_it(stream: bytes, flaw: str) -> None:
    found, framer = cuts(stream)
    assert [cut.flaw for cut in found] == [flaw]
    assert framer.hopeless


def test_bare_line_feeds_are_taken() -> None:
    found, _ = cuts(message(b"one").replace(b"\r\n", b"\n"))
    assert [cut.body for cut in found] == [b"one"]


def test_a_datagram_is_cut_at_its_length_and_refused_when_it_is_short() -> None:
    longer = datagram(message(b"one") + b"rubbish")
    assert longer is not None
    assert (longer.body, longer.flaw) == (b"one", "")
    short = datagram(message(b"one", length=9))
    assert short is not None
    assert short.flaw == "length"
    assert datagram(b"\r\n\r\n") is None
    assert datagram(b"\x00" * 8) is None


@given(st.lists(st.binary(max_size=200), max_size=8))
def test_no_stream_breaks_it(pieces: list[bytes]) -> None:
    _, framer = cuts(*pieces)
    assert len(framer._buffer) <= 1600
    for piece in pieces:
        datagram(piece)


@given(st.data())
def test_any_cutting_gives_the_same_messages(data: st.DataObject) -> None:
    stream = b"".join(message(bytes([65 + n]) * n) for n in range(6))
    at = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=10)))
    edges = [0, *at, len(stream)]
    found, _ = cuts(*(stream[a:b] for a, b in pairwise(edges)))
    assert [len(cut.body) for cut in found] == list(range(6))
