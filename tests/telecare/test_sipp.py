"""SIPp, somebody else's SIP, against the running door: over UDP and TCP, through losses, proved."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from registry.kit.db import transaction
from telecare import devices
from telecare.alarms import Alarm
from telecare.devices import SCAIP
from telecare.receivers.sip import SipDoor, SipPlan
from telecare.signals import Signal
from tests.telecare.sip_centre import HERE, running, stored
from tests.telecare.sip_lossy import LossyWay

SCENARIOS = Path(__file__).parent / "sipp"
TRANSPORTS = ["u1", "t1"]
ALL_WELL = frozenset({0})
SOME_GAVE_UP = frozenset({0, 1})


@pytest.fixture(scope="module", autouse=True)
def _sipp() -> None:
    if shutil.which("sipp") is None:
        pytest.skip("LOUD: no sipp here (apt-get install sip-tester): no foreign SIP was spoken")


@pytest.fixture
def door(database: None) -> Iterator[SipDoor]:
    with running(SipPlan(port=0)) as opened:
        yield opened


def sipp(
    folder: Path,
    port: int,
    scenario: str,
    rows: list[str],
    *,
    transport: str,
    rate: int = 100,
    ends: frozenset[int] = ALL_WELL,
) -> str:
    """Run a scenario once for each row; returns what the units were told."""
    (folder / "rows.csv").write_text("SEQUENTIAL\n" + "".join(f"{row};\n" for row in rows))
    command = ["sipp", f"{HERE}:{port}", "-i", HERE, "-sf", SCENARIOS / f"{scenario}.xml"]
    command += ["-oocsf", SCENARIOS / "told.xml", "-inf", folder / "rows.csv", "-t", transport]
    command += ["-m", str(len(rows)), "-r", str(rate), "-l", "200", "-nostdin", "-deadcall_wait"]
    command += ["3000", "-timeout", "100s", "-timeout_error", "-trace_logs", "-log_file", "told"]
    command += ["-trace_err", "-error_file", "errors"]
    done = subprocess.run(
        [str(word) for word in command], cwd=folder, capture_output=True, text=True, check=False
    )
    errors = folder / "errors"
    said = errors.read_text()[-2000:] if errors.exists() else ""
    assert done.returncode in ends, f"{done.stdout[-3000:]}\n{said}"
    told = folder / "told"
    return told.read_text() if told.exists() else ""


def units(count: int, tail: str = "") -> list[str]:
    return [f"{5000 + number};SIPP{number}{tail}" for number in range(count)]


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_presses_are_stored_and_their_units_told(
    door: SipDoor, tmp_path: Path, transport: str
) -> None:
    told = sipp(tmp_path, door.port, "press", units(50), transport=transport)
    assert len(stored(Alarm)) == 50
    assert told.count("snu 0") >= 45, "the last may be on their way when sipp ends"
    assert door.figures()["sip_told"] >= 45


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_thousand_without_loss(door: SipDoor, tmp_path: Path, transport: str) -> None:
    sipp(tmp_path, door.port, "press", units(1000), transport=transport, rate=400)
    assert len(stored(Alarm)) == 1000
    assert {each.repeats for each in stored(Signal)} == {0}


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_units_with_a_password_register_and_press(
    database: None, tmp_path: Path, transport: str
) -> None:
    with transaction() as session:
        for number in range(20):
            account = str(5000 + number)
            devices.add(session, account=account, protocol=SCAIP, key=f"segreta{number}")
    rows = [
        f"{row};[authentication username={5000 + number} password=segreta{number}]"
        for number, row in enumerate(units(20))
    ]
    with running(SipPlan(port=0)) as door:
        sipp(tmp_path, door.port, "proved_press", rows, transport=transport, rate=20)
        assert door.figures()["sip_registered"] == 20
    found = stored(Alarm)
    assert len(found) == 20
    assert all(alarm.trusted and alarm.device_id for alarm in found)


def test_a_third_of_all_datagrams_lost_is_one_alarm_each(door: SipDoor, tmp_path: Path) -> None:
    with LossyWay(door.port, loss=0.3, seed=7) as way:
        # Of a thousand units one hears none of eleven answers; its press is stored all the same.
        ends = SOME_GAVE_UP
        sipp(tmp_path, way.port, "press", units(60), transport="u1", rate=60, ends=ends)
        assert way.lost > 20
    assert len(stored(Alarm)) == 60
    assert len(stored(Signal)) == 60
    assert door.figures()["sip_answered_again"] > 0
    assert way.different_answers == 0, "each repeat is answered with the same bytes"
