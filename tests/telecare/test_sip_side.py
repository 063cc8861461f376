"""What is asked of our side of SIP: which methods, types and bodies are taken, and from whom."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telecare.protocols.base import Verdict
from tests.telecare.sip_units import PUBLISHED, Centre, Way, mrq, request


def test_options_say_what_we_take(centre: Centre, way: Way) -> None:
    centre.receive(request("OPTIONS"), way)
    assert way.codes == [200]
    assert b"Allow: MESSAGE, OPTIONS, REGISTER\r\n" in way.sent[0]
    assert b"Accept: application/scaip+xml\r\n" in way.sent[0]


def test_another_kind_of_text_is_refused(centre: Centre, way: Way) -> None:
    centre.receive(request(body="ciao", content_type="text/plain"), way)
    assert way.codes == [415]
    assert b"Accept: application/scaip+xml" in way.sent[0]


def test_a_plainer_type_is_no_reason_to_lose_an_alarm(centre: Centre, way: Way) -> None:
    centre.receive(request(body=mrq(), content_type='text/xml; charset="utf-8"'), way)
    centre.commit()
    assert way.codes == [200]


def test_a_body_that_is_no_xml_is_kept_and_answered_400(centre: Centre, way: Way) -> None:
    centre.receive(request(body="<mrq><ref>A1"), way)
    (message,) = centre.commit()
    assert (message.verdict, message.account) == (Verdict.ODD, "815")
    assert way.codes == [400]
    assert way.told == []


def test_an_answer_from_a_unit_is_taken_and_leads_to_nothing(centre: Centre, way: Way) -> None:
    centre.receive(request(body="<mrs><ref>A1</ref><snu>0</snu></mrs>"), way)
    assert way.codes == [200]
    assert centre.taken == []


def test_the_variant_gets_its_answer_in_the_200(centre: Centre, way: Way) -> None:
    body = mrq(cid="+815").replace("mrq>", "scaip>")
    centre.receive(request(body=body), way)
    centre.commit()
    assert way.sent[0].endswith(b"\r\n\r\n<scaip><ref>A1</ref><snu>0</snu></scaip>")
    assert way.told == []


@pytest.mark.parametrize("method", ["INVITE", "SUBSCRIBE", "FUZZ"])
def test_other_methods_are_answered_to_our_units_alone(
    centre: Centre, way: Way, method: str
) -> None:
    centre.receive(request(method, user="100"), way)
    assert way.sent == []
    centre.receive(request(method, user="4711"), way)
    assert way.codes == [405]
    assert b"Allow: MESSAGE" in way.sent[0]


def test_scanners_hear_nothing(way: Way) -> None:
    centre = Centre(domain="telesoccorso.example")
    agent = {"User-Agent": "friendly-scanner"}
    centre.receive(request("OPTIONS", headers=agent), way)
    centre.receive(request("OPTIONS", uri="sip:100@other.example"), way)
    centre.receive(b"OPTIONS sip:nm SIP/2.0\r\nVia: nonsense\r\n\r\n", way)
    assert way.sent == []
    centre.receive(request("OPTIONS", uri="sip:telesoccorso.example"), way)
    assert way.codes == [200]


def test_units_speak_sip_their_own_way(centre: Centre, way: Way) -> None:
    raw = request(body=mrq(), uri="sip:arc@centrale_operativa;transport=udp")
    raw = raw.replace(b"Via: SIP/2.0/UDP 127.0.0.1:5070;", b"v : SIP/2.0/UDP unit_7;rport;")
    raw = raw.replace(b"v : SIP/2.0/UDP unit_7", b"v : SIP/2.0/UDP 10.0.0.7:5060")
    raw = raw.replace(b"From: <", b'f: "Perch\xe9" \r\n <')
    raw = raw.replace(b"\r\n", b"\n")
    centre.receive(raw, way)
    centre.commit()
    assert way.codes == [200]
    assert b";received=127.0.0.1;rport=5070" in way.sent[0]


def test_the_published_wrong_length_is_answered_400(centre: Centre, way: Way) -> None:
    from telecare.protocols.sip_frames import SipFramer
    from tests.telecare.sip_units import NOW

    for cut in SipFramer().feed(PUBLISHED["sip-message-06"]):
        centre.side.received(cut, way, centre.now, NOW)
    assert way.codes == [400]
    ((_, message, exchange),) = centre.taken
    assert (message.verdict, exchange) == (Verdict.ODD, None)


@given(st.binary(max_size=400))
def test_no_bytes_break_it(data: bytes) -> None:
    centre, way = Centre(), Way()
    centre.receive(b"x" + data, way)
    centre.receive(request(body=mrq())[:60] + data, way)
    assert hears(centre)


@given(st.data())
def test_no_damage_breaks_it(data: st.DataObject) -> None:
    raw = bytearray(request(user="4711", body=mrq(cid="4711"), headers={"Authorization": "Digest"}))
    for _ in range(data.draw(st.integers(1, 6))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    centre, way = Centre(), Way()
    centre.receive(bytes(raw), way)
    centre.commit()
    centre.wait(60)
    assert all(100 <= code < 700 for code in way.codes)
    assert hears(centre)


def hears(centre: Centre) -> bool:
    """Whether a press that comes after is taken and answered as if nothing had been before it."""
    way = Way(port=5099)
    centre.receive(request(body=mrq(ref="Z9"), branch="z9hG4bK-after", call="call-after"), way)
    taken = Verdict.GOOD in {each.verdict for each in centre.commit()}
    return taken and way.codes == [200]


@pytest.mark.parametrize(
    "raw",
    [
        request("ACK", user="4711"),
        request().replace(b"SIP/2.0\r\n", b"SIP/3.0\r\n", 1),
        request().replace(b"Via: SIP/2.0/UDP", b"Via: nonsense"),
        request().replace(b"CSeq: 1 MESSAGE", b"CSeq: 1 OPTIONS"),
        b"SIP/2.0 200 OK\r\nCall-ID: 1\r\n\r\n",
        b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP here;branch=z9hG4bK-x\r\n\r\n",
        b"SIP/2.0 xx OK\r\nVia: SIP/2.0/UDP here;branch=z9hG4bK-x\r\n\r\n",
        b"INVITE sip:4711@here SIP/2.0\r\nFrom: <sip:4711@here>\r\n\r\n",
    ],
)
def test_what_cannot_be_answered_is_not(centre: Centre, way: Way, raw: bytes) -> None:
    centre.receive(raw, way)
    assert way.sent == []
    assert centre.taken == []


def test_a_tag_of_the_receiver_is_kept(centre: Centre, way: Way) -> None:
    raw = request("OPTIONS").replace(b"To: <sip:arc@127.0.0.1>", b"To: <sip:arc@127.0.0.1>;tag=t1")
    centre.receive(raw, way)
    assert way.sent[0].count(b";tag=t1\r\n") == 1
