"""A province loses its mains: every report is taken, and no press is lost among them."""

import os
import threading
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from callcenter import lines
from callcenter.call_states import CallState
from callcenter.calls import Call
from callcenter.carriers import account as accounts
from callcenter.carriers import simulated_town
from registry import people
from registry.access import Role
from registry.kit import db
from registry.kit.errors import NotAllowed
from registry.kit.settings import settings
from registry.tokens import Token
from telecare import device_tokens, devices, outages, signals, simulator_doors, subscribers
from telecare.alarms import Alarm
from telecare.devices import Device
from telecare.faults import Fault
from telecare.outages import By, Outage
from telecare.signals import Signal
from telecare.simulator_doors import SAYINGS, Unit
from tests.stories.conftest import House
from tests.waiting import apart, eventually
from webconsole.demo import storm
from webconsole.demo.storm import Wish

# As many as a small town; CENTRALE_TEST_STORM_UNITS=2000 is the whole blackout, with 30 presses.
UNITS = int(os.environ.get("CENTRALE_TEST_STORM_UNITS", "400"))
# Two cores that others use, too: as long as it takes, up to this.
pytestmark = pytest.mark.timeout(180 + UNITS // 4)
WISH = Wish(units=UNITS, presses=20 if UNITS < 2000 else 30, rate=400.0, lines=20, seed=7, homes=12)


def test_a_storm_passes_and_every_press_is_on_the_board(house: House) -> None:
    house.somebody("anna", "Anna Riva", Role.OPERATOR)
    chosen = settings().model_copy(update={"demo": True})
    said: list[str] = []

    done = apart(storm.rehearse, chosen, WISH, said.append)

    assert done.complete
    assert (done.storm.acknowledged, len(done.delays)) == (WISH.units, WISH.presses)
    assert 0 < done.percentile(0.5) <= done.percentile(0.99) < 10
    assert said[0] == f"{WISH.units:,} units are put in the archive"
    with db.transaction() as session:
        faults = session.scalar(select(func.count()).select_from(Fault))
        issued = select(Token).where(Token.label == storm.LABEL)
        assert all(each.revoked_at is not None for each in session.scalars(issued))
        homes = select(func.count()).where(
            Device.label == storm.LABEL, Device.person_id.is_not(None)
        )
        assert session.scalar(homes) == WISH.homes
        spoken = select(Signal.protocol, Signal.path).distinct()
        assert {(protocol, path) for protocol, path in session.execute(spoken)} >= {
            ("sia-dc09", "tcp"),
            ("sia-dc09", "udp"),
            ("scaip", "tcp"),
            ("scaip", "udp"),
        }
    assert faults == WISH.units - WISH.presses

    def outages() -> list[Outage] | None:
        """Once all of it is counted: a look may come in the middle of the storm."""
        with db.transaction() as session:
            found = list(session.scalars(select(Outage).where(Outage.ended_at.is_(None))))
        return found if sum(each.devices for each in found) == faults else None

    # Each area lost its mains; nobody is told of 380 units one by one.
    found = eventually(outages, within=60)
    assert {each.by for each in found} <= {By.AREA, By.CARRIER}


def test_the_storm_is_one_line_and_its_homes_are_called_back(house: House) -> None:
    """After the storm above: one of those who pressed is known, and one of the many others."""
    anna = house.somebody("bice", "Bice Costa", Role.OPERATOR)
    accounts.account.cache_clear()
    with db.transaction() as session:
        lines.add(session, number="+390815550100", name="Linea sociale")
        # A whole carrier or one area: whatever explains most of it.
        outage = outages.open_(session)[0]
        there = select(Device).where(outages.of(outage)).order_by(Device.id).limit(1)
        rang, failed = select(Alarm.device_id), select(Fault.device_id)
        first = session.scalars(there.where(Device.id.in_(rang))).one()
        quiet = session.scalars(there.where(Device.id.in_(failed))).one()
        ids = [_home(session, first, "0811", 1930), _home(session, quiet, "0812", 1970)]

    board = anna.get("/board").json()
    assert board["storm"]["devices"] == WISH.units - WISH.presses
    assert board["storm"]["pressed"] > 0
    assert len([each for each in board["waiting"] if each["kind"] == "alarm"]) == WISH.presses

    assert str(outage.id) in {each["id"] for each in anna.get("/storms").json()}
    down = anna.get(f"/storms/{outage.id}/down").json()
    known = {each["person_id"]: each["why"] for each in down if each["person_id"]}
    order = [each for each in known if each in {str(one) for one in ids}]
    assert order == [str(each) for each in ids]
    pressed = ["pressed" in why for why in known.values()]
    assert pressed[0]
    assert pressed == sorted(pressed, reverse=True), "whoever pressed comes first"

    town = simulated_town.town()
    for number in ("+390815550811", "+390815550812"):
        town.behave(number, answers_after="0", talks_for="60")
    begun = anna.post(f"/storms/{outage.id}/call-back").json()
    assert begun["calls"] == len(known)

    def asked() -> str | None:
        """A key pressed before the question counts for nothing."""
        with db.transaction() as session:
            found = select(Call).where(Call.number == "+390815550811")
            call = session.scalars(found).first()
            answered = call.sid if call and call.state is CallState.ANSWERED else None
        hears = (each["sid"] for each in town.calls() if each["heard"])
        return answered if answered in set(hears) else None

    town.press(eventually(asked, within=30), "1")

    def one_is_well() -> bool:
        return bool(anna.get(f"/campaigns/{begun['id']}").json()["over"] == 1)

    eventually(one_is_well, within=30)
    # All is well on the phone, and the press is still before the room.
    assert len(anna.get("/board").json()["waiting"]) >= WISH.presses


def test_a_home_that_rings_now_hears_that_it_is_not_lost(house: House) -> None:
    """The first of those above rings while nobody is at a desk: its press stays before the room."""
    anna = house.somebody("carla", "Carla Esempio", Role.OPERATOR)
    town = simulated_town.town()
    waiting = anna.get("/board").json()["waiting"]
    sid = town.ring(from_="+390815550811", to="+390815550100")

    def heard() -> bool:
        said = next(each["heard"] for each in town.calls() if each["sid"] == sid)
        return any("Molte case stanno chiamando" in each for each in said)

    eventually(heard, within=60)
    still = {each["id"] for each in anna.get("/board").json()["waiting"]}
    assert {each["id"] for each in waiting if each["kind"] == "alarm"} <= still
    town.hang_up(sid)


def _home(session: Session, device: Device, last: str, born: int) -> UUID:
    person = people.create(session, given_name="Rosa", family_name=f"Prova {last}", birth_year=born)
    people.add_phone(session, person, f"081 555 {last}")
    subscribers.assign(session, device, person)
    return person.id


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
