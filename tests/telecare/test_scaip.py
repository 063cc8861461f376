"""SCAIP bodies that no vector has: codes as numbers, blanks, bombs, and anything at all."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telecare.protocols import xml_documents
from telecare.protocols.base import Cut, Kind, Message, Phase, Verdict
from telecare.protocols.scaip import SAME_WITHIN_UNNUMBERED, Scaip, place
from telecare.protocols.xml_documents import Malformed
from telecare.signals import digest

SCAIP = Scaip()
NOW = datetime(2026, 11, 22, tzinfo=UTC)
SIP = b"MESSAGE sip:arc@here SIP/2.0\r\nFrom: <sip:4711@home>;tag=1\r\n\r\n"


def read(body: str | bytes, flaw: str = "") -> Message:
    raw = body.encode() if isinstance(body, str) else body
    return SCAIP.decode(Cut(SIP + raw, raw, flaw), lambda _: None, NOW)


def mrq(**fields: str) -> str:
    given_ = {"ref": "A1", "cid": "4711", "dty": "3", "stc": "10"} | fields
    return "<mrq>" + "".join(f"<{key}>{text}</{key}>" for key, text in given_.items()) + "</mrq>"


@pytest.mark.parametrize("written", ["3", "03", "0003", " 3 "])
def test_codes_are_numbers(written: str) -> None:
    assert read(mrq(dty=written)).reports[0].code == "3/10"


@pytest.mark.parametrize(
    ("device", "status", "kind", "phase"),
    [
        ("3", "10", Kind.PERSONAL, Phase.NEW),
        ("5", "9", Kind.FALL, Phase.NEW),
        ("10", "9", Kind.INACTIVITY, Phase.NEW),
        ("10", "10", Kind.PERSONAL, Phase.NEW),
        ("23", "9", Kind.SMOKE, Phase.NEW),
        ("23", "70", Kind.SMOKE, Phase.OVER),
        ("23", "67", Kind.SENSOR, Phase.NEW),
        ("23", "16", Kind.PENDANT_BATTERY, Phase.NEW),
        ("26", "9", Kind.GAS, Phase.NEW),
        ("33", "9", Kind.WATER, Phase.NEW),
        ("15", "9", Kind.WANDERING, Phase.NEW),
        ("11", "81", Kind.MEDICATION, Phase.NEW),
        ("2", "85", Kind.MAINS, Phase.NEW),
        ("2", "86", Kind.MAINS, Phase.OVER),
        ("2", "14", Kind.UNIT_BATTERY, Phase.NEW),
        ("2", "15", Kind.UNIT_BATTERY, Phase.OVER),
        ("3", "16", Kind.PENDANT_BATTERY, Phase.NEW),
        ("3", "70", Kind.SENSOR, Phase.OVER),
        ("2", "70", Kind.SYSTEM, Phase.OVER),
        ("2", "123", Kind.RADIO, Phase.NEW),
        ("2", "24", Kind.LINK, Phase.NEW),
        ("2", "114", Kind.LINK, Phase.OVER),
        ("2", "102", Kind.TEST, Phase.NEW),
        ("3", "19", Kind.CANCEL, Phase.NEW),
        ("2", "87", Kind.PRESENCE, Phase.NEW),
        ("45", "125", Kind.TAMPER, Phase.NEW),
        ("3", "888", Kind.UNKNOWN, Phase.NEW),
        ("888", "9", Kind.UNKNOWN, Phase.NEW),
        ("888", "10", Kind.PERSONAL, Phase.NEW),
        ("ABC", "10", Kind.PERSONAL, Phase.NEW),
    ],
)
def test_what_type_and_status_mean(device: str, status: str, kind: Kind, phase: Phase) -> None:
    (report,) = read(mrq(dty=device, stc=status)).reports
    assert (report.kind, report.phase) == (kind, phase)


def test_the_type_of_message_wins_over_the_status() -> None:
    assert read(mrq(mty="PI")).reports[0].kind is Kind.HEARTBEAT
    assert read(mrq(mty="RE")).reports[0].kind is Kind.CANCEL
    assert read(mrq(mty="IN")).reports[0].kind is Kind.UPDATE
    assert read(mrq(mty="ZZ")).reports[0].kind is Kind.UNKNOWN


def test_blanks_in_the_account_and_any_order_are_taken() -> None:
    message = read("<mrq><stc>10</stc><cid> 47 11\n</cid><ref>A1</ref><dty>3</dty></mrq>")
    assert (message.verdict, message.account) == (Verdict.GOOD, "4711")


def test_namespaces_case_and_latin_1_are_taken() -> None:
    said = "<ref>A1</ref><cid>4711</cid><dty>3</dty><ite>perch\xe9</ite>"
    body = f'<s:MRQ xmlns:s="urn:x">{said}</s:MRQ>'
    message = read(body.encode("latin-1"))
    assert message.verdict is Verdict.GOOD
    assert message.reports[0].text == "perché"


@pytest.mark.parametrize(
    ("body", "snu"),
    [
        (mrq(ref=""), "10"),
        (mrq(cid=""), "7"),
        (mrq(dty=""), "7"),
        (mrq(cid="47x1"), "2"),
        (mrq(ref="A" * 17), "1"),
        ("<foo><ref>A1</ref><cid>4711</cid><dty>3</dty></foo>", "3"),
    ],
)
def test_a_refusal_says_why(body: str, snu: str) -> None:
    message = read(body)
    assert message.verdict is Verdict.ODD
    assert f"<snu>{snu}</snu>".encode() in (SCAIP.refuse(message, NOW) or b"")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ('<!DOCTYPE m [<!ENTITY a "ha">]><mrq><ref>&a;</ref></mrq>', "doctype"),
        ('<!doctype m SYSTEM "file:///etc/passwd"><mrq/>', "doctype"),
        ("<a>" * 50 + "</a>" * 50, "depth"),
        ("<mrq>" + "<a/>" * 300 + "</mrq>", "depth"),
        ("<mrq>" + "x" * 70_000 + "</mrq>", "size"),
        ("<mrq><ref>SIP0006</r", "xml"),
        ("<mrq>&nbsp;</mrq>", "xml"),
        ("", "xml"),
        ('<?xml version="1.0" encoding="klingon"?><mrq/>', "encoding"),
    ],
)
def test_bombs_and_fragments_are_refused_unread(body: str, reason: str) -> None:
    with pytest.raises(Malformed, match=reason):
        xml_documents.read(body.encode())
    message = read(body)
    assert (message.verdict, message.account) == (Verdict.ODD, "4711")
    assert SCAIP.refuse(message, NOW) is None


def test_a_utf_16_doctype_is_refused_too() -> None:
    body = '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE m [<!ENTITY a "b">]><mrq>&a;</mrq>'
    with pytest.raises(Malformed, match="doctype"):
        xml_documents.read(body.encode("utf-16"))


def test_a_flaw_of_the_sip_side_makes_it_untrusted() -> None:
    message = read(mrq(), flaw="identity")
    assert (message.verdict, message.reason) == (Verdict.SEALED, "identity")
    assert b"<snu>99</snu>" in (SCAIP.refuse(message, NOW) or b"")


def test_the_same_reference_with_another_content_is_another_message() -> None:
    def mark(body: str) -> bytes:
        return digest("scaip", read(body), body.encode())

    assert mark(mrq()) == mark(mrq(dty="0003"))
    assert mark(mrq()) != mark(mrq(dty="5"))
    assert mark(mrq()) != mark(mrq(ref="A2"))


def test_a_reference_of_zeros_forgets_quickly() -> None:
    assert read(mrq(ref="0000")).same_within == SAME_WITHIN_UNNUMBERED
    assert (read(mrq()).same_within or timedelta()) >= timedelta(days=1)


def test_voice_over_the_units_own_default_where_no_number_is_set() -> None:
    said = SCAIP.acknowledge(read(mrq(crd="gsm:+390")), lambda _: None, NOW)
    assert b"<cre>61</cre>" in said


@pytest.mark.parametrize(
    ("written", "at"),
    [
        ("45.4642,9.1900", (45.4642, 9.19)),
        ("-40.5; 120", (-40.5, 120.0)),
        ("$GPGGA,123519,4527.852,N,00911.400,E,1,08,0.9,545.4,M,,M,,*47", (45.4642, 9.19)),
        ("95.0,9.19", None),
        ("salotto", None),
    ],
)
def test_positions_are_degrees(written: str, at: tuple[float, float] | None) -> None:
    found = place(written)
    assert (found and tuple(round(each, 6) for each in found)) == at


@given(st.binary(max_size=300))
def test_no_bytes_break_it(body: bytes) -> None:
    message = read(body)
    assert message.verdict in Verdict
    SCAIP.refuse(message, NOW)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["ref", "cid", "dty", "stc", "mty", "crd", "lge", "pri", "cha"]),
            st.text(max_size=20),
        )
    )
)
def test_no_document_breaks_it(fields: list[tuple[str, str]]) -> None:
    message = read(xml_documents.write("mrq", fields))
    assert "\x00" not in message.data
    if message.verdict is Verdict.GOOD:
        assert b"<snu>0</snu>" in SCAIP.acknowledge(message, lambda _: None, NOW)
