"""The pages while they are used: axe-core finds nothing, and nothing forbidden is done."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from callcenter.carriers.simulated_town import Town
from registry import staff
from registry.access import Role
from registry.kit import db
from registry.people import Person
from telecare import devices, stock, tech_jobs
from telecare.tech_jobs import JobKind
from tests.browser.conftest import ACCOUNT
from tests.browser.console import PATIENCE, Console, press_button, sign_in
from tests.browser.policy import Watch
from tests.conftest import somebody
from tests.stories.conftest import House

pytestmark = pytest.mark.browser

Findings = Callable[[], list[str]]


def test_the_room_has_no_fault_that_axe_finds(
    anna: Console, house: House, axe_twice: Findings
) -> None:
    assert axe_twice() == []
    press_button(house, ACCOUNT, 11)
    anna.reads("Pulsante")
    assert axe_twice() == []
    anna.press("n")
    anna.reads("Piano: pulsante")
    expect(anna.page.locator(".leaflet-marker-icon").first).to_be_visible()
    assert axe_twice() == []
    anna.press("?")
    expect(anna.page.get_by_role("dialog")).to_be_visible()
    assert axe_twice() == []
    anna.press("Escape")
    anna.page.get_by_role("button", name="Rimetti in attesa").click()
    anna.reads("Nulla in carico")


def test_the_way_in_and_the_lock_have_no_fault_that_axe_finds(
    page: Page, town: Town, axe_twice: Findings
) -> None:
    assert town.url
    page.goto("/entra")
    assert axe_twice() == []
    sign_in(page, "anna")
    page.locator("details.menu > summary").click()
    assert axe_twice() == []
    page.get_by_role("button", name="Blocca lo schermo").click()
    expect(page.get_by_role("heading", name="Schermo bloccato")).to_be_visible()
    assert axe_twice() == []


def test_english_is_spoken_to_who_wants_it(page: Page, town: Town) -> None:
    assert town.url
    page.goto("/entra")
    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    sign_in(page, "anna")
    expect(page.get_by_role("heading", name="Who and where")).to_be_visible()


def test_at_twice_the_size_everything_is_still_there(anna: Console) -> None:
    """200 % zoom of a 1440 px screen is a page 720 px wide."""
    anna.page.set_viewport_size({"width": 720, "height": 450})
    for name in ("In attesa", "In carico", "Chi e dove"):
        anna.page.get_by_role("tab", name=name).click()
        expect(anna.page.get_by_role("tab", name=name)).to_have_attribute("aria-selected", "true")
    wide = anna.page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 720


def test_a_technician_begins_at_the_receivers(
    page: Page, town: Town, house: House, axe: Findings, axe_twice: Findings
) -> None:
    assert town.url
    with db.transaction() as session:
        somebody(session, "tea", "Tea Tecnica", Role.TECHNICIAN)
    press_button(house, "8899", 1)
    sign_in(page, "tea")
    expect(page.get_by_role("heading", name="Ricevitori")).to_be_visible()
    adopt = page.get_by_role("button", name="Metti in archivio 8899")
    expect(adopt).to_be_visible()
    assert axe_twice() == []
    page.get_by_role("button", name="Ultime trame").first.click()
    expect(page.get_by_text("#8899|1101").first).to_be_visible()
    adopt.click()
    expect(page.get_by_role("status").get_by_text("L’apparecchio 8899")).to_be_visible()
    expect(adopt).to_be_hidden()
    page.get_by_role("link", name="Vedi l’apparecchio").click()
    expect(page.get_by_role("heading", name="Segnali dell’apparecchio 8899")).to_be_visible()
    assert axe() == []


def test_the_map_and_an_alarm_do_nothing_that_the_policy_forbids(
    anna: Console, house: House
) -> None:
    watch = Watch(anna.page)
    watch.begin()
    watch.look("/")
    press_button(house, ACCOUNT, 77)
    anna.reads("Pulsante")
    anna.press("n")
    anna.reads("Piano: pulsante")
    expect(anna.page.locator(".leaflet-marker-icon").first).to_be_visible()
    expect(anna.page.locator(".leaflet-control-attribution")).to_contain_text("Openpolis")
    anna.page.locator(".leaflet-control-zoom-in").click()
    watch.gather()
    anna.page.get_by_role("button", name="Rimetti in attesa").click()
    anna.reads("Nulla in carico")
    assert watch.seen == []


def test_what_the_policy_forbids_is_refused_and_reported(page: Page, town: Town) -> None:
    """Else the two tests above would find nothing because nobody looks."""
    assert town.url
    watch = Watch(page)
    watch.begin()
    page.goto("/entra")
    for forbidden in (
        "document.body.innerHTML = '<b>x</b>'",
        "document.body.setAttribute('onclick', 'x()')",
        "const s = document.createElement('style'); s.append('b {}'); document.body.append(s)",
        "document.createElement('script').textContent = 'x()'",
        "fetch('https://elsewhere.example.it/').catch(() => 0)",
        "new Image().src = 'http://127.0.0.1:9/x.png'",
    ):
        with page.expect_response("**/rapporti-csp") as reported:
            page.evaluate(f"() => {{ try {{ {forbidden} }} catch (refused) {{ }} }}")
        assert (forbidden, reported.value.status) == (forbidden, 204)
    watch.gather()
    told = " ".join(watch.seen)
    for directive in ("require-trusted-types-for", "style-src-elem", "connect-src", "img-src"):
        assert directive in told


def test_a_technicians_phone_from_the_list_to_the_received_test(
    page: Page, town: Town, house: House, axe: Findings
) -> None:
    """One thumb: the list, the job, the code of the new unit, its test, the report."""
    assert town.url
    with db.transaction() as session:
        if staff.by_login(session, "tino") is None:
            somebody(session, "tino", "Tino Tecnico", Role.TECHNICIAN)
        maria = session.scalars(select(Person.id)).first()
        unit = devices.add(session, account="7199")
        code = stock.item(session, unit).code
        tech_jobs.want(session, JobKind.INSTALLATION, person_id=maria, note="secondo apparecchio")
    page.set_viewport_size({"width": 390, "height": 844})
    sign_in(page, "tino")
    page.goto("/tecnico")
    assert axe() == []
    page.get_by_role("link", name="Installazione").click()
    page.wait_for_load_state("load")
    page.get_by_role("button", name="Ci vado io").click()
    expect(page.get_by_role("heading", name="Maria Prova")).to_be_visible(timeout=PATIENCE)
    page.wait_for_load_state("load")
    assert axe() == []
    page.get_by_label("Codice sull’etichetta").fill("NIENTE77")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Nessun apparecchio ha questo codice")).to_be_visible(timeout=PATIENCE)
    page.get_by_label("Codice sull’etichetta").fill(f"{code[:4]}-{code[4:]}".lower())
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Prova l’apparecchio").wait_for()
    page.wait_for_load_state("load")
    page.get_by_role("button", name="Prova l’apparecchio").click()
    expect(page.get_by_text("Prema il pulsante")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_role("button", name="Lavoro finito")).to_be_disabled()
    press_button(house, "7199", 1, "1602")
    expect(page.get_by_text("Prova ricevuta")).to_be_visible(timeout=PATIENCE)
    page.wait_for_load_state("load")
    page.get_by_label("Che cosa ha fatto").fill("montato e provato")
    page.get_by_role("button", name="Lavoro finito").click()
    expect(page.get_by_text("lavoro finito", exact=True)).to_be_visible(timeout=PATIENCE)
    assert axe() == []
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 390
