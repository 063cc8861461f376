"""What can go wrong, in words for people: a problem knows its meaning, not its status code."""

from typing import Any


class Problem(Exception):  # noqa: N818 - a problem is what we tell people, not a fault of ours
    """Something we refuse, with a sentence that says why and what to do.

    `message` is an English catalogue key; `params` fill its %(name)s places, so that the edge
    can say the same sentence in the reader's language. `more` goes into the answer as it is.
    """

    def __init__(self, message: str, *, field: str | None = None, **params: Any) -> None:
        super().__init__(message % params if params else message)
        self.message = message
        self.params = params
        self.field = field
        self.more: dict[str, Any] = {}


class NotFound(Problem):
    """There is no such thing, or the asker may not know that there is."""


class WrongState(Problem):
    """The thing is not in a state in which this can be done."""


class Conflict(Problem):
    """Somebody else changed it first."""


class Stale(Conflict):
    """What was sent was written on an older version than the one there is now."""


class NotAllowed(Problem):
    """The asker lacks the right."""


class NotSignedIn(Problem):
    """We do not know who is asking."""


class Locked(NotSignedIn):
    """We know who it is, but the screen was locked: only their password opens it."""


class Invalid(Problem):
    """A value cannot be accepted; `field` names the form field it stands in."""


class TooLarge(Invalid):
    """More was sent than is ever taken."""


class TooMany(Problem):
    """Asked too often; `retry_after` is in seconds."""

    def __init__(self, message: str, *, retry_after: float, **params: Any) -> None:
        super().__init__(message, **params)
        self.retry_after = retry_after


class Unavailable(Problem):
    """Something we depend on does not answer; trying again later may help."""
