"""Hostile texts in the cells of files that are taken in: people, services, units, campaigns."""

import csv
import io
import itertools
import random
import re
import zipfile
from collections.abc import Callable, Iterator, Sequence

import pytest
from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from sqlalchemy import select
from starlette.testclient import TestClient

from registry import directory_files, import_rows, importing
from registry.access import Role
from registry.directory import Service
from registry.imports import Import
from registry.kit import texts
from registry.kit.db import transaction
from registry.kit.errors import Invalid, Problem
from registry.people import Person
from telecare import campaign_files, device_files
from telecare.devices import Device
from tests import hostile
from tests.hostile import MARK
from tests.webconsole.test_hostile_texts import RAW

SignedIn = Callable[..., TestClient]
HEADS = ("Codice", "Cognome", "Nome", "Data di nascita", "CF", "Telefono", "Indirizzo", "Comune")
# What no XML can hold.
NO_CHARACTERS = dict.fromkeys((0xFFFE, 0xFFFF))
MOST_LETTERS = 200_000


def lines_of(sent: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Each text in every column that takes words; then in one that takes none: a refused row."""
    for number, text in enumerate(sent):
        short = text[:MOST_LETTERS].encode(errors="replace").decode()
        yield (f"H{number}", short, short, "", "", "", short, short)
        yield (f"R{number}", f"Storta {short}", "Ada", *(short,) * 3, short, short)
        yield (short, "", "", "", "", "", "", "")


def as_csv(lines: Iterator[tuple[str, ...]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=";").writerows([HEADS, *lines])
    return out.getvalue().encode()


def as_xlsx(lines: Iterator[tuple[str, ...]]) -> bytes:
    book, out = Workbook(), io.BytesIO()
    for at, line in enumerate((HEADS, *lines), start=1):
        for column, text in enumerate(line, start=1):
            # Whoever writes the file by hand puts a formula in as a word.
            said = ILLEGAL_CHARACTERS_RE.sub("", text).translate(NO_CHARACTERS)[:32_000]
            cell = book.active.cell(at, column, said)
            cell.data_type = "s"
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize("written", [as_csv, as_xlsx])
def test_no_cell_of_an_imported_registry_runs_or_breaks(
    signed_in: SignedIn,
    request: pytest.FixtureRequest,
    written: Callable[[Iterator[tuple[str, ...]]], bytes],
) -> None:
    count = request.config.getoption("--hostile")
    seed = request.config.getoption("--hostile-seed") or random.randrange(10**9)
    print(f"--hostile {count} --hostile-seed {seed}")  # noqa: T201 - to repeat the run
    # Longer ones are for the cells without end, below: a file has at most so many bytes.
    sent = [each[:2_000] for each in hostile.texts(count, seed)]
    client = signed_in("carla", Role.COORDINATOR)
    files = {"file": ("prova", written(lines_of(sent)))}
    arrived = client.post("/api/v1/imports", data={"source": f"<b>{MARK}"}, files=files)
    assert arrived.status_code == 201, arrived.text
    job = arrived.json()["id"]
    client.post(f"/api/v1/imports/{job}/begin", json={"for_real": False})
    importing.run(job)
    client.post(f"/api/v1/imports/{job}/begin", json={"for_real": True})
    importing.run(job)

    with transaction() as session:
        taken = session.scalars(select(Person).order_by(Person.family_name)).all()
        done = session.get_one(Import, job)
        assert (done.state, done.made) == ("done", len(taken))
        assert len(taken) > count // 2
        assert done.refused >= 2 * count
        said = [each for one in taken for each in (one.given_name, one.family_name)]
        shown = [each.id for each in taken[:: max(1, len(taken) // 12)]]
    assert [each for each in said if texts.UNSEEN.search(each) or re.search(r"[\r\n]", each)] == []
    assert max(map(len, said)) <= import_rows.LONGEST

    pages = [f"/persone/{each}" for each in shown]
    for page in (*pages, f"/persone?q={MARK}", "/persone", "/importazioni", f"/importazioni/{job}"):
        answer = client.get(page)
        assert (page, answer.status_code) == (page, 200)
        assert (page, RAW.search(answer.text)) == (page, None)
    refused = client.get(f"/importazioni/{job}/rifiutate.csv").content.decode("utf-8-sig")
    cells = list(itertools.chain.from_iterable(csv.reader(io.StringIO(refused), delimiter=";")))
    assert len(cells) > 2 * count * 3
    assert [each for each in cells if texts.FORMULA.match(each)] == []
    assert MARK not in refused


def broken(packed: bytes, chance: random.Random) -> bytes:
    """The same spreadsheet with some letters of its parts changed or left out."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(packed)) as there, zipfile.ZipFile(out, "w") as made:
        for name in there.namelist():
            part = bytearray(there.read(name))
            for _ in range(chance.randrange(4)):
                at = chance.randrange(len(part))
                part[at : at + chance.randrange(9)] = bytes([chance.randrange(256)])
            made.writestr(name, bytes(part))
    return out.getvalue()


def test_a_broken_spreadsheet_is_refused_in_a_sentence(
    signed_in: SignedIn, request: pytest.FixtureRequest
) -> None:
    client = signed_in("carla", Role.COORDINATOR)
    whole, chance = as_xlsx(lines_of(["Prova"])), random.Random(4)
    refused = 0
    for _ in range(max(40, request.config.getoption("--hostile"))):
        files = {"file": ("prova.xlsx", broken(whole, chance))}
        answer = client.post("/api/v1/imports", data={"source": "Prova"}, files=files)
        assert answer.status_code in {201, 422}, answer.text
        refused += answer.status_code == 422
    assert refused > 10


def lying(packed: bytes) -> bytes:
    """A spreadsheet that says it has a million rows of sixteen thousand columns."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(packed)) as there, zipfile.ZipFile(out, "w") as made:
        for name in there.namelist():
            part = there.read(name)
            made.writestr(name, re.sub(rb'(dimension ref=)"[^"]*"', rb'\1"A1:XFD1048576"', part))
    return out.getvalue()


def test_how_large_a_spreadsheet_says_it_is_costs_nothing() -> None:
    packed = lying(as_xlsx(lines_of(["Prova"])))
    assert import_rows.headings(packed) == list(HEADS)
    assert len(list(import_rows.rows(packed))) == 3


def test_more_rows_or_columns_than_an_archive_has_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(Problem, match="too large"):
        import_rows.headings(b";".join(b"c%d" % each for each in range(1_000)))
    monkeypatch.setattr(import_rows, "MOST_ROWS", 3)
    assert len(list(import_rows.rows(b"Nome\n" + b"Nina\n" * 3))) == 3
    with pytest.raises(Problem, match="too large"):
        list(import_rows.rows(b"Nome\n" + b"Nina\n" * 4))


ENDLESS = "x" * (csv.field_size_limit() + 1)


def test_a_cell_without_end_is_refused_in_a_sentence(signed_in: SignedIn) -> None:
    client = signed_in("carla", Role.COORDINATOR)
    people = {"file": ("prova.csv", f"Cognome;Nome\n{ENDLESS};Nina\n")}
    services = {"file": ("prova.csv", f"body,name,area\nComune,{ENDLESS},home\n")}
    for path, files in (("imports", people), ("directory/import", services)):
        answer = client.post(f"/api/v1/{path}", data={"source": "Prova"}, files=files)
        assert (path, answer.status_code) == (path, 422)
        assert MARK not in answer.text
    with transaction() as session:
        with pytest.raises(Invalid, match="as CSV"):
            device_files.import_csv(session, f"{','.join(device_files.COLUMNS)}\n{ENDLESS}\n")
        with pytest.raises(Invalid, match="as CSV"):
            list(campaign_files._cells(f"cognome,nome,telefono\n{ENDLESS}\n"))


def test_no_cell_of_a_file_of_services_runs_or_breaks(
    signed_in: SignedIn, request: pytest.FixtureRequest
) -> None:
    sent = [each[:2_000] for each in hostile.texts(request.config.getoption("--hostile"), 7)]
    out = io.StringIO()
    writer = csv.DictWriter(out, directory_files.COLUMNS)
    writer.writeheader()
    for number, text in enumerate(sent):
        short = text.encode(errors="replace").decode()
        all_of_it = dict.fromkeys(directory_files.COLUMNS, short)
        known = {"area": "home_care", "body_kind": "own", "published": "x"}
        known |= {"hours": "", "review_by": ""}
        reached = dict.fromkeys(directory_files.REACHED, "")
        named = {"name": f"{number} {short}"[:90], "address": short}
        writer.writerow(all_of_it | known | reached | named)
        writer.writerow(all_of_it | known | {"name": f"{number} bis"})
        writer.writerow(all_of_it)
    client = signed_in("carla", Role.COORDINATOR)
    answer = client.post("/api/v1/directory/import", files={"file": ("s.csv", out.getvalue())})
    assert answer.status_code == 200, answer.text
    assert answer.json()["refused"], answer.text
    assert answer.json()["added"], answer.text
    assert not RAW.search(answer.text)
    with transaction() as session:
        services = session.scalars(select(Service)).all()
        assert services
        said = [each for one in services for each in (one.name, one.summary, one.website)]
        shown = [each.id for each in services[:6]]
    assert [each for each in said if each and texts.UNSEEN.search(each)] == []
    for page in ("/servizi", *(f"/servizi/{each}" for each in shown)):
        answer = client.get(page)
        assert (page, answer.status_code) == (page, 200)
        assert (page, RAW.search(answer.text)) == (page, None)
        assert 'href="javascript:' not in answer.text
    exported = csv.reader(io.StringIO(directory_exported(client)))
    assert [each for line in exported for each in line if texts.FORMULA.match(each)] == []


def directory_exported(client: TestClient) -> str:
    return client.get("/api/v1/directory/export").text


def test_no_cell_of_a_file_of_units_runs_or_breaks(
    signed_in: SignedIn, request: pytest.FixtureRequest
) -> None:
    sent = hostile.texts(request.config.getoption("--hostile"), 11)
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(device_files.COLUMNS)
    for number, text in enumerate(sent):
        short = text[:60].encode(errors="replace").decode()
        writer.writerow((f"H{number}", "dc09", "", "0", short))
        writer.writerow((short, short, short, short, short))
    with transaction() as session:
        done = device_files.import_csv(session, out.getvalue())
        assert len(done.refused) == len(sent)
        labels = session.scalars(select(Device.label)).all()
    assert done.added == len(sent)
    assert [each for each in labels if texts.UNSEEN.search(each)] == []
    client = signed_in("tino", Role.TECHNICIAN, Role.COORDINATOR)
    answer = client.get("/apparecchi")
    assert answer.status_code == 200
    assert not RAW.search(answer.text)
