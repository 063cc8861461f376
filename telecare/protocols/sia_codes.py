"""SIA DC-03 blocks: two-letter codes, modifiers, several events in one block."""

import re

from telecare.protocols.base import Kind, Phase, Report

# The first letter says what it is about, the second what happens to it.
SUBJECTS = {
    "B": Kind.INTRUSION,
    "F": Kind.SMOKE,
    "G": Kind.GAS,
    "H": Kind.PERSONAL,
    "K": Kind.SMOKE,
    "M": Kind.PERSONAL,
    "P": Kind.PERSONAL,
    "Q": Kind.PERSONAL,
    "W": Kind.WATER,
    "Z": Kind.TEMPERATURE,
}
HAPPENINGS = {
    "A": (None, Phase.NEW),
    "H": (None, Phase.OVER),
    "R": (None, Phase.OVER),
    "T": (Kind.SENSOR, Phase.NEW),
    "S": (Kind.SENSOR, Phase.NEW),
    "J": (Kind.SENSOR, Phase.OVER),
    "B": (Kind.SYSTEM, Phase.NEW),
    "U": (Kind.SYSTEM, Phase.OVER),
    "X": (Kind.TEST, Phase.NEW),
}


def _spread(kind: Kind, phase: Phase, codes: str) -> dict[str, tuple[Kind, Phase]]:
    return dict.fromkeys(codes.split(), (kind, phase))


CODES = (
    {
        subject + happening: (own or kind, phase)
        for subject, kind in SUBJECTS.items()
        for happening, (own, phase) in HAPPENINGS.items()
    }
    | _spread(Kind.INACTIVITY, Phase.NEW, "NA NC ND NE NM NS")
    | _spread(Kind.PERSONAL, Phase.NEW, "HA HQ JD")
    | _spread(Kind.INTRUSION, Phase.NEW, "BF BM BV DF EA BG")
    | _spread(Kind.MAINS, Phase.NEW, "AT AN UT")
    | _spread(Kind.MAINS, Phase.OVER, "AR UJ")
    | _spread(Kind.UNIT_BATTERY, Phase.NEW, "YT YM YP YI")
    | _spread(Kind.UNIT_BATTERY, Phase.OVER, "YR YQ YJ")
    | _spread(Kind.PENDANT_BATTERY, Phase.NEW, "XT XM")
    | _spread(Kind.PENDANT_BATTERY, Phase.OVER, "XR")
    | _spread(Kind.RADIO, Phase.NEW, "XL XQ XS UY XI")
    | _spread(Kind.RADIO, Phase.OVER, "XC XH XJ XK UJ")
    | _spread(Kind.LINK, Phase.NEW, "YC YS YL LT NT LS LX")
    | _spread(Kind.LINK, Phase.OVER, "YK LR NR")
    | _spread(Kind.TAMPER, Phase.NEW, "TA TT TS ES ET XE JA")
    | _spread(Kind.TAMPER, Phase.OVER, "TR TH TJ EJ ER")
    | _spread(
        Kind.SYSTEM,
        Phase.NEW,
        "YA YB YD YE YF YG YN YW YX YY YZ RB RC RD RN RO RS RU TB "
        "LB LE LU LD JK JL JN JP JR JS JT JV JX JY RR VT VZ",
    )
    | _spread(Kind.SYSTEM, Phase.OVER, "YH YV TU VR VY")
    | _spread(
        Kind.PRESENCE,
        Phase.NEW,
        "CA CD CE CF CG CI CJ CK CL CM CP CQ CR CS CT CW CZ NF NL "
        "NP OA OC OG OH OI OJ OK OP OQ OR OS OT OU OV OZ DD DG DK DO DU DV DX DY DZ",
    )
    | _spread(Kind.TEST, Phase.NEW, "RP RT RX RY RL TC TE TP TX TZ BX FX GX KX MX PX QX WX ZX")
    | _spread(Kind.CANCEL, Phase.NEW, "BC OB FC MC PC QC")
)

_SEPARATED = re.compile(r"[^/|^]*(?:\^[^^]*\^?[^/|^]*)*")
_TIME = re.compile(r"(ti|da)([0-9:.\-]+)/?")
_DECIMAL = re.compile(r"([a-z]{2})(\d{1,6})(?=/|\^|$|[a-z]{2}|[A-Z]{2})")
_HEXADECIMAL = re.compile(r"([a-z]{2})([0-9A-F]{1,6})(?=/|\^|$)")
_EVENT = re.compile(r"([A-Z]{2})([0-9A-Za-z]{0,6})(?![0-9A-Za-z])")
_PLAIN = re.compile(r"[A-Z]{2}\d*")

# An event as written: code, address, text and the modifiers in force.
Event = tuple[str, str, str, dict[str, str]]


def read(data: str) -> tuple[str, list[Report]]:
    """The inner account and the reports of an SIA-DCS block such as `#1234|Nri1/MA001/AT000`."""
    head, bar, block = data.partition("|")
    account = head.removeprefix("#").strip() if bar else ""
    found = events(block if bar else data)
    reports = [_report(*event) for event in found]
    return account, reports or [Report(Kind.UNKNOWN, Phase.NEW, "", text=data[:200])]


def events(block: str) -> list[Event]:
    """The events of a block, in order; modifiers hold until another replaces them."""
    found: list[Event] = []
    modifiers: dict[str, str] = {}
    for position, part in enumerate(_parts(block)):
        rest = _without_function(part, first=position == 0)
        rest = _take_modifiers(rest, modifiers)
        event = _EVENT.match(rest)
        if event is not None and not _is_text(rest, event):
            text = rest[event.end() :].strip("^ *'\"")
            found.append((event[1], event[2], text, dict(modifiers)))
        elif found and rest:
            code, address, text, held = found[-1]
            words = rest.removeprefix("A").strip("^ ")
            found[-1] = (code, address, f"{text} {words}".strip(), held)
    return found


def _report(code: str, address: str, text: str, modifiers: dict[str, str]) -> Report:
    kind, phase = CODES.get(code, (Kind.UNKNOWN, Phase.NEW))
    return Report(kind, phase, code, modifiers.get("ri", ""), address, text[:200])


def _parts(block: str) -> list[str]:
    """Split at / and | but not inside ^text^, and never in a time such as ti12:30."""
    parts: list[str] = []
    at = 0
    while at <= len(block):
        found = _SEPARATED.match(block, at)
        end = found.end() if found else len(block)
        parts.append(block[at:end])
        at = end + 1
    return parts


def _without_function(part: str, *, first: bool) -> str:
    """Take off the N (new) or O (old) that opens a block; codes such as NA begin so too."""
    if part[:1] not in {"N", "O"}:
        return part
    rest = part[1:]
    if rest[:2].islower() or not rest:
        return rest
    if not _EVENT.match(rest):
        return part
    return part if not first and _PLAIN.fullmatch(part) else rest


def _take_modifiers(rest: str, modifiers: dict[str, str]) -> str:
    """Read `ti19:44`, `id1`, `ri4`. A greedy reading would take the C of `ri1CL0` into the area."""
    while True:
        found = _TIME.match(rest) or _DECIMAL.match(rest) or _HEXADECIMAL.match(rest)
        if found is None:
            return rest
        modifiers[found[1]] = found[2]
        rest = rest[found.end() :].lstrip("/")


def _is_text(rest: str, event: re.Match[str]) -> bool:
    """`Atest` after a bar is the text of the event before; `AT000` is an event of its own."""
    return rest.startswith("A") and event[1] not in CODES
