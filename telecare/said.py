"""What a unit said besides the alarm: in which words, from where, when it was, what to see."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from dispatch.travel import Point, metres_between
from registry.places import Address
from telecare.alarms import Alarm
from telecare.devices import JSON, SCAIP
from telecare.protocols.scaip_codes import number
from telecare.signals import Signal

# What happened longer ago than this was held back on its way: whoever answers has to know.
LATE = timedelta(minutes=2)
# Farther than this from the home, the person is not at home.
ELSEWHERE = 300.0  # metres


@dataclass(frozen=True, kw_only=True)
class Said:
    """`room` is a location code of SCAIP (`lco`); `sensor` the zone, as the unit numbers it."""

    text: str = ""
    room: int | None = None
    sensor: str = ""
    # When it was, if that is longer ago than its arrival.
    occurred_at: datetime | None = None
    position_at: datetime | None = None
    accuracy_m: float | None = None
    battery: float | None = None
    # A picture or a voice to be looked at elsewhere (block V of DC-09).
    verification: str = ""


def of_alarm(session: Session, alarm: Alarm) -> Said:
    """From the frame that raised it."""
    signal = session.get(Signal, alarm.signal_id)
    return Said() if signal is None else read(signal, alarm.position)


def read(signal: Signal, position: int) -> Said:
    """Each protocol has names of its own for the same things."""
    decoded = signal.decoded
    reports: list[dict[str, str]] = decoded.get("reports", [])
    report = reports[position] if position < len(reports) else {}
    facts = dict(decoded.get("extras", ())) | decoded.get("blocks", {})
    occurred = facts.get("occurred_at")
    if signal.protocol == JSON:
        occurred = decoded.get("sent_at")
    occurred_at = _moment(occurred)
    late = occurred_at is not None and signal.arrived_at - occurred_at > LATE
    return Said(
        text=report.get("text", ""),
        room=number(report.get("area", "")) if signal.protocol == SCAIP else None,
        sensor=report.get("zone", "").strip("0") and report["zone"],
        occurred_at=occurred_at if late else None,
        position_at=_moment(facts.get("position_at") or facts.get("lge.tim")),
        accuracy_m=_figure(facts.get("accuracy_m")),
        battery=_figure(facts.get("battery")),
        verification=facts.get("verification", ""),
    )


def is_elsewhere(alarm: Alarm, home: Address | None) -> bool:
    """Whether the unit says that it is not at home; where home is unknown, only it can tell."""
    if alarm.latitude is None or alarm.longitude is None:
        return False
    if home is None or home.latitude is None or home.longitude is None:
        return home is None
    here = Point(alarm.latitude, alarm.longitude)
    return metres_between(here, Point(home.latitude, home.longitude)) > ELSEWHERE


def _moment(written: Any) -> datetime | None:
    try:
        at = datetime.fromisoformat(written) if isinstance(written, str) else None
    except ValueError:
        return None
    return at if at is not None and at.tzinfo is not None else None


def _figure(written: Any) -> float | None:
    try:
        return float(written)
    except (TypeError, ValueError):
        return None
