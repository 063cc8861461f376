"""Devices: read from a file in any common form, told line by line, heard and silent."""

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from registry.journal import Entry
from registry.kit import clock
from registry.kit.errors import Invalid
from telecare import device_files, devices, faults, supervision
from telecare.protocols.base import Kind

HEAD = "account,protocol,key,heartbeat_s,label\n"


def test_a_file_of_devices_goes_in_once(session: Session) -> None:
    content = HEAD + (
        "1001,sia-dc09,,90,Casa prova\n"
        "ab02,dc09,0123456789ABCDEF,0,\n"
        "1003,,000102030405060708090a0b0c0d0e0f,3600,Chiave doppia\n"
        "1004,SIA-DC09," + bytes(range(32)).hex() + ",,\n"
    )
    first = device_files.import_csv(session, content)
    assert (first.added, first.changed, first.unchanged, first.refused) == (4, 0, 0, [])
    again = device_files.import_csv(session, content)
    assert (again.added, again.changed, again.unchanged) == (0, 0, 4)

    ciphers = {each.account: each.cipher for each in session.scalars(select(devices.Device))}
    assert ciphers == {"1001": "", "AB02": "AES-128", "1003": "AES-256", "1004": "AES-256"}
    said = {line: params["cipher"] for line, _, params in first.said}
    assert said == {4: "AES-256", 5: "AES-256"}


def test_a_changed_line_changes_its_device_only(session: Session) -> None:
    device_files.import_csv(session, HEAD + "1001,,,90,uno\n1002,,,90,due\n")
    result = device_files.import_csv(session, HEAD + "1001,,,90,uno\n1002,,,600,due\n")
    assert (result.changed, result.unchanged) == (1, 1)
    changed = devices.by_account(session, "1002")
    assert changed is not None
    assert changed.heartbeat_s == 600
    whats = session.scalars(select(Entry).where(Entry.kind == "telecare.device_changed")).all()
    assert [each.facts["what"] for each in whats] == ["heartbeat_s"]


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("10-01,,,90,", "An account has 1 to 16 letters and digits, not “10-01”"),
        (",,,90,", "An account has 1 to 16 letters and digits"),
        ("1001,morse,,90,", "There is no protocol “morse” here"),
        ("1001,,tooshort,90,", "A key has 16, 24 or 32 characters"),
        ("1001,,,soon,", "The column heartbeat_s is a number of seconds up to 604800, not “soon”"),
    ],
)
def test_a_bad_line_is_told_and_the_rest_goes_in(
    session: Session, line: str, sentence: str
) -> None:
    result = device_files.import_csv(session, HEAD + f"{line}\n7001,,,0,\n")
    assert result.added == 1
    ((number, problem),) = result.refused
    assert number == 2
    assert sentence in str(problem)


def test_an_account_twice_in_a_file_is_told(session: Session) -> None:
    result = device_files.import_csv(session, HEAD + "1001,,,0,a\n1001,,,0,b\n")
    assert [number for number, _ in result.refused] == [3]


def test_semicolons_and_a_byte_order_mark_are_read(session: Session) -> None:
    content = "\ufeff" + HEAD.replace(",", ";") + "1001;;;90;Casa, prova\r\n"
    assert device_files.import_csv(session, content).added == 1


def test_a_missing_column_is_said(session: Session) -> None:
    with pytest.raises(Invalid, match="missing: key, heartbeat_s"):
        device_files.import_csv(session, "account,protocol,label\n1,,\n")


def test_keys_are_not_readable_in_the_database(session: Session) -> None:
    devices.add(session, account="1001", key="0123456789ABCDEF")
    stored = session.execute(text("SELECT key FROM devices")).scalar()
    assert stored is not None
    assert b"0123456789ABCDEF" not in bytes(stored)


def test_a_silent_unit_is_a_fault_until_it_is_heard(session: Session) -> None:
    unit = devices.add(session, account="1001", heartbeat_s=60)
    devices.add(session, account="1002")
    supervision.heard(session, {unit.id: clock.now()})
    assert supervision.sweep(session) == (0, 0)
    with time_machine.travel(clock.now() + timedelta(seconds=127), tick=False):
        assert supervision.sweep(session) == (1, 1)
        assert supervision.sweep(session) == (0, 0)
        session.expire_all()
        assert unit.silent_since is not None
        assert [each.cause for each in faults.open_(session)] == [Kind.SILENT]

        supervision.heard(session, {unit.id: clock.now()})
        session.expire_all()
        heard = devices.by_account(session, "1001")
        assert heard is not None
        assert (heard.silent_since, heard.last_seen_at) == (None, clock.now())
        assert faults.open_(session) == []
    facts = session.scalars(select(Entry).where(Entry.kind == "telecare.devices_silent")).all()
    assert [each.facts for each in facts] == [{"devices": 1}]


def test_nobody_is_silent_for_a_time_in_which_we_did_not_listen(session: Session) -> None:
    devices.add(session, account="1001", heartbeat_s=60)
    with time_machine.travel(clock.now() + timedelta(hours=1), tick=False):
        assert supervision.sweep(session, listening_s=125) == (0, 0)
        assert supervision.sweep(session, listening_s=127) == (1, 1)


def test_where_and_by_whom_a_unit_is_carried_may_be_in_the_file(session: Session) -> None:
    head = HEAD.strip() + ",area,carrier,test_every_s\n"
    device_files.import_csv(
        session, head + "1001,,,90,uno,Borgo Prova,Rete Prova,86400\n1002,,,90,due\n"
    )
    found = {each.account: each for each in devices.listed(session)}
    one, two = found["1001"], found["1002"]
    assert (one.area, one.carrier, one.test_every_s) == ("Borgo Prova", "Rete Prova", 86400)
    assert one.test_due_at is not None
    assert (two.area, two.carrier, two.test_every_s, two.test_due_at) == ("", "", 0, None)
    # A file without these columns says nothing of them.
    device_files.import_csv(session, HEAD + "1001,,,90,uno\n")
    session.expire_all()
    assert one.area == "Borgo Prova"


def test_a_key_that_cannot_be_opened_is_a_fault_until_it_can(session: Session) -> None:
    unit = devices.add(session, account="1001", key="0123456789ABCDEF")
    devices.add(session, account="1002", key="0123456789ABCDEF")
    stored = session.execute(text("SELECT key FROM devices WHERE id = :id"), {"id": unit.id})
    whole = bytes(stored.scalar() or b"")
    spoil = text("UPDATE devices SET key = :key WHERE id = :id")
    session.execute(spoil, {"key": whole[:-1] + bytes([whole[-1] ^ 1]), "id": unit.id})

    for _ in range(3):  # receivers look each second
        supervision.keys_read(session, devices.known(session).values())
    (fault,) = faults.open_(session)
    assert (fault.device_id, fault.cause, fault.times) == (unit.id, Kind.KEY, 1)

    session.execute(spoil, {"key": whole, "id": unit.id})
    supervision.keys_read(session, devices.known(session, accounts=["1001"]).values())
    assert faults.open_(session) == []
    told = select(Entry.kind).where(Entry.kind.like("telecare.fault%")).order_by(Entry.id)
    facts = session.scalars(told).all()
    assert facts == ["telecare.fault_opened", "telecare.fault_ended"]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("00112233445566778899AABBCCDDEEFF", b"00112233445566778899AABBCCDDEEFF"),
        ("hex:00112233445566778899AABBCCDDEEFF", bytes(range(0, 256, 17))),
        ("HEX: " + "0F" * 32, b"\x0f" * 32),
        ("sedici caratteri", b"sedici caratteri"),
    ],
)
def test_a_key_of_sixteen_bytes_can_be_written_in_hexadecimal(
    session: Session, written: str, read: bytes
) -> None:
    assert devices.add(session, account="4711", key=written).key == read


def test_what_is_said_to_be_hexadecimal_must_be(session: Session) -> None:
    with pytest.raises(Invalid, match="A key has"):
        devices.add(session, account="4711", key="hex:sedici caratteri")
