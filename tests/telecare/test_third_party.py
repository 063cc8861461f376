"""An independent dialler from PyPI speaks with the running receiver and gets its answers."""

import logging

import pytest
from my_dc09_spt import dc09_spt

from registry.kit import db
from telecare import alarms, devices, signals
from telecare.protocols.base import Kind, Verdict

ACCOUNT = "1234"
# As written in a list of devices: 32 hexadecimal digits would be read as the text of an AES-256.
KEYS = {"plain": "", "AES-128": "0123456789ABCDEF", "AES-256": bytes(range(32)).hex()}


@pytest.mark.parametrize("written", KEYS.values(), ids=KEYS)
@pytest.mark.parametrize("path", ["TCP", "UDP"])
def test_its_events_become_alarms_and_it_hears_the_acknowledgement(
    port: int, written: str, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    with db.transaction() as session:
        key = devices.add(session, account=ACCOUNT, key=written).key
    unit = dc09_spt.dc09_spt(ACCOUNT, receiver=1, line=0)
    unit.set_path(
        "main",
        "primary",
        "127.0.0.1",
        port,
        account=ACCOUNT,
        key=key,
        receiver=1,
        line=0,
        type=path,
    )
    with caplog.at_level(logging.INFO):
        unit.send_msg("ADM-CID", {"code": 101, "q": 1, "zone": 3})
        unit.send_msg("SIA-DCS", {"code": "QA", "zone": 2})

    answers = [record.message for record in caplog.records if "has answered" in record.message]
    assert len(answers) == 2
    assert all("'ACK'" in answer for answer in answers)
    assert unit.notSent() == 0
    with db.transaction() as session:
        raised = alarms.waiting(session)
        stored = signals.listed(session)
    assert [alarm.kind for alarm in raised] == [Kind.PERSONAL, Kind.PERSONAL]
    assert [alarm.trusted for alarm in raised] == [key is not None] * 2
    assert {signal.verdict for signal in stored} == {Verdict.GOOD}
