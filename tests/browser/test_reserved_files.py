"""Breaking the glass at the desk, the coordinator told at once, the auditor's pages."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import update

from callcenter.carriers.simulated_town import Town
from registry import people, unusual_reports
from registry.access import Role
from registry.kit import clock, db
from registry.sessions import SignIn
from tests.browser.console import sign_in
from tests.conftest import PASSWORD, somebody
from tests.stories.conftest import House

pytestmark = pytest.mark.browser
Findings = Callable[[], list[str]]


@pytest.fixture
def carla(browser: Browser, house: House) -> Iterator[Page]:
    """The coordinator, at a screen of her own."""
    with db.transaction() as session:
        somebody(session, "carla", "Carla Esempio", Role.COORDINATOR)
    context = browser.new_context(base_url=house.url, locale="it-IT")
    yield context.new_page()
    context.close()


def test_the_coordinator_is_told_when_the_glass_breaks(
    page: Page, carla: Page, town: Town, axe: Findings
) -> None:
    assert town.url
    with db.transaction() as session:
        hidden = people.create(
            session, given_name="Vera", family_name="Riservata", restricted=True
        ).id
        somebody(session, "aldo", "Aldo Verifica", Role.AUDITOR)
    sign_in(carla, "carla")
    sign_in(page, "anna")
    page.goto(f"/persone/{hidden}")
    expect(page.get_by_role("heading", name="non è aperta per Lei")).to_be_visible()
    assert axe() == []
    page.get_by_label("Perché Le serve adesso?").fill("allarme in corso, serve sapere come entrare")
    with db.transaction() as session:
        ten_minutes_ago = clock.now() - timedelta(minutes=10)
        session.execute(update(SignIn).values(proved_at=ten_minutes_ago))
    page.get_by_role("button", name="Apri per un’ora").click()
    expect(page.get_by_role("heading", name="Confermi la Sua identità")).to_be_visible()
    assert axe() == []
    page.get_by_label("La Sua password").fill(PASSWORD)
    page.get_by_role("button", name="Conferma e prosegui").click()
    expect(page.get_by_role("heading", name="Vera Riservata")).to_be_visible()
    assert axe() == []

    expect(carla.get_by_text("1 scheda riservata è stata aperta con un motivo")).to_be_visible()
    carla.get_by_role("link", name="Guarda").click()
    expect(carla.get_by_text("serve sapere come entrare")).to_be_visible()
    carla.get_by_role("button", name="L’ho vista").click()
    expect(carla.get_by_text("è stata aperta con un motivo")).to_have_count(0)

    with db.transaction() as session:
        unusual_reports.report_next(session)
    page.context.clear_cookies()
    sign_in(page, "aldo")
    told = page.get_by_text("C’è un rapporto settimanale delle letture insolite da leggere")
    expect(told).to_be_visible()
    assert axe() == []
    page.get_by_role("link", name="Apri il rapporto").click()
    expect(page.get_by_text("nessuna domanda da porre")).to_be_visible()
    expect(told).to_have_count(0)
    for address in ("/revisione?q=vera", f"/persone/{hidden}/accessi", "/revisione/letture"):
        page.goto(address)
        expect(page.locator("td", has_text="Anna Riva").first).to_be_visible()
        assert (address, axe()) == (address, [])
    for address in ("/privacy", "/privacy/valutazione", "/privacy/conservazione"):
        page.goto(address)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert (address, axe()) == (address, [])
