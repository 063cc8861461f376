"""The doors as technicians see them: rates, refusals, unknown accounts to adopt, what is hidden."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from registry import people
from registry.access import Role
from registry.kit import beats, clock, db
from telecare import batch, devices, door_tests, outages, subscribers, supervision
from telecare.batch import Book, Received
from telecare.devices import Device
from telecare.protocols.base import Cut
from telecare.protocols.dc09_frames import wrap
from telecare.protocols.scaip import Scaip
from telecare.protocols.sia_dc09 import SiaDc09
from tests.telecare.sip_units import mrq

SignIn = Callable[..., TestClient]
DC09 = SiaDc09()
DOORS = "/api/v1/doors"


def arrives(*bodies: bytes, path: str = "tcp") -> None:
    """Frames as a receiver stores them."""
    book: Book = {}
    with db.transaction() as session:
        book.update(devices.known(session))
        group = []
        for body in bodies:
            (cut,) = DC09.framer().feed(wrap(body))
            message = DC09.decode(cut, lambda _: None, clock.now())
            group.append(Received(DC09, cut, message, path, "192.0.2.7:5", clock.now()))
        batch.store(session, group, book)


def broken(body: bytes = b"xx") -> None:
    cut = Cut(b"\n" + body + b"\r", body, flaw="crc")
    message = DC09.decode(cut, lambda _: None, clock.now())
    with db.transaction() as session:
        batch.store(session, [Received(DC09, cut, message, "udp", "192.0.2.9:5", clock.now())], {})


def press(account: str = "4711", sequence: int = 1, more: str = "") -> bytes:
    return f'"ADM-CID"{sequence:04d}L0#{account}[#{account}|1101 00 001]{more}'.encode()


@pytest.fixture
def tea(signed_in: SignIn) -> TestClient:
    return signed_in("tea", Role.TECHNICIAN, name="Tea Tecnica")


def test_a_unit_tells_what_was_refused_of_it_and_of_no_other(tea: TestClient) -> None:
    with db.transaction() as session:
        unit = devices.add(session, account="4711").id
        other = devices.add(session, account="4712").id
    broken(press())
    broken(press(sequence=2))
    refused = [tea.get(f"/api/v1/devices/{each}/errors").json()["items"] for each in (unit, other)]
    assert refused == [[{"verdict": "broken", "reason": "crc", "frames": 2}], []]


def test_a_door_tells_what_comes_in_and_what_it_refuses(tea: TestClient) -> None:
    with db.transaction() as session:
        devices.add(session, account="4711", label="Casa prova")
        door_tests.take_due(session, ["dc09-udp", "mqtt"])
        door_tests.passed(session, "dc09-udp", 4.0)
        beats.beat(session, "receive", {"connections": 3, "sip_connections": 1, "backlog": 0})
    arrives(press(), press(sequence=2))
    broken()
    said = tea.get(DOORS).json()
    door = said["doors"][0]
    assert (door["protocol"], door["connections"]) == ("sia-dc09", 3)
    tests = {each["protocol"]: [one["door"] for one in each["tests"]] for each in said["doors"]}
    assert tests == {"sia-dc09": ["dc09-udp"], "scaip": [], "bs8521": [], "json": ["mqtt"]}
    assert door["tests"][0]["took_ms"] == 4.0
    assert door["minute"] == {"tcp": 2, "udp": 1}
    assert door["minute_refused"] == 1
    assert [(each["verdict"], each["frames"]) for each in door["refused"]] == [("broken", 1)]
    assert [each["verdict"] for each in door["last"]] == ["broken", "good", "good"]
    assert door["last"][1]["raw"].startswith("\\n")
    assert [each["backlog"] for each in said["processes"]] == [0]
    assert {each["protocol"] for each in said["doors"]} >= {"sia-dc09", "scaip"}


def test_a_door_tells_whom_it_turned_away_before_there_was_a_frame(tea: TestClient) -> None:
    with db.transaction() as session:
        web: dict[str, float] = {
            "http_unauthenticated": 3,
            "ws_unauthenticated": 2,
            "http_too_many": 1,
        }
        beats.beat(session, "web_door", web | {"http_stored": 90, "http_busy": 0})
        sip: dict[str, float] = {"sip_dropped_scanner": 7, "sip_answer_200": 4, "closed_slow": 6}
        beats.beat(session, "receive", sip | {"receiver_lines_closed_slow": 5})
    told = {each["protocol"]: each["turned_away"] for each in tea.get(DOORS).json()["doors"]}
    assert told["json"] == {"unauthenticated": 5, "too_many": 1}
    assert told["scaip"] == {"dropped_scanner": 7}
    assert (told["sia-dc09"], told["bs8521"]) == ({"closed_slow": 6}, {})


def test_an_unknown_account_is_adopted_with_one_click(tea: TestClient) -> None:
    arrives(press("8888"), press("8888", 2), press("5E1F7E57"))
    (unknown,) = tea.get(DOORS).json()["unknown"]
    assert (unknown["account"], unknown["protocol"], unknown["frames"]) == ("8888", "sia-dc09", 2)
    assert (unknown["kind"], unknown["sealed"]) == ("personal", False)
    wish = {"protocol": unknown["protocol"], "account": unknown["account"]}
    made = tea.post(f"{DOORS}/adopt", json=wish)
    assert made.status_code == 201
    assert made.json()["account"] == "8888"
    assert tea.post(f"{DOORS}/adopt", json=wish).json()["id"] == made.json()["id"]
    assert tea.get(DOORS).json()["unknown"] == []
    never = {"protocol": "sia-dc09", "account": "9999"}
    assert tea.post(f"{DOORS}/adopt", json=never).status_code == 404
    with db.transaction() as session:
        (device,) = session.scalars(select(Device)).all()
        assert device.last_seen_at is not None
        assert device.person_id is None


def test_only_what_is_encrypted_needs_a_key(tea: TestClient) -> None:
    arrives(b'"*ADM-CID"0001L0#8888[00112233445566778899AABBCCDDEEFF')
    forged = Cut(b"x", mrq(cid="8889").encode(), flaw="identity")
    message = Scaip().decode(forged, lambda _: None, clock.now())
    with db.transaction() as session:
        group = [Received(Scaip(), forged, message, "udp", "192.0.2.9:5", clock.now())]
        batch.store(session, group, {})
    unknown = {each["account"]: each["sealed"] for each in tea.get(DOORS).json()["unknown"]}
    assert unknown == {"8888": True, "8889": False}


def test_a_device_is_cared_for_and_its_key_stays_hidden(tea: TestClient) -> None:
    with db.transaction() as session:
        device = devices.add(session, account="4711")
    care = {"key": "0123456789ABCDEF", "heartbeat_s": 90, "test_every_s": 86400, "area": " Borgo "}
    told = tea.post(f"/api/v1/devices/{device.id}/care", json=care)
    assert told.status_code == 200
    assert (told.json()["cipher"], told.json()["area"]) == ("AES-128", "Borgo")
    assert "0123456789ABCDEF" not in told.text
    with db.transaction() as session:
        found = devices.by_account(session, "4711")
        assert found is not None
        assert (found.silent_at is None, found.test_due_at is None) == (False, False)
    kept = tea.post(f"/api/v1/devices/{device.id}/care", json={"key": "", "label": "Casa prova"})
    assert (kept.json()["cipher"], kept.json()["label"]) == ("AES-128", "Casa prova")
    bad = tea.post(f"/api/v1/devices/{device.id}/care", json={"key": "short"})
    assert (bad.status_code, bad.json()["errors"][0]["field"]) == (422, "key")


def test_an_outage_is_one_line_and_its_faults_are_none(tea: TestClient) -> None:
    with db.transaction() as session:
        for number in range(6):
            devices.add(session, account=f"10{number}", heartbeat_s=60, carrier="Rete Prova")
        other = devices.add(session, account="200", heartbeat_s=60, label="Casa sola")
        for each in session.scalars(select(Device)):
            each.silent_at = clock.now() - timedelta(seconds=1)
    with db.transaction() as session:
        assert supervision.sweep(session) == (7, 7)
        outages.look(session)
    said = tea.get(DOORS).json()
    assert [(each["by"], each["name"], each["devices"]) for each in said["outages"]] == [
        ("carrier", "Rete Prova", 6)
    ]
    assert [(each["device_id"], each["label"]) for each in said["faults"]] == [
        (str(other.id), "Casa sola")
    ]
    assert said["faults_open"] == 7


def home_of(account: str, *, restricted: bool) -> UUID:
    with db.transaction() as session:
        person = people.create(session, given_name="Prova", family_name="Riservata")
        person.restricted = restricted
        device = devices.add(session, account=account, label="via Inventata 1")
        subscribers.assign(session, device, person)
        return device.id


def test_where_a_reserved_person_is_stays_hidden(signed_in: SignIn) -> None:
    home_of("4711", restricted=True)
    arrives(press(more="[X012E30.000][Y42N00.000]"))
    client = signed_in("anna", Role.OPERATOR)
    (hidden,) = client.get("/api/v1/signals").json()["items"]
    assert (hidden["veiled"], hidden["raw"]) == (True, "")
    assert "42N" not in str(hidden)
    assert hidden["became"] == "alarm"
    signed_in("carla", Role.COORDINATOR)
    (seen,) = client.get("/api/v1/signals").json()["items"]
    assert (seen["veiled"], "42N" in seen["raw"]) == (False, True)


def test_a_technician_reads_frames_but_not_where_people_are(signed_in: SignIn) -> None:
    home_of("4711", restricted=False)
    arrives(press(more="[X012E30.000][Y42N00.000]"), press(sequence=2))
    client = signed_in("tea", Role.TECHNICIAN)
    plain, placed = client.get("/api/v1/signals?account=4711").json()["items"]
    assert (plain["veiled"], placed["veiled"]) == (False, True)
    assert "1101" in plain["raw"]
    assert "42N" not in str(placed)
    signed_in("anna", Role.OPERATOR)
    assert "42N" in client.get("/api/v1/signals?account=4711").text


def test_signals_are_filtered_and_paged(signed_in: SignIn) -> None:
    arrives(*(press("4711", number) for number in range(1, 6)))
    arrives(b'"ADM-CID"0009L0#4711[#4711|1602 00 001]')
    broken()
    client = signed_in()

    def found(query: str) -> list[str]:
        items = client.get(f"/api/v1/signals?{query}").json()["items"]
        return [each["sequence"] for each in items]

    assert found("kind=test&protocol=sia-dc09") == ["0009"]
    assert found("protocol=scaip") == []
    assert len(found("became=refused")) == 1
    assert len(found("verdict=broken&unknown=false")) == 1
    page = client.get("/api/v1/signals?account=4711&limit=4").json()
    rest = client.get(f"/api/v1/signals?account=4711&limit=4&before={page['next']}").json()
    assert len(page["items"] + rest["items"]) == 6
    assert rest["next"] is None
    moment = (clock.now() + timedelta(minutes=1)).isoformat().replace("+00:00", "Z")
    assert found(f"since={moment}") == []
    assert len(found(f"until={moment}")) == 7
    assert client.get("/api/v1/signals?since=yesterday").status_code == 422


def test_the_doors_are_for_who_cares_for_devices(signed_in: SignIn) -> None:
    client = signed_in("anna", Role.OPERATOR)
    assert client.get(DOORS).status_code == 403
    assert client.post(f"{DOORS}/adopt", json={"protocol": "x", "account": "1"}).status_code == 403
    signed_in("carla", Role.COORDINATOR)
    assert client.get(DOORS).status_code == 200
