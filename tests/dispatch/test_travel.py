"""Travel times: plausible, labelled, and never zero."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.travel import LEAST, Mode, Point, Source, metres_between, travel

CENTRALE = Point(40.8530, 14.2720)
SOCCAVO = Point(40.8440, 14.1960)

points = st.builds(Point, st.floats(-89, 89), st.floats(-180, 180))


def test_the_distance_between_two_quarters_is_right_to_the_metre() -> None:
    assert metres_between(CENTRALE, SOCCAVO) == pytest.approx(6471, abs=10)


def test_a_city_car_takes_twenty_minutes_for_six_kilometres_as_the_crow_flies() -> None:
    way = travel(CENTRALE, SOCCAVO, Mode.CITY_CAR)

    assert timedelta(minutes=19) < way.time < timedelta(minutes=22)
    assert way.source is Source.STRAIGHT_LINE


def test_walking_takes_longer_than_cycling_than_driving() -> None:
    foot, bike, car, country = (travel(CENTRALE, SOCCAVO, mode).time for mode in Mode)

    assert foot > bike > car > country


def test_next_door_still_takes_a_minute() -> None:
    assert travel(SOCCAVO, SOCCAVO, Mode.CITY_CAR).time == LEAST


@given(a=points, b=points)
def test_the_way_there_is_as_long_as_the_way_back(a: Point, b: Point) -> None:
    assert metres_between(a, b) == pytest.approx(metres_between(b, a))
    assert 0 <= metres_between(a, b) <= 20_040_000
