"""What a call can be and become, and what can come of it."""

from enum import StrEnum


class Direction(StrEnum):
    INCOMING = "incoming"
    OUTGOING = "outgoing"


class CallState(StrEnum):
    WANTED = "wanted"
    PLACING = "placing"
    UNCERTAIN = "uncertain"
    RINGING = "ringing"
    WAITING = "waiting"
    OFFERED = "offered"
    # An operator said yes and is being connected.
    ANSWERED = "answered"
    # The two hear each other.
    TALKING = "talking"
    ABANDONED = "abandoned"
    # The line is down; the outcome is still to be written.
    ENDED = "ended"
    CLOSED = "closed"


STEPS = {
    CallState.WANTED: {CallState.PLACING, CallState.ENDED},
    CallState.PLACING: {
        CallState.WANTED,
        CallState.UNCERTAIN,
        CallState.RINGING,
        CallState.ANSWERED,
        CallState.ENDED,
    },
    CallState.UNCERTAIN: {CallState.RINGING, CallState.ANSWERED, CallState.ENDED},
    CallState.RINGING: {
        CallState.WAITING,
        CallState.ANSWERED,
        CallState.ABANDONED,
        CallState.ENDED,
    },
    CallState.WAITING: {
        CallState.OFFERED,
        CallState.ANSWERED,
        CallState.ABANDONED,
        CallState.ENDED,
    },
    CallState.OFFERED: {
        CallState.WAITING,
        CallState.ANSWERED,
        CallState.ABANDONED,
        CallState.ENDED,
    },
    CallState.ANSWERED: {
        CallState.WAITING,
        CallState.TALKING,
        CallState.ABANDONED,
        CallState.ENDED,
    },
    CallState.TALKING: {CallState.WAITING, CallState.ANSWERED, CallState.ENDED},
    # Late news may show that the two did speak.
    CallState.ABANDONED: {CallState.ENDED, CallState.CLOSED},
    CallState.ENDED: {CallState.CLOSED},
    CallState.CLOSED: set[CallState](),
}
OVER = frozenset({CallState.ABANDONED, CallState.ENDED, CallState.CLOSED})
QUEUED = (CallState.WAITING, CallState.OFFERED)
HELD = (
    CallState.WANTED,
    CallState.PLACING,
    CallState.UNCERTAIN,
    CallState.RINGING,
    CallState.ANSWERED,
    CallState.TALKING,
    CallState.ENDED,
)
ON_THE_LINE = tuple(state for state in HELD if state is not CallState.ENDED)


class Outcome(StrEnum):
    """What came of a call: one is mandatory before it is closed."""

    INFORMATION = "information"
    LISTENING = "listening"
    REFERRED = "referred"
    INTERVENTION = "intervention"
    EMERGENCY = "emergency"
    CALLED_BACK = "called_back"
    TO_CALL_BACK = "to_call_back"
    REACHED = "reached"
    NOT_REACHED = "not_reached"
    SILENT = "silent"
    WRONG_NUMBER = "wrong_number"
    NUISANCE = "nuisance"
