"""The one box taken apart: numbers, codes, years, ages and names."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry import asked

TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("rossi anna 1941", {"words": ("rossi", "anna"), "years": {1941}}),
        ("Sig.ra Anna Rossi, 84 anni", {"words": ("anna", "rossi"), "years": {1941, 1942}}),
        ("anna 84", {"words": ("anna",), "years": {1941, 1942}}),
        ("anna classe '41", {"words": ("anna",), "years": {1941}}),
        ("anna '05", {"words": ("anna",), "years": {2005}}),
        ("anna 12/03/1941", {"words": ("anna",), "years": {1941}, "born": date(1941, 3, 12)}),
        ("anna 1941-03-12", {"words": ("anna",), "years": {1941}, "born": date(1941, 3, 12)}),
        ("rossi 081 555 1941", {"words": ("rossi",), "phones": ("+390815551941",)}),
        ("0815550101 1941", {"phones": ("+390815550101",), "years": {1941}}),
        ("+44 20 7946 0018", {"phones": ("+442079460018",)}),
        ("rss mra 41a41 f839x", {"codes": ("RSSMRA41A41F839X",)}),
        ("STP 123 456 7890123", {"codes": ("STP1234567890123",)}),
        ("rossi YA-1234567", {"words": ("rossi",), "codes": ("YA1234567",)}),
        ("caso 12", {"case": 12}),
        ("pratica n. 12", {"case": 12}),
        ("#77", {"case": 77}),
        ("1234", {"case": 1234}),
        ("D'Angelo", {"words": ("dangelo",)}),
        ("31/02/1941", {"years": {1941}}),
        ("%", {}),
        ("\0", {}),
        ("²", {}),
    ],
)
def test_a_question_is_taken_apart(text: str, parts: dict[str, object]) -> None:
    read = asked.read(text, TODAY)

    for name in ("words", "years", "born", "phones", "case"):
        assert getattr(read, name) == parts.get(name, type(read)().__getattribute__(name)), name
    if "codes" in parts:
        assert read.codes == parts["codes"]


@given(st.text(max_size=300))
def test_nothing_that_can_be_written_breaks_it(text: str) -> None:
    read = asked.read(text, TODAY)
    assert len(read.words) <= asked.WORDS
    assert all(word and " " not in word for word in read.words)


@given(st.text(alphabet="0123456789 +'/.-annisig#,", max_size=40))
def test_nor_any_mix_of_numbers(text: str) -> None:
    read = asked.read(text, TODAY)
    assert read.case is None or 0 <= read.case < 10**9


@pytest.mark.parametrize(
    ("text", "slip"),
    [
        ("RSSMRA80A01H501U", None),
        ("rss mra 80a01 h501x", asked.Slip.CHECK_CHARACTER),
        ("ma", asked.Slip.SHORT),
        ("esposito", None),
        ("12", None),
    ],
)
def test_a_question_that_finds_nobody_may_show_why(text: str, slip: asked.Slip | None) -> None:
    assert asked.slip(text) == slip
