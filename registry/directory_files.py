"""The directory as a file: CSV out, and in again without a sheet twice."""

import csv
import io
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from registry import directory
from registry.directory import BodyKind, Service, ServiceArea
from registry.kit import texts
from registry.kit.errors import Invalid, Problem

BETWEEN = " | "  # items of a list in one cell
LISTS = ("documents", "steps", "places", "languages")
TEXTS = ("summary", "eligibility", "times", "cost", "appeal", "hours", "accessibility")
REACHED = ("address", "phone", "email", "website")
COLUMNS = ("body", "body_kind", "name", "area", *TEXTS, *LISTS, *REACHED, "published", "review_by")
YES = {"1", "si", "sì", "yes", "true", "x"}
LARGEST = 4_000_000  # bytes
MOST = 5000  # lines of one file
LONGEST = 4000  # letters of one cell


@dataclass
class Report:
    """What became of a file; `refused` are line numbers (the heading is 1) and problems."""

    added: int = 0
    changed: int = 0
    refused: list[tuple[int, Problem]] = field(default_factory=list)


def text(content: bytes) -> str:
    """The file as text, in UTF-8 or as older spreadsheets write. Raises Invalid when too large."""
    if len(content) > LARGEST:
        raise Invalid("The file is larger than 4 MB", field="file")
    try:
        return texts.clean(content.decode("utf-8"))
    except UnicodeDecodeError:
        return texts.clean(content.decode("cp1252", errors="replace"))


def export(session: Session) -> str:
    """Every sheet, by name."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    for service in directory.listed(session, limit=MOST):
        writer.writerow({name: texts.cell(value) for name, value in _row(service).items()})
    return out.getvalue()


def _row(service: Service) -> dict[str, str]:
    cells = {name: getattr(service, name) for name in (*TEXTS, *REACHED)}
    return {
        **cells,
        **{name: BETWEEN.join(getattr(service, name)) for name in LISTS},
        "body": service.body.name,
        "body_kind": service.body.kind.value,
        "name": service.name,
        "area": service.area.value,
        "published": "si" if service.published else "no",
        "review_by": service.review_by.isoformat(),
    }


@texts.read_as_csv("file")
def load(session: Session, written: str) -> Report:
    """Add what is new and bring the rest up to date; a line that cannot be read is told and left.

    Raises Invalid when the file is no CSV, has not the columns, or too many lines.
    """
    reader = csv.DictReader(io.StringIO(written.removeprefix("\ufeff")), dialect=_dialect(written))
    missing = {"body", "name", "area"} - set(reader.fieldnames or ())
    if missing:
        raise Invalid("The column “%(name)s” is missing", field="file", name=min(missing))
    report = Report()
    for number, line in enumerate(reader, start=2):
        if number > MOST + 1:
            raise Invalid("The file has more than %(most)s lines", field="file", most=MOST)
        try:
            with session.begin_nested():
                new = _write(session, line)
        except Problem as problem:
            report.refused.append((number, problem))
            continue
        report.added += new
        report.changed += not new
    return report


def _dialect(written: str) -> type[csv.Dialect]:
    """Italian spreadsheets part their columns with a semicolon."""
    first = written.split("\n", 1)[0]

    class Found(csv.excel):
        delimiter = ";" if first.count(";") > first.count(",") else ","

    return Found


def _write(session: Session, line: dict[str, Any]) -> bool:
    cells = {name: _cell(line.get(name)) for name in COLUMNS if line.get(name) is not None}
    try:
        area = ServiceArea(cells["area"])
        kind = BodyKind(cells.get("body_kind") or BodyKind.OWN)
        facts: dict[str, Any] = {name: cells[name] for name in (*TEXTS, *REACHED) if name in cells}
        facts |= {name: _items(cells[name]) for name in LISTS if name in cells}
        if "published" in cells:
            facts["published"] = cells["published"].lower() in YES
        if cells.get("review_by"):
            facts["review_by"] = date.fromisoformat(cells["review_by"])
    except ValueError as wrong:
        raise Invalid("A value cannot be stored as it was written", field="file") from wrong
    body = directory.body(session, cells["body"], kind)
    known = directory.by_name(session, body, cells["name"])
    if known is None:
        directory.add(session, body, name=cells["name"], area=area, **facts)
    else:
        directory.change(session, known, area=area, **facts)
    return known is None


def _cell(written: Any) -> str:
    said = str(written).replace("\0", "").strip()[:LONGEST]
    return said[1:] if said.startswith("'") and texts.FORMULA.match(said[1:]) else said


def _items(written: str) -> list[str]:
    return [item.strip() for item in written.split(BETWEEN.strip()) if item.strip()]
