"""The administrator at work, and somebody's first way in, walked in a browser."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from callcenter.carriers.simulated_town import Town
from registry.access import Role
from registry.kit import db
from tests.browser.console import sign_in
from tests.conftest import somebody

pytestmark = pytest.mark.browser

Findings = Callable[[], list[str]]
CHOSEN = "tre papere nello stagno"


def test_from_a_new_colleague_to_their_first_call_and_out(
    page: Page, town: Town, axe: Findings
) -> None:
    assert town.url
    with db.transaction() as session:
        somebody(session, "ada", "Ada Facsimile", Role.ADMINISTRATOR)
    sign_in(page, "ada")
    expect(page.get_by_role("heading", name="Personale")).to_be_visible()
    expect(page.get_by_text("Audio non attivo")).to_have_count(0)
    assert axe() == []
    page.get_by_role("link", name="Aggiungi una persona").click()
    page.get_by_label("Nome e cognome").fill("Rosa Esempio")
    page.get_by_label("Nome utente").fill("rosa")
    page.get_by_label("Operatore").check()
    assert axe() == []
    page.get_by_role("button", name="Aggiungi e crea il codice").click()
    code = page.locator("#code").inner_text()
    assert axe() == []

    rosa = page.context.browser.new_context(base_url=page.url, locale="it-IT")  # type: ignore[union-attr]
    hers = rosa.new_page()
    hers.goto("/primo-accesso")
    hers.get_by_label("Nome utente").fill("rosa")
    hers.get_by_label("Codice").fill(code)
    hers.get_by_label("Nuova password").fill(CHOSEN)
    hers.get_by_role("button", name="Usa questa password").click()
    hers.get_by_label("Nome utente").fill("rosa")
    hers.get_by_label("Password").fill(CHOSEN)
    hers.keyboard.press("Enter")
    expect(hers.get_by_role("heading", name="Chi e dove")).to_be_visible()

    page.get_by_role("link", name="Personale").click()
    page.get_by_role("link", name="Rosa Esempio").click()
    expect(page.get_by_text("Chrome, Linux")).to_be_visible()
    page.get_by_role("button", name="Chiudi l’accesso").click()
    expect(hers).to_have_url(re.compile("/entra"), timeout=5_000)
    rosa.close()


def test_own_sessions_have_no_fault_that_axe_finds(page: Page, town: Town, axe: Findings) -> None:
    assert town.url
    sign_in(page, "anna")
    page.goto("/sessioni")
    expect(page.get_by_text("questo schermo")).to_be_visible()
    assert axe() == []
