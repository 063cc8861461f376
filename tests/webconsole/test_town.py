"""The sample town: whole, invented, quick to load, and the same after a second start."""

import json
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise

import phonenumbers
import pytest
import time_machine
from sqlalchemy import func, select, text

from callcenter.calls import Call
from dispatch import rota, standing, teams
from dispatch.interventions import Intervention
from registry import access, bookings, cases, people, referrals, search, sessions
from registry.case_managers import Assignment
from registry.case_states import CaseState
from registry.cases import Case
from registry.deadlines import Deadline
from registry.kit import clock, db
from registry.people import NearPerson, Person, Phone
from registry.places import Address
from registry.staff import Staff
from telecare import devices
from telecare.alarms import Alarm, AlarmState
from telecare.devices import Device
from telecare.signals import Signal
from tests.conftest import empty
from tests.house import ROOT
from webconsole.demo import town

BOUNDARIES = ROOT / "webconsole" / "static" / "boundaries" / "comuni-063.geojson"


@pytest.fixture(scope="module")
def loaded(_database: None) -> Iterator[None]:
    """The town in the real database."""
    town.load()
    yield
    empty()


def counted() -> dict[str, int]:
    with db.transaction() as session:
        return {
            table.name: session.scalar(select(func.count()).select_from(table)) or 0
            for table in db.Base.metadata.sorted_tables
        }


def test_the_town_is_whole(loaded: None) -> None:
    found = counted()

    assert found["people"] == 60
    assert found["devices"] == 40
    assert found["teams"] == 3
    assert found["staff"] == len(town.LOGINS)
    # Every page of the registry has something on it.
    for table in ("requests", "referrals", "bookings", "case_notes", "household_stays"):
        assert found[table] >= 3, table
    with db.transaction() as session:
        assert set(session.scalars(select(Device.protocol))) == devices.PROTOCOLS
        states = set(session.scalars(select(Case.state)))
        assert states == set(CaseState)
        followed = select(func.count(Assignment.id)).where(Assignment.until.is_(None))
        assert (session.scalar(followed) or 0) >= 5


def test_loading_it_again_changes_nothing(loaded: None) -> None:
    before = counted()

    town.load()

    assert counted() == before


def test_a_week_later_the_rota_is_still_planned(loaded: None) -> None:
    with time_machine.travel(clock.now() + timedelta(days=20)):
        town.load()
        with db.transaction() as session:
            assert rota.on_duty(session)


def test_everybody_can_sign_in(loaded: None) -> None:
    for each in town.LOGINS:
        _, actor = sessions.sign_in(each.login, town.PASSWORD, network="192.0.2.1")
        assert actor.roles == {each.role}
        assert (actor.team_id is not None) == bool(each.team)


def test_no_number_of_the_town_can_ring(loaded: None) -> None:
    with db.transaction() as session:
        numbers = [
            *session.scalars(select(Phone.number)),
            *session.scalars(select(NearPerson.phone)),
            *session.scalars(text("SELECT number FROM lines")),
            *(team.phone for team in teams.active(session) if team.phone),
        ]

    parsed = [phonenumbers.parse(number) for number in numbers]
    assert len(set(numbers)) == len(numbers) > 100
    assert all(phonenumbers.is_possible_number(each) for each in parsed)
    assert not any(phonenumbers.is_valid_number(each) for each in parsed)


def _rings() -> list[list[list[float]]]:
    features = json.loads(BOUNDARIES.read_text(encoding="utf-8"))["features"]
    shapes = [each["geometry"] for each in features]
    return [
        polygon[0]
        for shape in shapes
        for polygon in (
            shape["coordinates"] if shape["type"] == "MultiPolygon" else [shape["coordinates"]]
        )
    ]


def _inside(longitude: float, latitude: float, ring: list[list[float]]) -> bool:
    crossings = [
        longitude < (x2 - x1) * (latitude - y1) / (y2 - y1) + x1
        for (x1, y1), (x2, y2) in pairwise(ring)
        if (y1 > latitude) != (y2 > latitude)
    ]
    return sum(crossings) % 2 == 1


def test_every_home_stands_on_the_shipped_map(loaded: None) -> None:
    rings = _rings()
    with db.transaction() as session:
        homes = list(session.scalars(select(Address)))

    assert all(
        any(_inside(home.longitude or 0, home.latitude or 0, ring) for ring in rings)
        for home in homes
    )


def test_restricted_people_are_invisible_to_operators(loaded: None) -> None:
    with db.transaction() as session:
        anna = session.scalars(select(Staff).where(Staff.login == "anna")).one().actor
        carla = session.scalars(select(Staff).where(Staff.login == "carla")).one().actor

        assert search.find(session, "Riservata Protetti", anna).persons == []
        assert len(search.find(session, "Riservata Protetti", carla).persons) == 1
        hidden = session.scalars(select(Person.id).where(Person.restricted)).all()
        assert len(hidden) == 2
        assert not {case.person_id for case in cases.listed(session, anna)} & set(hidden)


def test_the_past_is_over(loaded: None) -> None:
    """Nothing of the week before waits for anybody, and nothing of it is due outside."""
    with db.transaction() as session:
        assert set(session.scalars(select(Alarm.state))) == {AlarmState.CLOSED}
        assert all(call.final for call in session.scalars(select(Call)))
        assert all(each.ended_at for each in session.scalars(select(Intervention)))
        # What is expected of others, and who is to be reminded of a day that comes.
        due = set(session.scalars(select(Deadline.kind)))
        assert due <= {referrals.EXPECTED, bookings.REMIND}
        assert set(session.scalars(select(Signal.verdict))) == {"good"}
        ats = session.scalars(text("SELECT at FROM journal ORDER BY id")).all()
        assert ats == sorted(ats)
        assert ats[-1] <= clock.now()


def test_now_a_team_is_free_and_no_unit_is_silent(loaded: None) -> None:
    with db.transaction() as session:
        assert {each.standing for each in standing.now(session)} >= {"free"}
        assert session.scalar(select(func.count()).where(Device.silent_since.is_not(None))) == 0
        due = session.scalars(select(Device.silent_at)).all()
        assert all(each > clock.now() for each in due if each)


def test_the_house_knows_whose_number_rings(loaded: None) -> None:
    with db.transaction() as session:
        (found,) = people.by_phone(session, "+390826555001", access.HOUSE)

    assert found.name == "Filomena Provastella"
