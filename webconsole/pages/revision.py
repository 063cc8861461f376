"""The auditor's pages: who looked at a file, the journal, its seals, what is unusual."""

from datetime import date, datetime, time, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from registry import audit, checks, listed, people, search, staff, unusual_reports
from registry.access import Right
from registry.audit import Filters
from registry.door import Me, allow
from registry.journal import Entry
from registry.kit import clock, i18n
from registry.kit.errors import NotFound
from registry.kit.http import InTransaction
from registry.unusual_reports import MOST_WEEKS, Week
from webconsole import rendering
from webconsole.dress import ZONE
from webconsole.pages import older
from webconsole.staff_words import LOOKS, PACKAGES, ROLES, UNUSUAL, WHYS
from webconsole.words import Words, words

router = APIRouter(include_in_schema=False)
api = APIRouter(prefix="/api/v1", tags=["registry"])
JOURNAL = [allow(Right.READ_JOURNAL)]
AT_THE_WAY_IN = frozenset({"registry.signed_in", "registry.sign_in_refused"})


class Asked(BaseModel):
    """The filters as they stand in the address; an empty field is no filter."""

    q: Annotated[str, Field(max_length=200)] = ""
    servizio: Annotated[str, Field(max_length=20)] = ""
    chi: Annotated[str, Field(max_length=40)] = ""
    dal: Annotated[str, Field(max_length=10)] = ""
    al: Annotated[str, Field(max_length=10)] = ""
    prima: Annotated[int | None, Field(ge=0, le=older.OLDEST_LINE)] = None

    def filters(self) -> Filters:
        until = _midnight(self.al)
        return Filters(
            package=self.servizio if self.servizio in PACKAGES else None,
            actor_id=_id(self.chi),
            since=_midnight(self.dal),
            until=until + timedelta(days=1) if until else None,
        )


@router.get("/revisione", dependencies=JOURNAL)
def show_journal(
    request: Request, session: InTransaction, me: Me, asked: Annotated[Asked, Query()]
) -> Response:
    q = asked.q.replace("\0", "").strip()
    entries = audit.lines(session, asked.filters(), before=asked.prima)
    return rendering.page(
        request,
        "revision/journal.html",
        me=me,
        q=q,
        people=search.find(session, q, me).persons if q else [],
        entries=entries,
        asked=asked,
        packages=PACKAGES,
        colleagues=staff.all_(session, gone=True),
        check=checks.last(session),
        **_common(request, session, entries),
    )


@router.post("/revisione/verifica", dependencies=JOURNAL)
def verify(session: InTransaction, me: Me) -> Response:
    checks.ask(session, me.staff_id)
    return RedirectResponse("/revisione", 303)


@router.get("/revisione/letture", dependencies=JOURNAL)
def show_unusual(
    request: Request,
    session: InTransaction,
    me: Me,
    settimana: Annotated[int, Query(ge=0, le=MOST_WEEKS)] = 0,
) -> Response:
    """The week that is still running, or one of as many weeks ago."""
    week = Week.of(clock.now()).back(settimana)
    found = audit.unusual_in(session, week.since, week.until)
    unusual_reports.opened(session, week, me.staff_id)
    persons = people.known(session, {each.person_id for each in found if each.person_id}, me)
    listed.note(session, "unusual_reads", (each.id for each in persons))
    reports = unusual_reports.reports(session, me.staff_id)
    return rendering.page(
        request,
        "revision/unusual.html",
        me=me,
        found=found,
        week=week,
        most_weeks=MOST_WEEKS,
        last_moment=week.until - timedelta(seconds=1),
        reports=reports,
        report=next((each for each in reports if each.week == week), None),
        people={person.id: person for person in persons},
        staff=audit.staff_names(session, {each.staff_id for each in found}),
        unusual=UNUSUAL,
        words=words(i18n.language_of(request)),
    )


@api.get("/unusual-reports", dependencies=JOURNAL)
def count_unread(session: InTransaction, me: Me) -> dict[str, int]:
    """How many weekly reports of unusual readings one has yet to open; the oldest's week."""
    weeks = unusual_reports.unread(session, me.staff_id)
    return {"unread": len(weeks), "weeks_ago": weeks[0].ago if weeks else 0}


@router.get("/persone/{person_id}/accessi", dependencies=JOURNAL)
def show_looks(
    person_id: UUID, request: Request, session: InTransaction, me: Me, before: older.Line = None
) -> Response:
    """Who looked at this file; the auditor sees a name and a year of birth, nothing more."""
    found = people.known(session, [person_id], me)
    if not found:
        raise NotFound("There is no such %(thing)s", thing="person")
    entries = audit.looks_at(session, person_id, before=before)
    return rendering.page(
        request,
        "revision/looks.html",
        me=me,
        person=found[0],
        entries=entries,
        **_common(request, session, entries),
    )


def _common(request: Request, session: Session, entries: list[Entry]) -> dict[str, Any]:
    said = words(i18n.language_of(request))
    return {
        "found": entries,
        "words": said,
        "staff": audit.staff_names(session, {_who(each) for each in entries}),
        "who": _who,
        "offices": {str(each.id): each.name for each in staff.offices(session)},
        "way": lambda entry: _way(entry, said),
        "as_what": lambda entry: ", ".join(
            said.of(ROLES, role) for role in entry.facts.get("roles", ())
        ),
        "next_before": entries[-1].id if len(entries) == audit.PAGE else None,
    }


def _who(entry: Entry) -> UUID | None:
    """Who did it; at the way in nobody is signed in yet, and the fact says whose log-in it is."""
    written = entry.facts.get("staff_id") if entry.kind in AT_THE_WAY_IN else None
    return entry.actor_id or (UUID(written) if written else None)


def _way(entry: Entry, said: Words) -> str:
    """How somebody looked, in words."""
    if entry.kind in LOOKS:
        return said.of(LOOKS, entry.kind)
    why = entry.facts.get("why")
    return said.of(WHYS, why) if why in WHYS else said.happened(entry)


def _midnight(written: str) -> datetime | None:
    """The beginning of a day of ours, or None when it is no day."""
    try:
        day = date.fromisoformat(written)
    except ValueError:
        return None
    return datetime.combine(day, time(), ZONE)


def _id(written: str) -> UUID | None:
    try:
        return UUID(written)
    except ValueError:
        return None
