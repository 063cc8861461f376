"""Spelling: names folded to plain letters, and what sounds the same to an Italian ear."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry import nicknames
from registry.spelling import fold, forms, parts, sound


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("D’Àngelo  Łucja", "dangelo lucja"),
        ("Олена Їжак", "olena izhak"),
        ("O'Brien-Smith", "obrien smith"),
        ("GROẞ", "gross"),
        ("Nguyễn", "nguyen"),
        ("  ", ""),
        ("'", ""),
    ],
)
def test_names_are_folded(written: str, folded: str) -> None:
    assert fold(written) == folded


@given(st.text(max_size=60))
def test_folding_twice_changes_nothing_and_leaves_words(text: str) -> None:
    folded = fold(text)
    assert fold(folded) == folded
    assert folded == folded.strip()
    assert all(character.isalnum() or character == " " for character in folded)
    sound(folded)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("chiesa", "kiesa"),
        ("bellucci", "beluci"),
        ("gnocchi", "niocchi"),
        ("puglia", "pulia"),
        ("pasquale", "pascuale"),
        ("alexandru", "alessandru"),
        ("fabrizio", "fabrisio"),
        ("wolf", "volf"),
        ("theodor", "teodor"),
        ("schiavone", "skiavone"),
        ("yussef", "iusef"),
    ],
)
def test_these_sound_alike(one: str, other: str) -> None:
    assert sound(one) == sound(other)


@pytest.mark.parametrize(
    ("one", "other"), [("rossi", "russi"), ("cara", "cera"), ("gatti", "getti")]
)
def test_and_these_do_not(one: str, other: str) -> None:
    assert sound(one) != sound(other)


def test_a_particle_belongs_to_the_name_that_follows() -> None:
    assert forms("De Luca Rossi") == ("delucarossi", "deluca", "rossi")
    assert forms("D'Angelo") == ("dangelo",)
    assert forms("Maria Grazia") == ("mariagrazia", "maria", "grazia")
    assert parts("El") == ("el",)
    assert forms("") == ("",)


def test_nicknames_go_both_ways() -> None:
    assert "vincenzo" in nicknames.others("enzo")
    assert "enzo" in nicknames.others("vincenzo")
    assert nicknames.others("toto") >= {"antonio", "salvatore"}
    assert nicknames.others("qwerty") == frozenset()
