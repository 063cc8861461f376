"""Contact ID (SIA DC-05): event codes of three digits, as carried inside DC-09 and by receivers."""

import re

from telecare.protocols.base import Kind, Phase, Report

PHASES = {"1": Phase.NEW, "3": Phase.OVER, "6": Phase.STILL}

# Codes that mean something of their own; the rest follow their family below.
KINDS = {
    "100": Kind.PERSONAL,
    "101": Kind.PERSONAL,
    "102": Kind.INACTIVITY,
    "103": Kind.FALL,
    "154": Kind.WATER,
    "151": Kind.GAS,
    "152": Kind.TEMPERATURE,
    "158": Kind.TEMPERATURE,
    "159": Kind.TEMPERATURE,
    "162": Kind.GAS,
    "113": Kind.WATER,
    "137": Kind.TAMPER,
    "144": Kind.TAMPER,
    "145": Kind.TAMPER,
    "301": Kind.MAINS,
    "302": Kind.UNIT_BATTERY,
    "309": Kind.UNIT_BATTERY,
    "311": Kind.UNIT_BATTERY,
    "338": Kind.UNIT_BATTERY,
    "342": Kind.MAINS,
    "344": Kind.RADIO,
    "381": Kind.RADIO,
    "382": Kind.RADIO,
    "383": Kind.TAMPER,
    "384": Kind.PENDANT_BATTERY,
    "391": Kind.INACTIVITY,
    "406": Kind.CANCEL,
    "641": Kind.INACTIVITY,
    "654": Kind.INACTIVITY,
}

FAMILIES = (
    (110, 118, Kind.SMOKE),
    (120, 126, Kind.PERSONAL),
    (129, 140, Kind.INTRUSION),
    (141, 149, Kind.SENSOR),
    (150, 169, Kind.SYSTEM),
    (200, 206, Kind.SYSTEM),
    (300, 349, Kind.SYSTEM),
    (350, 358, Kind.LINK),
    (370, 398, Kind.SENSOR),
    (400, 466, Kind.PRESENCE),
    (500, 577, Kind.SYSTEM),
    (601, 616, Kind.TEST),
    (621, 632, Kind.SYSTEM),
)

_DATA = re.compile(
    r"^(?:#?([0-9A-Za-z]*)\|)?\s*([136])([0-9A-Fa-f]{3})[ ]?([0-9A-Fa-f]{2})[ ]?([0-9A-Fa-f]{3})"
)


def kind_of(code: str) -> Kind:
    """The kind of an event code; UNKNOWN when no table has it."""
    known = KINDS.get(code)
    if known is not None:
        return known
    if not code.isdecimal():
        return Kind.UNKNOWN
    number = int(code)
    return next((kind for low, high, kind in FAMILIES if low <= number <= high), Kind.UNKNOWN)


def read(data: str) -> tuple[str, list[Report]]:
    """The inner account and the report of an ADM-CID block such as `#1234|1101 01 003`."""
    found = _DATA.match(data)
    if found is None:
        return "", [Report(Kind.UNKNOWN, Phase.NEW, "", text=data[:200])]
    account, qualifier, code, group, zone = found.groups()
    return account or "", [Report(kind_of(code), PHASES[qualifier], code, group, zone)]
