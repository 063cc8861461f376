"""How long a team needs to get there: an estimate that says where it comes from."""

import math
from datetime import timedelta
from enum import StrEnum
from typing import NamedTuple

EARTH_RADIUS_M = 6_371_008.8
NORTHMOST, EASTMOST = 90.0, 180.0
# Streets are longer than the straight line by about this much; published values: 1.2 to 1.3.
DETOUR = 1.3
# Getting ready and finding the door take time even next door.
LEAST = timedelta(minutes=1)


class Mode(StrEnum):
    """How a team moves."""

    FOOT = "foot"
    BIKE = "bike"
    CITY_CAR = "city_car"
    COUNTRY_CAR = "country_car"


# km/h
SPEED = {Mode.FOOT: 4.5, Mode.BIKE: 15.0, Mode.CITY_CAR: 25.0, Mode.COUNTRY_CAR: 50.0}


class Source(StrEnum):
    """Where a travel time comes from: shown beside it, lest a guess be taken for a promise."""

    STRAIGHT_LINE = "straight_line"


class Point(NamedTuple):
    """Degrees, WGS 84."""

    latitude: float
    longitude: float

    @property
    def on_earth(self) -> bool:
        return abs(self.latitude) <= NORTHMOST and abs(self.longitude) <= EASTMOST


class Travel(NamedTuple):
    """A way: how long it takes, how far it is as the crow flies (metres), and who says so."""

    time: timedelta
    metres: float
    source: Source


def metres_between(a: Point, b: Point) -> float:
    """Great-circle distance in metres (haversine)."""
    phi_a, phi_b = math.radians(a.latitude), math.radians(b.latitude)
    half_phi = (phi_b - phi_a) / 2
    half_lambda = math.radians(b.longitude - a.longitude) / 2
    chord = math.sin(half_phi) ** 2 + math.cos(phi_a) * math.cos(phi_b) * math.sin(half_lambda) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(min(1.0, math.sqrt(chord)))


def travel(origin: Point, destination: Point, mode: Mode) -> Travel:
    """The way from one point to another, estimated without a road map."""
    metres = metres_between(origin, destination)
    hours = metres * DETOUR / 1000 / SPEED[mode]
    return Travel(max(LEAST, timedelta(hours=hours)), metres, Source.STRAIGHT_LINE)
