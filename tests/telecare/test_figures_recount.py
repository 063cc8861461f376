"""Whatever happens, every figure is the one that a recount of the journal alone gives."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, time, timedelta
from uuid import uuid4

import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from dispatch.rota import HOME_ZONE
from registry import people
from registry.access import Role
from registry.journal import Entry
from registry.kit import clock, db
from registry.kit.db import new_id
from registry.people import Person
from registry.staff import Staff
from telecare import activations, alarms, devices, faults, figures, planned, stock, subscribers
from telecare.alarms import Outcome
from telecare.figures import Figures
from telecare.planned import By, PlannedState, Purpose, Result
from telecare.protocols.base import Kind

SignIn = Callable[..., TestClient]
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=HOME_ZONE)
AFTER = NOON + timedelta(days=3)
KINDS = (Kind.PERSONAL, Kind.FALL, Kind.SMOKE, Kind.INACTIVITY)

Happening = tuple[str, Kind, int, Outcome]
HAPPENING = st.tuples(
    st.sampled_from(["press", "called", "missed", "missed late", "fault", "mended", "home"]),
    st.sampled_from(KINDS),
    st.integers(min_value=-1, max_value=300),
    st.sampled_from(Outcome),
)


class Town:
    """What happened, one thing each hour from noon."""

    def __init__(self, session: Session, who: Staff) -> None:
        self.session, self.who, self.at = session, who, NOON

    def somebody(self) -> Person:
        return people.create(self.session, given_name="Rosa", family_name="Prova")

    def happens(self, what: str, kind: Kind, seconds: int, outcome: Outcome) -> None:
        with time_machine.travel(self.at, tick=False) as travel:
            if what == "press":
                self._press(travel, kind, seconds, outcome)
            elif what in {"fault", "mended"}:
                unit = {devices.add(self.session, account=uuid4().hex[:8]).id}
                faults.keep(self.session, Kind.MAINS, unit, set())
                if what == "mended":
                    travel.shift(seconds + 2)
                    faults.keep(self.session, Kind.MAINS, set(), unit)
            elif what == "home":
                self._home(travel)
            else:
                self._planned(travel, what)
        self.at += timedelta(hours=1)

    def _press(
        self, travel: time_machine.Traveller, kind: Kind, seconds: int, outcome: Outcome
    ) -> None:
        alarm = alarms.raise_(
            self.session,
            signal_id=new_id(),
            position=0,
            account="4711",
            device_id=None,
            person_id=None,
            kind=kind,
            code="101",
        )
        if seconds >= 0:
            travel.shift(seconds)
            alarms.claim(self.session, alarm, self.who.id)
            if seconds % 2:
                alarms.close(self.session, alarm, outcome=outcome, note="sta bene")

    def _home(self, travel: time_machine.Traveller) -> None:
        """A second unit, and the swap of a unit, activate no home again."""
        rosa = self.somebody()
        for _ in range(2):
            unit = devices.add(self.session, account=uuid4().hex[:8])
            subscribers.assign(self.session, unit, rosa)
            travel.shift(60)
        stock.take_back(self.session, unit)

    def _planned(self, travel: time_machine.Traveller, what: str) -> None:
        soon = (clock.now() + timedelta(minutes=5)).astimezone(HOME_ZONE)
        plan = planned.plan(
            self.session,
            self.somebody().id,
            purpose=Purpose.CHECK,
            by=By.OPERATOR,
            days="1234567",
            at=time(soon.hour, soon.minute),
            within_minutes=15,
        )
        planned.prepare(self.session, planned.the_house)
        calls = planned.of_day(self.session, planned.today())
        call = next(each for each in calls if each.plan_id == plan.id)
        travel.shift(1500)
        if what != "called":
            planned.missed(self.session, call.id)
        if what != "missed":
            planned.done(self.session, call, Result.WELL)
        plan.ended_at = clock.now()
        self.session.flush()


def recounted(session: Session) -> dict[str, object]:
    """The figures again, from the lines of the journal and nothing else."""
    lines = session.scalars(select(Entry).order_by(Entry.id)).all()
    of = {
        kind: [each for each in lines if each.kind == f"telecare.{kind}"]
        for kind in (
            "alarm_raised",
            "alarm_claimed",
            "alarm_closed",
            "planned_call_done",
            "planned_call_missed",
            "fault_opened",
            "fault_ended",
            "device_moved",
        )
    }
    began = {each.facts["alarm_id"]: each.at for each in of["alarm_raised"]}
    first: dict[str, float] = {}
    for each in of["alarm_claimed"]:
        alarm = each.facts["alarm_id"]
        first.setdefault(alarm, (each.at - began[alarm]).total_seconds())
    outcomes = Counter(each.facts["outcome"] for each in of["alarm_closed"])
    done = {each.facts["planned_id"] for each in of["planned_call_done"]}
    ended = {each.facts["fault_id"] for each in of["fault_ended"]}
    ages = [AFTER - each.at for each in of["fault_opened"] if each.facts["fault_id"] not in ended]
    homes = {each.person_id for each in of["device_moved"] if each.facts["to"] == "installed"}
    missed = {each.facts["planned_id"] for each in of["planned_call_missed"]}
    return {
        "seconds": {alarm: first.get(alarm) for alarm in began},
        "levels": [
            sum(first.get(alarm, 10**9) <= within for alarm in began)
            for within, _ in figures.TARGETS
        ],
        "kinds": dict(Counter(each.facts["alarm_kind"] for each in of["alarm_raised"])),
        "outcomes": dict(outcomes),
        "false": sum(outcomes[each] for each in figures.FALSE),
        "helped": {each: n for each, n in outcomes.items() if each in activations.HELP},
        "planned": (len(done), len(missed - done)),
        "faults": [sum(age > limit for age in ages) for limit in _ages()],
        "begun": len(homes),
    }


def _ages() -> list[timedelta]:
    return [timedelta(0), *figures.OLDER_THAN]


def shown(found: Figures) -> dict[str, object]:
    return {
        "seconds": {str(each.alarm_id): each.seconds for each in found.answers},
        "levels": [each.reached for each in found.levels],
        "kinds": found.kinds,
        "outcomes": found.outcomes,
        "false": found.false_alarms,
        "helped": found.helped,
        "planned": (found.planned[PlannedState.DONE], found.planned[PlannedState.MISSED]),
        "faults": [n for _, n in found.faults],
        "begun": found.activations.begun,
    }


@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(happened=st.lists(HAPPENING, max_size=8))
def test_every_figure_is_that_of_a_recount(
    session: Session, anna: Staff, happened: list[Happening]
) -> None:
    with session.begin_nested() as undone:
        town = Town(session, anna)
        for each in happened:
            town.happens(*each)
        with time_machine.travel(AFTER, tick=False):
            session.flush()
            session.expire_all()
            found = figures.of(session, NOON - timedelta(hours=1), AFTER)
        assert shown(found) == recounted(session)
        undone.rollback()


def test_a_home_that_gets_its_first_unit_is_activated_once(session: Session, anna: Staff) -> None:
    town = Town(session, anna)
    town.happens("home", Kind.FALL, 0, Outcome.TEST)
    with time_machine.travel(AFTER, tick=False):
        (now, before) = (
            activations.of(session, NOON, AFTER),
            activations.of(session, NOON - timedelta(days=9), NOON),
        )
    assert (now.begun, now.active, before.begun) == (1, 1, 0)


def test_the_summary_says_every_figure_once(signed_in: SignIn) -> None:
    client = signed_in("carla", Role.COORDINATOR, name="Carla Esempio")
    with db.transaction() as session:
        carla = session.scalars(select(Staff)).one()
        Town(session, carla).happens("press", Kind.FALL, 41, Outcome.AMBULANCE_CALLED)
    head = {"Accept-Language": "it"}
    text = client.get("/cifre-riepilogo.csv?da=2026-11-20&a=2026-11-20", headers=head).text
    for line in (
        "Allarmi risposti in tempo (per cento);entro 60 s;100.0",
        "Soccorsi inviati dopo un allarme;Chiamata l’ambulanza (118);1",
        "Case attivate;con il primo apparecchio;0",
    ):
        assert line in text
    page = client.get("/cifre?da=2026-11-20&a=2026-11-20", headers=head).text
    assert "volte in cui è stato inviato un soccorso" in page


def test_no_kind_of_help_is_a_false_alarm() -> None:
    assert not figures.FALSE & activations.HELP
