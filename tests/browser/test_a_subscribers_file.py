"""The file of a subscriber by keyboard: the way in with a reason, a contact more, an absence."""

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from callcenter.carriers.simulated_town import Town
from registry.journal import Entry
from registry.kit import db
from registry.people import Person
from telecare import subscribers
from tests.browser.console import Console

pytestmark = pytest.mark.browser
SAFE = "cassetta accanto al portone, codice 0000"


def test_the_file_of_a_subscriber(anna: Console, town: Town) -> None:
    assert town.url
    with db.transaction() as session:
        maria = session.scalars(select(Person.id)).one()
        subscribers.write(session, maria, way_in=SAFE)
    anna.page.goto("/teleassistenza?q=prova")
    anna.page.get_by_role("link", name="Maria Prova").press("Enter")

    anna.reads("Perché le serve?")
    expect(anna.page.get_by_text(SAFE)).to_have_count(0)
    anna.tab_to("#why")
    anna.press("Tab")
    anna.press("Enter")
    anna.reads(SAFE)
    anna.reads("chiavi dalla vicina")

    anna.page.get_by_text("Aggiungi un contatto").press("Enter")
    anna.tab_to("#new-name")
    anna.type("Vera Campione")
    anna.press("Tab")
    anna.type("non lo so")
    anna.press("Enter")
    anna.reads("non è un numero di telefono")
    expect(anna.page.locator("#new-name")).to_have_value("Vera Campione")
    anna.page.locator("#new-phone").fill("081 555 0166")
    anna.press("Enter")
    expect(anna.page.locator(".rungs > li")).to_have_count(2)
    expect(anna.page.get_by_role("status")).to_have_text("collegato")

    anna.page.get_by_text("Annota un’assenza").press("Enter")
    anna.tab_to("#away-reason")
    anna.page.locator("form[data-post$=absences] button").press("Enter")
    anna.reads("Un allarme da questa casa si prende lo stesso")

    with db.transaction() as session:
        shown = select(Entry.facts).where(Entry.kind == "telecare.way_in_shown")
        assert [each["why"] for each in session.scalars(shown)] == ["welfare_check"]
