"""Every published and constructed SCAIP body: accepted with its fields, or refused and kept."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from telecare.protocols import xml_documents
from telecare.protocols.base import Cut, Kind, Message, Verdict
from telecare.protocols.scaip import Scaip, media
from telecare.protocols.scaip_codes import DEVICES, STATUS_NAMES, number

VECTORS = json.loads((Path(__file__).parents[1] / "frames" / "scaip.json").read_text())["vectors"]
BODIES = [each for each in VECTORS if each["protocol"].startswith("SCAIP")]
SCAIP = Scaip("+390000000000")
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def read(vector: dict[str, Any]) -> Message:
    body = bytes.fromhex(vector["raw_hex"])
    return SCAIP.decode(Cut(b"", body), lambda _: None, NOW)


def vectors(*classes: str, root: str = "mrq") -> list[Any]:
    return [
        pytest.param(each, id=each["id"])
        for each in BODIES
        if each["cls"] in classes and each["expected"]["root"] == root
    ]


@pytest.mark.parametrize("vector", [pytest.param(each, id=each["id"]) for each in BODIES])
def test_every_field_is_read_in_its_order(vector: dict[str, Any]) -> None:
    document = xml_documents.read(bytes.fromhex(vector["raw_hex"]))

    assert document.root == vector["expected"]["root"]
    flat: list[tuple[str, str]] = []
    for name, value in vector["expected"]["fields"].items():
        if isinstance(value, dict):
            flat += [(f"{name}.{inner}", text) for inner, text in value.items()]
        else:
            flat += [(name, one) for one in (value if isinstance(value, list) else [value])]
    assert document.fields == flat


@pytest.mark.parametrize("vector", vectors("conformant", "tolerate"))
def test_a_good_message_means_what_was_published(vector: dict[str, Any]) -> None:
    wanted = vector["expected"]["normalised"]
    message = read(vector)
    said = dict(message.extras)

    assert message.verdict is Verdict.GOOD
    assert (message.token, message.sequence, message.account) == (
        wanted["mty"],
        wanted["ref"],
        wanted["cid"],
    )
    for name in ("dty", "stc", "cha", "lco"):
        if name in wanted:
            assert number(said[name]) == wanted[name]
    assert (number(said.get("pri", "0"))) == wanted["pri"]
    assert (message.reports[0].kind is Kind.HEARTBEAT) is wanted["heartbeat"]
    if "dty_text" in wanted:
        assert DEVICES[wanted["dty"]][1] == wanted["dty_text"]
    if "stc_text" in wanted:
        assert STATUS_NAMES[wanted["stc"]] == wanted["stc_text"]
    offered = [value for name, value in message.extras if name == "crd"]
    assert media(offered) == [each.partition(" ")[0] for each in wanted["media"]]


@pytest.mark.parametrize("vector", vectors("conformant", "tolerate"))
def test_the_answer_is_the_one_published(vector: dict[str, Any]) -> None:
    answer = SCAIP.acknowledge(read(vector), lambda _: None, NOW)

    assert answer.decode() == vector["expected_reply"]["xml"]


@pytest.mark.parametrize("vector", vectors("reject"))
def test_a_bad_message_is_refused_and_stays_readable(vector: dict[str, Any]) -> None:
    message = read(vector)

    assert message.verdict is Verdict.ODD
    assert message.reason
    assert message.reports, "what it would have meant is kept"
    wanted = xml_documents.read(vector["expected_reply"]["xml"].encode())
    answered = xml_documents.read(SCAIP.refuse(message, NOW) or b"")
    assert answered.first("ref") == wanted.first("ref")
    assert answered.first("snu") in wanted.first("snu").split(" or ")


@pytest.mark.parametrize("vector", vectors("conformant", root="mrs"))
def test_an_answer_sent_to_us_is_no_event(vector: dict[str, Any]) -> None:
    message = read(vector)

    assert (message.verdict, message.reason) == (Verdict.BROKEN, "answer")
    assert SCAIP.refuse(message, NOW) is None
    fields = dict(message.extras)
    assert fields["ref"] == vector["expected"]["normalised"]["ref"]
    assert number(fields["snu"]) == vector["expected"]["normalised"]["snu"]


@pytest.mark.parametrize("vector", vectors("tolerate", root="scaip"))
def test_one_product_has_its_own_root_and_gets_it_back(vector: dict[str, Any]) -> None:
    message = read(vector)

    assert message.verdict is Verdict.GOOD
    assert (message.account, message.reports[0].kind) == ("123456", Kind.PERSONAL)
    answer = SCAIP.acknowledge(message, lambda _: None, NOW)
    assert answer == b"<scaip><ref>a1b2c3d4e5f6g7h8</ref><snu>0</snu></scaip>"
