"""One decision at a time: whoever changes calls or operators waits for their turn first.

Without it a call that arrives and an operator who becomes free in the same instant would each
look for the other before the other is there, and both would wait. The turn lasts to the end of
the transaction, some milliseconds. It is taken before any row is held; the deadlines kept by the
sweeper are held even before it, so whoever has the turn never moves or cancels those: they wake
up, look, and do nothing when they are no longer needed.
"""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

KEY = 0x63656E7472616C65  # "centrale": one lock for the whole installation


def take(session: Session) -> None:
    """Wait for the turn; a second time in the same transaction costs nothing."""
    session.execute(select(func.pg_advisory_xact_lock(KEY)))
