"""Life in the sample town: what rests when people are at work, and what a failure does."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from registry.access import Role
from registry.kit import clock
from registry.kit.errors import Unavailable
from registry.sessions import SignIn
from tests.conftest import somebody
from webconsole.demo import life
from webconsole.demo.life import Play


def test_a_play_runs_while_it_is_wanted() -> None:
    began = threading.Event()
    ended = threading.Event()

    def begin(halt: threading.Event) -> None:
        began.set()
        halt.wait(60)
        ended.set()

    play = Play("rain", begin)
    play.keep(wanted=True)
    assert began.wait(30)
    play.keep(wanted=False)
    play.join()
    assert ended.is_set()
    began.clear()
    play.keep(wanted=True)
    assert began.wait(30)
    play.halt()
    play.join()


def test_a_play_that_dies_ends_the_life(monkeypatch: pytest.MonkeyPatch, database: None) -> None:
    def begin(_: threading.Event) -> None:
        raise OSError

    monkeypatch.setattr(life, "LOOK_EVERY", 0.1)
    monkeypatch.setattr(life, "_plays", lambda _: [Play("rain", begin)])
    stop = threading.Event()
    threading.Timer(10, stop.set).start()
    with pytest.raises(Unavailable, match="died: rain"):
        life.run(stop)


def test_a_team_rests_while_somebody_is_signed_in_as_it(session: Session) -> None:
    crew = somebody(session, "squadra1", "Squadra 1", Role.TEAM)
    assert life._nobody_at_the_phone(crew.id, session)

    session.add(SignIn(digest="x", staff_id=crew.id))
    session.flush()
    assert not life._nobody_at_the_phone(crew.id, session)

    for each in session.scalars(select(SignIn)):
        each.used_at = clock.now() - timedelta(minutes=4)
    session.flush()
    assert life._nobody_at_the_phone(crew.id, session)


def test_the_homes_rest_when_many_alarms_wait(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert life._room_for_more(session)
    monkeypatch.setattr(life, "ENOUGH_WAITING", 0)
    assert not life._room_for_more(session)
