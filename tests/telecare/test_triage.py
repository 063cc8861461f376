"""What a report becomes: pure decisions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telecare.protocols import contact_id, sia_codes
from telecare.protocols.base import Kind, Phase, Report
from telecare.triage import EMERGENCY, FAULTS, Becomes, Lane, lane_of, sort

KINDS_OF_FACTS = [
    ("101", "QA", Kind.PERSONAL),
    ("100", "MA", Kind.PERSONAL),
    ("120", "PA", Kind.PERSONAL),
    ("103", None, Kind.FALL),
    ("102", "NA", Kind.INACTIVITY),
    ("391", None, Kind.INACTIVITY),
    ("641", None, Kind.INACTIVITY),
    ("110", "FA", Kind.SMOKE),
    ("111", "KA", Kind.SMOKE),
    ("151", "GA", Kind.GAS),
    ("162", None, Kind.GAS),
    ("113", "WA", Kind.WATER),
    ("154", None, Kind.WATER),
    ("301", "AT", Kind.MAINS),
    ("302", "YT", Kind.UNIT_BATTERY),
    ("384", "XT", Kind.PENDANT_BATTERY),
    ("381", None, Kind.RADIO),
    ("350", "YC", Kind.LINK),
    ("601", "RX", Kind.TEST),
    ("602", "RP", Kind.TEST),
    ("406", "BC", Kind.CANCEL),
    ("400", "CL", Kind.PRESENCE),
    ("999", "??", Kind.UNKNOWN),
]


@pytest.mark.parametrize(("cid", "sia", "kind"), KINDS_OF_FACTS)
def test_codes_of_both_families_mean_the_same(cid: str, sia: str | None, kind: Kind) -> None:
    assert contact_id.kind_of(cid) is kind
    if sia is not None:
        assert sia_codes.CODES.get(sia, (Kind.UNKNOWN, None))[0] is kind


@given(st.sampled_from(Kind), st.sampled_from(Phase), st.text(max_size=4))
def test_every_report_has_a_place(kind: Kind, phase: Phase, code: str) -> None:
    sorted_ = sort(Report(kind, phase, code))
    assert sorted_.lane is lane_of(kind)
    assert sorted_.lane.letter in "ABCD"
    if sorted_.becomes is Becomes.ALARM:
        assert sorted_.lane in {Lane.EMERGENCY, Lane.CONCERN}


def test_an_unknown_code_waits_beside_the_pressed_buttons_even_as_a_restore() -> None:
    for phase in Phase:
        assert sort(Report(Kind.UNKNOWN, phase, "??")).becomes is Becomes.ALARM
    assert Kind.UNKNOWN in EMERGENCY


@pytest.mark.parametrize("kind", sorted(FAULTS))
def test_technical_signals_open_and_end_faults_and_never_ring(kind: Kind) -> None:
    assert sort(Report(kind, Phase.NEW, "")).becomes is Becomes.FAULT
    assert sort(Report(kind, Phase.STILL, "")).becomes is Becomes.FAULT
    assert sort(Report(kind, Phase.OVER, "")).becomes is Becomes.FAULT_OVER


@pytest.mark.parametrize("kind", [Kind.TEST, Kind.HEARTBEAT, Kind.PRESENCE])
def test_tests_and_heartbeats_are_kept_and_nothing_more(kind: Kind) -> None:
    assert {sort(Report(kind, phase, "")).becomes for phase in Phase} == {Becomes.KEPT}


def test_a_restore_of_an_alarm_marks_it_and_a_still_raises_it_again() -> None:
    assert sort(Report(Kind.PERSONAL, Phase.OVER, "101")).becomes is Becomes.CALLED_OFF
    assert sort(Report(Kind.PERSONAL, Phase.STILL, "101")).becomes is Becomes.ALARM
    assert sort(Report(Kind.CANCEL, Phase.NEW, "406")).becomes is Becomes.CALLED_OFF


def test_a_block_that_is_no_event_is_an_unknown_report() -> None:
    for reading in (contact_id.read("#1234|hello"), sia_codes.read("#1234|"), sia_codes.read("")):
        assert [report.kind for report in reading[1]] == [Kind.UNKNOWN]


@pytest.mark.parametrize(
    ("block", "events"),
    [
        ("Nri1/BA501|Nri2/FA002", [("BA", "501", "1"), ("FA", "002", "2")]),
        ("NNA001", [("NA", "001", "")]),
        ("NA001", [("NA", "001", "")]),
        ("Nri1/MA001|NA002", [("MA", "001", "1"), ("NA", "002", "1")]),
        ("Nri1CL0^VX|A/B^", [("CL", "0", "1")]),
        ("Nti12:30:15/id99/pi7/QA1", [("QA", "1", "")]),
        ("Nri0A/BA3", [("BA", "3", "0A")]),
        ("OBA501", [("BA", "501", "")]),
    ],
)
def test_sia_blocks_with_modifiers_and_bars(block: str, events: list[tuple[str, str, str]]) -> None:
    found = sia_codes.events(block)
    assert [(code, address, held.get("ri", "")) for code, address, _, held in found] == events
