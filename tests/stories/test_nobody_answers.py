"""Nobody answers: an alarm asks more and more people by itself, and never stops asking."""

from collections.abc import Iterator
from functools import partial

import httpx2
import pytest

from registry.access import Role
from tests.stories import units
from tests.stories.conftest import House, move_time
from tests.waiting import eventually

ACCOUNT = "9B02"


@pytest.fixture(scope="module")
def anna(house: House) -> Iterator[httpx2.Client]:
    with house.somebody("anna", "Anna Riva", Role.OPERATOR) as client:
        yield client


@pytest.fixture(scope="module")
def bruno(house: House) -> Iterator[httpx2.Client]:
    with house.somebody("bruno", "Bruno Costa", Role.OPERATOR) as client:
        yield client


def alarm(anna: httpx2.Client) -> dict[str, object]:
    found: dict[str, object] = anna.get("/alarms", params={"account": ACCOUNT}).json()["items"][0]
    return found


def stands_at(anna: httpx2.Client, level: int) -> bool:
    return alarm(anna)["level"] == level


def test_an_alarm_nobody_takes_goes_up_the_ladder(
    house: House, anna: httpx2.Client, bruno: httpx2.Client
) -> None:
    # The account is known to nobody: it is kept, shown and acknowledged all the same.
    answer = units.report(house.dc09, units.plain(ACCOUNT, 7, "1101"))
    assert b'"ACK"0007' in answer
    found = eventually(lambda: anna.get("/alarms", params={"account": ACCOUNT}).json()["items"])
    assert (found[0]["state"], found[0]["level"], found[0]["trusted"]) == ("waiting", 0, False)

    # The unit says it again, as units do: the same answer, no second alarm.
    assert b'"ACK"0007' in units.report(house.dc09, units.plain(ACCOUNT, 7, "1101"))
    assert len(anna.get("/alarms", params={"account": ACCOUNT}).json()["items"]) == 1
    assert anna.get("/signals", params={"account": ACCOUNT}).json()["items"][0]["repeats"] == 1

    # 30 s, 60 s, 180 s and on: each step is a row that comes due, whoever sweeps.
    for level, seconds in ((1, 30), (2, 30), (3, 120), (4, 60)):
        if level == 3:
            house.kill("sweep")
            house.start("sweep")
        move_time(seconds)
        eventually(partial(stands_at, anna, level), within=40)
    assert alarm(anna)["state"] == "escalated"

    # Anna takes it after all; Bruno is told who has it.
    alarm_id = alarm(anna)["id"]
    assert anna.post(f"/alarms/{alarm_id}/claim").status_code == 200
    refused = bruno.post(f"/alarms/{alarm_id}/claim", headers={"Accept-Language": "it"})
    assert refused.status_code == 409
    assert "Anna Riva" in refused.json()["detail"]

    # A cancel closes nothing: Anna sees the press and the cancel.
    units.report(house.dc09, units.plain(ACCOUNT, 8, "1406"))
    eventually(lambda: alarm(anna)["called_off_at"])
    assert alarm(anna)["state"] == "claimed"

    # She has heard that all is well: the outcome is hers to say, and both are kept.
    closing = {"outcome": "pressed_by_mistake", "note": "ha annullato lei, sta bene"}
    assert anna.post(f"/alarms/{alarm_id}/close", json=closing).json()["state"] == "closed"
    kept = anna.get("/signals", params={"account": ACCOUNT}).json()["items"]
    assert [each["kind"] for each in kept] == ["cancel", "personal"]

    # A damaged frame gets no answer at all, and changes nothing.
    broken = bytearray(units.plain(ACCOUNT, 9, "1101"))
    broken[-3] ^= 1
    with pytest.raises(TimeoutError):
        units.report(house.dc09, bytes(broken), patience=1.5)
    assert len(anna.get("/alarms", params={"account": ACCOUNT}).json()["items"]) == 1
