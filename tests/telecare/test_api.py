"""The JSON of telecare through the whole application."""

from collections.abc import Callable
from uuid import UUID

from starlette.testclient import TestClient

from registry.access import Role
from registry.kit import clock, db
from telecare import devices
from telecare.batch import Received, store
from telecare.protocols.base import AlarmProtocol
from telecare.protocols.dc09_frames import wrap
from telecare.protocols.sia_dc09 import SiaDc09

SignIn = Callable[..., TestClient]
DC09: AlarmProtocol = SiaDc09()


def arrives(body: bytes) -> None:
    """One frame, as the receivers store it."""
    (cut,) = DC09.framer().feed(wrap(body))
    message = DC09.decode(cut, lambda _: None, clock.now())
    with db.transaction() as session:
        frame = Received(DC09, cut, message, "tcp", "192.0.2.7:5000", clock.now())
        store(session, [frame], devices.known(session))


def press(sequence: int = 1, account: str = "4711") -> None:
    name = account.encode()
    arrives(b'"ADM-CID"%04dL0#%b[#%b|1101 01 003]' % (sequence, name, name))


def first_alarm(client: TestClient) -> UUID:
    return UUID(client.get("/api/v1/alarms").json()["items"][0]["id"])


def test_an_alarm_is_taken_noted_and_closed(signed_in: SignIn) -> None:
    client = signed_in()
    press()
    alarm = f"/api/v1/alarms/{first_alarm(client)}"
    assert client.post(f"{alarm}/claim").json()["state"] == "claimed"
    assert client.patch(alarm, json={"note": "sta bene"}).json()["note"] == "sta bene"

    refused = client.post(f"{alarm}/close", json={"outcome": "test", "note": ""})
    assert refused.status_code == 422
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["errors"][0]["field"] == "note"
    assert client.get(alarm).json()["note"] == "sta bene"

    closed = client.post(f"{alarm}/close", json={"outcome": "helped_by_voice", "note": "sta bene"})
    assert (closed.status_code, closed.json()["state"]) == (200, "closed")
    assert client.get("/api/v1/alarms?state=waiting").json() == {"items": [], "next": None}


def test_who_comes_second_hears_who_has_it(signed_in: SignIn) -> None:
    client = signed_in("anna", name="Anna Riva")
    press()
    alarm = f"/api/v1/alarms/{first_alarm(client)}"
    client.post(f"{alarm}/claim")
    signed_in("bruno", name="Bruno Costa")
    late = client.post(f"{alarm}/claim")
    assert late.status_code == 409
    assert "Anna Riva" in late.json()["detail"]
    assert client.post(f"{alarm}/hand-back").status_code == 409


def test_signals_show_what_arrived_as_text_that_harms_nobody(signed_in: SignIn) -> None:
    arrives(b'"SIA-DCS"0001L0#4711[#4711|NMA1^<script>\x1b[31m^]')
    press(2, account="8888")
    client = signed_in()
    (shown,) = client.get("/api/v1/signals?account=4711").json()["items"]
    assert "\x1b" not in shown["raw"]
    assert shown["raw"].startswith("\\n")
    assert (shown["verdict"], shown["became"], shown["kind"]) == ("good", "alarm", "personal")
    assert len(client.get("/api/v1/signals?unknown=true").json()["items"]) == 2
    page = client.get("/api/v1/signals?limit=1").json()
    rest = client.get(f"/api/v1/signals?limit=1&before={page['next']}").json()
    assert [page["items"][0]["account"], rest["items"][0]["account"]] == ["8888", "4711"]


def test_the_key_of_a_device_is_never_shown(signed_in: SignIn) -> None:
    client = signed_in("tea", Role.TECHNICIAN, name="Tea Tecnica")
    made = client.post("/api/v1/devices", json={"account": "ab12", "key": "0123456789ABCDEF"})
    assert made.status_code == 201
    assert (made.json()["account"], made.json()["cipher"]) == ("AB12", "AES-128")
    assert "0123456789ABCDEF" not in client.get("/api/v1/devices").text
    bad = client.post("/api/v1/devices", json={"account": "ab-12"})
    assert (bad.status_code, bad.json()["errors"][0]["field"]) == (422, "account")


def test_rights_are_asked(signed_in: SignIn) -> None:
    press()
    client = signed_in("tea", Role.TECHNICIAN, name="Tea Tecnica")
    alarm = first_alarm(client)
    assert client.post(f"/api/v1/alarms/{alarm}/claim").status_code == 403
    signed_in("sara", Role.SOCIAL_WORKER, name="Sara Sociale")
    assert client.get("/api/v1/alarms").status_code == 403
    assert client.get("/api/v1/signals").status_code == 403
