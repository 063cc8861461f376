"""Our side of SIP: stored before answered, answered alike when repeated, refused with reason."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telecare.protocols.base import Kind, Verdict
from tests.telecare.sip_units import Centre, Way, authorization, mrq, request

FRAMES = json.loads((Path(__file__).parents[1] / "frames" / "scaip.json").read_text())["vectors"]
SIP = {each["id"]: bytes.fromhex(each["raw_hex"]) for each in FRAMES if "sip-" in each["id"]}


@pytest.fixture
def centre() -> Centre:
    return Centre()


@pytest.fixture
def way() -> Way:
    return Way()


def test_nothing_is_answered_before_it_is_stored(centre: Centre, way: Way) -> None:
    centre.receive(request(body=mrq()), way)
    assert way.sent == []

    (message,) = centre.commit()

    assert message.reports[0].kind is Kind.PERSONAL
    assert way.codes == [200]
    (told,) = way.told
    assert b"<mrs><ref>A1</ref><snu>0</snu>" in told
    assert told.startswith(b"MESSAGE sip:815@127.0.0.1 SIP/2.0\r\n")
    assert b"Content-Type: application/scaip+xml\r\n" in told
    assert b"From: <sip:arc@127.0.0.1>;tag=" in told


def test_a_repeat_gets_the_same_answer_and_is_stored_once(centre: Centre, way: Way) -> None:
    centre.receive(request(body=mrq()), way)
    centre.receive(request(body=mrq()), way)
    assert len(centre.taken) == 1
    centre.commit()
    centre.receive(request(body=mrq()), way)
    centre.wait(31)
    centre.receive(request(body=mrq()), way)

    answers = {each for each in way.sent if each.startswith(b"SIP/2.0")}
    assert way.codes == [200, 200, 200]
    assert len(answers) == 1
    assert centre.taken == []


def test_one_branch_for_everything_does_not_hide_a_press(centre: Centre, way: Way) -> None:
    centre.receive(request(body=mrq()), way)
    centre.receive(request(body=mrq(ref="A2"), call="call-2"), way)
    assert len(centre.taken) == 2


def test_our_message_is_repeated_until_it_is_answered(centre: Centre, way: Way) -> None:
    centre.receive(request(body=mrq()), way)
    centre.commit()
    for _ in range(20):
        centre.wait(0.1)
    assert len(way.told) == 3  # at 0, 0.5 and 1.5 s
    assert len(set(way.told)) == 1

    branch = way.told[0].split(b"branch=")[1].split(b";")[0].decode()
    answer = f"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1:5060;branch={branch}\r\n\r\n"
    centre.receive(answer.encode(), way)
    centre.wait(40)

    assert len(way.told) == 3
    assert centre.side.counted["told"] == 1
    assert not centre.side.questions.waiting


def test_a_message_nobody_answers_is_given_up(centre: Centre, way: Way) -> None:
    centre.receive(request(body=mrq()), way)
    centre.commit()
    for _ in range(400):
        centre.wait(0.1)
    assert len(way.told) == 11  # as RFC 3261 counts them
    assert centre.side.counted["untold_408"] == 1


def test_over_a_stream_our_message_is_sent_once(centre: Centre) -> None:
    way = Way(transport="tcp")
    centre.receive(request(body=mrq()), way)
    centre.commit()
    for _ in range(50):
        centre.wait(0.5)
    assert len(way.told) == 1


def test_what_cannot_be_stored_goes_to_the_second_destination(centre: Centre, way: Way) -> None:
    centre.receive(request(body=mrq()), way)
    centre.wait(7)
    assert way.codes == [503]
    assert b"Retry-After: " in way.sent[0]

    centre.commit()
    assert way.codes == [503], "too late: the unit has gone elsewhere"
    assert way.told == []


def test_too_many_of_one_unit_wait(centre: Centre, way: Way) -> None:
    for number in range(40):
        centre.receive(request(body=mrq(ref=f"A{number}"), branch=f"z9hG4bK-{number}"), way)
    assert way.codes == [486] * 8
    elsewhere = Way(host="192.0.2.7")
    centre.receive(request(body=mrq(ref="B1"), branch="z9hG4bK-b"), elsewhere)
    centre.commit()
    assert way.codes.count(200) == 32
    assert elsewhere.codes == [200]


def test_a_sender_who_is_not_the_unit_is_refused_and_kept(centre: Centre, way: Way) -> None:
    centre.receive(request(body=mrq(cid="815"), user="999"), way)
    (message,) = centre.commit()
    assert (message.verdict, message.reason) == (Verdict.SEALED, "identity")
    assert way.codes == [200]
    assert b"<snu>99</snu>" in way.told[0]


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
@pytest.mark.parametrize("method", ["MESSAGE", "REGISTER"])
def test_a_unit_with_a_password_proves_it(
    centre: Centre, way: Way, algorithm: str, method: str
) -> None:
    body = mrq(cid="4711") if method == "MESSAGE" else ""
    centre.receive(request(method, user="4711", body=body), way)
    assert way.codes == [401]
    assert centre.taken == []

    proof = {"Authorization": authorization(way.sent[0], algorithm, method)}
    again = request(method, user="4711", body=body, branch="z9hG4bK-2", cseq=2, headers=proof)
    centre.receive(again, way)
    messages = centre.commit()

    assert way.codes == [401, 200]
    assert all(message.encrypted for message in messages)
    centre.wait(20)
    assert centre.taken == [], "the challenge was taken up"


def test_a_wrong_password_is_refused_and_kept(centre: Centre, way: Way) -> None:
    body = mrq(cid="4711")
    centre.receive(request(user="4711", body=body), way)
    proof = {"Authorization": authorization(way.sent[0], "MD5", "MESSAGE", key=b"no")}
    centre.receive(request(user="4711", body=body, branch="z9hG4bK-2", headers=proof), way)
    (message,) = centre.commit()
    assert (message.verdict, message.reason) == (Verdict.SEALED, "wrong_key")
    assert way.codes == [401, 403]
    assert way.told == []


def test_a_unit_that_never_proves_it_is_kept_too(centre: Centre, way: Way) -> None:
    centre.receive(request(user="4711", body=mrq(cid="4711")), way)
    centre.wait(20)
    ((_, message, exchange),) = centre.taken
    assert (message.verdict, message.reason, exchange) == (Verdict.SEALED, "no_proof", None)


def test_a_proof_serves_once_and_not_for_long(centre: Centre, way: Way) -> None:
    body = mrq(cid="4711")
    centre.receive(request(user="4711", body=body), way)
    proof = {"Authorization": authorization(way.sent[0], "SHA-256", "MESSAGE")}
    for number in (2, 3):
        branch = f"z9hG4bK-{number}"
        centre.receive(request(user="4711", body=body, branch=branch, headers=proof), way)
        centre.commit()
    assert way.codes == [401, 200, 401]
    assert b"stale=true" in way.sent[-1]

    fresh = {"Authorization": authorization(way.sent[-1], "SHA-256", "MESSAGE")}
    centre.wait(400)
    centre.receive(request(user="4711", body=body, branch="z9hG4bK-9", headers=fresh), way)
    assert way.codes[-1] == 401


def test_a_registered_unit_is_told_over_its_living_way(centre: Centre) -> None:
    kept = Way(transport="tcp", port=40_000)
    contact = {"Contact": "<sip:815@192.0.2.7:5090>;expires=600"}
    centre.receive(request("REGISTER", headers=contact), kept)
    assert kept.codes == [200]
    assert b"Contact: <sip:815@192.0.2.7:5090>;expires=600" in kept.sent[0]

    gone = Way(transport="tcp")
    centre.receive(request(body=mrq()), gone)
    gone.alive = False
    centre.commit()

    assert gone.told == []
    assert kept.told[0].startswith(b"MESSAGE sip:815@192.0.2.7:5090 SIP/2.0")


def test_registrations_end(centre: Centre, way: Way) -> None:
    def register(number: int, **headers: str) -> int:
        branch = f"z9hG4bK-{number}"
        centre.receive(request("REGISTER", branch=branch, cseq=number, headers=headers), way)
        return way.codes[-1]

    assert register(1, Contact="<sip:815@192.0.2.7>", Expires="10") == 423
    assert b"Min-Expires: 60" in way.sent[-1]
    assert register(2, Contact="<sip:815@192.0.2.7>", Expires="100000") == 200
    assert b"Expires: 7200" in way.sent[-1]
    assert len(centre.side.registrar) == 1
    assert register(3, Contact="*", Expires="0") == 200
    assert len(centre.side.registrar) == 0
    register(4, Contact="<sip:815@192.0.2.7>", Expires="60")
    centre.wait(61)
    assert len(centre.side.registrar) == 0


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


def test_the_published_message_and_its_repeat_from_another_transaction(
    centre: Centre, way: Way
) -> None:
    centre.receive(SIP["sip-message-01"], way)
    centre.receive(SIP["sip-message-03"], way)
    first, second = centre.commit()
    assert (first.account, first.sequence) == ("390100001", "SIP0001")
    assert (first.content, first.sequence) == (second.content, second.sequence)
    assert way.codes == [200, 200]
    assert len(way.told) == 2


def test_the_published_forgery_is_refused(centre: Centre, way: Way) -> None:
    centre.receive(SIP["sip-message-04"], way)
    (message,) = centre.commit()
    assert message.verdict is Verdict.SEALED
    assert way.codes == [200]
    assert b"<snu>99</snu>" in way.told[0]


def test_the_published_wrong_length_is_answered_400(centre: Centre, way: Way) -> None:
    from telecare.protocols.sip_frames import SipFramer
    from tests.telecare.sip_units import NOW

    for cut in SipFramer().feed(SIP["sip-message-06"]):
        centre.side.received(cut, way, centre.now, NOW)
    assert way.codes == [400]
    ((_, message, exchange),) = centre.taken
    assert (message.verdict, exchange) == (Verdict.ODD, None)


@given(st.binary(max_size=400))
def test_no_bytes_break_it(data: bytes) -> None:
    centre, way = Centre(), Way()
    centre.receive(b"x" + data, way)
    centre.receive(request(body=mrq())[:60] + data, way)


@given(st.data())
def test_no_damage_breaks_it(data: st.DataObject) -> None:
    raw = bytearray(request(user="4711", body=mrq(cid="4711"), headers={"Authorization": "Digest"}))
    for _ in range(data.draw(st.integers(1, 6))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    centre, way = Centre(), Way()
    centre.receive(bytes(raw), way)
    centre.commit()
    centre.wait(60)


def test_memory_of_answers_is_given_back(centre: Centre, way: Way) -> None:
    for number in range(500):
        body = mrq(cid=str(number))
        centre.receive(request(user=str(number), body=body, branch=f"z9hG4bK-{number}"), way)
    centre.commit()
    centre.wait(60)
    side: Any = centre.side
    assert len(side.answers) == len(side._storing) == len(side._of_one) == 0
    assert not side.questions.waiting


def test_a_registration_with_a_wrong_password_is_refused(centre: Centre, way: Way) -> None:
    centre.receive(request("REGISTER", user="4711"), way)
    proof = {"Authorization": authorization(way.sent[0], "SHA-256", "REGISTER", key=b"no")}
    contact = {"Contact": "<sip:4711@192.0.2.7>"}
    again = request("REGISTER", user="4711", branch="z9hG4bK-2", headers=proof | contact)
    centre.receive(again, way)
    assert way.codes == [401, 403]
    assert len(centre.side.registrar) == 0


def test_a_registration_of_nobody_is_no_request(centre: Centre, way: Way) -> None:
    nobody = request("REGISTER").replace(b"To: <sip:815@", b"To: <sip:")
    centre.receive(nobody, way)
    assert way.codes == [400]


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


def test_a_provisional_answer_does_not_end_our_asking(centre: Centre, way: Way) -> None:
    centre.receive(request(body=mrq()), way)
    centre.commit()
    branch = way.told[0].split(b"branch=")[1].split(b";")[0].decode()
    trying = f"SIP/2.0 100 Trying\r\nVia: SIP/2.0/UDP 127.0.0.1:5060;branch={branch}\r\n\r\n"
    centre.receive(trying.encode(), way)
    assert len(centre.side.questions.waiting) == 1


def test_a_tag_of_the_receiver_is_kept(centre: Centre, way: Way) -> None:
    raw = request("OPTIONS").replace(b"To: <sip:arc@127.0.0.1>", b"To: <sip:arc@127.0.0.1>;tag=t1")
    centre.receive(raw, way)
    assert way.sent[0].count(b";tag=t1\r\n") == 1


def test_memory_is_bounded_under_a_flood(
    centre: Centre, way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("telecare.protocols.sip_transactions.MOST_ANSWERS", 10)
    monkeypatch.setattr("telecare.protocols.sip_registrar.MOST", 10)
    monkeypatch.setattr("telecare.protocols.sip_side.MOST_CHALLENGED", 0)
    for number in range(50):
        contact = {"Contact": f"<sip:{number}@192.0.2.7>"}
        branch = f"z9hG4bK-{number}"
        centre.receive(request("REGISTER", user=str(number), branch=branch, headers=contact), way)
    centre.receive(request(user="4711", body=mrq(cid="4711")), way)
    side: Any = centre.side
    assert (len(side.answers), len(side.registrar), len(side._challenged)) == (10, 10, 0)
