"""Long stories: a page at a time, back to the first line, and an address that anybody may type."""

import html
import re
from collections.abc import Callable
from uuid import UUID

import pytest
from starlette.testclient import TestClient

from registry import case_notes, cases, codes, people
from registry.access import Role
from registry.cases import Area
from registry.circles import Circle
from registry.kit import db
from registry.people import Person
from tests.conftest import somebody
from webconsole import case_story
from webconsole.pages import people as pages_of_people

SignedIn = Callable[..., TestClient]
NOTES = [f"Nota numero {number:02d}" for number in range(11)]
OLDER = re.compile(r'href="([^"]*prima=\d+)"')


@pytest.fixture
def nina(database: None, monkeypatch: pytest.MonkeyPatch) -> tuple[UUID, UUID]:
    """A person and her case with eleven notes; a page holds four lines."""
    monkeypatch.setattr(case_story, "LINES", 4)
    monkeypatch.setattr(pages_of_people, "LINES", 4)
    with db.transaction() as session:
        codes.settle(session)
        person = people.create(session, given_name="Nina", family_name="Prova", birth_year=1950)
        case = cases.open_(
            session, area=Area.SOCIAL_SERVICES, person_id=person.id, reason="Sfratto"
        )
        olga = somebody(session, "olga", "Olga Prova", Role.OPERATOR).actor
        for text in NOTES:
            held = cases.held(session, case.id, olga)
            case_notes.write(session, held, olga, text=text, circle=Circle.EVERYONE)
        return person.id, case.id


@pytest.fixture
def sara(signed_in: SignedIn) -> TestClient:
    client = signed_in("sara", Role.SOCIAL_WORKER, Role.AUDITOR, name="Sara Modelli")
    client.headers["accept"] = "text/html"
    return client


def walked(client: TestClient, first: str) -> list[str]:
    """The page and all that its link to older ones leads to, newest first."""
    pages: list[str] = []
    there = first
    while len(pages) < 2 * len(NOTES):
        pages.append(client.get(there).text)
        found = OLDER.search(pages[-1])
        if found is None:
            return pages
        there = html.unescape(found[1])
    raise AssertionError(f"{first} has no end")


@pytest.mark.parametrize("way", ["", "?tutto=true"])
def test_the_whole_story_of_a_case_can_be_read_back_to_its_first_line(
    nina: tuple[UUID, UUID], sara: TestClient, way: str
) -> None:
    pages = walked(sara, f"/casi/{nina[1]}{way}")

    read = [each for page in pages for each in re.findall(r"Nota numero \d\d", page)]
    assert read == NOTES[::-1]
    assert "Torna alle più recenti" not in pages[0]
    assert all("Torna alle più recenti" in page for page in pages[1:])
    assert all(("tutto=true&amp;prima=" in page) == bool(way) for page in pages[:-1])


def test_the_api_tells_the_same_story_a_page_at_a_time(
    nina: tuple[UUID, UUID], sara: TestClient
) -> None:
    with db.transaction() as session:
        whole = [each.kind for each in cases.timeline(session, nina[1])]
    there = f"/api/v1/cases/{nina[1]}/timeline"
    told, page = [], sara.get(there, params={"limit": 5}).json()
    while True:
        told += [each["kind"] for each in page["items"]]
        if page["next"] is None:
            break
        page = sara.get(there, params={"limit": 5, "before": page["next"]}).json()

    assert whole[-1] == "registry.case_opened"
    assert told == whole


def test_a_form_in_trouble_still_leads_to_what_is_older(
    nina: tuple[UUID, UUID], sara: TestClient
) -> None:
    refused = sara.post(f"/casi/{nina[1]}/note", data={"text": "", "circle": "everyone"})

    assert refused.status_code == 422
    found = OLDER.search(refused.text)
    assert found is not None
    assert NOTES[2] in "".join(walked(sara, html.unescape(found[1])))


def test_the_whole_story_of_a_person_can_be_read_back_to_its_first_line(
    nina: tuple[UUID, UUID], sara: TestClient
) -> None:
    with db.transaction() as session:
        made_at = db.get(session, Person, nina[0]).created_at
    pages = walked(sara, f"/persone/{nina[0]}")

    told = [
        re.findall(r"<time[^>]*datetime=\"([^\"]+)\"", page.rpartition("<h2>")[2]) for page in pages
    ]
    moments = [each for page in told for each in page]
    assert moments == sorted(moments, reverse=True)
    assert len(moments) >= len(NOTES) + 2
    assert moments[-1][:19] == made_at.isoformat()[:19]


@pytest.mark.parametrize("typed", ["-1", "9223372036854775808", "1" * 60, "zero"])
@pytest.mark.parametrize("page", ["/revisione", "/casi", "/richieste"])
def test_what_is_typed_into_the_address_is_no_fault_of_ours(
    sara: TestClient, page: str, typed: str
) -> None:
    assert sara.get(page, params={"prima": typed}).status_code == 422
