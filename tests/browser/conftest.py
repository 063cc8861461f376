"""A browser in front of a whole house: Chromium, one operator, callers and home units."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright

from callcenter import lines
from callcenter.carriers import account as accounts
from callcenter.carriers import simulated_town
from callcenter.carriers.simulated_town import Town
from registry import people
from registry.access import Role
from registry.kit import db
from registry.people import Person
from telecare import devices
from tests.browser.console import PATIENCE, Console, sign_in
from tests.conftest import somebody
from tests.stories.conftest import House, house
from webconsole.cli_checks import CHROMIUM

__all__ = ["house"]

QUIET = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--autoplay-policy=no-user-gesture-required",
    "--use-fake-device-for-media-stream",
)
LINE = "+390815550100"
ACCOUNT = "7001"
COLOURS = ("color-contrast", "link-in-text-block")
AXE = Path(__file__).parents[1] / "vendor" / "axe-core" / "axe.min.js"


def chromium(*names: str) -> str | None:
    """Where the system's browser is."""
    return next(filter(None, map(shutil.which, names or CHROMIUM)), None)


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def browser(playwright: Playwright, request: pytest.FixtureRequest) -> Iterator[Browser]:
    """The lightest there is; a test may name those it can do with (indirect parameter)."""
    found = chromium(*getattr(request, "param", CHROMIUM))
    if found is None:
        pytest.skip("LOUD: Chromium is missing, so no page was looked at")
    opened = playwright.chromium.launch(executable_path=found, args=list(QUIET))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def town(house: House) -> Town:
    """A line of ours, an operator, and somebody at home with a unit and a son."""
    with db.transaction() as session:
        lines.add(session, number=LINE, name="Linea sociale")
        somebody(session, "anna", "Anna Riva", Role.OPERATOR)
        maria = someone_at_home(session)
        devices.add(session, account=ACCOUNT, label="via dei Gigli", person_id=maria.id)
    accounts.account.cache_clear()
    return simulated_town.town()


def someone_at_home(session: Any) -> Person:
    maria = people.create(session, given_name="Maria", family_name="Prova", birth_year=1940)
    people.add_phone(session, maria, "081 555 0101", "casa")
    people.add_address(
        session,
        maria,
        street="via dei Gigli Inventati 12",
        town="Pozzuoli",
        latitude=40.83,
        longitude=14.12,
        how_to_get_in="chiavi dalla vicina",
    )
    people.add_alert(session, maria, kind="hearing", text="udito debole")
    people.add_contact(session, maria, name="Luca Prova", phone="333 555 0110", relation="figlio")
    return maria


@pytest.fixture
def page(browser: Browser, house: House) -> Iterator[Page]:
    """A fresh browser, in Italian; anything its console calls an error fails the test."""
    context = browser.new_context(
        base_url=house.url, locale="it-IT", viewport={"width": 1440, "height": 900}
    )
    opened = context.new_page()
    opened.set_default_timeout(PATIENCE)
    faults: list[str] = []
    opened.on("pageerror", lambda error: faults.append(str(error)))
    yield opened
    context.close()
    assert faults == []


@pytest.fixture
def anna(page: Page, town: Town) -> Console:
    """Anna at her desk, signed in by keyboard."""
    assert town.url
    sign_in(page, "anna")
    return Console(page)


@pytest.fixture
def axe(page: Page) -> Callable[..., list[str]]:
    """What axe-core finds wrong on the page as it is now, by all of its rules or by some."""
    source = AXE.read_text(encoding="utf-8")

    def findings(*rules: str) -> list[str]:
        page.wait_for_load_state("load")  # words are there before the colours
        if page.evaluate("typeof axe") == "undefined":
            page.evaluate(source)
        only = {"runOnly": {"type": "rule", "values": rules}} if rules else {}
        asked = {"resultTypes": ["violations"]} | only
        found = page.evaluate("(asked) => axe.run(document, asked)", asked)
        return [
            f"{each['id']}: {node['html'][:160]} {node['any'][0]['message'] if node['any'] else ''}"
            for each in found["violations"]
            for node in each["nodes"]
        ]

    return findings


@pytest.fixture
def axe_twice(page: Page, axe: Callable[..., list[str]]) -> Callable[[], list[str]]:
    """The same in light and in dark, which differ in their colours alone."""

    def findings() -> list[str]:
        page.emulate_media(color_scheme="light")
        found = [f"light: {each}" for each in axe()]
        page.emulate_media(color_scheme="dark")
        return found + [f"dark: {each}" for each in axe(*COLOURS)]

    return findings
