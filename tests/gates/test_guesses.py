"""Somebody guesses at a password, from everywhere at once: one a second counts, others work on.

Full size: .venv/bin/pytest tests/gates/test_guesses.py -n0 -s --guesses 10000
"""

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from registry import sessions
from registry.access import Role
from registry.journal import Entry
from registry.kit import db
from registry.kit.errors import NotAllowed, TooMany
from registry.sessions import GUESS_EVERY, GUESSES_AT_ONCE, SignIn, SignInRefused
from tests.conftest import PASSWORD, somebody

pytestmark = pytest.mark.gate

AT_ONCE = 12  # guessers
# Seconds, on a machine with other work.
COLLEAGUE_WITHIN = 30.0


def guess(number: int) -> str:
    """One try at Anna's password; each network has its own share, and none is used up."""
    network = f"2001:db8::{number // 20:x}"
    try:
        sessions.sign_in("anna", f"tentativo inventato {number}", network=network)
    except TooMany:
        return "held up"
    except NotAllowed:
        return "compared"
    return "in"


def colleague() -> float:
    """How long Bruno waits for his own log-in meanwhile, in seconds."""
    began = time.monotonic()
    sessions.sign_in("bruno", PASSWORD, network="192.0.2.7")
    return time.monotonic() - began


@pytest.mark.usefixtures("database")
def test_a_flood_of_guesses_is_one_a_second_and_holds_up_nobody_else(
    request: pytest.FixtureRequest, record_property: Callable[[str, object], None]
) -> None:
    many = request.config.getoption("--guesses")
    with db.transaction() as session:
        somebody(session, "anna", "Anna Riva", Role.OPERATOR)
        somebody(session, "bruno", "Bruno Costa", Role.OPERATOR)
    began, waits = time.monotonic(), []
    with ThreadPoolExecutor(AT_ONCE) as guessers:
        running = [guessers.submit(guess, number) for number in range(many)]
        while not all(each.done() for each in running):
            waits.append(colleague())
        said = Counter(each.result() for each in running)
    seconds = time.monotonic() - began
    with db.transaction() as session:
        refused = select(func.count()).where(Entry.kind == SignInRefused.kind)
        compared = session.scalar(refused) or 0
        colleagues = session.scalar(select(func.count()).select_from(SignIn)) or 0
    for name, value in {"seconds": seconds, "slowest": max(waits), **said}.items():
        record_property(name, value)
        print(f"{name}: {value:.1f}")  # noqa: T201 - read with -s

    assert said["in"] == 0
    assert said["compared"] == compared, "what was compared is in the journal"
    assert compared <= GUESSES_AT_ONCE + seconds / GUESS_EVERY.total_seconds()
    assert said["held up"] == many - compared
    assert colleagues == len(waits), "Bruno came in each time"
    assert max(waits) < COLLEAGUE_WITHIN
