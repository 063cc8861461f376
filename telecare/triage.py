"""What a report becomes: an alarm in a lane, an open fault, the end of one, or nothing to do."""

from dataclasses import dataclass
from enum import StrEnum

from telecare.protocols.base import Kind, Phase, Report


class Lane(StrEnum):
    """Who goes first. Technical signals never take operators one by one."""

    EMERGENCY = "emergency"
    CONCERN = "concern"
    TECHNICAL = "technical"
    ROUTINE = "routine"

    @property
    def letter(self) -> str:
        """The priority letter of the live board, A to D."""
        return _LETTERS[self]


_LETTERS = {Lane.EMERGENCY: "A", Lane.CONCERN: "B", Lane.TECHNICAL: "C", Lane.ROUTINE: "D"}


class Becomes(StrEnum):
    ALARM = "alarm"
    CALLED_OFF = "called_off"
    FAULT = "fault"
    FAULT_OVER = "fault_over"
    KEPT = "kept"


@dataclass(frozen=True, slots=True)
class Triage:
    becomes: Becomes
    lane: Lane

    @property
    def weight(self) -> int:
        """Which of several reports speaks for the frame in lists: the smallest."""
        return _WEIGHTS[self.becomes]


_WEIGHTS = {
    Becomes.ALARM: 0,
    Becomes.CALLED_OFF: 1,
    Becomes.FAULT: 2,
    Becomes.FAULT_OVER: 3,
    Becomes.KEPT: 4,
}


EMERGENCY = frozenset({Kind.PERSONAL, Kind.FALL, Kind.SMOKE, Kind.GAS, Kind.UNKNOWN})
CONCERN = frozenset(
    {
        Kind.INACTIVITY,
        Kind.WATER,
        Kind.TEMPERATURE,
        Kind.WANDERING,
        Kind.MEDICATION,
        Kind.INTRUSION,
        Kind.UNREADABLE,
    }
)
FAULTS = frozenset(
    {
        Kind.MAINS,
        Kind.UNIT_BATTERY,
        Kind.PENDANT_BATTERY,
        Kind.RADIO,
        Kind.LINK,
        Kind.SENSOR,
        Kind.TAMPER,
        Kind.SYSTEM,
        Kind.CLOCK,
        Kind.SILENT,
        Kind.KEY,
        Kind.TEST_MISSED,
        Kind.LINE_ERRORS,
    }
)


def lane_of(kind: Kind) -> Lane:
    """An unknown code waits beside the pressed buttons until somebody has looked at it."""
    if kind in EMERGENCY:
        return Lane.EMERGENCY
    if kind in CONCERN:
        return Lane.CONCERN
    return Lane.TECHNICAL if kind in FAULTS else Lane.ROUTINE


def _sorted(kind: Kind, phase: Phase) -> Triage:
    lane = lane_of(kind)
    if kind is Kind.CANCEL:
        return Triage(Becomes.CALLED_OFF, lane)
    if kind in FAULTS:
        return Triage(Becomes.FAULT_OVER if phase is Phase.OVER else Becomes.FAULT, lane)
    if lane is Lane.ROUTINE:
        return Triage(Becomes.KEPT, lane)
    if phase is Phase.OVER and kind is not Kind.UNKNOWN:
        return Triage(Becomes.CALLED_OFF, lane)
    return Triage(Becomes.ALARM, lane)


_TABLE = {(kind, phase): _sorted(kind, phase) for kind in Kind for phase in Phase}


def sort(report: Report) -> Triage:
    """What becomes of one report. A cancel or a restore never deletes: it marks the alarm."""
    return _TABLE[report.kind, report.phase]
