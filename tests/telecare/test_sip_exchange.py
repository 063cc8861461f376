"""An exchange over SIP: stored before answered, answered alike when repeated, told until heard."""

from typing import Any

import pytest

from telecare.protocols.base import Kind
from tests.telecare.sip_units import PUBLISHED, Centre, Way, mrq, request


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


def test_the_published_message_and_its_repeat_from_another_transaction(
    centre: Centre, way: Way
) -> None:
    centre.receive(PUBLISHED["sip-message-01"], way)
    centre.receive(PUBLISHED["sip-message-03"], way)
    first, second = centre.commit()
    assert (first.account, first.sequence) == ("390100001", "SIP0001")
    assert (first.content, first.sequence) == (second.content, second.sequence)
    assert way.codes == [200, 200]
    assert len(way.told) == 2


def test_memory_of_answers_is_given_back(centre: Centre, way: Way) -> None:
    for number in range(500):
        body = mrq(cid=str(number))
        centre.receive(request(user=str(number), body=body, branch=f"z9hG4bK-{number}"), way)
    centre.commit()
    centre.wait(60)
    side: Any = centre.side
    assert len(side.answers) == len(side._storing) == len(side._of_one) == 0
    assert not side.questions.waiting


def test_a_provisional_answer_does_not_end_our_asking(centre: Centre, way: Way) -> None:
    centre.receive(request(body=mrq()), way)
    centre.commit()
    branch = way.told[0].split(b"branch=")[1].split(b";")[0].decode()
    trying = f"SIP/2.0 100 Trying\r\nVia: SIP/2.0/UDP 127.0.0.1:5060;branch={branch}\r\n\r\n"
    centre.receive(trying.encode(), way)
    assert len(centre.side.questions.waiting) == 1


def test_memory_is_bounded_under_a_flood(
    centre: Centre, way: Way, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("telecare.protocols.sip_transactions.MOST_ANSWERS", 10)
    monkeypatch.setattr("telecare.protocols.sip_registrar.MOST", 10)
    monkeypatch.setattr("telecare.protocols.sip_challenged.MOST", 0)
    for number in range(50):
        contact = {"Contact": f"<sip:{number}@192.0.2.7>"}
        branch = f"z9hG4bK-{number}"
        centre.receive(request("REGISTER", user=str(number), branch=branch, headers=contact), way)
    centre.receive(request(user="4711", body=mrq(cid="4711")), way)
    side: Any = centre.side
    assert (len(side.answers), len(side.registrar), len(side._challenged)) == (10, 10, 0)
