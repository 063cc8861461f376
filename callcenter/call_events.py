"""What can be told of a call, as facts in the journal."""

from dataclasses import dataclass
from uuid import UUID

from registry import journal


@dataclass(frozen=True, kw_only=True)
class CallOffered(journal.Event):
    call_id: UUID
    operator_id: UUID


@dataclass(frozen=True, kw_only=True)
class CallPassedOn(journal.Event):
    """Declined, expired, absent, not joined or line lost: the caller waits for the next one."""

    call_id: UUID
    operator_id: UUID
    because: str


@dataclass(frozen=True, kw_only=True)
class CallAnswered(journal.Event):
    call_id: UUID
    operator_id: UUID


@dataclass(frozen=True, kw_only=True)
class CallConnected(journal.Event):
    """The two hear each other."""

    call_id: UUID
    operator_id: UUID | None


@dataclass(frozen=True, kw_only=True)
class CallWaitsLong(journal.Event):
    call_id: UUID


@dataclass(frozen=True, kw_only=True)
class CallUncertain(journal.Event):
    """We may have rung somebody, and the carrier cannot say: a person decides."""

    call_id: UUID


@dataclass(frozen=True, kw_only=True)
class CallStillOpen(journal.Event):
    """Ended or given up by the caller, and nobody has done the rest yet."""

    call_id: UUID
    state: str


@dataclass(frozen=True, kw_only=True)
class CallArrived(journal.Event):
    call_id: UUID
    line_id: UUID


@dataclass(frozen=True, kw_only=True)
class CallPlaced(journal.Event):
    call_id: UUID
    purpose: str
    alarm_id: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class CallAbandoned(journal.Event):
    call_id: UUID
    call_back: bool


@dataclass(frozen=True, kw_only=True)
class CallEnded(journal.Event):
    call_id: UUID
    because: str
    operator_id: UUID | None
    alarm_id: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class CallClosed(journal.Event):
    call_id: UUID
    outcome: str
    alarm_id: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class CallerNamed(journal.Event):
    call_id: UUID
