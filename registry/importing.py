"""The work of an import: a stretch of rows in one transaction, with how far it has come."""

from collections.abc import Iterable, Iterator
from itertools import islice
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry import deadlines, import_rows, imports, people
from registry.identifiers import Identifier, IdentifierKind, plain
from registry.import_rows import Row
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
    at = -1
    for _ in range(STRETCHES):
        with transaction() as session:
            job = locked(session, Import, import_id)
            if not job.going:
                return
            if at != job.done:
                # The beginning, or somebody else has gone on with it meanwhile.
                lines = _from(job.content, job.done)
            stretch = list(islice(lines, STRETCH))
            take(session, job, stretch)
            at = job.done
            if len(stretch) < STRETCH:
                imports.ended(session, job)
                return
    with transaction() as session:
        deadlines.set_(session, RUN, import_id, clock.now())


def _from(content: bytes, done: int) -> Iterator[Numbered]:
    """Lines with their number in the file, the heading being the first."""
    return islice(enumerate(import_rows.rows(content), start=2), done, None)


def take(session: Session, job: Import, lines: Iterable[Numbered]) -> None:
    """Each row is made, known already, or refused with a reason; and counted in the same breath."""
    for number, line in lines:
        try:
            row = import_rows.understood(line, job.mapping)
            fresh = not known(session, row, job.source)
        except Invalid as problem:
            _refuse(session, job, number, problem)
            continue
        if fresh:
            job.made += 1
            if job.for_real:
                _make(session, row, job.source)
        else:
            job.already += 1
    job.done = job.made + job.already + job.refused


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


def known(session: Session, row: Row, source: str) -> bool:
    """Whether the person is here by the other registry's code or by the tax code."""
    codes = {plain(row.code), row.tax_code} - {""}
    if not codes:
        return False
    found = session.execute(
        select(Identifier.kind, Identifier.value, Identifier.issuer).where(
            Identifier.value.in_(codes)
        )
    )
    return any(
        (kind is IdentifierKind.TAX_CODE and value == row.tax_code)
        or (kind is IdentifierKind.OTHER and issuer == source and value == plain(row.code))
        for kind, value, issuer in found
    )


def _make(session: Session, row: Row, source: str) -> None:
    person = people.create(
        session,
        given_name=row.given_name,
        family_name=row.family_name,
        birth_date=row.birth_date,
        birth_year=row.birth_year,
        language=row.language,
    )
    for number in row.phones:
        people.add_phone(session, person, number)
    if row.street or row.town:
        people.add_address(session, person, street=row.street, town=row.town)
    if row.tax_code:
        people.add_identifier(session, person, kind=IdentifierKind.TAX_CODE, value=row.tax_code)
    if plain(row.code):
        people.add_identifier(
            session, person, kind=IdentifierKind.OTHER, value=row.code, issuer=source
        )
