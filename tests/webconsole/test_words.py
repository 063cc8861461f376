"""Every code that a screen may show has a word."""

import pytest

from callcenter.call_states import CallState
from callcenter.call_states import Outcome as CallOutcome
from registry.journal import Event
from registry.places import AddressKind
from telecare.alarms import AlarmState
from telecare.alarms import Outcome as AlarmOutcome
from telecare.protocols.base import Kind
from telecare.triage import Lane, lane_of
from webconsole import wiring, words
from webconsole.words import ALARM_OUTCOMES, CALL_OUTCOMES, HAPPENED, KINDS, STATES


def test_every_fact_of_the_journal_has_a_word() -> None:
    assert wiring.LISTENERS is not None  # its imports know every package
    ours = {kind for kind, event in Event.kinds.items() if not event.__module__.startswith("test")}
    assert ours - set(HAPPENED) == set()


@pytest.mark.parametrize(
    ("codes", "table"),
    [
        (AlarmOutcome, ALARM_OUTCOMES),
        (CallOutcome, CALL_OUTCOMES),
        ([*AlarmState, *CallState], STATES),
        ([kind for kind in Kind if lane_of(kind) in {Lane.EMERGENCY, Lane.CONCERN}], KINDS),
        (AddressKind, words.ADDRESSES),
    ],
)
def test_every_code_has_a_word(codes: list[str], table: dict[str, str]) -> None:
    assert [code for code in codes if code not in table] == []
