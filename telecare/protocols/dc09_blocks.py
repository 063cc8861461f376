"""The extended data of SIA DC-09 (section 5.5.1.8): where, when, in which words."""

import re

from telecare.protocols.dc09_crypto import moment

NAMES = {
    "A": "authentication",
    "C": "supervision",
    "G": "network_path",
    "H": "occurred_at",
    "I": "text",
    "J": "json",
    "L": "location",
    "M": "mac",
    "N": "network",
    "O": "building",
    "P": "programming",
    "R": "room",
    "S": "site",
    "T": "trigger",
    "V": "verification",
    "X": "longitude",
    "Y": "latitude",
    "Z": "altitude",
}
# Words for whoever answers, in the order in which they are read out.
WORDS = ("text", "location", "room", "building", "site")
_LINK = re.compile(r"https?://[^\s<>\"']{1,500}", re.IGNORECASE)
_ANGLE = re.compile(r"(\d{1,3})([NSEW])(\d{1,2}(?:\.\d+)?)")
_MINUTES = 60

Extras = list[tuple[str, str]]


def named(extras: Extras) -> dict[str, str]:
    """Blocks by what they are; a time as ISO, a link only if it is one, a key never (block K)."""
    found: dict[str, str] = {}
    for letter, value in extras:
        name = NAMES.get(letter, "")
        meant = _meant(name, value.strip())
        if name and meant:
            found.setdefault(name, meant)
    return found


def _meant(name: str, value: str) -> str:
    if name == "occurred_at":
        when = moment(value.encode("ascii", "replace"))
        return when.isoformat() if when else ""
    if name == "verification":
        return value if _LINK.fullmatch(value) else ""
    return value


def words(blocks: dict[str, str]) -> str:
    return " · ".join(blocks[name] for name in WORDS if name in blocks)


def position(extras: Extras) -> tuple[float, float] | None:
    """Latitude and longitude in degrees from the X and Y blocks (`012E34.123`), if both are."""
    found = dict(extras)
    latitude = _degrees(found.get("Y", ""), "NS", 90)
    longitude = _degrees(found.get("X", ""), "EW", 180)
    return None if latitude is None or longitude is None else (latitude, longitude)


def _degrees(text: str, letters: str, most: int) -> float | None:
    found = _ANGLE.fullmatch(text.strip())
    if found is None or found[2] not in letters or float(found[3]) >= _MINUTES:
        return None
    degrees = int(found[1]) + float(found[3]) / _MINUTES
    if degrees > most:
        return None
    return -degrees if found[2] in "SW" else degrees
