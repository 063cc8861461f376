"""The administrator at work, and somebody's first way in, walked in a browser."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from callcenter.carriers.simulated_town import Town
from registry import own_ways, sessions
from registry.access import Role
from registry.kit import db
from registry.kit.errors import NotAllowed
from tests.browser.conftest import ACCOUNT
from tests.browser.console import PATIENCE, press_button, sign_in
from tests.conftest import PASSWORD, somebody
from tests.stories.conftest import House
from tests.waiting import apart

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
    expect(hers).to_have_url(re.compile("/entra"))
    rosa.close()


def test_own_sessions_have_no_fault_that_axe_finds(page: Page, town: Town, axe: Findings) -> None:
    assert town.url
    sign_in(page, "anna")
    page.goto("/sessioni")
    expect(page.get_by_text("questo schermo")).to_be_visible()
    assert axe() == []


# Each tone that is played is counted: nobody listens in a test.
COUNT_TONES = """
window.tones = 0;
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (...when) {
  window.tones += 1;
  return start.apply(this, when);
};
"""


def test_a_locked_screen_sounds_what_waits_and_names_nobody(
    page: Page, town: Town, house: House
) -> None:
    """What waited before the lock, and what comes after it."""
    page.add_init_script(COUNT_TONES)
    sign_in(page, "anna")
    press_button(house, ACCOUNT, 41)
    expect(page.get_by_text("Maria Prova").first).to_be_visible(timeout=PATIENCE)
    page.locator("details.menu > summary").click()
    page.get_by_role("button", name="Blocca lo schermo").click()
    expect(page.get_by_text("1 allarme attende qualcuno.")).to_be_visible(timeout=PATIENCE)
    page.wait_for_function("window.tones > 0")
    assert "Maria" not in page.content()
    press_button(house, "7099", 1)
    expect(page.get_by_text("2 allarmi attendono qualcuno.")).to_be_visible(timeout=PATIENCE)


KEY = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def sees(found: Locator) -> None:
    expect(found).to_be_visible(timeout=PATIENCE)


def others_try(login: str) -> None:
    for _ in range(own_ways.OFTEN):
        with pytest.raises(NotAllowed):
            sessions.sign_in(login, "tentativo di un altro", network="203.0.113.9")


def test_a_passkey_is_made_signs_in_unlocks_and_is_revoked(
    page: Page, town: Town, axe: Findings
) -> None:
    """With Chromium's own virtual authenticator, at an address with a name."""
    assert town.url
    with db.transaction() as session:
        somebody(session, "piera", "Piera Facsimile", Role.OPERATOR)
    device = page.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    device.send("WebAuthn.addVirtualAuthenticator", {"options": KEY})
    page.goto("/entra")
    here = "/".join(page.url.split("/")[:3]).replace("127.0.0.1", "localhost")
    page.get_by_role("button", name="Entra con una passkey").click()
    expect(page.get_by_text("solo se l’indirizzo di Centrale è un nome")).to_be_visible(
        timeout=PATIENCE
    )

    page.goto(f"{here}/entra")
    page.get_by_label("Nome utente").fill("piera")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    sees(page.get_by_role("navigation"))
    page.goto(f"{here}/accesso")
    page.get_by_role("button", name="Aggiungi una passkey").click()
    sees(page.get_by_text("Scriva un nome"))
    page.get_by_label("Nome della nuova passkey").fill("Il mio telefono")
    page.get_by_role("button", name="Aggiungi una passkey").click()
    expect(page.get_by_role("button", name="Revoca Il mio telefono")).to_be_visible(
        timeout=PATIENCE
    )
    sees(page.get_by_text("Non ha codici di recupero"))
    assert axe() == []

    page.goto(f"{here}/")
    page.locator("details.menu > summary").click()
    page.get_by_role("button", name="Blocca lo schermo").click()
    sees(page.get_by_role("heading", name="Schermo bloccato"))
    page.wait_for_load_state("load")
    page.get_by_role("button", name="Usa una passkey").click()
    sees(page.get_by_role("heading", name="Chi e dove"))

    page.context.clear_cookies()
    apart(others_try, "piera")
    page.goto(f"{here}/entra?poi=/accesso")
    page.get_by_role("button", name="Entra con una passkey").click()
    sees(page.get_by_text("3 tentativi di accesso rifiutati"))
    page.get_by_role("link", name="Continua").click()
    sees(page.get_by_role("heading", name="Come accedo"))

    page.get_by_role("button", name="Revoca Il mio telefono").click()
    expect(page.get_by_role("button", name="Revoca Il mio telefono")).to_have_count(
        0, timeout=PATIENCE
    )
    page.context.clear_cookies()
    page.goto(f"{here}/entra")
    page.get_by_role("button", name="Entra con una passkey").click()
    expect(page.get_by_text("non è conosciuta qui, o è stata revocata")).to_be_visible(
        timeout=PATIENCE
    )
    assert axe() == []
