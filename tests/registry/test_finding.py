"""The gate of the search: of an invented town, who is meant is found by every kind of slip."""

from collections.abc import Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from bench.population import DAMAGES, Population, load, questions
from registry import search
from registry.access import Actor, Role
from registry.kit import db
from registry.vocabulary import Vocabulary

# The part of the questions that bring who is meant among the first ten.
RECALL = {
    "typo in both names": 0.96,
    "two typos in surname": 0.96,
    "no year": 0.95,
    "no year, typo": 0.9,
}
OTHERWISE = 0.98
ASKED = 50

EVERYBODY = Actor(staff_id=None, login="carla", name="Carla", roles=frozenset({Role.COORDINATOR}))


@pytest.fixture(scope="module")
def town(_database: None, pytestconfig: pytest.Config) -> Iterator[Population]:
    """Loaded once for all questions, with a vocabulary of its own."""
    population = Population(pytestconfig.getoption("--people"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "VOCABULARY", Vocabulary())
        with db.transaction() as session:
            load(session, population.people)
        yield population
    with db.engine().begin() as connection:
        connection.execute(text("TRUNCATE people, name_words CASCADE"))


@pytest.mark.parametrize("damage", DAMAGES)
def test_who_is_meant_is_among_the_first_ten(
    town: Population, session: Session, damage: str
) -> None:
    search.find(session, "prova prova", EVERYBODY)
    found = 0
    for said, meant in questions(town.people, DAMAGES[damage], ASKED):
        shown = search.find(session, said, EVERYBODY).persons
        found += any(
            (each.family_name, each.given_name, each.birth_year)
            == (meant.family, meant.given, meant.year)
            for each in shown
        )
    assert found / ASKED >= RECALL.get(damage, OTHERWISE), damage
