"""What a unit said, on the board: short lines with an icon, and where to go if not home."""

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from registry.places import Address
from telecare import said
from telecare.alarms import Alarm
from telecare.said import Said
from webconsole import board_people
from webconsole.dress import people_time
from webconsole.telecare_words import ROOMS
from webconsole.words import Words

LOW = 20  # per cent of a battery, from which on it is told

Line = dict[str, str]


def lines(alarm: Alarm, told: Said, home: Address | None, words: Words) -> list[Line]:
    """`icon`, `text` and perhaps `tone` (how it is dressed) and `href` of each."""
    found = [_words(told, words), _late(told, words), _position(alarm, told, home, words)]
    if told.battery is not None and told.battery < LOW:
        level = words.say("Battery of the unit: %(level)s%%", level=f"{told.battery:.0f}")
        found.append({"icon": "warning", "text": level})
    return [*(each for each in found if each), *_verification(alarm, told, words)]


def _words(told: Said, words: Words) -> Line | None:
    room = ""
    if told.room is not None:
        place = words.say("place %(code)s", code=told.room)
        room = words.of(ROOMS, str(told.room)) if str(told.room) in ROOMS else place
    sensor = words.say("sensor %(code)s", code=told.sensor) if told.sensor else ""
    if parts := [each for each in (told.text, room) if each]:
        what = " · ".join([*parts, sensor] if sensor else parts)
        return {"icon": "note", "text": words.say("The unit says: %(what)s", what=what)}
    return {"icon": "note", "tone": "muted", "text": sensor.capitalize()} if sensor else None


def _late(told: Said, words: Words) -> Line | None:
    if told.occurred_at is None:
        return None
    at = _time(told.occurred_at)
    text = words.say("It happened earlier (%(time)s), and came only now", time=at)
    return {"icon": "clock", "tone": "notice warn", "text": text}


def _position(alarm: Alarm, told: Said, home: Address | None, words: Words) -> Line | None:
    """Coordinates as every map takes them; how good and how old they are."""
    if alarm.latitude is None or alarm.longitude is None:
        return None
    text = f"{alarm.latitude:.5f}, {alarm.longitude:.5f}"
    if told.accuracy_m is not None:
        text += f" ± {told.accuracy_m:.0f} m"
    if told.position_at is not None:
        text += " · " + words.say("taken: %(time)s", time=_time(told.position_at))
    if home is not None and said.is_elsewhere(alarm, home):
        whole = words.say("Not at home: the unit says it is at %(place)s", place=text)
        return {"icon": "pin", "tone": "notice warn", "text": whole}
    return {"icon": "pin", "text": words.say("The unit says it is at %(place)s", place=text)}


def _verification(alarm: Alarm, told: Said, words: Words) -> list[Line]:
    """A link of somebody else's: its host is named, and that nobody proved who sent it."""
    host = urlsplit(told.verification).hostname
    if not host:
        return []
    text = words.say("Pictures or voices to verify: %(host)s", host=host)
    if not alarm.trusted:
        text += " · " + words.say("sent without proof of who sends")
    return [{"icon": "camera", "text": text, "href": told.verification}]


def place(alarm: Alarm, home: Address | None, words: Words) -> dict[str, Any] | None:
    """Where a team would go: to the unit when it says that it is elsewhere, else to the home."""
    if not said.is_elsewhere(alarm, home):
        return board_people.place(home)
    return {
        "street": f"{alarm.latitude:.5f}, {alarm.longitude:.5f}",
        "town": "",
        "latitude": alarm.latitude,
        "longitude": alarm.longitude,
        "label": words.say("Where the unit is"),
    }


def _time(at: datetime) -> str:
    """Hours and numbers of days, the same in every language."""
    return people_time(at, "it")
