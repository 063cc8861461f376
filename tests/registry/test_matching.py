"""Matching: scores that order people as a good operator would, and say why."""

from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry import matching
from registry.matching import Fact, Known, Said, Why

NAMES = st.text(alphabet="abcdefgilmnoprstuvz '", min_size=1, max_size=14)


def known(given_name: str, family_name: str, year: int | None = None, *towns: str) -> Known:
    return Known(
        person_id=uuid4(),
        names=((given_name, family_name),),
        birth_year=year,
        towns=frozenset(towns),
    )


def said(words: str, *years: int, town: str = "") -> Said:
    return Said(words=tuple(words.split()), years=frozenset(years), town=town)


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        (("rossi mario", 1941), ("rosi mario", 1941)),
        (("rosi mario", 1941), ("rsoi maroi", 1941)),
        (("rossi mario", 1941), ("rossi mario", 1942)),
        (("rossi mario", 1942), ("rossi mario", 1955)),
        (("rossi marietto", 1941), ("rossi pietro", 1941)),
    ],
)
def test_closer_scores_higher(better: tuple[str, int], worse: tuple[str, int]) -> None:
    mario = known("Mario", "Rossi", 1941)
    high, low = (matching.score(said(*each), mario).value for each in (better, worse))
    assert high > low


def test_who_has_all_the_names_said_comes_before_who_has_one() -> None:
    anna_maria, anna = known("Anna Maria", "Prova"), known("Anna", "Prova")
    both = said("prova anna maria")
    first = said("prova anna")
    assert matching.score(both, anna_maria).value > matching.score(both, anna).value
    assert matching.score(first, anna).value > matching.score(first, anna_maria).value


def test_another_name_scores_nothing() -> None:
    assert matching.score(said("rossi mario", 1941), known("Olga", "Shevchenko", 1941)).value == 0
    assert matching.score(said(""), known("", "")).value == 0


def test_a_score_says_why() -> None:
    enzo = matching.score(
        said("enzo rosi", 1941, town="borgo"), known("Vincenzo", "Rossi", 1942, "borgo")
    )
    assert enzo.why == (Why.FAMILY_ALIKE, Why.NICKNAME, Why.YEAR_NEAR, Why.PLACE)


@given(
    words=st.lists(NAMES, max_size=4), name=st.tuples(NAMES, NAMES), year=st.integers(1900, 2026)
)
def test_scores_stay_between_nothing_and_one(
    words: list[str], name: tuple[str, str], year: int
) -> None:
    asked = Said(words=tuple("".join(words).split()), years=frozenset({year}))
    assert 0 <= matching.score(asked, known(*name, year)).value <= 1


@given(
    words=st.tuples(*[st.text(alphabet="abcdeilnorst", min_size=1, max_size=9)] * 2),
    name=st.tuples(NAMES, NAMES),
)
def test_the_order_of_two_words_does_not_matter(
    words: tuple[str, str], name: tuple[str, str]
) -> None:
    somebody = known(*name, 1941)
    first, second = words
    scores = {
        round(
            max(
                matching.score(Said(words=each), somebody).value,
                matching.score(Said(words=("".join(words),)), somebody).value,
                matching.score(Said(words=("".join(words[::-1]),)), somebody).value,
            ),
            6,
        )
        for each in ((first, second), (second, first))
    }
    assert len(scores) == 1


def test_the_next_fact_to_ask_is_one_not_yet_told() -> None:
    many = matching.ABOUND + 1
    assert matching.ask_for(said("rossi"), many) is Fact.GIVEN_NAME
    assert matching.ask_for(said("rossi mario"), many) is Fact.BIRTH_YEAR
    assert matching.ask_for(said("rossi mario", 1941), many) is Fact.PLACE
    assert matching.ask_for(said("rossi mario", 1941, town="borgo"), many) is Fact.PHONE
    assert matching.ask_for(said("rossi"), matching.ABOUND) is None
