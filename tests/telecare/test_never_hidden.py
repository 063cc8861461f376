"""A press is on the board until a person closes it, whatever else happens; steps by the hundred."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter import lines, reassuring
from registry import deadlines, people
from registry.journal import Entry
from registry.kit import clock
from registry.people import Person
from registry.staff import Staff
from telecare import (
    absences,
    alarms,
    call_backs,
    devices,
    escalated_together,
    escalation,
    faults,
    outages,
    storm_voice,
    supervision,
    unit_calls,
)
from telecare.absences import Reason
from telecare.alarms import UNANSWERED, Alarm, AlarmState, Outcome
from telecare.devices import Device
from telecare.outages import Outage
from telecare.protocols.base import Kind
from tests.callcenter import room
from tests.telecare.test_tech_jobs import received

AREA = "Borgo Finto"
HAPPENS = (
    "mains",
    "battery",
    "silence",
    "storm",
    "cancel",
    "absence",
    "back",
    "call_back",
    "press",
    "rings",
    "time",
)


class Village:
    """Six homes of one area, and all that may befall the first."""

    def __init__(self, session: Session) -> None:
        self.session = session
        lines.add(session, number=room.LINE, name="Linea sociale")
        self.homes = [self._home(number) for number in range(6)]
        self.presses: list[Alarm] = []

    def _home(self, number: int) -> tuple[Person, Device]:
        account = f"{number:02d}{uuid4().hex[:8]}".upper()
        person = people.create(self.session, given_name="Rosa", family_name="Prova")
        people.add_phone(self.session, person, f"081 555 {uuid4().int % 10_000:04d}")
        device = devices.add(
            self.session, account=account, area=AREA, heartbeat_s=60, person_id=person.id
        )
        return person, device

    def happens(self, what: str) -> None:
        person, device = self.homes[0]
        session = self.session
        everywhere = {unit.id for _, unit in self.homes}
        match what:
            case "press" | "rings" | "call_back":
                self._of_people(what, person, device)
            case "mains" | "battery":
                cause = Kind.MAINS if what == "mains" else Kind.UNIT_BATTERY
                faults.keep(session, cause, {device.id}, set())
            case "silence":
                device.silent_at = clock.now() - timedelta(seconds=1)
                session.flush()
                supervision.sweep(session)
            case "storm" | "back":
                wrong, well = (everywhere, set[UUID]()) if what == "storm" else (set(), everywhere)
                faults.keep(session, Kind.MAINS, wrong, well)
                outages.look(session)
            case "cancel":
                alarms.call_off(session, received(session, device, Kind.CANCEL), [])
            case "absence":
                absences.declare(session, person, reason=Reason.HOLIDAY)
            case _:
                room.sweep(session)

    def _of_people(self, what: str, person: Person, device: Device) -> None:
        if what == "press":
            self.presses.append(self._press(device))
        elif what == "rings":
            self._rings(person)
        else:
            self._call_back()

    def _press(self, device: Device) -> Alarm:
        # The same frame as a unit sends it: see telecare/batch.py for its way to here.
        return alarms.raise_(
            self.session,
            signal_id=received(self.session, device, Kind.PERSONAL).id,
            position=0,
            account=device.account,
            device_id=device.id,
            person_id=device.person_id,
            kind=Kind.PERSONAL,
            code="E101",
        )

    def _rings(self, person: Person) -> None:
        """Nobody is at a desk: in a storm a recording speaks, and is heard once more."""
        call = room.ring(self.session, f"CA{uuid4().hex}", person.phones[0].number)
        for entry in self.session.scalars(select(Entry).order_by(Entry.id)).all():
            for listener in (unit_calls.arrived, storm_voice.rings, storm_voice.began):
                listener(self.session, entry.event())
        reassuring.say(self.session, call)

    def _call_back(self) -> None:
        wanted = select(Outage).where(Outage.ended_at.is_(None), Outage.name == AREA)
        found = self.session.scalars(wanted).first()
        if found is not None:
            call_backs.begin(self.session, found, began_by=None)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(events=st.lists(st.sampled_from(HAPPENS), max_size=7, unique=True))
def test_nothing_hides_a_press(session: Session, events: list[str]) -> None:
    undone = session.begin_nested()
    village = Village(session)
    village.happens("press")
    for each in events:
        village.happens(each)
    waiting = {each.id: each for each in alarms.waiting(session)}
    for press in village.presses:
        assert press.id in waiting
        assert {each.kind for each in deadlines.of(session, press.id)} >= {UNANSWERED}
    order = [each.lane.letter for each in alarms.waiting(session)]
    assert order == sorted(order)
    undone.rollback()
    session.expire_all()


def waits(session: Session, *, level: int = 0, due: bool = True) -> Alarm:
    alarm = alarms.raise_(
        session,
        signal_id=uuid4(),
        position=0,
        account="4711",
        device_id=None,
        person_id=None,
        kind=Kind.PERSONAL,
        code="E101",
    )
    alarm.level = level
    moment = clock.now() - timedelta(seconds=1) if due else clock.now() + timedelta(seconds=30)
    deadlines.set_(session, UNANSWERED, alarm.id, moment)
    session.flush()
    return alarm


@pytest.mark.parametrize("level", [0, 1])
def test_together_is_the_same_as_one_by_one(session: Session, level: int) -> None:
    many, one = waits(session, level=level), waits(session, level=level, due=False)
    moment = deadlines.of(session, many.id)[0].due_at
    deadlines.set_(session, UNANSWERED, one.id, moment)
    session.flush()
    deadlines.of(session, one.id)[0].leased_until = clock.now() + timedelta(minutes=1)
    session.flush()

    assert escalated_together.step(session) == 1
    escalation.unanswered(session, one.id)
    session.flush()
    session.expire_all()

    told = select(Entry.facts).where(Entry.kind == "telecare.alarm_escalated").order_by(Entry.id)
    same = [{**facts, "alarm_id": ""} for facts in session.scalars(told)]
    assert len(same) == 2
    assert same[0] == same[1]
    assert many.level == one.level == level + 1
    (first,), (second,) = deadlines.of(session, many.id), deadlines.of(session, one.id)
    assert first.due_at == second.due_at


def test_together_leaves_alone_what_is_not_its_own(session: Session, anna: Staff) -> None:
    early, last = waits(session, due=False), waits(session, level=2)
    claimed, closed = waits(session), waits(session)
    for each in (claimed, closed):
        alarms.claim(session, each, anna.id)
        deadlines.set_(session, UNANSWERED, each.id, clock.now() - timedelta(seconds=1))
    alarms.close(session, closed, outcome=Outcome.TEST, note="prova")
    deadlines.set_(session, UNANSWERED, closed.id, clock.now() - timedelta(seconds=1))
    session.flush()

    assert escalated_together.step(session) == 0
    session.expire_all()
    assert [each.level for each in (early, last, claimed, closed)] == [0, 2, 0, 0]
    assert claimed.state is AlarmState.CLAIMED
