"""A caller who already has a file: the console shows it before a second one is made."""

import pytest
from playwright.sync_api import expect
from sqlalchemy import func, select

from callcenter.carriers.simulated_town import Town
from registry import not_same, people
from registry.kit import db
from registry.people import Person
from tests.browser.conftest import LINE
from tests.browser.console import Console

pytestmark = pytest.mark.browser


def test_a_second_file_is_made_only_for_somebody_else(anna: Console, town: Town) -> None:
    with db.transaction() as session:
        known = people.create(
            session, given_name="Gelsomina", family_name="Inventatissima", birth_year=1941
        ).id

    town.ring(from_="+393335550178", to=LINE)
    anna.reads("Una chiamata per Lei")
    anna.press("Enter")
    anna.reads("Riaggancia")
    anna.tab_to("#given")
    anna.type("Gelsomina")
    anna.press("Tab")
    anna.type("Inventatissima")
    anna.press("Enter")

    anna.reads("Forse c’è già una scheda")
    expect(anna.page.get_by_role("button", name="Gelsomina Inventatissima, 1941")).to_be_visible()
    anna.page.get_by_role("button", name="È un’altra persona").press("Enter")
    expect(anna.page.locator(".held-title h1")).to_have_text("Gelsomina Inventatissima")

    with db.transaction() as session:
        same_name = select(func.count()).where(Person.family_name == "Inventatissima")
        assert session.scalar(same_name) == 2
        assert len(not_same.told_apart(session, known)) == 1
