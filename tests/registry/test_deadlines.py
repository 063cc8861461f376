"""Deadlines: each happens once, whoever sweeps, and never without Redis when it is a safety one."""

import threading
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.orm import Session

from registry import deadlines, sweeper
from registry.deadlines import Claim, Deadline
from registry.kit import clock, db, jobs
from registry.kit.db import transaction

KIND = "tests.kettle_boils"
SUBJECT = uuid4()


def live_rows() -> list[Deadline]:
    with transaction() as session:
        return list(session.scalars(select(Deadline)))


def put(subject: UUID = SUBJECT, *, late: float = 1, kind: str = KIND) -> None:
    with transaction() as session:
        deadlines.set_(session, kind, subject, clock.now() - timedelta(seconds=late))


def test_setting_it_again_moves_it(session: Session) -> None:
    deadlines.set_(session, KIND, SUBJECT, clock.now())
    later = clock.now() + timedelta(minutes=3)
    deadlines.set_(session, KIND, SUBJECT, later)

    assert [each.due_at for each in deadlines.of(session, SUBJECT)] == [later]


def test_what_is_not_due_is_left_alone(session: Session) -> None:
    deadlines.set_(session, KIND, SUBJECT, clock.now() + timedelta(seconds=30))

    assert deadlines.claim(session, [KIND]) == []
    with time_machine.travel(clock.now() + timedelta(seconds=31), tick=False):
        assert [each.subject_id for each in deadlines.claim(session, [KIND])] == [SUBJECT]


def test_a_claimed_one_is_free_again_when_its_lease_ends(session: Session) -> None:
    deadlines.set_(session, KIND, SUBJECT, clock.now())
    first = deadlines.claim(session, [KIND])
    assert deadlines.claim(session, [KIND]) == []

    with time_machine.travel(clock.now() + deadlines.LEASE + timedelta(seconds=1), tick=False):
        second = deadlines.claim(session, [KIND])

    assert [each.subject_id for each in second] == [SUBJECT]
    assert not deadlines.still_mine(session, first[0]), "the one who slept must do nothing"
    assert deadlines.still_mine(session, second[0])


def test_whoever_is_killed_before_the_work_is_not_waited_for_long(session: Session) -> None:
    deadlines.set_(session, KIND, SUBJECT, clock.now())
    waited = []
    for _ in range(5):
        deadlines.claim(session, [KIND])
        (row,) = deadlines.of(session, SUBJECT)
        session.refresh(row)
        assert row.leased_until is not None
        waited.append(round((row.leased_until - clock.now()).total_seconds()))
        row.leased_until = clock.now()
        session.flush()

    assert waited == [3, 6, 12, 24, 30], "each time longer, so that a long queue comes to its turn"


def test_whoever_begins_the_work_has_a_whole_lease_for_it(session: Session) -> None:
    deadlines.set_(session, KIND, SUBJECT, clock.now())
    (mine,) = deadlines.claim(session, [KIND])
    assert deadlines.hold(session, mine)
    with time_machine.travel(clock.now() + deadlines.LEASE / 2, tick=False):
        assert deadlines.claim(session, [KIND]) == []

    deadlines.set_(session, KIND, SUBJECT, clock.now())
    assert not deadlines.hold(session, mine), "it was moved meanwhile"


@pytest.mark.usefixtures("database")
def test_the_sweeper_does_the_work_and_retires_the_row() -> None:
    put()
    done: list[UUID] = []

    sweeper.sweep({KIND: lambda _, subject: done.append(subject)}, [])

    assert done == [SUBJECT]
    assert live_rows() == []


@pytest.mark.usefixtures("database")
def test_a_handler_that_sets_its_own_next_deadline_keeps_it() -> None:
    put()
    later = clock.now() + timedelta(minutes=1)

    sweeper.sweep({KIND: lambda session, one: deadlines.set_(session, KIND, one, later)}, [])

    assert [each.due_at for each in live_rows()] == [later]


@pytest.mark.usefixtures("database")
def test_a_handler_that_fails_changes_nothing_and_comes_again() -> None:
    put()

    def burn(session: Session, subject: UUID) -> None:
        deadlines.set_(session, "tests.other", subject, clock.now())
        raise RuntimeError("the kettle is empty")

    sweeper.sweep({KIND: burn}, [])

    (row,) = live_rows()
    assert (row.kind, row.last_error, row.attempts) == (KIND, "RuntimeError", 1)
    assert row.due_at > clock.now()


@pytest.mark.usefixtures("database")
def test_with_redis_dead_the_safety_deadlines_still_happen(
    monkeypatch: pytest.MonkeyPatch, tmp_path: str
) -> None:
    from tests.conftest import forget_settings

    monkeypatch.setenv("CENTRALE_REDIS_URL", f"unix://{tmp_path}/nobody.sock")
    db.engine().dispose()
    forget_settings()
    put(kind="tests.outside")
    put()
    done: list[UUID] = []

    sweeper.sweep({KIND: lambda _, subject: done.append(subject)}, ["tests.outside"])

    assert done == [SUBJECT]
    (row,) = live_rows()
    assert (row.kind, row.leased_until) == ("tests.outside", None), "it waits for a worker"
    assert not jobs.send("registry.keep_deadline", "x", 1)
    monkeypatch.undo()
    db.engine().dispose()
    forget_settings()


@pytest.mark.usefixtures("database")
def test_many_sweepers_at_once_do_each_thing_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leases end while the work goes on, as on a machine that is far too busy."""
    monkeypatch.setattr(sweeper, "DONE_WITHIN", timedelta(milliseconds=30))
    wanted = {uuid4() for _ in range(200)}
    with transaction() as session:
        deadlines.set_many(session, KIND, [(each, clock.now()) for each in wanted])
    done: list[UUID] = []
    handlers = {KIND: lambda _, subject: done.append(subject)}

    def sweep() -> None:
        while sweeper.sweep(handlers, []):
            pass

    sweepers = [threading.Thread(target=sweep) for _ in range(4)]
    for each in sweepers:
        each.start()
    for each in sweepers:
        each.join()

    assert len(done) == len(wanted)
    assert set(done) == wanted


@pytest.mark.usefixtures("database")
def test_whoever_wakes_up_late_is_fenced_off() -> None:
    put()
    with transaction() as session:
        (slept,) = deadlines.claim(session, [KIND])
    done: list[str] = []
    with time_machine.travel(clock.now() + deadlines.LEASE + timedelta(seconds=1), tick=False):
        sweeper.sweep({KIND: lambda *_: done.append("by the other")}, [])

    sweeper._do_inside(lambda *_: done.append("by the sleeper"), slept)

    assert done == ["by the other"]


@pytest.mark.usefixtures("database")
def test_what_is_claimed_once_more_while_it_happens_happens_once() -> None:
    """The lease ends in the middle of the work: whoever claims it then finds it done."""
    put()
    with transaction() as session:
        (mine,) = deadlines.claim(session, [KIND])
    done: list[str] = []

    def work(*_: object) -> None:
        done.append("by the first")
        later = clock.now() + deadlines.LEASE + timedelta(seconds=1)
        with time_machine.travel(later, tick=False):
            sweeper.sweep({KIND: lambda *_: done.append("by the other")}, [])
            sweeper.sweep({KIND: lambda *_: done.append("by the other")}, [])

    sweeper._do_inside(work, mine)
    sweeper.sweep({KIND: lambda *_: done.append("by the other")}, [])

    assert done == ["by the first"]
    with transaction() as session:
        assert deadlines.of(session, SUBJECT) == []


@pytest.mark.usefixtures("database")
def test_no_deadline_waits_for_a_slow_chore() -> None:
    stop, over, done = threading.Event(), threading.Event(), threading.Event()

    def slow() -> None:
        over.wait(60)

    running = threading.Thread(
        target=sweeper.run, args=({KIND: lambda *_: done.set()}, [], {}, [slow], stop)
    )
    running.start()
    try:
        put()
        assert done.wait(40), "the chore goes on, and the deadline waits for it"
        assert not over.is_set()
    finally:
        stop.set()
        over.set()
        running.join(20)


def test_who_does_not_come_round_is_not_alive() -> None:
    beside = sweeper.Beside([], threading.Event())
    assert beside.alive
    beside.came_round_at -= sweeper.ROUND_WITHIN
    assert not beside.alive


def test_how_late_the_latest_one_is(session: Session) -> None:
    assert deadlines.most_overdue(session) == timedelta(0)
    deadlines.set_(session, KIND, SUBJECT, clock.now() - timedelta(seconds=40))
    assert deadlines.most_overdue(session) >= timedelta(seconds=40)


def test_an_old_claim_cannot_retire_or_fail_a_moved_row(session: Session) -> None:
    deadlines.set_(session, KIND, SUBJECT, clock.now())
    (mine,) = deadlines.claim(session, [KIND])
    deadlines.set_(session, KIND, SUBJECT, clock.now() + timedelta(hours=1))

    deadlines.failed(session, mine, "late")
    deadlines.retire(session, Claim(mine.id, mine.kind, mine.subject_id, mine.version))

    (row,) = deadlines.of(session, SUBJECT)
    assert row.last_error is None
