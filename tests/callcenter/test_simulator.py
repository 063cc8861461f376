"""Simulated callers: each has one telephone, and rings from it once at a time."""

import threading
from collections import Counter
from contextlib import ExitStack
from dataclasses import replace

from typing_extensions import override

from callcenter import simulator
from callcenter.carriers import account as accounts
from callcenter.carriers import paths, simulated, simulated_town, twiml
from callcenter.carriers.base import LegState
from callcenter.carriers.simulated_town import Town
from callcenter.simulator import Caller
from registry.kit.settings import settings
from tests.callcenter.office import Office, open_office

MARIA, ROSA = "+390815550101", "+390815550102"
CALLERS = [Caller(number=MARIA, line=f"+39081555000{line}") for line in range(5)]
CALLERS.append(Caller(number=ROSA, line="+390815550000"))


class Rounds(threading.Event):
    """Lets so many callers think of ringing, and takes no time for it."""

    def __init__(self, many: int) -> None:
        super().__init__()
        self._left = many

    @override
    def wait(self, timeout: float | None = None) -> bool:
        self._left -= 1
        return self._left < 0


def play(town: Town, rounds: int) -> Counter[str]:
    """Who is on the line after so many thoughts, and how often."""
    simulator.run(CALLERS, town.url, stop=Rounds(rounds), mean_pause=0.01)
    up = [each for each in town.calls() if not LegState(each["state"]).over]
    return Counter(str(each["from"]) for each in up)


def waits(office: Office) -> None:
    """Whoever rings is greeted, and waits."""
    office.documents[paths.INCOMING] = twiml.greet_and_queue(
        "Buongiorno",
        "Linea sociale",
        wait_url=office.url + paths.WAIT,
        left_url=office.url + paths.LEFT,
    )


def test_nobody_rings_twice_at_once_from_one_telephone() -> None:
    accounts.account.cache_clear()  # that of another home was perhaps read before
    with ExitStack() as stack:
        office = stack.enter_context(open_office())
        waits(office)
        account = replace(accounts.of(settings()), public_url=office.url)
        double = stack.enter_context(simulated.running(account, pace=60))
        town = Town(url=double.url, login=simulated_town.town().login)
        assert play(town, 30) == {MARIA: 1, ROSA: 1}
        assert play(town, 30) == {MARIA: 1, ROSA: 1}, "whoever began the play"
        (first,) = [each["sid"] for each in town.calls() if each["from"] == MARIA]
        town.hang_up(first)
        assert play(town, 30) == {MARIA: 1, ROSA: 1}, "she may ring again"
        assert [each["from"] for each in town.calls()].count(MARIA) == 2
