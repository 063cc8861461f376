"""The page of telecare's figures, and the same as CSV and XLSX."""

import csv
import io
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from importlib import import_module
from typing import Annotated

from babel.dates import format_date
from babel.numbers import format_decimal
from fastapi import APIRouter, Query, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from dispatch.rota import HOME_ZONE
from registry.access import Right
from registry.door import Me, allow, exports, fresh
from registry.kit import clock, i18n, texts
from registry.kit.errors import Invalid
from registry.kit.http import InTransaction
from telecare import contract_targets, figures
from telecare.contract_targets import Clock
from telecare.figures import Figures
from webconsole import figure_rows, rendering
from webconsole.telecare_words import CLOCKS
from webconsole.words import words

router = APIRouter(include_in_schema=False)
READ = [allow(Right.COORDINATE)]
EXPORT = [*READ, fresh(), exports("figures")]
DAYS = 30
LONGEST = 366
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

From = Annotated[date | None, Query(alias="da")]
To = Annotated[date | None, Query(alias="a")]


@router.get("/cifre", dependencies=READ)
def show_figures(
    request: Request, session: InTransaction, me: Me, since: From = None, until: To = None
) -> Response:
    found = _figures(session, since, until)
    return rendering.page(
        request,
        "telecare/figures.html",
        me=me,
        found=found,
        last_day=(found.until - timedelta(days=1)).astimezone(HOME_ZONE).date(),
        first_day=found.since.astimezone(HOME_ZONE).date(),
        most=max(found.kinds.values(), default=1),
        short=lambda day: format_date(day, "d MMM", locale=i18n.language_of(request)),
        number=lambda n: format_decimal(n, locale=i18n.language_of(request)),
        promised=contract_targets.measured(session, found.since, found.until),
        clocks=list(Clock),
        words=words(i18n.language_of(request)),
    )


@router.get("/cifre-impegni.csv", dependencies=EXPORT)
def targets_as_csv(
    request: Request, session: InTransaction, since: From = None, until: To = None
) -> Response:
    """The contract's targets and how they were kept, with the clock of each named."""
    found = _figures(session, since, until)
    return _csv(_promised(request, session, found), "centrale-impegni")


@router.get("/cifre-riepilogo.csv", dependencies=EXPORT)
def summary_as_csv(
    request: Request, session: InTransaction, since: From = None, until: To = None
) -> Response:
    """Every figure of the page, a row each."""
    said = words(i18n.language_of(request))
    return _csv(figure_rows.rows(_figures(session, since, until), said), "centrale-cifre")


@router.get("/cifre.csv", dependencies=EXPORT)
def as_csv(
    request: Request, session: InTransaction, since: From = None, until: To = None
) -> Response:
    """With a mark of its encoding, so that a spreadsheet reads the accents."""
    return _csv(_rows(request, _figures(session, since, until)), "centrale-allarmi")


@router.get("/cifre.xlsx", dependencies=EXPORT)
def as_xlsx(
    request: Request, session: InTransaction, since: From = None, until: To = None
) -> Response:
    book = import_module("openpyxl").Workbook(write_only=True)  # half a second to load
    sheet = book.create_sheet("Allarmi")
    found = _figures(session, since, until)
    for row in _rows(request, found):
        sheet.append(row)
    targets = book.create_sheet("Impegni")
    for row in _promised(request, session, found):
        targets.append(row)
    summary = book.create_sheet("Cifre")
    for row in figure_rows.rows(found, words(i18n.language_of(request))):
        summary.append(row)
    out = io.BytesIO()
    book.save(out)
    return _file(out.getvalue(), XLSX, "centrale-allarmi.xlsx")


def _rows(request: Request, found: Figures) -> Iterator[list[str | float | None]]:
    said = words(i18n.language_of(request))
    head = (
        said.say("Signal stored"),
        said.say("What"),
        said.say("Account"),
        said.say("Seconds to the answer"),
        said.say("Outcome"),
    )
    yield [*head]
    for each in found.answers:
        yield [
            each.raised_at.astimezone(HOME_ZONE).strftime("%Y-%m-%d %H:%M:%S"),
            said.kind(each.kind),
            texts.cell(each.account),
            None if each.seconds is None else round(each.seconds, 1),
            said.alarm_outcome(each.outcome) if each.outcome else "",
        ]


def _promised(
    request: Request, session: Session, found: Figures
) -> Iterator[list[str | float | None]]:
    said = words(i18n.language_of(request))
    yield [
        said.say("Target"),
        said.say("Clock"),
        said.say("Within (s)"),
        said.say("Wanted (%)"),
        said.say("Kept (%)"),
        said.say("Within the time"),
        said.say("Counted"),
    ]
    for each in contract_targets.measured(session, found.since, found.until):
        target = each.target
        yield [
            texts.cell(target.name),
            said.of(CLOCKS, target.by),
            target.within_s,
            target.percent,
            each.percent,
            each.reached,
            each.counted,
        ]


def _figures(session: Session, since: date | None, until: date | None) -> Figures:
    """From the first to the last day, both whole; without days, the last thirty."""
    last = until or clock.now().astimezone(HOME_ZONE).date()
    first = since or last - timedelta(days=DAYS - 1)
    if first > last or (last - first).days >= LONGEST:
        raise Invalid("Choose from one day to one year", field="da")
    return figures.of(session, _midnight(first), _midnight(last + timedelta(days=1)))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), HOME_ZONE)


def _csv(rows: Iterator[list[str | float | None]], name: str) -> Response:
    text = io.StringIO()
    csv.writer(text, delimiter=";").writerows(rows)
    return _file("\ufeff" + text.getvalue(), "text/csv; charset=utf-8", f"{name}.csv")


def _file(content: str | bytes, kind: str, name: str) -> Response:
    head = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=kind, headers=head)
