"""Who speaks over SIP: senders that are not the unit, passwords proved by digest, registrations."""

import pytest

from telecare.protocols.base import Verdict
from tests.telecare.sip_units import PUBLISHED, Centre, Way, authorization, mrq, request


def test_a_sender_who_is_not_the_unit_is_refused_and_kept(centre: Centre, way: Way) -> None:
    centre.receive(request(body=mrq(cid="815"), user="999"), way)
    (message,) = centre.commit()
    assert (message.verdict, message.reason) == (Verdict.SEALED, "identity")
    assert way.codes == [200]
    assert b"<snu>99</snu>" in way.told[0]


def test_a_message_that_names_no_unit_hears_what_is_missing(centre: Centre, way: Way) -> None:
    centre.receive(request(body=mrq(cid=""), user="815"), way)
    (message,) = centre.commit()
    assert (message.verdict, message.reason, message.account) == (Verdict.ODD, "missing", "815")
    assert b"<snu>7</snu>" in way.told[0]


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


def test_trying_again_does_not_put_off_that_it_is_kept(centre: Centre, way: Way) -> None:
    for number in range(4):  # a unit that cannot answer a challenge, pressed once
        body = mrq(cid="4711", ref=f"A{number}")
        branch, call = f"z9hG4bK-{number}", f"call-{number}"
        centre.receive(request(user="4711", body=body, branch=branch, call=call), way)
        centre.wait(6)
    ((_, message, _),) = centre.taken
    assert (message.reason, message.sequence) == ("no_proof", "A0")


def test_what_is_proved_is_not_what_was_said_before(centre: Centre, way: Way) -> None:
    centre.receive(request(user="4711", body=mrq(cid="4711", ref="A1")), way)
    alive = mrq(cid="4711", ref="B2", mty="PI")
    centre.receive(request(user="4711", body=alive, branch="z9hG4bK-2", cseq=2), way)
    proof = {"Authorization": authorization(way.sent[-1], "MD5", "MESSAGE")}
    again = request(user="4711", body=alive, branch="z9hG4bK-3", cseq=3, headers=proof)
    centre.receive(again, way)
    (heartbeat,) = centre.commit()
    assert (heartbeat.verdict, heartbeat.sequence) == (Verdict.GOOD, "B2")
    centre.wait(20)
    ((_, press, _),) = centre.taken
    assert (press.reason, press.sequence) == ("no_proof", "A1")


def test_who_claims_an_account_elsewhere_fills_only_their_own_measure(centre: Centre) -> None:
    elsewhere, home = Way(host="192.0.2.66"), Way()
    for number in range(40):
        body, branch = mrq(cid="4711", stt=f"noise {number}"), f"z9hG4bK-n{number}"
        centre.receive(request(user="4711", body=body, branch=branch), elsewhere)
    centre.receive(request(user="4711", body=mrq(cid="4711"), branch="z9hG4bK-home"), home)
    centre.wait(20)
    assert len(centre.taken) == 33
    assert "noise" not in centre.taken[-1][1].data


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


def test_a_contact_is_kept_with_how_to_reach_it(centre: Centre) -> None:
    way = Way(transport="tls")
    whole = "<sip:815@192.0.2.7:5090;transport=tls;ob>"
    headers = {"Contact": f'"Casa" {whole};expires=600;q=0.5'}
    centre.receive(request("REGISTER", headers=headers), way)
    assert f"Contact: {whole};expires=600\r\n".encode() in way.sent[0]
    centre.receive(request(body=mrq(), branch="z9hG4bK-2"), way)
    centre.commit()
    assert way.told[0].startswith(b"MESSAGE sip:815@192.0.2.7:5090;transport=tls;ob SIP/2.0")


def test_who_speaks_for_another_unit_hears_nothing_of_it_nor_it_of_them(centre: Centre) -> None:
    unit, forger = Way(transport="tcp", port=40_000), Way(transport="tcp", port=40_001)
    headers = {"Contact": "<sip:815@192.0.2.7:5090>;expires=600"}
    centre.receive(request("REGISTER", headers=headers), unit)
    for number in range(2):
        forged = request(user="999", body=mrq(ref=f"F{number}"), branch=f"z9hG4bK-f{number}")
        centre.receive(forged, forger)
        forger.alive = number == 0
        centre.commit()
    assert unit.told == []
    assert [b"192.0.2.7" in each for each in forger.told] == [False] * len(forger.told)
    assert forger.told


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


def test_the_published_forgery_is_refused(centre: Centre, way: Way) -> None:
    centre.receive(PUBLISHED["sip-message-04"], way)
    (message,) = centre.commit()
    assert message.verdict is Verdict.SEALED
    assert way.codes == [200]
    assert b"<snu>99</snu>" in way.told[0]


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
