"""The kit: phones, keys, limits and states."""

from datetime import timedelta

import pytest
import time_machine
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from registry.case_states import STEPS, CaseState
from registry.cases import Case
from registry.kit import clock, crypto, limits
from registry.kit.errors import Invalid, Problem, TooMany, WrongState
from registry.kit.phone import e164, e164_or_none, spoken
from registry.kit.settings import settings
from registry.kit.states import move

EVERY = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("said", "stored"),
    [("081 555 0101", "+390815550101"), ("+44 20 7946 0000", "+442079460000")],
)
def test_a_number_has_one_form(said: str, stored: str) -> None:
    assert e164(said) == stored
    assert e164(spoken(stored)) == stored


@given(st.text(max_size=40))
def test_no_text_breaks_the_reading_of_numbers(said: str) -> None:
    number = e164_or_none(said)
    assert number is None or number.startswith("+")


@pytest.mark.parametrize("said", ["", "anonymous", "12"])
def test_a_withheld_number_is_none(said: str) -> None:
    assert e164_or_none(said) is None


@pytest.mark.usefixtures("_database")
def test_a_sealed_value_opens_only_where_it_belongs() -> None:
    stored = crypto.seal(b"\x01\x02", "devices.key")
    assert crypto.unseal(stored, "devices.key") == b"\x01\x02"
    with pytest.raises(InvalidTag):
        crypto.unseal(stored, "people.note")
    for position in range(1, len(stored)):
        bent = bytearray(stored)
        bent[position] ^= 1
        with pytest.raises(InvalidTag):
            crypto.unseal(bytes(bent), "devices.key")


@pytest.mark.usefixtures("_database")
def test_a_key_file_is_made_once_and_is_ours_alone() -> None:
    first = crypto.key_file("once.key")
    assert crypto.key_file("once.key") == first
    assert (settings().keys / "once.key").stat().st_mode & 0o077 == 0


def test_a_limit_lets_a_burst_through_and_then_one_at_a_time(session: Session) -> None:
    start = clock.now()
    with time_machine.travel(start, tick=False):
        for _ in range(3):
            limits.take(session, "door", every=EVERY, burst=3)
        with pytest.raises(TooMany) as refused:
            limits.take(session, "door", every=EVERY, burst=3)
        assert refused.value.retry_after == pytest.approx(1)
        limits.take(session, "other door", every=EVERY, burst=3)
    with time_machine.travel(start + EVERY, tick=False):
        limits.take(session, "door", every=EVERY, burst=3)
        limits.forget(session, "door")
        session.flush()
        session.expire_all()
        limits.take(session, "door", every=EVERY, burst=1)


@given(st.lists(st.sampled_from(CaseState)))
def test_a_state_changes_only_along_its_table(path: list[CaseState]) -> None:
    case = Case(state=CaseState.OPEN)
    for to in path:
        before = case.state
        if to in STEPS[before]:
            move(case, to, STEPS)
            assert case.state is to
        else:
            with pytest.raises(WrongState, match="Case is"):
                move(case, to, STEPS)
            assert case.state is before


def test_a_problem_says_its_sentence_with_its_facts() -> None:
    assert str(Problem("100% sure")) == "100% sure"
    assert str(Invalid("“%(text)s” is not a phone number", text="x")) == "“x” is not a phone number"
