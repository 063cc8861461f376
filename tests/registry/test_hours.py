"""Opening hours: read as people write them, and refused when they mean nothing."""

from datetime import datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry import hours
from registry.hours import DAYS, Span
from registry.kit.errors import Invalid


def test_days_in_a_row_and_single_days() -> None:
    read = hours.read("lun-mer 9:00-13:00; gio, sab 15.30-17")

    assert read == (
        Span(0, time(9), time(13)),
        Span(1, time(9), time(13)),
        Span(2, time(9), time(13)),
        Span(3, time(15, 30), time(17)),
        Span(5, time(15, 30), time(17)),
    )


@pytest.mark.parametrize("text", ["h24", "24/24", "Sempre"])
def test_always(text: str) -> None:
    assert len(hours.read(text)) == 7
    assert hours.is_open(text, datetime(2026, 11, 22, 3, 40))  # noqa: DTZ001 - local time


def test_a_weekend_may_go_over_the_end_of_the_week() -> None:
    assert [span.day for span in hours.read("sab-lun 8-24")] == [0, 5, 6]


def test_open_at_the_first_minute_and_closed_at_the_last() -> None:
    monday = datetime(2026, 11, 23)  # noqa: DTZ001 - local time
    assert hours.is_open("lun 9-13", monday.replace(hour=9))
    assert not hours.is_open("lun 9-13", monday.replace(hour=13))
    assert not hours.is_open("", monday)


@pytest.mark.parametrize("text", ["boh", "lun 13-9", "lun 25-26", "xyz 9-13", "lun 9:99-13", "lun"])
def test_nonsense_is_refused_beside_its_field(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        hours.read(text)
    assert refused.value.field == "hours"


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        spans = hours.read(text)
    except Invalid:
        return
    assert all(span.opens < span.closes for span in spans)


@given(
    st.lists(
        st.tuples(st.sampled_from(DAYS), st.integers(0, 11), st.integers(12, 23)),
        min_size=1,
        max_size=6,
    )
)
def test_what_is_written_is_what_is_read(parts: list[tuple[str, int, int]]) -> None:
    text = "; ".join(f"{day} {opens}:00-{closes}:30" for day, opens, closes in parts)

    assert set(hours.read(text)) == {
        Span(DAYS.index(day), time(opens), time(closes, 30)) for day, opens, closes in parts
    }
