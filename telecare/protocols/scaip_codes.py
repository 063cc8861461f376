"""What SCAIP's device types and status codes mean, compared as numbers."""

from functools import lru_cache

from telecare.protocols.base import Kind, Phase

# `dty`: what has sent the message.
DEVICES: dict[int, tuple[Kind, str]] = {
    1: (Kind.PERSONAL, "controller"),
    2: (Kind.PERSONAL, "local unit and controller"),
    3: (Kind.PERSONAL, "personal trigger / pendant"),
    4: (Kind.PERSONAL, "fixed trigger"),
    5: (Kind.FALL, "fall detector"),
    6: (Kind.PERSONAL, "personal attack"),
    7: (Kind.PERSONAL, "panic"),
    10: (Kind.INACTIVITY, "activity"),
    11: (Kind.MEDICATION, "pill dispenser"),
    12: (Kind.INACTIVITY, "bed"),
    13: (Kind.INACTIVITY, "mat"),
    14: (Kind.WANDERING, "door"),
    15: (Kind.WANDERING, "wandering"),
    16: (Kind.PERSONAL, "enuresis"),
    17: (Kind.PERSONAL, "epilepsy"),
    18: (Kind.INACTIVITY, "occupancy"),
    19: (Kind.PERSONAL, "heart rate"),
    20: (Kind.TEMPERATURE, "environment"),
    21: (Kind.GAS, "gas"),
    23: (Kind.SMOKE, "smoke"),
    25: (Kind.SMOKE, "heat"),
    26: (Kind.GAS, "carbon monoxide"),
    27: (Kind.PERSONAL, "bogus caller"),
    28: (Kind.INTRUSION, "intruder"),
    29: (Kind.WANDERING, "boundary"),
    30: (Kind.FALL, "man-down"),
    31: (Kind.SYSTEM, "system"),
    32: (Kind.LINK, "link"),
    33: (Kind.WATER, "flood"),
    34: (Kind.WATER, "bath"),
    35: (Kind.INTRUSION, "latch key"),
    38: (Kind.TAMPER, "tamper"),
    41: (Kind.MAINS, "power"),
    45: (Kind.PERSONAL, "controller"),
    48: (Kind.PERSONAL, "local unit"),
    51: (Kind.PERSONAL, "tracker"),
}
# The unit itself, as against what is worn or fixed in the rooms.
UNITS = frozenset({1, 2, 31, 32, 41, 45, 48})

AUTOMATIC, MANUAL, NORMAL, MALFUNCTION = 9, 10, 70, 67
BATTERY = {14: Phase.NEW, 15: Phase.OVER, 16: Phase.NEW}

# `stc`: what has happened, where that alone decides.
STATES: dict[int, tuple[Kind, Phase]] = {
    19: (Kind.CANCEL, Phase.NEW),
    **dict.fromkeys(range(23, 28), (Kind.LINK, Phase.NEW)),
    81: (Kind.MEDICATION, Phase.NEW),
    85: (Kind.MAINS, Phase.NEW),
    86: (Kind.MAINS, Phase.OVER),
    87: (Kind.PRESENCE, Phase.NEW),
    88: (Kind.PRESENCE, Phase.NEW),
    92: (Kind.CANCEL, Phase.NEW),
    93: (Kind.CANCEL, Phase.NEW),
    102: (Kind.TEST, Phase.NEW),
    103: (Kind.TEST, Phase.NEW),
    110: (Kind.PERSONAL, Phase.NEW),
    111: (Kind.PRESENCE, Phase.OVER),
    **dict.fromkeys(range(112, 117), (Kind.LINK, Phase.OVER)),
    121: (Kind.PRESENCE, Phase.NEW),
    123: (Kind.RADIO, Phase.NEW),
    124: (Kind.RADIO, Phase.OVER),
    125: (Kind.TAMPER, Phase.NEW),
}
CLEARED_BY_NORMAL = frozenset({Kind.SMOKE, Kind.GAS, Kind.WATER, Kind.TEMPERATURE, Kind.TAMPER})
# Pressed by hand on a sensor of these it is what the sensor is for; on any other, a call for help.
GRAVE = frozenset({Kind.FALL, Kind.SMOKE, Kind.GAS})

STATUS_NAMES = {
    9: "automatic alarm",
    10: "manual alarm",
    14: "battery failed",
    15: "battery ok",
    16: "battery low",
    19: "cancel",
    **dict.fromkeys(range(23, 28), "link failure"),
    67: "malfunction",
    70: "normal",
    81: "pill not taken",
    85: "mains lost",
    86: "mains restored",
    87: "carer present, planned",
    88: "carer present, on alarm",
    92: "reset, automatic",
    93: "reset, manual",
    102: "test transmission, primary path",
    103: "test transmission, redundant path",
    110: "assistance",
    111: "intervention completed",
    112: "IP link re-established",
    **dict.fromkeys(range(113, 117), "link restored"),
    121: "present",
    123: "radio test missing",
    124: "radio test back",
    125: "tamper",
}


@lru_cache(maxsize=4096)
def number(code: str) -> int | None:
    """`2`, `02` and `0002` are one code; None for what is no number."""
    code = code.strip()
    return int(code) if code.isascii() and code.isdecimal() and len(code) <= 9 else None  # noqa: PLR2004 - longer is no code


def meaning(device: int | None, status: int | None) -> tuple[Kind, Phase]:
    """What a message of type ME says. Never drops anything: what no table has is unknown."""
    kind = DEVICES[device][0] if device in DEVICES else Kind.UNKNOWN
    if status is None or status == AUTOMATIC:
        return kind, Phase.NEW
    if status == MANUAL:
        return (kind if kind in GRAVE else Kind.PERSONAL), Phase.NEW
    if status in STATES:
        return STATES[status]
    unit = device is None or device in UNITS
    if status in BATTERY:
        return (Kind.UNIT_BATTERY if unit else Kind.PENDANT_BATTERY), BATTERY[status]
    part = Kind.SYSTEM if unit else Kind.SENSOR
    if status == NORMAL:
        # A pendant that is well again does not take a press back; a room without smoke does.
        return (kind if kind in CLEARED_BY_NORMAL else part), Phase.OVER
    return (part if status == MALFUNCTION else Kind.UNKNOWN), Phase.NEW
