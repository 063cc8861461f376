"""Typed is kept: an error, a lost line, a locked screen and a slow server take nothing away."""

import pytest
from playwright.sync_api import Browser, Page, expect

from registry.access import Role
from registry.kit import db
from tests.browser.conftest import QUIET, chromium
from tests.browser.console import PATIENCE, Console, sign_in
from tests.conftest import PASSWORD, somebody
from tests.stories.conftest import House

pytestmark = pytest.mark.browser
NEW = "/persone/nuova"


def type_in(page: Page) -> None:
    page.goto(NEW)
    page.fill("[name=given_name]", "Prova")
    page.fill("[name=family_name]", "Conservata")


def still_there(page: Page) -> None:
    expect(page.locator("[name=given_name]")).to_have_value("Prova")
    expect(page.locator("[name=family_name]")).to_have_value("Conservata")


def test_what_is_typed_outlives_a_reload_a_lost_line_and_the_locked_screen(anna: Console) -> None:
    page = anna.page
    type_in(page)
    page.reload()
    still_there(page)

    page.context.set_offline(True)
    page.locator("form[data-keep] [type=submit]").click()
    page.wait_for_url("chrome-error://**")
    page.context.set_offline(False)
    page.goto(NEW)
    still_there(page)

    page.locator("details.menu summary").click()
    page.get_by_role("button", name="Blocca lo schermo").click()
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("navigation")).to_be_visible()
    page.goto(NEW)
    still_there(page)


def test_a_refusal_in_between_leads_back_to_what_was_typed(house: House, anna: Console) -> None:
    page = anna.page
    type_in(page)
    page.evaluate("document.querySelector('form[data-keep] [name=csrf]').value = 'stale'")
    page.locator("form[data-keep] [type=submit]").click()
    back = page.locator("[data-back]")
    expect(back).to_be_visible()
    back.click()
    expect(page).to_have_url(f"{house.url}{NEW}")
    still_there(page)


def test_the_first_press_at_a_silent_station_is_not_lost(
    browser: Browser, house: House, anna: Console
) -> None:
    strict = [each for each in QUIET if "autoplay" not in each]
    opened = browser.browser_type.launch(executable_path=chromium(), args=strict)
    state = anna.page.context.storage_state()
    page = opened.new_page(
        base_url=house.url,
        locale="it-IT",
        storage_state=state,
        viewport={"width": 1440, "height": 2000},  # a page that scrolls would stay where it is
    )
    page.set_default_timeout(PATIENCE)
    type_in(page)
    banner = page.get_by_text("Audio non attivo")
    expect(banner).to_be_visible()

    button = page.locator("form[data-keep] [type=submit]")
    button.scroll_into_view_if_needed()
    at = button.bounding_box() or {"x": 0, "y": 0, "width": 0, "height": 0}
    page.mouse.move(at["x"] + at["width"] / 2, at["y"] + at["height"] / 2)
    page.mouse.down()
    page.wait_for_timeout(500)  # as long as a slow finger; nothing may move under it
    page.mouse.up()

    page.wait_for_url(lambda url: not url.endswith(NEW))
    opened.close()


def test_whoever_signs_in_next_finds_nothing_of_it(anna: Console) -> None:
    page = anna.page
    with db.transaction() as session:
        somebody(session, "bruno", "Bruno Costa", Role.OPERATOR)
    type_in(page)
    # Their own page goes to the sign-in by itself as soon as it asks for anything.
    page.goto("about:blank")
    page.context.clear_cookies()
    sign_in(page, "bruno")
    page.goto(NEW)
    expect(page.locator("[name=given_name]")).to_have_value("")
