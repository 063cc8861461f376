"""BS 8521-2 style strings in SIP: what they mean, who may send them, what is answered."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telecare.alarms import Alarm
from telecare.protocols.base import Cut, Kind, Message, Phase, Verdict
from telecare.protocols.bs8521 import Bs8521, speaks
from telecare.receivers.sip import SipPlan
from telecare.signals import Signal
from tests.telecare.mutants import NOW, survived
from tests.telecare.sip_centre import Unit, running, stored
from tests.telecare.sip_units import Centre, Way, request

PAGE = json.loads((Path(__file__).parents[1] / "frames" / "bs8521.json").read_text())
VECTORS = [pytest.param(each, id=each["id"]) for each in PAGE["vectors"]]
BS8521 = Bs8521()
FALL = "010012345678000102101100"
KINDS = {"nowip-07": "test", "nowip-03": "fall", "nowip-08": "inactivity", "nowip-04": "mains"}


def read(body: str) -> Message:
    return BS8521.decode(Cut(b"", body.encode()), lambda _: None, NOW)


def atm(kind: str, data: str) -> str:
    return f"<ATM><type>{kind}</type><data>{data}</data></ATM>"


@pytest.mark.parametrize("wrapped", [False, True], ids=["bare", "xml"])
@pytest.mark.parametrize("vector", VECTORS)
def test_a_string_is_read_field_by_field(vector: dict[str, Any], wrapped: bool) -> None:
    data = bytes.fromhex(vector["raw_hex"]).decode()
    message = read(atm("1", data) if wrapped else data)
    wanted = vector["expected"]

    assert message.verdict is Verdict.GOOD
    said = dict(message.extras)
    assert len(said.pop("string")) == wanted["length"]
    assert said == {name: value for name, value in wanted.items() if name != "length"}
    assert message.account == wanted["controller"] + wanted["unit"]
    assert message.reports[0].kind == KINDS[vector["id"]]
    answer = BS8521.acknowledge(message, lambda _: None, NOW)
    assert answer == f"<ATM><type>A</type><data>{data}</data></ATM>".encode()


@pytest.mark.parametrize(
    ("event", "status", "kind", "phase"),
    [
        ("010", "00", Kind.PERSONAL, Phase.NEW),
        ("019", "00", Kind.PERSONAL, Phase.NEW),
        ("026", "00", Kind.GAS, Phase.NEW),
        ("051", "05", Kind.MAINS, Phase.NEW),
        ("051", "04", Kind.MAINS, Phase.OVER),
        ("053", "07", Kind.UNIT_BATTERY, Phase.NEW),
        ("019", "07", Kind.PENDANT_BATTERY, Phase.NEW),
        ("061", "05", Kind.RADIO, Phase.NEW),
        ("062", "05", Kind.LINK, Phase.NEW),
        ("777", "00", Kind.UNKNOWN, Phase.NEW),
    ],
)
def test_events_and_states(event: str, status: str, kind: Kind, phase: Phase) -> None:
    (report,) = read(f"0100123456780001{event}011{status}").reports
    assert (report.kind, report.phase) == (kind, phase)


@pytest.mark.parametrize(
    ("body", "verdict", "kind"),
    [
        (atm("0", "123456780001"), Verdict.GOOD, Kind.HEARTBEAT),
        (atm("7", FALL), Verdict.GOOD, Kind.UPDATE),
        (atm("2", FALL), Verdict.GOOD, Kind.UNKNOWN),
        (atm("1", "123"), Verdict.ODD, Kind.UNKNOWN),
        ("<ATM><type>1</type>", Verdict.ODD, Kind.UNKNOWN),
    ],
    ids=["heartbeat", "answer to a command", "command", "too short", "broken"],
)
def test_types_of_messages(body: str, verdict: Verdict, kind: Kind) -> None:
    message = read(body)
    assert (message.verdict, message.reports[0].kind) == (verdict, kind)


def test_what_cannot_be_read_is_the_same_only_byte_by_byte() -> None:
    first, other = read("<ATM><type>1</type>"), read("<ATM><type>1</typ>")
    assert first.content != other.content
    assert read(atm("1", FALL)).content == read(atm("1", f" {FALL}\n")).content


def test_an_acknowledgement_sent_to_us_is_no_event() -> None:
    message = read(atm("A", FALL))
    assert message.verdict is Verdict.BROKEN
    assert BS8521.refuse(message, NOW) is None


@pytest.mark.parametrize(
    ("user", "verdict", "kind"),
    [
        ("12345678", Verdict.GOOD, b"A"),
        ("123456780001", Verdict.GOOD, b"A"),
        ("99999999", Verdict.SEALED, b"5"),
    ],
    ids=["controller", "unit", "somebody else"],
)
def test_it_is_answered_after_the_commit_in_a_message_of_our_own(
    user: str, verdict: Verdict, kind: bytes
) -> None:
    centre, way = Centre(), Way()
    centre.receive(request(user=user, body=FALL, content_type="text/plain"), way)
    assert way.sent == []

    (message,) = centre.commit()

    assert message.verdict is verdict
    assert way.codes == [200]
    assert b"<type>" + kind + b"</type>" in way.told[0]


def test_the_running_door_takes_it_beside_scaip(database: None) -> None:
    with running(SipPlan(port=0)) as door:
        unit = Unit(door.port)
        unit.send(request(user="12345678", body=FALL, content_type="application/xml"))
        assert unit.code() == 200
        assert b"<type>A</type>" in unit.told()
        unit.close()
    (signal,) = stored(Signal)
    (alarm,) = stored(Alarm)
    assert (signal.protocol, signal.account) == ("bs8521", "123456780001")
    assert alarm.kind is Kind.FALL


@given(st.binary(max_size=80))
def test_any_bytes_are_survived(noise: bytes) -> None:
    for body in (noise, b"<ATM>" + noise, b"<ATM><type>1</type><data>" + noise + b"</data></ATM>"):
        assert speaks(body) in {True, False}
        BS8521.decode(Cut(b"", body), lambda _: None, NOW)


def test_ten_thousand_damaged_messages_are_survived() -> None:
    bodies = [FALL.encode(), atm("1", FALL).encode(), atm("0", "123456780001").encode()]
    frames = [
        b"MESSAGE sip:a@b SIP/2.0\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
        for body in bodies
    ]
    assert survived(BS8521, frames, lambda _: None) > 1000
