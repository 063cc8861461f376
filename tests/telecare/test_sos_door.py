"""The door of SOS Access, plain and in TLS, with an independent transmitter from PyPI."""

import ssl
import warnings
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from registry.kit import db
from registry.kit.settings import Settings
from telecare import alarms, batch, devices, ingest, signals
from telecare.alarms import Alarm
from telecare.protocols.base import Kind, Verdict
from telecare.receivers import main
from telecare.receivers.line_door import Port
from telecare.receivers.line_doors import SosDoor
from telecare.signals import Signal
from tests.telecare.certificates import certificate
from tests.telecare.doors import Line, running
from tests.waiting import eventually

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # it is old, and that is the point
    from sos_access import exceptions
    from sos_access.client import SOSAccessClient

PASSWORD = "hxp4x9nnwxjatv8"
CODE = "1234567"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def door(database: None, keys: tuple[Path, Path]) -> Iterator[SosDoor]:
    ports = [
        Port(number=0, setting="CENTRALE_SOS_ACCESS_PORT"),
        Port(number=0, setting="CENTRALE_SOS_ACCESS_TLS_PORT", certificate=keys[0], key=keys[1]),
    ]
    with running(lambda *given: SosDoor(ports, *given)) as (made,):
        yield made


@pytest.fixture
def unit(database: None) -> devices.Device:
    with db.transaction() as session:
        return devices.add(session, account=CODE, protocol="sos-access", key=PASSWORD)


def transmitter(
    door: SosDoor, password: str = PASSWORD, code: str = CODE, *, tls: bool = False
) -> SOSAccessClient:
    address = ("127.0.0.1", door.numbers[tls])
    return SOSAccessClient(
        code, "SV300", password, "42", address, use_single_receiver=True, use_tls=tls
    )


def ping(reference: str) -> bytes:
    return (
        '<?xml version="1.0" encoding="ISO-8859-1"?><pingrequest>'
        f"<authentication>{PASSWORD}</authentication><reference>{reference}</reference>"
        f"<transmittercode>{CODE}</transmittercode><transmittertype>SV300</transmittertype>"
        "</pingrequest>"
    ).encode()


def raised() -> list[Alarm]:
    with db.transaction() as session:
        return alarms.listed(session)[::-1]


def stored() -> list[Signal]:
    with db.transaction() as session:
        return signals.listed(session)[::-1]


@pytest.mark.parametrize("tls", [False, True], ids=["tcp", "tls"])
def test_its_alarms_restores_and_pings_are_taken_and_answered(
    unit: devices.Device,
    door: SosDoor,
    keys: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    tls: bool,
) -> None:
    # Its own context is a server's, which newer Pythons do not let a client use.
    trusting = ssl.create_default_context(cafile=str(keys[0]))
    trusting.check_hostname = False
    monkeypatch.setattr(ssl, "create_default_context", lambda _: trusting)
    client = transmitter(door, tls=tls)
    said = client.send_alarm("PA", reference="a1", additional_info="perché")
    assert (said.status, said.info, said.reference) == (0, "OK", "a1")
    assert client.restore_alarm("AT", reference="a2").status == 0
    assert client.ping(reference="p1").status == 0

    (alarm,) = raised()
    assert (alarm.kind, alarm.device_id, alarm.trusted) == (Kind.PERSONAL, unit.id, True)
    assert [(each.kind, each.path) for each in stored()] == [
        ("personal", "tls" if tls else "tcp"),
        ("mains", "tls" if tls else "tcp"),
        ("heartbeat", "tls" if tls else "tcp"),
    ]
    kept = b"".join(each.raw for each in stored()) + repr([s.decoded for s in stored()]).encode()
    assert PASSWORD.encode() not in kept


def test_the_same_request_again_is_answered_the_same_and_is_one_alarm(
    unit: devices.Device, door: SosDoor
) -> None:
    client = transmitter(door)
    assert [client.send_alarm("PA", reference="a1").status for _ in range(3)] == [0, 0, 0]
    assert len(raised()) == 1
    assert stored()[0].repeats == 2


def test_a_wrong_password_is_told_and_three_may_be_somebody_in_need(
    unit: devices.Device, door: SosDoor
) -> None:
    client = transmitter(door, "wrongwrongwrong")
    for number in range(3):
        with pytest.raises(exceptions.NotAuthorized):
            client.send_alarm("PA", reference=f"a{number}")

    assert {each.verdict for each in stored()} == {Verdict.SEALED}
    assert [alarm.kind for alarm in raised()] == [Kind.UNREADABLE]


def test_an_unknown_transmitter_is_kept_shown_and_taken(door: SosDoor) -> None:
    assert transmitter(door, code="7654321").send_alarm("PA").status == 0
    (alarm,) = raised()
    assert (alarm.account, alarm.device_id, alarm.trusted) == ("7654321", None, False)


def test_a_new_password_ends_the_old_one_when_it_is_first_used(
    unit: devices.Device, door: SosDoor
) -> None:
    new = transmitter(door).request_new_auth(reference="n1").new_authentication
    assert len(new) == 15
    assert transmitter(door).ping(reference="old").status == 0
    assert transmitter(door, new).send_alarm("PA", reference="a1").status == 0

    def is_taken() -> bool:
        with db.transaction() as session:
            found = devices.by_account(session, CODE, "sos-access")
            return found is not None and found.key == new.encode()

    eventually(is_taken)
    with pytest.raises(exceptions.NotAuthorized):
        transmitter(door).ping(reference="older")


def test_without_a_commit_the_transmitter_is_sent_to_its_second_address(
    unit: devices.Device, door: SosDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*given: Any) -> Any:
        raise psycopg.errors.ReadOnlySqlTransaction

    monkeypatch.setattr(ingest, "PATIENCE", 0.1)
    with monkeypatch.context() as outage:
        outage.setattr(batch, "store", away)
        with closing(Line(door.numbers[0])) as line:
            answer = line.ask(ping("one"), b"</pingresponse>")
        assert b"<status>5</status><info>NOT_TREATED_NOT_DISTRIBUTED</info>" in answer
        with pytest.raises(exceptions.AlarmReceiverConnectionError):
            transmitter(door).send_alarm("PA", reference="a1")
    assert stored() == []
    assert transmitter(door).send_alarm("PA", reference="a1").status == 0
    assert len(raised()) == 1


def test_it_may_come_byte_by_byte_and_glued(unit: devices.Device, door: SosDoor) -> None:
    with closing(Line(door.numbers[0])) as line:
        for byte in ping("one"):
            line.send(bytes([byte]))
        assert b"<reference>one</reference><status>0</status>" in line.hear(b"</pingresponse>")
        line.send(ping("two") + ping("three"))
        heard = line.hear(b"three")
    assert heard.index(b"two") < heard.index(b"three")
    assert len(stored()) == 3


def test_it_is_closed_until_it_has_a_port(
    monkeypatch: pytest.MonkeyPatch, keys: tuple[Path, Path]
) -> None:
    closed = len(main.wanted(Settings()))
    monkeypatch.setenv("CENTRALE_SOS_ACCESS_TLS_PORT", "7712")
    assert len(main.wanted(Settings())) == closed, "TLS needs a certificate"
    monkeypatch.setenv("CENTRALE_TLS_CERTIFICATE", str(keys[0]))
    monkeypatch.setenv("CENTRALE_TLS_KEY", str(keys[1]))
    assert len(main.wanted(Settings())) == closed + 1
