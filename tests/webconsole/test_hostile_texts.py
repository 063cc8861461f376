"""Hostile texts through every form and every API body: nothing breaks, nothing gets out raw."""

import csv
import io
import itertools
import json
import random
import re
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from openpyxl import load_workbook
from pydantic import TypeAdapter
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from registry import sessions
from registry.access import Role
from registry.door import COOKIE
from registry.kit import texts
from registry.kit.db import transaction
from tests import hostile
from tests.conftest import PASSWORD, empty, somebody
from tests.hostile import MARK
from tests.webconsole import matrix
from tests.webconsole.matrix import Door, World

pytestmark = pytest.mark.in_order

# Doors that end the session or the account of whoever asks, or make the database anew.
NOT_ASKED = {"POST /esci", "POST /sessioni/altre", "GET /metrics", "GET /readyz"}
ASKER = "coordinator with every compartment"
# A piece of ours that would be markup, or the end of a line of headers or of a log.
RAW = re.compile(
    r"<script>window|<img src=x|<svg/onload|<iframe srcdoc|<base href=//|[\x00\x1b\u202e]"
)


@pytest.fixture(scope="module")
def house(_database: None) -> Iterator[tuple[TestClient, World, list[Door]]]:
    from webconsole.app import app

    with transaction() as session:
        world = matrix.build(session)
    with TestClient(app, base_url="https://testserver", raise_server_exceptions=False) as client:
        yield client, world, matrix.doors(app)
    empty()


@pytest.fixture(scope="module")
def sent(request: pytest.FixtureRequest) -> list[str]:
    count = request.config.getoption("--hostile")
    seed = request.config.getoption("--hostile-seed") or random.randrange(10**9)
    print(f"--hostile {count} --hostile-seed {seed}")  # noqa: T201 - to repeat the run
    return hostile.texts(count, seed)


def filled(schema: Any, whole: Any, text: str, ids: dict[str, Any]) -> Any:
    """A body with the text wherever a text may stand, and what is asked for elsewhere."""
    while "$ref" in schema or "anyOf" in schema:
        named = schema.get("$ref", "").split("/")[-1]
        schema = whole["$defs"][named] if named else schema["anyOf"][0]
    match schema.get("type", "string"), schema:
        case _, {"enum": [first, *_]} | {"const": first}:
            made: Any = first
        case "object", _:
            made = {
                name: str(ids[name]) if name in ids else filled(each, whole, text, ids)
                for name, each in schema.get("properties", {}).items()
            }
        case "array", _:
            made = [filled(schema.get("items", {}), whole, text, ids)]
        case "string", {"format": "uuid"}:
            made = str(ids["person_id"])
        case "string", _:
            made = text[: schema.get("maxLength", len(text))]
        case other, _:
            made = {"integer": schema.get("minimum", 1), "number": 1}.get(other, False)
    return made


def send(client: TestClient, door: Door, world: World, text: str) -> Any:
    told = TypeAdapter(door.body.field_info.annotation).json_schema()
    body = filled(told, told, text, world.ids)
    kind = type(door.body.field_info).__name__
    role = next((each for each in sorted(door.let_in) if each in world.askers), ASKER)
    asker = world.askers[ASKER if "coordinator" in door.let_in else role]
    given: dict[str, Any] = {"headers": {"authorization": f"Bearer {asker.token}"}}
    if kind == "Form":
        given["data"] = {name: _said(each) for name, each in body.items() if each is not None}
    elif kind == "File":
        given["files"] = {"file": (_said(text)[:80], _said(text))}
    elif isinstance(body, str):
        given["content"] = _said(body)
    else:
        given["content"] = json.dumps(body)
        given["headers"]["content-type"] = "application/json"
    path = matrix.filled(door.path, world.ids)
    return client.request(door.method, path, follow_redirects=False, **given)


def _said(value: Any) -> Any:
    """Half a character cannot even be written in a form."""
    return value.encode(errors="replace").decode() if isinstance(value, str) else str(value)


def test_no_text_breaks_a_door(
    house: tuple[TestClient, World, list[Door]], sent: list[str]
) -> None:
    """Each door takes one of them; with --hostile 500, each takes all."""
    client, world, doors = house
    takes = [each for each in doors if each.body is not None and each.name not in NOT_ASKED]
    takes = [each for each in takes if "carrier" not in each.let_in]
    wide = len(sent) > len(takes)
    one_each = ((door, [text]) for door, text in zip(takes, itertools.cycle(sent)))
    turns = ((door, sent) for door in takes) if wide else one_each
    broken, raw = [], []
    with capture_logs() as logged:
        for door, text in _one_by_one(turns, world, anew=wide):
            answer = send(client, door, world, text)
            if answer.status_code >= 500:
                why = next((each["exc_info"] for each in logged[::-1] if "exc_info" in each), "")
                broken.append(f"{door.name}: {answer.status_code} {why!r} for {text[:60]!r}")
            if "text/html" in answer.headers.get("content-type", "") and RAW.search(answer.text):
                raw.append(f"{door.name}: {text[:60]!r}")
            if MARK in str(answer.headers):
                raw.append(f"{door.name}: headers {text[:60]!r}")
    assert len(takes) > 100
    assert not broken, "\n".join(broken)
    assert not raw, "\n".join(raw)
    assert [each for each in logged if MARK in str(each)] == []


def _one_by_one(
    turns: Iterable[tuple[Door, list[str]]], world: World, *, anew: bool
) -> Iterator[tuple[Door, str]]:
    """Each door with each of its texts; `anew`: what one door left does not burden the next."""
    for door, texts_of_it in turns:
        if anew:
            empty()
            with transaction() as session:
                vars(world).update(vars(matrix.build(session)))
        for text in texts_of_it:
            yield door, text


def test_what_went_in_comes_out_as_text_on_every_page(
    house: tuple[TestClient, World, list[Door]], sent: list[str]
) -> None:
    client, world, doors = house
    headers = {"authorization": f"Bearer {world.askers[ASKER].token}"}
    seen = 0
    for door in doors:
        if door.method != "GET" or door.name in NOT_ASKED or "carrier" in door.let_in:
            continue
        for text in sent[:2]:
            path = matrix.filled(door.path, world.ids)
            asked = {"q": _said(text), "persona": str(world.ids["person_id"])}
            answer = client.get(path, params=asked, headers=headers, follow_redirects=False)
            assert (door.name, answer.status_code < 500) == (door.name, True), text[:60]
            if "text/html" in answer.headers.get("content-type", ""):
                found = RAW.search(answer.text)
                assert (door.name, found and answer.text[found.start() - 60 :][:160]) == (
                    door.name,
                    None,
                )
                seen += MARK in answer.text
    assert seen > 10


# What a browser or a proxy says of itself: whoever writes it by hand may write anything.
SAID_IN_HEADERS = (
    "user-agent",
    "accept-language",
    "referer",
    "origin",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-request-id",
    "x-form-key",
    "x-csrf-token",
    "if-match",
    "cookie",
    "authorization",
    "range",
)


def test_no_header_breaks_a_door_or_is_shown_raw(
    house: tuple[TestClient, World, list[Door]], sent: list[str]
) -> None:
    client, world, _ = house
    bearer = {"authorization": f"Bearer {world.askers[ASKER].token}"}
    person = f"/api/v1/people/{world.ids['person_id']}"
    with capture_logs() as logged:
        for text, name in zip(sent, itertools.cycle(SAID_IN_HEADERS), strict=False):
            value = "".join(each for each in text if each.isprintable() and ord(each) < 256)
            headers = bearer | {name: value[:4_000]}
            for method, path in (("GET", "/persone"), ("GET", person), ("POST", "/entra")):
                form = {"login": "nessuno", "password": "no"} if method == "POST" else None
                answer = client.request(
                    method, path, headers=headers, data=form, follow_redirects=False
                )
                assert (name, path, answer.status_code < 500) == (name, path, True), value[:60]
                assert MARK not in str(answer.headers), (name, path)
                assert not RAW.search(answer.text), (name, path)
    assert [each for each in logged if MARK in str(each)] == []


def test_the_name_of_a_browser_is_text_among_the_sessions(
    house: tuple[TestClient, World, list[Door]], sent: list[str]
) -> None:
    client, _, _ = house
    with transaction() as session:
        somebody(session, "ostile", "Ostile Prova", Role.OPERATOR)
    for text in sent[:4]:
        said = "".join(each for each in text if each.isprintable() and ord(each) < 256)
        secret, _ = sessions.sign_in("ostile", PASSWORD, network="192.0.2.7", browser=said[:500])
        answer = client.get("/sessioni", headers={"cookie": f"{COOKIE}={secret}"})
        assert answer.status_code == 200
        assert not RAW.search(answer.text)


def test_no_export_has_a_cell_that_is_a_formula(
    house: tuple[TestClient, World, list[Door]],
) -> None:
    client, world, doors = house
    headers = {"authorization": f"Bearer {world.askers[ASKER].token}"}
    cells: list[str] = []
    for door in doors:
        if door.method == "GET" and door.path.endswith((".csv", ".xlsx")):
            answer = client.get(matrix.filled(door.path, world.ids), headers=headers)
            if door.path.endswith(".csv"):
                text = answer.content.decode("utf-8-sig")
                cells += itertools.chain.from_iterable(csv.reader(io.StringIO(text)))
            elif answer.status_code == 200:
                book = load_workbook(io.BytesIO(answer.content))
                rows = itertools.chain.from_iterable(each.iter_rows() for each in book)
                assert [each for row in rows for each in row if each.data_type == "f"] == []
    assert cells
    assert [each for each in cells if texts.FORMULA.match(each)] == []


@pytest.mark.parametrize("begins", ["=", "+", "-", "@", "\t=", "\r=", " =", "\uff1d", "\n"])
def test_a_cell_is_never_a_formula(begins: str) -> None:
    assert texts.cell(f"{begins}1+1") == f"'{begins}1+1"
    assert texts.cell("4711") == "4711"


def test_what_nobody_sees_is_taken_out_and_half_a_character_refused(
    house: tuple[TestClient, World, list[Door]],
) -> None:
    client, world, _ = house
    headers = {"authorization": f"Bearer {world.askers[ASKER].token}"}
    person = f"/api/v1/people/{world.ids['person_id']}/phones"
    pasted = client.post(
        person, json={"number": "\u202a+39 081 555 0199\u202c", "label": "ca\u202esa\x07\r\nsua"},
        headers=headers,
    ).json()  # fmt: skip
    assert (pasted["number"], pasted["label"]) == ("+390815550199", "casa\nsua")
    half = client.post(
        person,
        content='{"number": "081 555 0198", "label": "\\ud800"}',
        headers=headers | {"content-type": "application/json", "accept-language": "it"},
    )
    assert half.status_code == 422
    assert "mezzo carattere" in half.json()["detail"]


def test_more_than_is_ever_needed_is_refused(
    house: tuple[TestClient, World, list[Door]],
) -> None:
    client, world, _ = house
    headers = {"authorization": f"Bearer {world.askers[ASKER].token}"}
    whole = client.post("/api/v1/people", json={"given_name": "x" * 1_000_001}, headers=headers)
    assert whole.status_code == 413
    assert "1 MB" in whole.json()["detail"]
    pieces = (b"x" * 100_000 for _ in range(11))
    streamed = client.post(
        "/api/v1/people", content=pieces, headers=headers | {"content-type": "application/json"}
    )
    assert streamed.status_code == 413
    page = client.post("/entra", data={"login": "x" * 1_000_001}, headers={"accept": "text/html"})
    assert page.status_code == 413
    assert "<h1>" in page.text
    report = client.post("/rapporti-csp", content=b"x" * 1_000_001)
    assert report.status_code in {400, 413}
