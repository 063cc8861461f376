"""The sample town's doors, directory and calendar, so that a desk can be worked at once."""

from datetime import datetime, time, timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry import access_points, calendars, codes, directory, directory_files
from registry.access_points import PointKind
from registry.calendars import Calendar
from registry.directory import Service
from registry.kit import clock
from webconsole.dress import ZONE

SERVICES = Path(__file__).with_name("services.csv")
DESK = "Sportello di segretariato sociale"
# Conditions that the text of a sheet also tells, as rules of the first look.
RULES: dict[str, list[dict[str, object]]] = {
    "Pasti a domicilio": [
        {"fact": "age", "at_least": 65},
        {"fact": "lives_alone"},
        {"fact": "town", "one_of": ["Borgo Campione"]},
    ],
    "Contributo per l'affitto": [
        {"fact": "isee", "at_most": 14_000},
        {"fact": "town", "one_of": ["Borgo Campione"]},
    ],
    "Emporio solidale": [{"fact": "isee", "at_most": 9_360}],
    "Trasporto amico": [{"fact": "age", "at_least": 65}],
    "Sport per tutti": [
        {"fact": "age", "at_least": 6, "at_most": 17},
        {"fact": "isee", "at_most": 15_000},
    ],
}
DAYS_AHEAD = 80  # from some weeks ago: see town.py
FIRST, HALF_HOURS, SATURDAY = time(9), 6, 5


def furnish(session: Session) -> None:
    """Doors, sheets, and times for the weeks ahead: once, a second time changes nothing."""
    codes.settle(session)
    if not access_points.active(session):
        _doors(session)
    if not directory.count(session):
        directory_files.load(session, SERVICES.read_text(encoding="utf-8"))
        for service in directory.listed(session):
            if rules := RULES.get(service.name):
                directory.change(session, service, rules=rules)
    desk = session.scalar(select(Service).where(Service.name == DESK))
    if desk is not None and not calendars.of_service(session, desk.id):
        _times(session, _calendar(session, desk))


def _doors(session: Session) -> None:
    towns = ["Borgo Campione", "Borgo di Sotto"]
    access_points.add(
        session,
        name="Sportello di Piazza dell'Esempio",
        kind=PointKind.DESK,
        address="Piazza dell'Esempio 1, Borgo Campione",
        phone="0826 555 200",
        hours="lun-ven 9:00-13:00",
        areas=towns,
    )
    access_points.add(
        session,
        name="Linea sociale",
        kind=PointKind.LINE,
        phone="0826 555 100",
        hours="h24",
        areas=towns,
    )
    access_points.add(
        session,
        name="Unità di strada",
        kind=PointKind.STREET,
        hours="lun-sab 20:00-23:00",
        areas=["Borgo Campione"],
    )


def _calendar(session: Session, desk: Service) -> Calendar:
    return calendars.open_(
        session, desk, name="Colloqui allo sportello", place="Piazza dell'Esempio 1, stanza 2"
    )


def _times(session: Session, calendar: Calendar) -> None:
    """Six half hours each morning from Monday to Friday."""
    today = clock.now().astimezone(ZONE)
    for ahead in range(1, DAYS_AHEAD + 1):
        day = (today + timedelta(days=ahead)).date()
        if day.weekday() < SATURDAY:
            at = datetime.combine(day, FIRST, tzinfo=ZONE)
            calendars.offer(session, calendar, starts_at=at, minutes=30, repeat=HALF_HOURS)
