"""The team's phone in a real browser: asked, on the way, without a line, closed, called off."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from uuid import UUID

import httpx2
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import select

from callcenter import lines
from dispatch import rota, teams
from dispatch.travel import Point
from registry import people
from registry.access import Role
from registry.kit import clock, db
from registry.people import Person
from tests.conftest import PASSWORD, somebody
from tests.stories.conftest import House
from tests.waiting import eventually

pytestmark = pytest.mark.browser

STREET = "via dei Gigli Inventati 12"
HOME = {"text": STREET, "town": "Pozzuoli", "latitude": 40.83, "longitude": 14.12}
Axe = Callable[[], list[str]]


@pytest.fixture(scope="module")
def room(house: House) -> httpx2.Client:
    """An operator who asks for teams over the API, and one team on duty with its phone."""
    with db.transaction() as session:
        lines.add(session, number="+390815550100", name="Linea sociale")
        team = teams.form(session, name="Squadra Solfatara", base=Point(40.83, 14.14))
        now = clock.now()
        rota.add(session, team, now - timedelta(hours=1), now + timedelta(hours=8))
        somebody(session, "solfatara", "Squadra Solfatara", Role.TEAM).team_id = team.id
        maria = people.create(session, given_name="Maria", family_name="Prova", birth_year=1940)
        people.add_address(
            session,
            maria,
            street=STREET,
            town="Pozzuoli",
            how_to_get_in="chiavi dalla vicina",
        )
        people.add_alert(session, maria, kind="hearing", text="udito debole")
    return house.somebody("bruno", "Bruno Costa", Role.OPERATOR)


@pytest.fixture
def phone(browser: Browser, house: House, room: httpx2.Client) -> Iterator[BrowserContext]:
    assert room.get("/me").json()["login"] == "bruno"
    context = browser.new_context(
        base_url=house.url,
        locale="it-IT",
        viewport={"width": 390, "height": 844},
        has_touch=True,
        is_mobile=True,
        permissions=["geolocation"],
        geolocation={"latitude": 40.83, "longitude": 14.14, "accuracy": 15},
    )
    yield context
    context.close()


@pytest.fixture
def page(phone: BrowserContext) -> Page:
    """The team, signed in: it lands on its own page."""
    opened = phone.new_page()
    opened.set_default_timeout(30_000)
    opened.goto("/entra")
    opened.fill("#login", "solfatara")
    opened.fill("#password", PASSWORD)
    opened.press("#password", "Enter")
    expect(opened).to_have_url(re.compile("/squadra$"))
    expect(opened.get_by_role("heading", name="Libera")).to_be_visible()
    return opened


def ask(room: httpx2.Client) -> UUID:
    with db.transaction() as session:
        maria = session.scalars(select(Person.id)).one()
    wanted = {
        "kind": "fall",
        "priority": "A",
        "place": HOME,
        "reason": "Caduta in bagno",
        "person_id": str(maria),
    }
    made = room.post("/interventions", json=wanted)
    assert made.status_code == 201, made.text
    return UUID(made.json()["id"])


def state_of(room: httpx2.Client, intervention: UUID) -> str:
    return str(room.get(f"/interventions/{intervention}").json()["state"])


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).click()


def is_in(room: httpx2.Client, intervention: UUID, state: str) -> bool:
    return state_of(room, intervention) == state


def test_a_job_from_yes_to_closing_with_the_line_lost_on_the_way(
    phone: BrowserContext, page: Page, room: httpx2.Client, axe: Axe
) -> None:
    assert axe() == []
    intervention = ask(room)
    expect(page.get_by_text("per rispondere")).to_be_visible()
    expect(page.get_by_text(STREET)).to_have_count(0)
    assert axe() == []
    press(page, "Accettiamo")
    expect(page.get_by_text(STREET)).to_be_visible()
    expect(page.get_by_text("chiavi dalla vicina")).to_be_visible()
    expect(page.get_by_text("udito debole")).to_be_visible()
    assert axe() == []
    press(page, "Partiamo")
    eventually(lambda: state_of(room, intervention) == "en_route")
    expect(page.get_by_text("In viaggio", exact=True)).to_be_visible()

    phone.set_offline(True)
    press(page, "Siamo arrivati")
    expect(page.get_by_text("1 passo non ancora inviato")).to_be_visible()
    assert state_of(room, intervention) == "en_route"
    press(page, "Chiudi l’intervento")
    page.get_by_text("Aiutata sul posto").click()
    page.fill("#note", "Rialzata, sta bene")
    press(page, "Chiudi l’intervento")
    expect(page.get_by_text("Chiuso qui; la centrale non lo sa ancora.")).to_be_visible()

    phone.set_offline(False)
    expect(page.get_by_role("heading", name="Libera")).to_be_visible()
    ended = room.get(f"/interventions/{intervention}").json()
    assert (ended["state"], ended["report"]) == ("closed", "Rialzata, sta bene")
    press(page, "Ho capito")


def test_what_was_typed_survives_a_reload(page: Page, room: httpx2.Client, axe: Axe) -> None:
    intervention = ask(room)
    for step, state in (
        ("Accettiamo", "assigned"),
        ("Partiamo", "en_route"),
        ("Siamo arrivati", "on_scene"),
    ):
        press(page, step)
        page.reload()  # at once: a step outlives the page on which it was pressed
        eventually(partial(is_in, room, intervention, state))
    press(page, "Chiudi l’intervento")
    page.fill("#note", "Nessuno apre, la vicina non sa")
    assert axe() == []

    page.reload()

    press(page, "Chiudi l’intervento")
    expect(page.locator("#note")).to_have_value("Nessuno apre, la vicina non sa")
    page.get_by_text("Nessuno trovato").click()
    press(page, "Chiudi l’intervento")
    expect(page.get_by_role("heading", name="Libera")).to_be_visible()
    press(page, "Ho capito")


def test_the_room_calls_off_and_a_late_yes_is_thanked(
    phone: BrowserContext, page: Page, room: httpx2.Client, axe: Axe
) -> None:
    intervention = ask(room)
    expect(page.get_by_text("per rispondere")).to_be_visible()
    phone.set_offline(True)
    press(page, "Accettiamo")
    expect(page.get_by_text("aspettate prima di partire")).to_be_visible()
    room.post(f"/interventions/{intervention}/cancel", json={"reason": "È rientrata"})

    phone.set_offline(False)

    expect(page.get_by_text("ha annullato")).to_be_visible()
    assert axe() == []
