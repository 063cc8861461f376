"""The one reader of time: everything else asks here, so that tests can move it."""

from datetime import UTC, datetime


def now() -> datetime:
    """The present moment, in UTC, with its time zone."""
    return datetime.now(UTC)
