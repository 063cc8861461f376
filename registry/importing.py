"""The work of an import: a stretch of rows in one transaction, with how far it has come."""

from collections.abc import Iterable, Iterator
from itertools import islice
from uuid import UUID

from sqlalchemy.orm import Session

from registry import deadlines, import_rows, import_writing, imports
from registry.import_rows import Field, Row
from registry.import_writing import Code, codes_of
from registry.imports import RUN, Import, Refusal
from registry.kit import clock
from registry.kit.db import locked, transaction
from registry.kit.errors import Invalid

STRETCH = 200  # rows in one transaction
STRETCHES = 25  # before the worker is free for others


def N_(sentence: str) -> str:  # noqa: N802 - the mark that gathers sentences for translation
    return sentence


# Sentences that would repeat what stands in the row: a report of refusals carries no facts.
WITHOUT_VALUE = {
    "phone": N_("This is not a phone number"),
    "birth_year": N_("The year of birth cannot be right"),
}
Numbered = tuple[int, dict[str, str]]


def run(import_id: UUID) -> None:
    """Done by a worker; killed anywhere it goes on after the last stretch that was committed."""
    lines: Iterator[Numbered] = iter(())
    met = set[Code]()
    at = -1
    for _ in range(STRETCHES):
        with transaction() as session:
            job = locked(session, Import, import_id)
            if not job.going:
                return
            if at != job.done:
                # The beginning, or somebody else has gone on with it meanwhile.
                lines = _all(job.content)
                met = _met(session, job, islice(lines, job.done))
            stretch = list(islice(lines, STRETCH))
            take(session, job, stretch, met)
            at = job.done
            if len(stretch) < STRETCH:
                imports.ended(session, job)
                return
    with transaction() as session:
        deadlines.set_(session, RUN, import_id, clock.now())


def _all(content: bytes) -> Iterator[Numbered]:
    """Lines with their number in the file, the heading being the first."""
    return enumerate(import_rows.rows(content), start=2)


def _met(session: Session, job: Import, earlier: Iterable[Numbered]) -> set[Code]:
    """The codes of the rows that a trial took before; what was really taken the archive knows."""
    refused = {each.row for each in imports.refusals(session, job)}
    code, tax = job.mapping.get(Field.CODE, ""), job.mapping.get(Field.TAX_CODE, "")
    return {
        each
        for number, line in earlier
        if not job.for_real and number not in refused
        for each in codes_of(line.get(code, ""), line.get(tax, ""))
    }


def take(session: Session, job: Import, lines: Iterable[Numbered], met: set[Code]) -> None:
    """Each row is made, known already, or refused with a reason; and counted in the same breath.

    `met` are the codes of earlier rows: in a trial nothing else remembers them.
    """
    rows = list(_understood(session, job, lines))
    asked = {code for row in rows for code in codes_of(row.code, row.tax_code)}
    met |= import_writing.here(session, asked, job.source)
    fresh = []
    for row in rows:
        codes = codes_of(row.code, row.tax_code)
        if met.isdisjoint(codes):
            fresh.append(row)
        met.update(codes)
    if job.for_real:
        import_writing.make(session, fresh, job.source)
    job.made += len(fresh)
    job.already += len(rows) - len(fresh)
    job.done = job.made + job.already + job.refused


def _understood(session: Session, job: Import, lines: Iterable[Numbered]) -> Iterator[Row]:
    for number, line in lines:
        try:
            yield import_rows.understood(line, job.mapping)
        except Invalid as problem:
            _refuse(session, job, number, problem)


def _refuse(session: Session, job: Import, number: int, problem: Invalid) -> None:
    job.refused += 1
    session.add(
        Refusal(
            import_id=job.id,
            row=number,
            field=problem.field or "",
            message=WITHOUT_VALUE.get(problem.field or "", problem.message),
        )
    )
