"""Identifiers: only a wrong check character is refused, and some codes end."""

import hashlib
from datetime import date
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session

from registry import identifiers, people, tax_code
from registry.identifiers import IdentifierKind
from registry.kit import blind
from registry.kit.errors import Invalid
from registry.people import Person
from registry.tax_code import DIGIT_PLACES, LETTER_FOR_DIGIT, Birth, Doubt

# The example of the decree of 1976, whose person does not exist.
MARIO = "RSSMRA85T10A562S"


def variants(code: str) -> list[str]:
    """The 128 forms: each of the seven digits as itself or as its letter."""
    found = []
    for choice in product((False, True), repeat=len(DIGIT_PLACES)):
        letters = list(code[:15])
        for place, changed in zip(DIGIT_PLACES, choice, strict=True):
            if changed:
                letters[place] = LETTER_FOR_DIGIT[int(letters[place])]
        first = "".join(letters)
        found.append(first + tax_code.check_character(first))
    return found


@pytest.fixture
def nina(session: Session) -> Person:
    return people.create(session, given_name="Nina", family_name="Prova", birth_year=1941)


def test_all_128_forms_of_a_code_are_right_and_mean_the_same() -> None:
    forms = variants(MARIO)
    assert len(set(forms)) == 128
    assert forms[0] == MARIO
    for form in forms:
        assert tax_code.is_right(form)
        assert tax_code.plain(form) == MARIO
        assert tax_code.birth(form) == Birth(85, 12, 10)
        assert (Doubt.OMOCODIA in tax_code.doubts(form)) == (form != MARIO)


@given(place=st.integers(0, 14), letter=st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
def test_one_wrong_character_is_noticed_unless_it_is_worth_the_same(
    place: int, letter: str
) -> None:
    changed = MARIO[:place] + letter + MARIO[place + 1 :]
    wrong = tax_code.check_character(changed) != MARIO[15]
    if tax_code.SHAPE.fullmatch(changed):
        assert tax_code.is_right(changed) != wrong


def test_what_does_not_fit_is_a_doubt_and_no_refusal() -> None:
    fitting = tax_code.doubts(
        MARIO, given_name="Mario", family_name="Rossi", birth_date=date(1985, 12, 10)
    )
    other = tax_code.doubts(
        MARIO, given_name="Olga", family_name="Bo", birth_date=date(1985, 12, 11)
    )
    assert fitting == []
    assert other == [Doubt.SURNAME, Doubt.GIVEN_NAME, Doubt.BIRTH]
    assert tax_code.doubts("NONSENSE") == [Doubt.SHAPE]
    assert tax_code.three_letters("Gianfranco", given=True) == "GFR"
    assert tax_code.three_letters("Bo") == "BOX"


@pytest.mark.parametrize("code", ["RSSMRA85T10A562T", "12345678901"])
def test_a_wrong_check_character_is_refused(session: Session, nina: Person, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        identifiers.add(session, nina.id, kind=IdentifierKind.TAX_CODE, value=code)
    assert refused.value.field == "value"


@pytest.mark.parametrize(
    "code", [MARIO.lower(), "rss mra 85t10 a562s", variants(MARIO)[77], "00743110157", "ABC"]
)
def test_everything_else_is_kept_and_found(session: Session, nina: Person, code: str) -> None:
    identifiers.add(session, nina.id, kind=IdentifierKind.TAX_CODE, value=code)
    assert identifiers.holders(session, code) == [nina.id]


def test_stp_ends_after_six_months_and_is_renewed(session: Session, nina: Person) -> None:
    stp = identifiers.add(
        session,
        nina.id,
        kind=IdentifierKind.STP,
        value="STP 150 123 0000001",
        issuer="ASL di prova",
        valid_from=date(2026, 8, 31),
    )
    assert stp.valid_to == date(2027, 2, 28)
    assert stp.valid_on(date(2027, 2, 28))
    assert not stp.valid_on(date(2027, 3, 1))
    assert not stp.valid_on(date(2026, 8, 30))
    again = identifiers.add(
        session, nina.id, kind=IdentifierKind.STP, value=stp.value, valid_from=date(2027, 2, 1)
    )
    assert (again.id, again.valid_to) == (stp.id, date(2027, 8, 1))
    assert identifiers.of(session, nina.id) == [stp]
    assert identifiers.shape_is_known(stp.kind, stp.value)
    assert not identifiers.shape_is_known(IdentifierKind.ENI, "ENI1")
    assert identifiers.shape_is_known(IdentifierKind.PASSPORT, "YA0000001")


@pytest.mark.parametrize(
    ("value", "ends"),
    [("", None), ("--", None), ("A" * 41, None), ("X1", date(2026, 1, 1))],
)
def test_a_code_that_is_none_is_refused(
    session: Session, nina: Person, value: str, ends: date | None
) -> None:
    with pytest.raises(Invalid):
        identifiers.add(
            session,
            nina.id,
            kind=IdentifierKind.OTHER,
            value=value,
            valid_from=date(2026, 2, 1),
            valid_to=ends,
        )


def test_a_code_is_encrypted_and_found_whole_by_what_tells_nothing(session: Session) -> None:
    nina, ugo = [people.create(session, given_name=name) for name in ("Nina", "Ugo")]
    for person in (nina, ugo):
        identifiers.add(session, person.id, kind=IdentifierKind.OTHER, value="cm-77 12")
    rows = session.execute(text("SELECT value, found_by, t::text AS kept FROM identifiers t")).all()

    assert len({bytes(row.value) for row in rows}) == 2  # the same code is not the same twice
    assert len({row.found_by for row in rows}) == 1
    assert not any("CM7712" in row.kept or b"CM7712".hex() in row.kept for row in rows)
    assert identifiers.index("CM7712") == rows[0].found_by
    # Neither a digest that anybody can make, nor one that fits another column.
    assert rows[0].found_by != hashlib.sha256(b"CM7712").hexdigest()
    assert rows[0].found_by != blind.index("phones.number", "CM7712")
    assert sorted(identifiers.holders(session, "CM 77-12")) == sorted([nina.id, ugo.id])
    assert identifiers.holders(session, "CM771") == []
    session.expire_all()
    assert [each.value for each in identifiers.of(session, nina.id)] == ["CM7712"]


def test_a_code_set_right_is_found_by_what_it_is_now(session: Session) -> None:
    nina = people.create(session, given_name="Nina")
    made = identifiers.add(session, nina.id, kind=IdentifierKind.OTHER, value="CM7712")
    made.value = "CM7713"
    session.flush()
    assert identifiers.holders(session, "CM7712") == []
    assert identifiers.holders(session, "CM7713") == [nina.id]
