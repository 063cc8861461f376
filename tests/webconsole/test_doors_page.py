"""The pages of technicians: where they begin, what the words are, what is left out."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from registry.access import Role
from registry.kit import clock, db
from telecare import batch, devices, outages, turned_away
from telecare.batch import Received
from telecare.devices import PROTOCOLS
from telecare.protocols import json_signals, sip_side, sos_access
from telecare.protocols.base import Kind, Verdict
from telecare.protocols.dc09_frames import wrap
from telecare.protocols.sia_dc09 import SiaDc09
from telecare.receivers import web
from telecare.triage import FAULTS, Becomes
from webconsole import door_words

SignIn = Callable[..., TestClient]
DC09 = SiaDc09()
# How a protocol says why it refuses, wherever it is written.
REFUSES = re.compile(
    r'(?:reason=|flaw = |Malformed\(|_lost\([^"]*|Verdict\.\w+, |" else )"([a-z_0-9]+)"'
)

# How a door counts somebody.
COUNTS = re.compile(r'(?:counted\[f?"(?:\{path\}_)?|\.count\(")([a-z_0-9]+)"')


def reasons() -> set[str]:
    """What the code refuses with, and what two protocols have as tables."""
    told = {*json_signals.REASONS, *sos_access.FLAWS}
    for module in Path(json_signals.__file__).parent.glob("*.py"):
        told |= set(REFUSES.findall(module.read_text(encoding="utf-8")))
    return told


# Counters of a door that are no refusal, or whose frames are kept and counted with their reason.
NO_REFUSAL = {
    "answer_200",
    "answered_again",
    "connects",
    "received",
    "sent_again",
    "told",
    "tried_again",
}


def counters() -> set[str]:
    """What the doors count of those whom they send away, by its name without the door's."""
    told: set[str] = set()
    for module in [*Path(web.__file__).parent.glob("*.py"), Path(sip_side.__file__)]:
        told |= set(COUNTS.findall(module.read_text(encoding="utf-8")))
    return {re.sub("^(http|ws|mqtt)_", "", each) for each in told} - NO_REFUSAL


def test_whoever_is_sent_away_is_counted_where_technicians_see_it() -> None:
    assert counters() - set(turned_away.WHY) == set()
    assert "unauthenticated" in counters(), "they are found at all"


def arrives(body: bytes) -> None:
    (cut,) = DC09.framer().feed(wrap(body))
    message = DC09.decode(cut, lambda _: None, clock.now())
    with db.transaction() as session:
        group = [Received(DC09, cut, message, "tcp", "192.0.2.7:5", clock.now())]
        batch.store(session, group, devices.known(session))


@pytest.mark.parametrize(
    ("codes", "table"),
    [
        (PROTOCOLS, door_words.PROTOCOLS),
        (Kind, door_words.TABLES["kind"]),
        (FAULTS, door_words.TROUBLES),
        (Verdict, door_words.VERDICTS),
        ([*Becomes, batch.REFUSED], door_words.BECAME),
        (outages.CAUSES, door_words.TOGETHER),
        (reasons(), door_words.REASONS),
        (turned_away.WHY, door_words.AWAY),
    ],
)
def test_every_code_has_a_word(codes: list[str], table: dict[str, str]) -> None:
    assert [code for code in codes if code not in table] == []


def test_a_technician_begins_at_the_receivers(signed_in: SignIn) -> None:
    client = signed_in("tea", Role.TECHNICIAN)
    page = client.get("/", headers={"accept": "text/html"})
    assert page.url.path == "/ricevitori"
    assert 'id="doors"' in page.text
    assert '"sia-dc09":"SIA DC-09"' in page.text
    assert 'href="/ricevitori"' in page.text


def test_an_operator_has_the_signals_but_not_the_receivers(signed_in: SignIn) -> None:
    client = signed_in("anna", Role.OPERATOR)
    assert client.get("/ricevitori").status_code == 403
    assert "/ricevitori" not in client.get("/segnali").text


def test_signals_are_shown_as_they_came_and_harm_nobody(signed_in: SignIn) -> None:
    with db.transaction() as session:
        devices.add(session, account="4711", carrier="Rete Prova")
    arrives(b'"SIA-DCS"0001L0#4711[#4711|NMA1^<script>alert(1)</script>^]')
    client = signed_in("anna", Role.OPERATOR)
    page = client.get("/segnali?ricevitore=sia-dc09&unita=4711").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page
    assert "Segnali dell’apparecchio 4711" in page
    assert "Rete Prova" in page
    assert "Nessun segnale" in client.get("/segnali?unita=9999").text
    assert "Nessun segnale" in client.get("/segnali?esito=refused").text


def test_our_own_tests_hide_nothing_of_a_quiet_hour(signed_in: SignIn) -> None:
    arrives(b'"ADM-CID"0001L0#5E1F7E57[#5E1F7E57|1602 01 001]')
    client = signed_in("tea", Role.TECHNICIAN)
    (door, *_) = client.get("/api/v1/doors").json()["doors"]
    assert (door["last"], door["heard_at"]) == ([], None)
    assert "Nessun segnale" in client.get("/segnali").text
    assert "|1602 01 001]" in client.get("/segnali?prove=1").text
    assert "|1602 01 001]" in client.get("/segnali?unita=5E1F7E57").text


def test_a_unit_tells_what_was_refused_of_it(signed_in: SignIn) -> None:
    with db.transaction() as session:
        devices.add(session, account="4711")
    arrives(b'"*ADM-CID"0001L0#4711[00112233]')
    arrives(b'"*ADM-CID"0001L0#4711[00112233]')
    arrives(b'"*ADM-CID"0002L0#4711[00112233]')
    page = signed_in("anna", Role.OPERATOR).get("/segnali?ricevitore=sia-dc09&unita=4711").text
    assert "3 × cifrato, chiave sconosciuta" in " ".join(page.split())
