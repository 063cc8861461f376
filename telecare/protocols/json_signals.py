"""The JSON that apps, webhooks and MQTT devices send; `docs/signals_api.md` tells it to them."""

import json
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Any

from typing_extensions import override

from telecare.protocols import json_dialects
from telecare.protocols.base import AlarmProtocol, Cut, KeyOf, Kind, Message, Phase, Report, Verdict

NAME = "json"
LARGEST = 16 * 1024  # bytes of one signal
LONGEST_ID = 64
LONGEST_TEXT = 1000
LONGEST_WORD = 40
# An app repeats until it is answered, and that may be when the phone finds a network again.
SAME_WITHIN = timedelta(days=3)
# Signs of life have no id: one row stands for those of ten minutes.
SAME_LIFE_WITHIN = timedelta(minutes=10)

# What only we can find out is never said by a sender.
OURS = frozenset({Kind.UNREADABLE, Kind.CLOCK, Kind.SILENT, Kind.KEY, Kind.TEST_MISSED})
KINDS = tuple(kind.value for kind in Kind if kind not in OURS)

# Why a signal is refused. Everything else is taken, whatever the schema says: an alarm with a
# wrong battery level is an alarm.
NOT_JSON, NO_ID, NO_KIND, FOREIGN, TOO_LARGE = (
    "not_json",
    "no_id",
    "no_kind",
    "foreign",
    "too_large",
)
NO_SENDER = "no_sender"
REASONS = {
    NOT_JSON: "The signal is not a JSON object in UTF-8",
    NO_ID: "A signal needs an id of 1 to 64 characters, other for each event",
    NO_KIND: "A signal needs a kind",
    FOREIGN: "The account is not that of the sender",
    TOO_LARGE: "A signal has at most 16384 bytes",
    NO_SENDER: "The topic names no account of letters and digits",
}


class JsonSignals(AlarmProtocol):
    """One signal is one JSON object; the way it came says who sent it (`Cut.sender`)."""

    name = NAME

    @override
    def framer(self) -> "Whole":
        return Whole()

    @override
    def decode(self, cut: Cut, key_of: KeyOf, now: datetime) -> Message:
        """Read one object. What cannot be read may still be somebody in need."""
        account = account_of(cut.sender)
        if not account:
            return _odd("", NO_SENDER)
        said = {} if len(cut.body) > LARGEST else _object(cut.body)
        if said is None or len(cut.body) > LARGEST:
            return _odd(account, NOT_JSON if said is None else TOO_LARGE)
        said = json_dialects.ours(said)
        reference = _reference(said, cut.reference)
        report = _report(said)
        if account_of(_word(said.get("account"))) not in {"", account}:
            return _odd(account, FOREIGN, reference, report)
        if report is None:
            return _odd(account, NO_KIND, reference)
        if not reference and report.kind is not Kind.HEARTBEAT:
            return _odd(account, NO_ID, "", report)
        return _message(said, cut, account, reference, report)

    @override
    def acknowledge(self, message: Message, key_of: KeyOf, now: datetime) -> bytes:
        """The object that lets the sender forget the signal."""
        ignored = dict(message.extras).get("ignored", "")
        answer = {"type": "stored", "id": message.sequence or None, "at": now.isoformat()}
        return json.dumps(answer | ({"ignored": ignored.split(",")} if ignored else {})).encode()

    @override
    def refuse(self, message: Message, now: datetime) -> bytes | None:
        """The object that says what to mend: the same signal is never taken."""
        return json.dumps(
            {
                "type": "refused",
                "id": message.sequence or None,
                "reason": message.reason,
                "detail": REASONS.get(message.reason, message.reason),
            }
        ).encode()


def later(body: bytes, seconds: float) -> bytes:
    """The object that says: not stored, send it again after so many seconds."""
    reference = _reference(_object(body) or {}, "")
    answer = {"type": "later", "id": reference or None, "retry_after": max(1, round(seconds))}
    return json.dumps(answer).encode()


class Whole:
    """Nothing to cut: what carries these signals keeps them apart."""

    hopeless = False
    within_frame = False

    def feed(self, data: bytes) -> list[Cut]:
        return [Cut(data, data)]


def account_of(written: str) -> str:
    """An account as we file it; empty for what none can be."""
    written = written.strip().upper()
    return written if len(written) <= LONGEST_WORD and written.isalnum() else ""


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None


def _odd(account: str, reason: str, reference: str = "", report: Report | None = None) -> Message:
    """Refused; after three of those that may be a press an operator is called all the same."""
    report = report or Report(Kind.UNKNOWN, Phase.NEW, "")
    return Message(
        Verdict.ODD, account=account, sequence=reference, reports=[report], reason=reason
    )


def _reference(said: dict[str, Any], given: str) -> str:
    """The key by which a repeat is known: the id in the object, or the one of the way it came."""
    written = said.get("id", given)
    if isinstance(written, int) and not isinstance(written, bool):
        written = str(written) if abs(written) < 10**LONGEST_ID else ""
    if not isinstance(written, str) or len(written) > LONGEST_ID:
        return ""
    return clean(written).strip()


def _report(said: dict[str, Any]) -> Report | None:
    """What it says; a kind that nobody knows is one that a person has to look at."""
    written = _word(said.get("kind")).lower()
    if not written:
        return None
    kind = Kind(written) if written in KINDS else Kind.UNKNOWN
    phase = _word(said.get("phase")).lower()
    return Report(
        kind,
        Phase(phase) if phase in {each.value for each in Phase} else Phase.NEW,
        _word(said.get("code")) or written,
        area=_word(said.get("area")),
        zone=_word(said.get("zone")),
        text=_text(said.get("text")),
    )


def _message(
    said: dict[str, Any], cut: Cut, account: str, reference: str, report: Report
) -> Message:
    at, position = _moment(said.get("at")), _position(said.get("position"))
    extras = _extras(said)
    if ignored := _ignored(said, at, position):
        extras.append(("ignored", ",".join(ignored)))
    alive = report.kind is Kind.HEARTBEAT and not reference
    meaning = (reference, report.kind, report.phase, report.code, report.area, report.zone)
    return Message(
        Verdict.GOOD,
        token=report.kind.value,
        account=account,
        sequence=reference,
        data=clean(cut.body.decode("utf-8", "replace")),
        reports=[report],
        extras=extras,
        sent_at=at,
        encrypted=cut.proven,
        # Where and when it was are left out: they move while an app tries again.
        content="\x1f".join(meaning).encode(),
        same_within=SAME_LIFE_WITHIN if alive else SAME_WITHIN,
        position=position,
    )


def _extras(said: dict[str, Any]) -> list[tuple[str, str]]:
    """How good the position is and how full the battery: numbers with their names."""
    where = said.get("position")
    where = where if isinstance(where, dict) else {}
    found = {
        "accuracy_m": _number(where.get("accuracy_m"), 0, 10**7),
        "battery": _number(said.get("battery"), 0, 100),
    }
    extras = [(name, f"{value:g}") for name, value in found.items() if value is not None]
    if (at := _moment(where.get("at"))) is not None:
        extras.append(("position_at", at.isoformat()))
    return extras


def _ignored(
    said: dict[str, Any], at: datetime | None, position: tuple[float, float] | None
) -> list[str]:
    """Fields that are there and could not be used; the whole object is kept in any case."""
    read = {"at": at, "position": position, "battery": _number(said.get("battery"), 0, 100)}
    bad = [name for name, value in read.items() if said.get(name) is not None and value is None]
    if said.get("phase") is not None and said["phase"] not in [each.value for each in Phase]:
        bad.append("phase")
    return bad


def _number(value: Any, least: float, most: float) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if least <= value <= most and isfinite(value) else None


def _position(value: Any) -> tuple[float, float] | None:
    """Degrees north and east."""
    if not isinstance(value, dict):
        return None
    north = _number(value.get("latitude"), -90, 90)
    east = _number(value.get("longitude"), -180, 180)
    return None if north is None or east is None else (north, east)


def _moment(value: Any) -> datetime | None:
    """A moment with its zone; without one nobody knows when it was."""
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
        return None if at is None or at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _word(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**LONGEST_WORD:
        value = str(value)
    return clean(value)[:LONGEST_WORD].strip() if isinstance(value, str) else ""


def _text(value: Any) -> str:
    return clean(value)[:LONGEST_TEXT] if isinstance(value, str) else ""


def clean(written: str) -> str:
    """Without what no text in the archive can hold: NUL, and halves of characters."""
    return written.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
