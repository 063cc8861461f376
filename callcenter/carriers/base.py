"""What Centrale asks of whoever carries its calls: the port, in plain words and plain data."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID


class CarrierError(Exception):
    """The carrier did not do what we asked; the subclass says what may be done next."""


class TryAgain(CarrierError):  # noqa: N818 - the name is what the reader does
    """It surely was not done (no connection, too many requests): asking again is safe."""


class MaybeDone(CarrierError):  # noqa: N818
    """Nobody knows whether it was done (time-out, 5xx): ask the carrier before anything else."""


class Refused(CarrierError):  # noqa: N818
    """It was not done and will not be; `code` is the carrier's number for the reason."""

    def __init__(self, message: str, *, code: int = 0, status: int = 0) -> None:
        super().__init__(message)
        self.code = code
        self.status = status

    @property
    def gone(self) -> bool:
        """What we spoke of is no longer there: the call has ended, the queue was left."""
        return self.status == NOT_THERE or self.code in NO_LONGER_LIVE


NOT_THERE = 404
# Twilio: call not in progress (21220), resource not found (20404).
NO_LONGER_LIVE = {20404, 21220}


class LegState(StrEnum):
    """How far one leg of a call has come, in the carrier's words."""

    QUEUED = "queued"
    INITIATED = "initiated"
    RINGING = "ringing"
    IN_PROGRESS = "in-progress"
    COMPLETED = "completed"
    BUSY = "busy"
    FAILED = "failed"
    NO_ANSWER = "no-answer"
    CANCELED = "canceled"

    @property
    def rank(self) -> int:
        """Grows along the life of a leg: news of a lower rank than the last came late."""
        return RANKS[self]

    @property
    def over(self) -> bool:
        return self.rank == OVER


OVER = 3
RANKS = {
    LegState.QUEUED: 0,
    LegState.INITIATED: 0,
    LegState.RINGING: 1,
    LegState.IN_PROGRESS: 2,
    LegState.COMPLETED: OVER,
    LegState.BUSY: OVER,
    LegState.FAILED: OVER,
    LegState.NO_ANSWER: OVER,
    LegState.CANCELED: OVER,
}


@dataclass(frozen=True, kw_only=True)
class CarrierLeg:
    """What the carrier says of one leg."""

    sid: str
    state: LegState
    to: str
    from_: str
    started_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Softphone:
    """What a browser needs to be a telephone; `token` is empty with the built-in carrier."""

    mode: str
    identity: str
    token: str = ""
    edge: str | None = None
    seconds: int = 0


class Carrier(Protocol):
    """Every verb may raise TryAgain, MaybeDone or Refused; none is called inside a transaction.

    `call_id` is ours and travels in the callback addresses; `sid` is the carrier's. Numbers are
    E.164. Paths such as "/twilio/voice/connect" are relative to the public address.
    """

    def place(self, call_id: UUID, *, to: str, from_: str) -> str:
        """Ring a number; the answer to it is asked of us. Returns the sid of the leg."""

    def add(self, conference_sid: str, call_id: UUID, *, to: str, from_: str, label: str) -> str:
        """Ring a third party straight into a conference. Returns the sid of its leg."""

    def pull(self, call_id: UUID, *, sid: str, queue_sid: str | None) -> None:
        """Take a waiting caller out of the queue and into the conference of the call."""

    def requeue(self, call_id: UUID, *, sid: str) -> None:
        """Let somebody who lost their operator wait again, at their old place."""

    def hang_up(self, sid: str) -> None:
        """End one leg. One that has already ended is no error."""

    def end_conference(self, conference_sid: str) -> None:
        """End it for everybody. One that has already ended is no error."""

    def hold(self, conference_sid: str, sid: str, *, on: bool) -> None: ...

    def announce(self, conference_sid: str, call_id: UUID) -> None: ...

    def press(self, conference_sid: str, tones_id: UUID, *, sid: str) -> None:
        """Press keys on one leg of a conference; which ones, is asked of us."""

    def farewell(self, call_id: UUID, *, sid: str) -> None:
        """Press the last keys of the call on this leg, then end it: the document is ours."""

    def send_text(self, text_id: UUID, *, to: str, from_: str, body: str) -> str: ...

    def look(self, sid: str) -> CarrierLeg | None:
        """What became of a leg; None when the carrier does not know it."""

    def find(self, *, to: str, from_: str, since: datetime) -> Sequence[CarrierLeg]:
        """Legs we may have placed without hearing of it: for the time after a crash."""

    def softphone(self, identity: str) -> Softphone: ...
