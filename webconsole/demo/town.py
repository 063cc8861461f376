"""The sample town: Borgo Campione, its operations room, its teams, its people and their past.

Everything is written by the verbs that a day of work uses. Loading it again changes nothing but
the rota, which is kept planned for the days ahead.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from callcenter import lines
from dispatch import rota, teams
from dispatch.rota import HOME_ZONE, Shift
from dispatch.teams import Team
from dispatch.travel import Mode, Point
from registry import journal, qualifications, staff
from registry.access import HOUSE, Holder, Role
from registry.kit import clock, passwords
from registry.kit.db import transaction
from registry.staff import PasswordSet, Staff
from telecare import supervision
from webconsole.demo import care, desk, folk, past

PASSWORD = "una prova a Borgo Campione"  # noqa: S105 - told to everybody, for the sample town only
OFFICE = "Sala operativa di Borgo Campione"
SERVICE = "Servizio sociale professionale"
FIRM = "Tecnica Esempio, appaltatrice della teleassistenza"
SINCE = timedelta(days=40)
FURNISHED = timedelta(days=20)
PLANNED_AHEAD = timedelta(days=7)
# The past begins a week ago in UTC: by the clock of the house that may be a night earlier.
PLANNED_BEHIND = timedelta(days=10)


@dataclass(frozen=True, kw_only=True)
class Login:
    """A sample log-in; `does` says what this person sees, for the page that offers it."""

    login: str
    name: str
    role: Role
    does: str
    office: str = OFFICE
    team: str = ""


LOGINS = (
    Login(login="anna", name="Anna Riva", role=Role.OPERATOR, does="operatrice"),
    Login(login="bruno", name="Bruno Costa", role=Role.OPERATOR, does="operatore"),
    Login(login="carla", name="Carla Esempio", role=Role.COORDINATOR, does="coordinatrice"),
    Login(
        login="sara",
        name="Sara Modelli",
        role=Role.SOCIAL_WORKER,
        does="assistente sociale",
        office=SERVICE,
    ),
    Login(
        login="squadra1",
        name="Squadra 1 · Toiano",
        role=Role.TEAM,
        does="squadra, sul telefono",
        team="Squadra 1",
    ),
    Login(
        login="squadra2",
        name="Squadra 2 · Porticciolo",
        role=Role.TEAM,
        does="squadra, sul telefono",
        team="Squadra 2",
    ),
    Login(
        login="squadra3",
        name="Squadra 3 · Collina",
        role=Role.TEAM,
        does="squadra, sul telefono",
        team="Squadra 3",
    ),
    Login(
        login="tommaso",
        name="Tommaso Prova",
        role=Role.TECHNICIAN,
        does="tecnico dell’appaltatore",
        office=FIRM,
    ),
    Login(login="ada", name="Ada Facsimile", role=Role.ADMINISTRATOR, does="amministratrice"),
    Login(login="aldo", name="Aldo Verifica", role=Role.AUDITOR, does="revisore"),
)

# Whose, which, and for how long still; None: it does not end.
LEARNT = (
    ("sara", "social_worker_b", "0000", None),
    ("carla", "emergency", "", None),
    ("anna", "telecare", "", timedelta(days=400)),
    ("anna", "first_aid", "FAC-SIMILE 12", timedelta(days=25)),
)

# Who is on duty at any hour: two teams by day, one at night.
DAY, NIGHT = (time(7), time(19)), (time(19), time(7))
SHIFTS = {"Squadra 1": (DAY, NIGHT), "Squadra 2": (DAY,), "Squadra 3": (DAY,)}


def load() -> None:
    """Load the town, unless it is there; keep the rota planned."""
    with transaction() as session:
        if staff.by_login(session, LOGINS[0].login) is None:
            _found(session)
        for team in teams.active(session):
            _plan(session, team)
        desk.furnish(session)


def _found(session: Session) -> None:
    with clock.at(clock.now() - SINCE):
        crews = _teams(session)
        workers = _staff(session, crews)
        _lines(session)
        residents = folk.settle(session)
    for team in crews.values():
        _plan(session, team)
    with clock.at(clock.now() - FURNISHED):
        desk.furnish(session)
        _qualify(session, workers)
    told = past.begin(session, residents, workers)
    care.weeks_before(told)
    past.happen(told)
    care.last_minutes(told)
    units = [each.unit.id for each in residents if each.unit is not None]
    supervision.heard(session, dict.fromkeys(units, clock.now()))


def _teams(session: Session) -> dict[str, Team]:
    made = (
        teams.form(
            session,
            name="Squadra 1",
            skills=frozenset({"elderly", "nurse", "mental_health"}),
            crew=2,
            phone="300 555 0901",
            base_text="Sede di Largo del Paragone",
            base=Point(40.8468, 14.0790),
        ),
        teams.form(
            session,
            name="Squadra 2",
            skills=frozenset({"elderly", "street", "languages"}),
            crew=2,
            phone="300 555 0902",
            base_text="Sede del Porticciolo Finto",
            base=Point(40.8290, 14.1190),
        ),
        teams.form(
            session,
            name="Squadra 3",
            skills=frozenset({"elderly", "minors", "women"}),
            crew=3,
            mode=Mode.COUNTRY_CAR,
            phone="300 555 0903",
            base_text="Sede di Via Facsimile",
            base=Point(40.8790, 14.1380),
        ),
    )
    return {team.name: team for team in made}


def _staff(session: Session, crews: Mapping[str, Team]) -> dict[str, Staff]:
    workers = {}
    staff.office(session, FIRM, "teleassistenza", Holder.CONTRACTOR)
    for each in LOGINS:
        person = staff.add(
            session,
            login=each.login,
            name=each.name,
            roles={each.role},
            office_id=staff.office(session, each.office).id,
            team_id=crews[each.team].id if each.team else None,
        )
        workers[each.login] = person
    _one_password(session, workers)
    return workers


def _one_password(session: Session, workers: Mapping[str, Staff]) -> None:
    """One hash for all: it is slow on purpose, and this password is known to everybody."""
    for person in workers.values():
        passwords.check(PASSWORD, about=(person.login, person.name))
    shared = passwords.hash_(PASSWORD)
    for person in workers.values():
        person.password = shared
        journal.record(session, PasswordSet(staff_id=person.id))


def _qualify(session: Session, workers: Mapping[str, Staff]) -> None:
    today = clock.now().date()
    for login, code, number, left in LEARNT:
        qualifications.record(
            session,
            workers[login],
            HOUSE,
            code=code,
            number=number,
            since=today - timedelta(days=700),
            until=None if left is None else today + left,
        )


def _lines(session: Session) -> None:
    lines.add(
        session,
        number="0826 555 100",
        name="Linea sociale",
        greeting="Centrale operativa sociale di Borgo Campione. Restate in linea.",
        queue="sociale",
    )
    lines.add(
        session,
        number="0826 555 101",
        name="Pronto intervento sociale",
        greeting="Pronto intervento sociale. Vi rispondiamo subito.",
        queue="emergenza",
        priority="A",
    )


def _plan(session: Session, team: Team) -> None:
    """Plan the days for which the team has no shift yet."""
    today = clock.now().astimezone(HOME_ZONE).date()
    last: datetime | None = session.scalar(
        select(func.max(Shift.starts_at)).where(Shift.team_id == team.id)
    )
    planned = last.astimezone(HOME_ZONE).date() if last else today - PLANNED_BEHIND
    day = max(planned + timedelta(days=1), today - PLANNED_BEHIND)
    while day <= today + PLANNED_AHEAD:
        for starts, ends in SHIFTS.get(team.name, ()):
            rota.plan(session, team, day, starts, ends)
        day += timedelta(days=1)
