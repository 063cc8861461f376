"""A province loses its mains: every report is taken, and no press is lost among them."""

import threading

import pytest
from sqlalchemy import func, select

from registry.access import Role
from registry.kit import db
from registry.kit.errors import NotAllowed
from registry.kit.settings import settings
from registry.tokens import Token
from telecare import device_tokens, devices, signals, simulator_doors
from telecare.faults import Fault
from telecare.outages import By, Outage
from telecare.simulator_doors import SAYINGS, Unit
from tests.stories.conftest import House
from tests.waiting import apart, eventually
from webconsole.demo import storm
from webconsole.demo.storm import Wish

WISH = Wish(units=400, presses=20, rate=400.0, lines=20, seed=7)


def test_a_storm_passes_and_every_press_is_on_the_board(house: House) -> None:
    house.somebody("anna", "Anna Riva", Role.OPERATOR)
    chosen = settings().model_copy(update={"demo": True})
    said: list[str] = []

    done = apart(storm.rehearse, chosen, WISH, said.append)

    assert done.complete
    assert (done.storm.acknowledged, len(done.delays)) == (400, 20)
    assert 0 < done.percentile(0.5) <= done.percentile(0.99) < 10
    assert said[0] == "400 units are put in the archive"
    with db.transaction() as session:
        faults = session.scalar(select(func.count()).select_from(Fault))
        issued = select(Token).where(Token.label == storm.LABEL)
        assert all(each.revoked_at is not None for each in session.scalars(issued))
    assert faults == 380

    def outages() -> list[Outage]:
        with db.transaction() as session:
            return list(session.scalars(select(Outage).where(Outage.ended_at.is_(None))))

    # Each area lost its mains; nobody is told of 380 units one by one.
    found = eventually(outages, within=30)
    assert {each.by for each in found} <= {By.AREA, By.CARRIER}
    assert sum(each.devices for each in found) == 380


def test_no_storm_among_real_alarms(house: House) -> None:
    for refused in (settings(), settings().model_copy(update={"demo": True, "bind": "192.0.2.1"})):
        with pytest.raises(NotAllowed, match="dangerous"):
            storm.rehearse(refused, WISH, lambda _: None)


def test_apps_are_heard_too(house: House) -> None:
    with db.transaction() as session:
        device = devices.add(session, account="APP1", protocol=devices.JSON)
        _, secret = device_tokens.issue(session, device)
    unit, send = Unit("APP1", secret), simulator_doors.over_http(house.url)
    for _, saying in SAYINGS:
        assert simulator_doors.deliver(unit, saying, send, threading.Event())
    with db.transaction() as session:
        found = signals.listed(session, account="APP1")
    assert [each.kind for each in found][::-1] == [saying[0] for _, saying in SAYINGS]
