"""The framer and the decoder on any bytes: never a crash, and delivery changes nothing."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from telecare.protocols.base import Kind, Verdict
from telecare.protocols.dc09_blocks import position
from telecare.protocols.dc09_crypto import encrypt, timestamp
from telecare.protocols.dc09_frames import HOPELESS, Dc09Framer, crc16, wrap
from telecare.protocols.sia_dc09 import SiaDc09

NOW = datetime(2026, 11, 22, 3, 4, 5, tzinfo=UTC)
KEY = bytes(range(16))
DC09 = SiaDc09()

PRESS = wrap(b'"ADM-CID"0001L0#1234[#1234|1101 01 003]')
FALL = wrap(b'"SIA-DCS"0002R1L0#AB12[#AB12|Nri1/QA002]_03:04:05,11-22-2026')


def raw_crc(body: bytes) -> bytes:
    return b"\n%b%04X%b\r" % (crc16(body).to_bytes(2, "big"), len(body), body)


bodies = st.builds(
    lambda sequence, zone: b'"ADM-CID"%04dL0#1234[#1234|1101 01 %03d]' % (sequence, zone),
    st.integers(0, 9999),
    st.integers(0, 999),
)
frames = st.one_of(bodies.map(wrap), bodies.map(raw_crc))
junk = st.one_of(
    st.just(b""),
    st.just(b"\n"),
    st.just(b"\x00\r\n"),
    st.just(b"\r\n\r\n"),
    st.binary(max_size=30).filter(lambda some: b'"' not in some),
)
streams = st.lists(st.tuples(junk, frames), max_size=6)


@given(streams, st.data())
def test_however_it_is_cut_the_same_frames_come_out(
    parts: list[tuple[bytes, bytes]], data: st.DataObject
) -> None:
    stream = b"".join(before + frame for before, frame in parts)
    glued = Dc09Framer().feed(stream)
    one_by_one = Dc09Framer()
    single = [cut for byte in stream for cut in one_by_one.feed(bytes([byte]))]
    pieces = Dc09Framer()
    at, cut_anywhere = 0, []
    while at < len(stream):
        step = data.draw(st.integers(1, 40))
        cut_anywhere += pieces.feed(stream[at : at + step])
        at += step

    assert glued == single == cut_anywhere


@given(st.lists(frames, max_size=6))
def test_every_good_frame_comes_out_once(sent: list[bytes]) -> None:
    found = Dc09Framer().feed(b"\x00".join(sent))
    assert [cut.raw for cut in found] == sent
    assert all(not cut.flaw and cut.length_ok for cut in found)


@given(st.binary(max_size=300), st.binary(max_size=12))
def test_any_bytes_are_survived(noise: bytes, inside: bytes) -> None:
    framer = DC09.framer()
    body = b'"*SIA-DCS"0001L0#12' + inside + b"[" + noise.hex().encode()
    for stream in (noise, b'\n1234000A"' + noise, wrap(body), wrap(b'"' + noise)):
        for cut in framer.feed(stream):
            message = DC09.decode(cut, lambda _: KEY, NOW)
            if message.verdict is Verdict.GOOD:
                said = DC09.acknowledge(message, lambda _: KEY, NOW)
            else:
                said = DC09.refuse(message, NOW) or b""
            # Whatever was heard, what we say is one whole frame, or nothing.
            answers = Dc09Framer().feed(said)
            assert [cut.raw for cut in answers] == ([said] if said else [])
            assert all(not cut.flaw and cut.length_ok for cut in answers)


@given(st.integers(0, 399), st.integers(0, 7))
def test_a_flipped_bit_never_changes_the_account(index: int, bit: int) -> None:
    content = b"|#1234|1101 01 003]" + timestamp(NOW)
    sealed = bytearray(bytes.fromhex(encrypt(KEY, content).decode()))
    sealed[index % len(sealed)] ^= 1 << bit
    frame = wrap(b'"*ADM-CID"0001L0#1234[' + sealed.hex().upper().encode())
    (cut,) = DC09.framer().feed(frame)
    assert DC09.decode(cut, lambda _: KEY, NOW).account == "1234"


def test_a_broken_frame_does_not_hide_the_next() -> None:
    wrong_length = PRESS.replace(b"0027", b"0FFF").replace(b"1101", b"1100")
    cuts = Dc09Framer().feed(wrong_length + PRESS + FALL)
    assert [cut.flaw for cut in cuts] == ["crc", "", ""]


def test_a_carriage_return_inside_the_body_is_held_together_by_the_length() -> None:
    body = b'"SIA-DCS"0007L0#1234[#1234|NMA1^bagno\rpiano 2^]'
    assert Dc09Framer().feed(wrap(body) + PRESS)[0].body == body
    slow = Dc09Framer()
    assert [cut.body for byte in wrap(body) for cut in slow.feed(bytes([byte]))] == [body]


def test_a_check_value_may_look_like_line_ends() -> None:
    seen = set()
    for sequence in range(10_000):
        body = b'"ADM-CID"%04dL0#1234[#1234|1101 01 003]' % sequence
        if set(crc16(body).to_bytes(2, "big")) & {0x0A, 0x0D, 0x22}:
            seen.add(sequence)
            assert [cut.body for cut in Dc09Framer().feed(b"\n" + raw_crc(body))] == [body]
    assert len(seen) > 10


def test_a_peer_that_sends_only_junk_is_given_up() -> None:
    framer = Dc09Framer()
    cuts = framer.feed(b'\n00000FFF"' * 10_000)
    assert len(cuts) <= HOPELESS
    assert framer.hopeless


def test_five_thousand_bytes_without_an_end_stay_bounded() -> None:
    framer = Dc09Framer()
    for _ in range(100):
        framer.feed(b"A" * 1000)
    assert framer.junk == 100_000
    framer.feed(b'\n00000FFF"')
    for _ in range(100):
        framer.feed(b"A" * 1000)
    assert len(framer._held) <= 5000


def test_a_press_in_bars_and_a_position_are_understood() -> None:
    body = b'"SIA-DCS"0061L0#4711[#4711|Nri1/PA001][X012E34.123][Y45N23.456]'
    (cut,) = DC09.framer().feed(wrap(body))
    message = DC09.decode(cut, lambda _: None, NOW)
    assert message.reports[0].kind is Kind.PERSONAL
    found = position(message.extras)
    assert found is not None
    assert (round(found[0], 5), round(found[1], 5)) == (45.39093, 12.56872)
    assert position([("X", "999E00.0"), ("Y", "45N23.4")]) is None


def test_an_unknown_token_is_kept_and_acknowledged() -> None:
    (cut,) = DC09.framer().feed(wrap(b'"NEW-2030"0009L0#77[#77|hello]'))
    message = DC09.decode(cut, lambda _: None, NOW)
    assert message.verdict is Verdict.GOOD
    assert [report.kind for report in message.reports] == [Kind.UNKNOWN]


def test_a_good_frame_without_a_header_gets_a_duh() -> None:
    (cut,) = DC09.framer().feed(wrap(b'"SIA-DCS"0009L0#!![oops]'))
    message = DC09.decode(cut, lambda _: None, NOW)
    assert message.verdict is Verdict.ODD
    assert DC09.refuse(message, NOW) == wrap(b'"DUH"0009[]')
