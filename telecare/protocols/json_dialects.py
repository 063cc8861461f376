"""JSON of devices that cannot be taught ours: their names for the same things, put into our own.

Wearables and gateways are sold with the words of their maker inside. What is not said in our
words, and can be told for certain, is translated; the object as it came is what is stored.
"""

from collections.abc import Mapping
from typing import Any

# What a field is called elsewhere, and what its values mean to us.
NAMES: Mapping[str, tuple[str, ...]] = {
    "at": ("timestamp", "time"),
    "battery": ("batteryLevel", "battery_level"),
    "position": ("location", "gps"),
    "id": ("eventId", "event_id", "messageId"),
}
SAID_BY = ("sensor", "event", "eventType", "event_type", "alarm")
KINDS: Mapping[str, str] = {
    "sos": "personal",
    "panic": "personal",
    "button": "personal",
    "help": "personal",
    "fall": "fall",
    "fall_detected": "fall",
    "wandering": "wandering",
    "geofence": "wandering",
    "inactivity": "inactivity",
    "smoke": "smoke",
    "gas": "gas",
    "water": "water",
    "flood": "water",
    "medication": "medication",
    "low_battery": "unit_battery",
    "battery_low": "unit_battery",
    "heartbeat": "heartbeat",
    "alive": "heartbeat",
    "test": "test",
    "cancel": "cancel",
}
DEGREES: Mapping[str, tuple[str, ...]] = {
    "latitude": ("lat",),
    "longitude": ("lon", "lng", "long"),
    "accuracy_m": ("accuracy", "acc"),
}


def ours(said: dict[str, Any]) -> dict[str, Any]:
    """The same in our words; an object that has a `kind` is in them already.

    A sender without ids has a moment for each event: it is the id then. A word for what happened
    that nobody knows stays as it is, and is an alarm of unknown kind.
    """
    event = next((said[name] for name in SAID_BY if isinstance(said.get(name), str)), None)
    if said.get("kind") is not None or event is None:
        return said
    found = said | {name: _first(said, (name, *others)) for name, others in NAMES.items()}
    word = event.strip().lower().replace(" ", "_").replace("-", "_")
    found |= {"kind": KINDS.get(word, event), "code": said.get("code", event)}
    if isinstance(found["position"], dict):
        found["position"] = _degrees(found["position"])
    if found["id"] is None and isinstance(found["at"], str):
        found["id"] = f"{word[:20]}@{found['at']}"
    return {name: value for name, value in found.items() if value is not None}


def _first(said: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((said[name] for name in names if said.get(name) is not None), None)


def _degrees(position: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: _first(position, (name, *others)) for name, others in DEGREES.items()}
    return {**position, **{name: value for name, value in found.items() if value is not None}}
