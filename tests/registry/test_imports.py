"""Imports: every row taken once or refused with its reason, whatever is killed meanwhile."""

import csv
import io
import signal
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from openpyxl import Workbook
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from registry import (
    identifiers,
    import_rows,
    import_writing,
    importing,
    imports,
    imports_api,
    people,
    search,
)
from registry.access import HOUSE, Role
from registry.identifiers import Identifier, IdentifierKind
from registry.import_rows import Row
from registry.imports import Import, ImportState
from registry.journal import Entry
from registry.kit import db
from registry.kit.errors import Invalid, WrongState
from registry.people import Person
from tests import processes
from tests.waiting import eventually

SignedIn = Callable[..., TestClient]
ROOT = Path(__file__).parents[2]
HEADS = ("Codice", "Cognome", "Nome", "Data di nascita", "CF", "Telefono", "Indirizzo", "Comune")
GOOD = (
    ("A1", "Prova", "Nina", "15/12/1941", "", "081 555 0101", "via dei Gigli 1", "Borgo"),
    ("A2", "Rossi", "Maria", "1985-12-10", "rssmra85t10a562s", "", "", ""),
)
BAD = (
    ("A3", "", "", "", "", "", "", ""),
    ("A4", "Storta", "Ada", "31/31/1941", "", "", "", ""),
    ("A5", "Storta", "Ida", "", "RSSMRA85T10A562T", "", "", ""),
    ("A6", "Storta", "Ugo", "", "", "boh", "", ""),
    ("A7", "Storta", "Ivo", "01/01/1803", "", "", "", ""),
    ("A" * 41, "Storta", "Eva", "", "", "", "", ""),
)


def as_csv(lines: Iterable[Iterable[str]], heads: Iterable[str] = HEADS) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";")
    writer.writerow(heads)
    writer.writerows(lines)
    return out.getvalue().encode("cp1252")


def as_xlsx(lines: Iterable[Iterable[str]]) -> bytes:
    book, out = Workbook(), io.BytesIO()
    for line in (HEADS, *lines):
        book.active.append(list(line))
    book.save(out)
    return out.getvalue()


def begun(session: Session, content: bytes, *, for_real: bool = True) -> Import:
    job = imports_api.received(session, None, "prova.csv", "Comune di Prova", content)
    job.state = ImportState.CHECKED
    imports.begin(session, job, for_real=for_real)
    return job


def worked_off(session: Session, job: Import) -> None:
    lines = list(importing._all(job.content))[job.done :]
    importing.take(session, job, lines, set())
    imports.ended(session, job)
    session.flush()


@pytest.mark.parametrize("written", [as_csv, as_xlsx])
def test_each_row_is_taken_or_refused_with_its_reason(
    session: Session, written: Callable[..., bytes]
) -> None:
    job = begun(session, written((*GOOD, *BAD)))
    assert (job.total, job.mapping["family_name"], job.mapping["tax_code"]) == (8, "Cognome", "CF")
    worked_off(session, job)

    assert (job.made, job.already, job.refused, job.done) == (2, 0, 6, 8)
    assert [(each.row, each.field) for each in imports.refusals(session, job)] == [
        (4, "family_name"),
        (5, "birth_date"),
        (6, "tax_code"),
        (7, "phone"),
        (8, "birth_year"),
        (9, "code"),
    ]
    (nina,) = search.find(session, "nina prova borgo", HOUSE).persons
    assert (nina.birth_year, nina.phones[0].number) == (1941, "+390815550101")


def test_a_trial_writes_nothing_and_a_second_import_adds_nobody(session: Session) -> None:
    trial = begun(session, as_csv(GOOD), for_real=False)
    worked_off(session, trial)
    assert (trial.state, trial.made) == (ImportState.CHECKED, 2)
    assert session.scalar(select(func.count()).select_from(Person)) == 0

    imports.begin(session, trial, for_real=True)
    worked_off(session, trial)
    again = begun(session, as_csv(GOOD))
    worked_off(session, again)
    assert (again.made, again.already) == (0, 2)
    with pytest.raises(WrongState):
        imports.resume(session, again)


def test_a_trial_remembers_who_stood_further_up_in_the_file(session: Session) -> None:
    twice = [*GOOD, ("B1", "Prova", "Nina", "", "", "", "", ""), ("A1", *GOOD[0][1:])]
    trial = begun(session, as_csv([*twice, ("B1", *GOOD[1][1:])]), for_real=False)
    worked_off(session, trial)
    assert (trial.made, trial.already) == (3, 2)

    trial.done = 3  # as if another worker had gone on here
    lines = iter(list(importing._all(trial.content))[:3])
    assert importing._met(session, trial, lines) >= {(IdentifierKind.OTHER, "B1")}


def test_what_is_told_stands_on_the_file_and_in_the_journal(session: Session) -> None:
    worked_off(session, begun(session, as_csv(GOOD)))
    (maria,) = search.find(session, "rossi maria", HOUSE).persons
    (nina,) = search.find(session, "prova nina 1941", HOUSE).persons

    assert [(each.kind, each.issuer) for each in identifiers.of(session, nina.id)] == [
        (IdentifierKind.OTHER, "Comune di Prova")
    ]
    assert (nina.home and nina.home.street, maria.home) == ("via dei Gigli 1", None)
    told = select(Entry.kind).where(Entry.person_id == maria.id).order_by(Entry.id)
    assert list(session.scalars(told)) == ["registry.person_created"] + 2 * [
        "registry.identifier_added"
    ]
    assert search.find(session, "RSSMRA85T10A562S", HOUSE).persons == [maria]


def test_the_columns_are_said_by_a_person_where_the_headings_do_not(session: Session) -> None:
    content = as_csv([("Prova", "Nina")], ["Chi", "Come"])
    job = imports_api.received(session, None, "a.csv", "Comune", content)
    with pytest.raises(Invalid, match="first"):
        imports.begin(session, job, for_real=False)
    with pytest.raises(Invalid, match="Quando"):
        imports_api.mapped(job, {"family_name": "Quando"})
    with pytest.raises(Invalid, match="name"):
        imports_api.mapped(job, {"phone": "Chi"})
    imports_api.mapped(job, {"family_name": "Chi", "given_name": "Come", "phone": ""})
    imports.begin(session, job, for_real=False)
    worked_off(session, job)
    assert (job.made, job.refused) == (1, 0)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04rotto", b"a;a\n1;2\n", b"\n\n"])
def test_what_is_no_list_is_refused_as_a_whole(content: bytes) -> None:
    with pytest.raises(Invalid):
        import_rows.headings(content)


def test_over_the_wire_by_those_who_coordinate(signed_in: SignedIn) -> None:
    sent: dict[str, Any] = {
        "files": {"file": ("a.csv", as_csv(GOOD), "text/csv")},
        "data": {"source": "Comune"},
    }
    assert signed_in("anna").post("/api/v1/imports", **sent).status_code == 403
    carla = signed_in("carla", Role.COORDINATOR, name="Carla Esempio")
    job = carla.post("/api/v1/imports", **sent).json()
    path = f"/api/v1/imports/{job['id']}"
    chosen = {"mapping": {"family_name": "Cognome", "given_name": "Nome", "code": "Codice"}}
    assert carla.put(f"{path}/mapping", json=chosen).json()["mapping"]["code"] == "Codice"
    assert carla.post(f"{path}/begin", json={}).json()["state"] == "checking"
    importing.run(UUID(job["id"]))
    assert carla.get(path).json()["state"] == "checked"
    assert carla.post(f"{path}/begin", json={"for_real": True}).json()["state"] == "running"
    assert carla.post(f"{path}/stop").json()["state"] == "stopped"
    importing.run(UUID(job["id"]))
    assert carla.get(path).json()["made"] == 0
    assert carla.post(f"{path}/resume").json()["state"] == "running"
    importing.run(UUID(job["id"]))
    done = carla.get(path).json()
    assert (done["state"], done["made"]) == ("done", 2)
    assert carla.get(f"{path}/refusals").json() == {"items": []}


def _stopped_while_writing(import_id: UUID, written: Path) -> None:
    """A worker whose second stretch is written and never committed."""
    made = list[int]()
    make = import_writing.make

    def never_ends(session: Session, rows: Sequence[Row], source: str) -> None:
        make(session, rows, source)
        made.append(len(rows))
        if len(made) > 1:
            written.touch()
            signal.pause()

    import_writing.make = never_ends
    importing.run(import_id)


@pytest.mark.timeout(1800)  # with `--imported 100000` some minutes
def test_killed_half_way_and_resumed_nobody_is_double_and_nobody_lost(
    database: None, pytestconfig: pytest.Config, tmp_path: Path
) -> None:
    size = pytestconfig.getoption("--imported")
    lines = [(f"B{n}", f"Finto{n % 97}", f"Nome{n}", "", "", "", "", "") for n in range(size)]
    with db.transaction() as session:
        job_id = begun(session, as_csv(lines)).id

    def done() -> int:
        with db.transaction() as session:
            return db.get(session, Import, job_id).done

    at_once = importing.STRETCH * importing.STRETCHES
    while done() + at_once < size // 2:
        importing.run(job_id)
    before = done()
    written, log = tmp_path / "written", tmp_path / "worker.log"
    worker = processes.apart(_stopped_while_writing, job_id, written, log=log)
    eventually(written.exists, within=60)
    worker.kill()
    worker.wait()
    assert done() == before + importing.STRETCH < size
    while done() < size:
        importing.run(job_id)

    with db.transaction() as session:
        job = db.get(session, Import, job_id)
        assert (job.state, job.made, job.refused) == (ImportState.DONE, size, 0)
        codes = session.scalars(select(Identifier.value)).all()
        assert sorted(codes) == sorted(line[0] for line in lines)
        assert session.scalar(select(func.count()).select_from(people.Person)) == size
