"""The directory: pages for everybody, and those on which the staff keeps the sheets fresh."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, UploadFile
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from registry import (
    calendars,
    directory,
    directory_files,
    directory_search,
    eligibility,
    people,
    sheet_reports,
    versions,
)
from registry.access import Actor, Right
from registry.directory import BodyKind, Service, ServiceArea
from registry.door import Me, allow, exports, fresh, public
from registry.eligibility import Fact
from registry.kit import i18n
from registry.kit.errors import Invalid, Problem
from registry.kit.http import InTransaction, sentence
from registry.places import AddressKind
from webconsole import desk_words, rendering
from webconsole.language_words import LANGUAGES
from webconsole.pages import forms
from webconsole.pages.forms import Trouble
from webconsole.words import words

router = APIRouter(include_in_schema=False)
SHOWN = 100  # sheets at once; the search finds the others
OPEN = "what the services are is for everybody to know; only published sheets are shown"
SEE_OTHER = 303
NO_REPORT: Mapping[str, Any] = {"words": "", "trouble": forms.NONE, "thanks": False}
LISTS = ("documents", "steps", "places")
# A tick for each language is a field of its own: its code behind this.
SPEAKS = "language_"
TEXTS = ("name", "summary", "eligibility", "times", "cost", "appeal", "hours", "accessibility")
REACHED = ("address", "phone", "email", "website")
Words = Annotated[str, Query(max_length=200)]


async def _typed(request: Request) -> dict[str, str]:
    """The fields of a form whose names are not all known beforehand."""
    sent = await request.form(max_fields=200)
    return {name: forms.whole(str(value)) for name, value in sent.items()}


Typed = Annotated[dict[str, str], Depends(_typed)]


@router.get("/servizi", dependencies=[public(OPEN)])
def list_open(
    request: Request, session: InTransaction, q: Words = "", area: ServiceArea | None = None
) -> Response:
    wanted = forms.whole(q)
    found = directory_search.find(session, wanted, public=True, area=area, limit=SHOWN)
    return rendering.page(
        request,
        "directory/open_list.html",
        q=wanted,
        area=area,
        looked=found,
        **_common(request),
    )


@router.get("/servizi/{service_id}", dependencies=[public(OPEN)])
def show_open(
    service_id: UUID, request: Request, session: InTransaction, grazie: bool = False
) -> Response:
    """One sheet, to read and to print."""
    service = directory.read(session, service_id, public=True)
    report = {**NO_REPORT, "thanks": grazie}
    return sheet_page(request, session, service, None, {}, report)


@router.post("/servizi/{service_id}", dependencies=[public(OPEN)])
def try_open(service_id: UUID, request: Request, session: InTransaction, typed: Typed) -> Response:
    """The conditions against what a visitor says of themselves: nothing of it is kept."""
    service = directory.read(session, service_id, public=True)
    return sheet_page(request, session, service, None, _told(typed))


@router.get("/elenco", dependencies=[allow(Right.READ_CASES)])
def list_sheets(
    request: Request,
    session: InTransaction,
    me: Me,
    q: Words = "",
    area: ServiceArea | None = None,
    scadute: bool = False,
) -> Response:
    wanted = forms.whole(q)
    if scadute:
        late = directory.listed(session, areas=[area] if area else [], out_of_date=True)
        found = directory_search.Found(late, {})
    else:
        found = directory_search.find(session, wanted, area=area, limit=SHOWN)
    return _list(request, session, me, found, q=wanted, area=area, late=scadute)


def _list(
    request: Request,
    session: Session,
    me: Actor,
    found: directory_search.Found,
    *,
    q: str = "",
    area: ServiceArea | None = None,
    late: bool = False,
    report: list[str] | None = None,
    status: int = 200,
) -> Response:
    return rendering.page(
        request,
        "directory/list.html",
        me=me,
        status=status,
        q=q,
        area=area,
        late=late,
        looked=found,
        report=report or [],
        reported=sheet_reports.counted(session, [each.id for each in found.services]),
        **_common(request),
    )


@router.get(
    "/elenco/esporta.csv",
    dependencies=[allow(Right.READ_CASES), fresh(), exports("directory")],
)
def export(session: InTransaction) -> Response:
    name = {"Content-Disposition": 'attachment; filename="elenco-servizi.csv"'}
    # The mark at the start tells spreadsheets that this is UTF-8.
    text = "\ufeff" + directory_files.export(session)
    return Response(text, media_type="text/csv; charset=utf-8", headers=name)


@router.post("/elenco/importa", dependencies=[allow(Right.MANAGE_DIRECTORY)])
def load(request: Request, session: InTransaction, me: Me, file: UploadFile) -> Response:
    """The page again, with what became of each line that was refused."""
    say = i18n.catalogue(i18n.language_of(request)).gettext
    try:
        read = directory_files.load(
            session, directory_files.text(file.file.read(directory_files.LARGEST + 1))
        )
    except Invalid as problem:
        told, status = [sentence(request, problem)], 422
    else:
        counts = {"added": read.added, "changed": read.changed}
        told, status = [say("%(added)s added, %(changed)s brought up to date") % counts], 200
        told += [
            say("Line %(line)s: %(why)s") % {"line": line, "why": sentence(request, why)}
            for line, why in read.refused
        ]
    found = directory_search.find(session, "", limit=SHOWN)
    return _list(request, session, me, found, report=told, status=status)


@router.get("/elenco/nuova", dependencies=[allow(Right.MANAGE_DIRECTORY)])
def show_new(request: Request, session: InTransaction, me: Me) -> Response:
    return _form(request, session, me, None, {}, forms.NONE)


@router.get("/elenco/{service_id}", dependencies=[allow(Right.READ_CASES)])
def show_sheet(
    service_id: UUID,
    request: Request,
    session: InTransaction,
    me: Me,
    persona: UUID | None = None,
    grazie: bool = False,
) -> Response:
    """The sheet as the staff sees it: with `persona`, what is known of them answers first."""
    service = directory.read(session, service_id)
    told: dict[Fact, Any] = {}
    if persona is not None:
        person = people.read(session, persona, me, why="eligibility")
        lives = [each for each in person.addresses if each.kind is AddressKind.RESIDENCE]
        home = lives[0] if lives else person.home
        told = {Fact.AGE: person.age, Fact.TOWN: home.town if home else None}
    return sheet_page(request, session, service, me, told, {**NO_REPORT, "thanks": grazie})


@router.get("/elenco/{service_id}/modifica", dependencies=[allow(Right.MANAGE_DIRECTORY)])
def show_edit(service_id: UUID, request: Request, session: InTransaction, me: Me) -> Response:
    service = directory.read(session, service_id)
    return _form(request, session, me, service, {}, forms.NONE)


@router.post("/elenco/{service_id}/riletta", dependencies=[allow(Right.MANAGE_DIRECTORY)])
def reviewed(service_id: UUID, session: InTransaction, me: Me) -> Response:
    directory.reviewed(session, directory.held(session, service_id))
    sheet_reports.settle(session, service_id, me)
    return RedirectResponse(f"/elenco/{service_id}", SEE_OTHER)


@router.post("/elenco/nuova", dependencies=[allow(Right.MANAGE_DIRECTORY)])
@router.post("/elenco/{service_id}/modifica", dependencies=[allow(Right.MANAGE_DIRECTORY)])
def save(
    request: Request,
    session: InTransaction,
    me: Me,
    typed: Typed,
    service_id: UUID | None = None,
) -> Response:
    """What two people change at once is told to the second, with all that they typed."""
    service = directory.held(session, service_id) if service_id else None
    try:
        facts = _facts(typed)
        if service is None:
            kind = BodyKind(typed.get("body_kind", BodyKind.OWN))
            body = directory.body(session, typed.get("body", ""), kind)
            service = directory.add(session, body, **facts)
        else:
            versions.check(typed.get("version"), service.version)
            directory.change(session, service, **facts)
            if "settled" in typed:
                sheet_reports.settle(session, service.id, me)
    except Problem as problem:
        return _form(request, session, me, service, typed, forms.trouble(request, problem))
    return RedirectResponse(f"/elenco/{service.id}", SEE_OTHER)


@router.post("/elenco/{service_id}", dependencies=[allow(Right.READ_CASES)])
def try_sheet(
    service_id: UUID, request: Request, session: InTransaction, me: Me, typed: Typed
) -> Response:
    """The conditions against what the operator was told: nothing of it is kept."""
    return sheet_page(request, session, directory.read(session, service_id), me, _told(typed))


def _facts(typed: dict[str, str]) -> dict[str, Any]:
    """Columns of the sheet from the fields of the form: one line is one item of a list."""
    facts: dict[str, Any] = {name: typed.get(name, "") for name in (*TEXTS, *REACHED)}
    for name in LISTS:
        lines = typed.get(name, "").splitlines()
        facts[name] = [line.strip()[:300] for line in lines if line.strip()]
    facts["languages"] = _languages(typed)
    try:
        facts["area"] = ServiceArea(typed.get("area", ""))
    except ValueError:
        raise Invalid("Choose the area", field="area") from None
    if due := typed.get("review_by"):
        try:
            facts["review_by"] = date.fromisoformat(due)
        except ValueError:
            raise Invalid("Write the day as day/month/year", field="review_by") from None
    facts["published"] = "published" in typed
    facts["rules"] = _rules(typed)
    return facts


def _rules(typed: dict[str, str]) -> list[dict[str, Any]]:
    """Conditions of the form: two ends for numbers, a list of towns, a tick for the rest."""
    written: list[dict[str, Any]] = []
    for fact in Fact:
        if fact in eligibility.NUMBERS:
            ends = {end: _number(typed.get(f"{fact}_{end}", "")) for end in ("at_least", "at_most")}
            if given := {end: value for end, value in ends.items() if value is not None}:
                written.append({"fact": fact.value, **given})
        elif fact is Fact.TOWN:
            towns = [town.strip() for town in typed.get("town", "").split(",") if town.strip()]
            if towns:
                written.append({"fact": fact.value, "one_of": towns})
        elif fact.value in typed:
            written.append({"fact": fact.value})
    return written


def _number(text: str) -> float | None:
    if not text.strip():
        return None
    try:
        return float(text.replace(".", "").replace(",", "."))
    except ValueError:
        raise Invalid("Write a number", field="rules") from None


def _told(typed: dict[str, str]) -> dict[Fact, Any]:
    """What somebody says, to try the conditions; what is not understood is not known."""
    told: dict[Fact, Any] = {}
    for fact in Fact:
        said = typed.get(fact.value, "")[:80]
        if fact in eligibility.NUMBERS:
            digits = said.replace(".", "").replace(",", ".")
            if digits.replace(".", "", 1).isascii() and digits.replace(".", "", 1).isdigit():
                told[fact] = float(digits)
        elif fact is Fact.TOWN:
            told |= {fact: said} if said else {}
        elif said in {"si", "no"}:
            told[fact] = said == "si"
    return told


def sheet_page(
    request: Request,
    session: Session,
    service: Service,
    me: Actor | None,
    told: dict[Fact, Any],
    report: Mapping[str, Any] = NO_REPORT,
) -> Response:
    """`report` is what a visitor is writing about the sheet: see sheet_reports.py."""
    wanted = eligibility.rules(service.rules)
    return rendering.page(
        request,
        "directory/sheet.html" if me else "directory/open_sheet.html",
        me=me,
        service=service,
        check=eligibility.check(wanted, told),
        told=told,
        tried=any(value is not None for value in told.values()),
        numbers=eligibility.NUMBERS,
        calendars=calendars.of_service(session, service.id) if me else [],
        reports=sheet_reports.open_of(session, service.id) if me else [],
        report=report,
        status=422 if report["trouble"] else 200,
        **_common(request),
    )


def _form(
    request: Request,
    session: Session,
    me: Actor,
    service: Service | None,
    typed: dict[str, str],
    trouble: Trouble,
) -> Response:
    written = (_written(None) | typed) if typed else _written(service)
    return rendering.page(
        request,
        "directory/form.html",
        me=me,
        status=422 if trouble else 200,
        service=service,
        typed=written,
        languages_known=list(dict.fromkeys([*LANGUAGES, *_languages(written)])),
        bodies=directory.bodies(session),
        body_kinds=list(BodyKind),
        reports=sheet_reports.open_of(session, service.id) if service else [],
        facts=list(Fact),
        numbers=eligibility.NUMBERS,
        trouble=trouble,
        **_common(request),
    )


def _languages(typed: Mapping[str, str]) -> list[str]:
    return [name.removeprefix(SPEAKS)[:20] for name in typed if name.startswith(SPEAKS)]


def _written(service: Service | None) -> dict[str, str]:
    """The fields of the form as the sheet has them."""
    names = (*TEXTS, *REACHED, *LISTS, "area", "review_by", "body", "body_kind", "town")
    ticks = (*(fact.value for fact in eligibility.YES_OR_NO), "published")
    blank = dict.fromkeys((*names, *ticks), "") | {
        f"{fact}_{end}": "" for fact in eligibility.NUMBERS for end in ("at_least", "at_most")
    }
    if service is None:
        return blank
    filled = {name: str(getattr(service, name)) for name in (*TEXTS, *REACHED, "area", "review_by")}
    filled |= {name: "\n".join(getattr(service, name)) for name in LISTS}
    filled |= {f"{SPEAKS}{code}": "1" for code in service.languages}
    for rule in eligibility.rules(service.rules):
        ends = {"at_least": rule.at_least, "at_most": rule.at_most}
        filled |= {
            f"{rule.fact}_{end}": f"{value:g}" for end, value in ends.items() if value is not None
        }
        filled[rule.fact.value] = ", ".join(rule.one_of) or "1"
    return blank | filled | ({"published": "1"} if service.published else {})


def _common(request: Request) -> dict[str, Any]:
    return {
        "words": words(i18n.language_of(request)),
        "desk": desk_words,
        "most": SHOWN,
        "service_areas": list(ServiceArea),
    }
