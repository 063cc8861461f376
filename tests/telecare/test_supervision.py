"""Supervision: outages told as one, absences that hush it, and tests that are expected."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.orm import Session

from registry import people
from registry.journal import Entry
from registry.kit import clock
from registry.kit.errors import Invalid
from telecare import absences, devices, faults, outages, signals, supervision
from telecare.absences import Reason
from telecare.devices import Device
from telecare.outages import By
from telecare.protocols.base import Kind, Verdict
from telecare.signals import Signal

LATER = timedelta(seconds=127)  # two periods of a minute, and a tenth
RETE, ALTRA = "Rete Prova", "Altra Rete"


def homes(session: Session, count: int, *, area: str, carrier: str, first: int = 0) -> list[Device]:
    return [
        devices.add(
            session, account=f"{first + number}", heartbeat_s=60, area=area, carrier=carrier
        )
        for number in range(count)
    ]


def fall_silent(session: Session, units: Sequence[Device]) -> None:
    """All others are heard just now."""
    quiet = {each.id for each in units}
    others = session.scalars(select(Device.id).where(Device.id.not_in(quiet)))
    supervision.heard(session, dict.fromkeys(others, clock.now()))
    supervision.sweep(session)
    outages.look(session)


@pytest.mark.parametrize(
    ("troubled", "found"),
    [
        ({(RETE, "Nord"): 4, (RETE, "Sud"): 4}, [(By.CARRIER, RETE)]),
        ({(RETE, "Nord"): 4, (ALTRA, "Nord"): 4}, [(By.AREA, "Nord")]),
        (
            {(RETE, "Nord"): 9, (RETE, "Sud"): 9, (ALTRA, "Sud"): 6},
            [(By.CARRIER, RETE), (By.CARRIER, ALTRA)],
        ),
        ({(RETE, "Nord"): 4}, []),
        ({("", "Nord"): 7}, [(By.AREA, "Nord")]),
        ({("", ""): 900}, []),
    ],
)
def test_the_fewest_groups_that_explain_it(
    troubled: dict[tuple[str, str], int], found: list[tuple[By, str]]
) -> None:
    sizes = {
        (By.CARRIER, RETE): 20,
        (By.CARRIER, ALTRA): 20,
        (By.AREA, "Nord"): 20,
        (By.AREA, "Sud"): 20,
    }
    assert [(each.by, each.name) for each in outages.groups(troubled, sizes)] == found


def test_a_few_of_many_are_no_outage() -> None:
    sizes = {(By.CARRIER, RETE): 1000}
    assert outages.groups({(RETE, ""): 199}, sizes) == []
    assert len(outages.groups({(RETE, ""): 200}, sizes)) == 1


def test_a_dead_carrier_is_one_line_until_its_units_are_back(session: Session) -> None:
    here = homes(session, 6, area="Borgo", carrier=RETE)
    there = homes(session, 6, area="Valle", carrier=RETE, first=100)
    homes(session, 6, area="Borgo", carrier=ALTRA, first=200)
    with time_machine.travel(clock.now() + LATER, tick=False):
        fall_silent(session, here + there)

        (outage,) = outages.open_(session)
        assert (outage.by, outage.name, outage.cause) == (By.CARRIER, RETE, Kind.SILENT)
        assert (outage.devices, outage.units, outage.most) == (12, 12, 12)
        assert len(faults.open_(session)) == 12
        outages.look(session)
        assert len(outages.open_(session)) == 1

        supervision.heard(session, {each.id: clock.now() for each in here + there})
        outages.look(session)
        assert outages.open_(session) == []
    facts = session.scalars(select(Entry).where(Entry.kind.like("telecare.outage%"))).all()
    assert [each.kind for each in facts] == ["telecare.outage_began", "telecare.outage_ended"]
    assert facts[0].facts["devices"] == 12


def test_power_lost_in_a_town_is_one_line_whatever_the_carrier(session: Session) -> None:
    units = homes(session, 3, area="Borgo", carrier=RETE)
    units += homes(session, 3, area="Borgo", carrier=ALTRA, first=100)
    told = [faults.Told(each.id, Kind.MAINS, clock.now(), over=False) for each in units]
    faults.tell(signals.cursor_of(session), told)
    outages.look(session)
    (outage,) = outages.open_(session)
    assert (outage.by, outage.name, outage.cause) == (By.AREA, "Borgo", Kind.MAINS)


def test_what_units_report_together_is_kept_in_their_order(session: Session) -> None:
    """Mains lost, back and lost again in one group, beside others that have their own say."""
    first, second = homes(session, 2, area="Borgo", carrier=RETE)

    def told(unit: Device, cause: Kind, *, over: bool) -> faults.Told:
        return faults.Told(unit.id, cause, clock.now(), over=over)

    news = faults.tell(
        signals.cursor_of(session),
        [
            told(first, Kind.MAINS, over=False),
            told(second, Kind.MAINS, over=True),
            told(first, Kind.MAINS, over=True),
            told(second, Kind.UNIT_BATTERY, over=False),
            told(first, Kind.MAINS, over=False),
            told(second, Kind.UNIT_BATTERY, over=False),
        ],
    )

    assert [(each.kind.partition(".")[2]) for each in news].count("fault_opened") == 3
    assert [(each.kind.partition(".")[2]) for each in news].count("fault_ended") == 1
    still = {(each.device_id, each.cause): each.times for each in faults.open_(session)}
    assert still == {(first.id, Kind.MAINS): 1, (second.id, Kind.UNIT_BATTERY): 2}


def at_home(session: Session) -> Device:
    person = people.create(session, given_name="Prova", family_name="Assente")
    return devices.add(session, account="1001", person_id=person.id, heartbeat_s=60)


def test_an_empty_home_may_be_silent(session: Session) -> None:
    unit = at_home(session)
    person = session.get(people.Person, unit.person_id)
    assert person is not None
    away = absences.declare(
        session, person, reason=Reason.HOSPITAL, ends_at=clock.now() + timedelta(hours=5)
    )
    with time_machine.travel(clock.now() + LATER, tick=False):
        assert supervision.sweep(session) == (1, 0)
        assert faults.open_(session) == []
    with time_machine.travel(clock.now() + timedelta(hours=1), tick=False):
        # Back sooner than they said: from now on the home is listened to again.
        session.expire_all()
        absences.end(session, away)
        session.flush()
        assert supervision.sweep(session) == (0, 0)
    with time_machine.travel(clock.now() + timedelta(hours=1) + LATER, tick=False):
        assert supervision.sweep(session) == (1, 1)
    told = select(Entry.kind).where(Entry.kind.like("telecare.absence%")).order_by(Entry.id)
    kinds = session.scalars(told).all()
    assert kinds == ["telecare.absence_declared", "telecare.absence_ended"]


def test_a_home_found_silent_before_anybody_told_us_that_it_is_empty(session: Session) -> None:
    unit = at_home(session)
    person = session.get(people.Person, unit.person_id)
    assert person is not None
    began = clock.now()
    with time_machine.travel(began + LATER, tick=False):
        assert supervision.sweep(session) == (1, 1)
        session.expire_all()
        tomorrow = began + timedelta(days=1)
        absences.declare(session, person, reason=Reason.FAMILY, begins_at=tomorrow)
        assert len(faults.open_(session)) == 1, "they are not away yet"
        absences.declare(session, person, reason=Reason.HOSPITAL, begins_at=began)
        assert faults.open_(session) == []
        assert unit.silent_since is None
        assert supervision.sweep(session) == (1, 0), "looked at, and hushed"
        session.refresh(unit)
        assert unit.silent_at == clock.now() + timedelta(days=1, seconds=126)


def test_who_never_comes_back_from_hospital_is_asked_about_again(session: Session) -> None:
    unit = at_home(session)
    person = session.get(people.Person, unit.person_id)
    assert person is not None
    absences.declare(session, person, reason=Reason.HOSPITAL)
    with time_machine.travel(clock.now() + LATER, tick=False):
        assert supervision.sweep(session) == (1, 0)
        session.refresh(unit)
        assert unit.silent_at == clock.now() + timedelta(days=1, seconds=126)
        assert absences.now_away(session, {person.id}) == {person.id: None}
    with pytest.raises(Invalid, match="before it begins"):
        absences.declare(session, person, reason=Reason.OTHER, ends_at=clock.now() - LATER)


def comes_a_test(session: Session, account: str) -> None:
    session.add(
        Signal(
            arrived_at=clock.now(),
            protocol=devices.DC09,
            path="tcp",
            peer="192.0.2.1:1",
            raw=b"x",
            verdict=Verdict.GOOD,
            reason="",
            account=account,
            sequence="0001",
            encrypted=False,
            kind=Kind.TEST.value,
            became="kept",
            decoded={},
        )
    )
    session.flush()


def test_a_test_that_does_not_come_is_a_fault_until_it_comes(session: Session) -> None:
    unit = devices.add(session, account="1001", test_every_s=3600)
    devices.add(session, account="1002")
    began = clock.now()
    with time_machine.travel(began + timedelta(minutes=30), tick=False):
        comes_a_test(session, "1001")
        assert supervision.look_for_tests(session) == 0
    with time_machine.travel(began + timedelta(minutes=67), tick=False):
        assert supervision.look_for_tests(session) == 0
        session.refresh(unit)
        assert unit.test_due_at == began + timedelta(minutes=96)
    for late in (97, 108):
        with time_machine.travel(began + timedelta(minutes=late), tick=False):
            assert supervision.look_for_tests(session) == 1
            (fault,) = faults.open_(session)
            assert (fault.cause, fault.device_id, fault.times) == (Kind.TEST_MISSED, unit.id, 1)
    with time_machine.travel(began + timedelta(minutes=119), tick=False):
        comes_a_test(session, "1001")
        assert supervision.look_for_tests(session) == 0
        assert faults.open_(session) == []
