"""SCAIP in parts, and every status number that a unit may hear from us."""

import pytest

from telecare.protocols import xml_documents
from telecare.protocols.base import Cut, Kind, Message, Phase, Verdict
from telecare.protocols.scaip import Scaip
from telecare.protocols.scaip_parts import MOST_BEGUN, PARTS_WITHIN, Parts
from telecare.signals import digest
from tests.telecare.mutants import NOW, survived
from tests.telecare.sip_units import Centre, Way, mrq, request
from tests.telecare.test_scaip_vectors import BODIES

SCAIP = Scaip()


@pytest.fixture
def centre() -> Centre:
    return Centre()


@pytest.fixture
def way() -> Way:
    return Way()


def send(centre: Centre, way: Way, body: str, call: int) -> list[Message]:
    centre.receive(request(body=body, branch=f"z9hG4bK-{call}", call=f"call-{call}"), way)
    return centre.commit()


def without(body: str, *names: str) -> str:
    document = xml_documents.read(body.encode())
    kept = [(name, value) for name, value in document.fields if name not in names]
    return xml_documents.write("mrq", kept).decode()


def test_the_first_part_is_the_alarm_and_the_others_add_to_it(centre: Centre, way: Way) -> None:
    (first,) = send(centre, way, mrq(ame="3", ite="Prima parte"), 1)
    (second,) = send(centre, way, mrq(ame="3", ite="seconda parte"), 2)
    (third,) = send(centre, way, without(mrq(ame="3", ite="terza parte"), "dty", "stc"), 3)

    assert first.reports[0].kind is Kind.PERSONAL
    for later, text in ((second, "seconda parte"), (third, "terza parte")):
        (report,) = later.reports
        assert (later.verdict, report.kind, report.phase) == (
            Verdict.GOOD,
            Kind.UPDATE,
            Phase.STILL,
        )
        assert report.text == text
    assert len({digest("scaip", each, b"") for each in (first, second, third)}) == 3
    assert way.codes == [200, 200, 200]
    assert all(b"<snu>0</snu>" in told for told in way.told)
    assert [b"<mre>" in told for told in way.told] == [True, False, False]


def test_a_part_sent_again_is_the_same_part(centre: Centre, way: Way) -> None:
    first = send(centre, way, mrq(ame="2", ite="Prima"), 1)
    again = send(centre, way, mrq(ame="2", ite="Prima"), 2)

    assert first[0].reports == again[0].reports
    assert digest("scaip", first[0], b"") == digest("scaip", again[0], b"")


@pytest.mark.parametrize(
    ("more", "later"),
    [
        ({"ref": "A2", "ame": "2"}, 1.0),
        ({"cid": "816", "ame": "2"}, 1.0),
        ({"ame": "2"}, PARTS_WITHIN),
    ],
    ids=["another reference", "another unit", "too late"],
)
def test_what_is_no_part_of_it_is_an_alarm(more: dict[str, str], later: float) -> None:
    parts = Parts()
    first, other = read(mrq(ame="2", ite="Prima")), read(mrq(**{"ite": "altra", **more}))
    parts.join(first, 0)
    parts.join(other, later)
    assert other.reports[0].kind is Kind.PERSONAL


def test_a_unit_that_does_not_number_has_no_parts() -> None:
    parts = Parts()
    for text in ("una", "due"):
        message = read(mrq(ref="000", ame="2", ite=text))
        parts.join(message, 0)
        assert message.reports[0].kind is Kind.PERSONAL
    assert len(parts) == 0


def test_without_the_word_for_it_nothing_begins() -> None:
    parts = Parts()
    for ame in ("", "1", "x"):
        parts.join(read(mrq(ame=ame)), 0)
    assert len(parts) == 0


def test_what_begins_and_never_ends_stays_bounded() -> None:
    parts = Parts()
    message = read(mrq(ame="2"))
    for number in range(MOST_BEGUN + 5):
        message.sequence = f"R{number}"
        parts.join(message, 0)
    assert len(parts) == MOST_BEGUN
    parts.forget(PARTS_WITHIN)
    assert len(parts) == 0


def read(body: str) -> Message:
    return SCAIP.decode(Cut(b"", body.encode()), lambda _: None, NOW)


LONG = "R" * 17


@pytest.mark.parametrize(
    ("body", "snu"),
    [
        (mrq(), "0"),
        (mrq(dty="9999", stc="9999"), "0"),
        (mrq(ref=LONG), "1"),
        (mrq(pri="12"), "1"),
        (mrq(cid="815A"), "2"),
        (mrq().replace("mrq>", "mrx>"), "3"),
        (without(mrq(), "cid"), "7"),
        (without(mrq(), "dty"), "7"),
        (without(mrq(), "ref"), "10"),
    ],
    ids=[
        "ok",
        "unknown-code",
        "long-ref",
        "long-pri",
        "format",
        "root",
        "no-cid",
        "no-dty",
        "no-ref",
    ],
)
def test_every_status_number_of_the_standard_that_is_ours_to_say(
    centre: Centre, way: Way, body: str, snu: str
) -> None:
    user = {"2": "815A", "7": "" if "<cid>" not in body else "815"}.get(snu, "815")
    centre.receive(request(body=body, user=user), way)
    (message,) = centre.commit()

    assert (message.verdict is Verdict.GOOD) is (snu == "0")
    assert way.codes == [200]
    told = xml_documents.read(way.told[0].partition(b"\r\n\r\n")[2])
    assert told.first("snu") == snu


def test_another_user_hears_99(centre: Centre, way: Way) -> None:
    centre.receive(request(body=mrq(), user="999"), way)
    (message,) = centre.commit()
    assert (message.verdict, message.reason) == (Verdict.SEALED, "identity")
    assert b"<snu>99</snu>" in way.told[0]


def test_hold_not_treated_and_busy_are_said_by_sip_so_that_nothing_looks_delivered(
    centre: Centre, way: Way
) -> None:
    for number in range(33):
        body = mrq(ref=f"A{number}")
        centre.receive(request(body=body, branch=f"z9hG4bK-{number}", call=f"c{number}"), way)
    assert way.codes == [486], "busy (6): too many of one unit wait"
    centre.wait(7)
    assert way.codes[1:] == [503] * 32, "not treated (5), hold (4): the store did not take it"
    assert way.told == []


def test_ten_thousand_damaged_messages_are_survived() -> None:
    frames = [
        b"MESSAGE sip:a@b SIP/2.0\r\nFrom: <sip:1@b>;tag=1\r\nContent-Length: %d\r\n\r\n%b"
        % (len(body), body)
        for body in (bytes.fromhex(each["raw_hex"]) for each in BODIES)
    ]
    assert survived(SCAIP, frames, lambda _: None) > 1000
