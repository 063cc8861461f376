"""What reaches outside, when the carrier is slow, refuses, or we die in the middle."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import pytest
import time_machine
from typing_extensions import override

from callcenter import answering, calls, lines, news, operators, queues, tasks
from callcenter.call_states import CallState
from callcenter.calls import Call
from callcenter.carriers.base import (
    Carrier,
    CarrierLeg,
    LegState,
    MaybeDone,
    Refused,
    Softphone,
    TryAgain,
)
from registry import deadlines, staff
from registry.access import Role
from registry.deadlines import Deadline
from registry.kit import clock, db
from tests.callcenter import room
from tests.callcenter.room import LINE
from webconsole import wiring

TO = "+390815550101"


@dataclass
class Wire(Carrier):
    """A carrier that does as it is told and remembers what it was asked."""

    trouble: list[Exception] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    knows: list[CarrierLeg] = field(default_factory=list)

    def _do(self, what: str) -> str:
        self.asked.append(what)
        if self.trouble:
            raise self.trouble.pop(0)
        return "CA1"

    @override
    def place(self, call_id: UUID, *, to: str, from_: str) -> str:
        return self._do(f"place {to} {from_}")

    @override
    def add(self, conference_sid: str, call_id: UUID, *, to: str, from_: str, label: str) -> str:
        return self._do("add")

    @override
    def pull(self, call_id: UUID, *, sid: str, queue_sid: str | None) -> None:
        self._do(f"pull {sid} {queue_sid}")

    @override
    def requeue(self, call_id: UUID, *, sid: str) -> None:
        self._do(f"requeue {sid}")

    @override
    def hang_up(self, sid: str) -> None:
        self._do(f"hang up {sid}")

    @override
    def end_conference(self, conference_sid: str) -> None:
        self._do("end conference")

    @override
    def hold(self, conference_sid: str, sid: str, *, on: bool) -> None:
        self._do("hold")

    @override
    def announce(self, conference_sid: str, call_id: UUID) -> None:
        self._do("announce")

    @override
    def press(self, conference_sid: str, tones_id: UUID, *, sid: str) -> None:
        self._do(f"press {sid}")

    @override
    def farewell(self, call_id: UUID, *, sid: str) -> None:
        self._do(f"farewell {sid}")

    @override
    def send_text(self, text_id: UUID, *, to: str, from_: str, body: str) -> str:
        return self._do("text")

    @override
    def look(self, sid: str) -> CarrierLeg | None:
        self._do(f"look {sid}")
        return next((leg for leg in self.knows if leg.sid == sid), None)

    @override
    def find(self, *, to: str, from_: str, since: datetime) -> Sequence[CarrierLeg]:
        self._do("find")
        return [leg for leg in self.knows if leg.to == to]

    @override
    def softphone(self, identity: str) -> Softphone:
        return Softphone(mode="test", identity=identity)


def leg(state: LegState = LegState.RINGING, sid: str = "CA1") -> CarrierLeg:
    return CarrierLeg(sid=sid, state=state, to=TO, from_=LINE)


@pytest.fixture
def wire(database: None, monkeypatch: pytest.MonkeyPatch) -> Wire:
    made = Wire()
    monkeypatch.setattr(tasks, "carrier", lambda: made)
    return made


@pytest.fixture
def anna(database: None) -> UUID:
    with db.transaction() as session:
        lines.add(session, number=LINE, name="Linea sociale")
        person = staff.add(session, login="anna", name="Anna", roles={Role.OPERATOR})
        operators.of(session, person.id).present = True
        return person.id


@pytest.fixture
def wanted(anna: UUID) -> UUID:
    """A call that Anna wants to make."""
    with db.transaction() as session:
        made = calls.place(
            session, to=TO, purpose="home", case_id=None, person_id=None, operator_id=anna
        )
        return made.id


def now(call_id: UUID) -> Call:
    with db.transaction() as session:
        return db.get(session, Call, call_id)


def due(call_id: UUID) -> dict[str, datetime]:
    with db.transaction() as session:
        return {each.kind: each.due_at for each in deadlines.of(session, call_id)}


def test_a_call_is_placed_once_however_often_the_task_runs(wire: Wire, wanted: UUID) -> None:
    tasks.place_call(wanted)
    tasks.place_call(wanted)
    tasks.now(calls.PLACE, str(wanted))
    assert wire.asked == [f"place {TO} {LINE}"]
    assert (now(wanted).state, now(wanted).sid) == (CallState.PLACING, "CA1")


def test_dying_after_dialling_never_dials_again(wire: Wire, wanted: UUID) -> None:
    wire.trouble = [KeyboardInterrupt()]  # type: ignore[list-item]
    with pytest.raises(KeyboardInterrupt):
        tasks.place_call(wanted)
    tasks.place_call(wanted)
    assert len(wire.asked) == 1
    # The carrier is asked, and knows the call.
    wire.knows = [leg()]
    tasks.check_call(wanted)
    assert (now(wanted).state, now(wanted).sid) == (CallState.RINGING, "CA1")


@pytest.mark.parametrize("known", [[], [leg(sid="CA1"), leg(sid="CA2")]])
def test_what_the_carrier_cannot_say_is_uncertain_and_a_person_decides(
    wire: Wire, wanted: UUID, known: list[CarrierLeg]
) -> None:
    wire.trouble = [MaybeDone("ReadTimeout")]
    wire.knows = known
    tasks.place_call(wanted)
    assert now(wanted).state is CallState.PLACING
    tasks.check_call(wanted)
    assert now(wanted).state is CallState.UNCERTAIN
    assert calls.CHECK in due(wanted)
    # Later news settles it.
    with db.transaction() as session:
        room.line(session, calls.get_call(session, wanted), "CA9", LegState.NO_ANSWER)
    assert (now(wanted).state, now(wanted).ended_because) == (CallState.ENDED, "no_answer")


def test_an_unreachable_carrier_is_tried_for_a_minute_and_then_told(
    wire: Wire, wanted: UUID
) -> None:
    wire.trouble = [TryAgain("ConnectError")] * 2
    tasks.place_call(wanted)
    assert now(wanted).state is CallState.WANTED
    assert due(wanted)[calls.PLACE] > clock.now() + timedelta(seconds=3)
    with time_machine.travel(clock.now() + timedelta(seconds=61)):
        tasks.place_call(wanted)
    assert now(wanted).ended_because == "carrier_unreachable"


def test_a_refused_number_is_told_at_once(wire: Wire, wanted: UUID) -> None:
    wire.trouble = [Refused("no", code=21211, status=400)]
    tasks.place_call(wanted)
    assert now(wanted).ended_because == "refused"


def test_a_house_without_a_line_cannot_ring_anybody(wire: Wire, database: None) -> None:
    with db.transaction() as session:
        person = staff.add(session, login="bruno", name="Bruno", roles={Role.OPERATOR})
        made = calls.place(
            session, to=TO, purpose="home", case_id=None, person_id=None, operator_id=person.id
        )
    tasks.place_call(made.id)
    assert wire.asked == []
    assert now(made.id).ended_because == "no_line"


def test_hung_up_while_dialling_the_line_does_not_ring_on(
    wire: Wire, wanted: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    def place(*_: object, **__: object) -> str:
        with db.transaction() as session, queues.turn(session):
            calls.hang_up(session, calls.get_call(session, wanted))
        return "CA1"

    monkeypatch.setattr(wire, "place", place)
    tasks.place_call(wanted)
    assert now(wanted).state is CallState.ENDED
    tasks.hang_up(wanted)
    assert wire.asked == ["hang up CA1"]


def arrived(anna: UUID, *, voice: bool) -> UUID:
    """A caller whom Anna has said yes to, with or without her voice."""
    with db.transaction() as session:
        call = room.ring(session, "CA5")
        room.accepts(session, call, anna)
        if voice:
            room.voice(session, call, anna, "CA6")
            room.told(session, call, "join", "CA6", 1)
        return call.id


def test_the_caller_is_pulled_when_the_voice_is_there_and_again_until_it_worked(
    wire: Wire, anna: UUID
) -> None:
    call_id = arrived(anna, voice=False)
    tasks.pull_caller(call_id)
    assert wire.asked == []
    with db.transaction() as session:
        call = calls.get_call(session, call_id)
        room.voice(session, call, anna, "CA6")
        room.told(session, call, "join", "CA6", 1)
    tasks.pull_caller(call_id)
    assert wire.asked == ["pull CA5 QU1"]
    assert due(call_id)[answering.PULL] > clock.now() + timedelta(seconds=3)
    with db.transaction() as session:
        room.told(session, calls.get_call(session, call_id), "join", "CA5", 2)
    tasks.pull_caller(call_id)
    assert len(wire.asked) == 1


def test_of_two_who_pull_at_once_one_does_and_what_did_not_reach_the_carrier_is_done_again(
    wire: Wire, anna: UUID
) -> None:
    call_id = arrived(anna, voice=True)
    wire.trouble = [TryAgain("ConnectError")]
    tasks.pull_caller(call_id)
    assert due(call_id)[answering.PULL] < clock.now() + timedelta(seconds=1)
    tasks.pull_caller(call_id)
    tasks.pull_caller(call_id)
    assert wire.asked == ["pull CA5 QU1"] * 2
    assert due(call_id)[answering.PULL] > clock.now(), "whoever came too early looks again"
    with time_machine.travel(clock.now().timestamp() + 6):
        tasks.pull_caller(call_id)
    assert len(wire.asked) == 3


@pytest.mark.parametrize("first", ["left", "waits"])
def test_back_in_the_queue_they_are_led_to_the_next_voice_at_once(
    wire: Wire, anna: UUID, first: str
) -> None:
    call_id = arrived(anna, voice=True)
    tasks.pull_caller(call_id)
    with db.transaction() as session:
        call = calls.get_call(session, call_id)
        room.told(session, call, "join", "CA5", 2)
        room.told(session, call, "leave", "CA6", 3)
        if first == "waits":
            news.caller_waits(session, call, "QU1")
        room.told(session, call, "leave", "CA5", 4)
        if first == "left":
            news.caller_waits(session, call, "QU1")
    with db.transaction() as session:
        call = calls.get_call(session, call_id)
        room.accepts(session, call, anna)
        room.voice(session, call, anna, "CA7")
        room.told(session, call, "join", "CA7", 5)
    tasks.pull_caller(call_id)
    assert wire.asked == ["pull CA5 QU1"] * 2


def test_a_caller_who_is_gone_when_pulled_is_let_go(wire: Wire, anna: UUID) -> None:
    call_id = arrived(anna, voice=True)
    wire.trouble = [Refused("gone", status=404)]
    wire.knows = [leg(LegState.COMPLETED, "CA5")]
    tasks.pull_caller(call_id)
    assert wire.asked == ["pull CA5 QU1", "look CA5"]
    assert now(call_id).state is CallState.ABANDONED


def test_who_lost_their_operator_is_led_back_to_the_queue(wire: Wire, anna: UUID) -> None:
    call_id = arrived(anna, voice=True)
    with db.transaction() as session:
        call = calls.get_call(session, call_id)
        room.told(session, call, "join", "CA5", 2)
        room.told(session, call, "leave", "CA6", 3)
    tasks.requeue_caller(call_id)
    assert wire.asked == ["requeue CA5"]
    wire.trouble = [Refused("gone", status=404)]
    tasks.requeue_caller(call_id)
    assert now(call_id).state is CallState.ENDED, "the carrier no longer knows the line"
    tasks.requeue_caller(call_id)
    tasks.pull_caller(call_id)
    assert wire.asked[-1] == "look CA5"


def test_a_live_call_is_looked_at_again_and_again(wire: Wire, anna: UUID) -> None:
    call_id = arrived(anna, voice=True)
    wire.knows = [leg(LegState.IN_PROGRESS, "CA5")]
    tasks.check_call(call_id)
    assert due(call_id)[calls.CHECK] > clock.now() + timedelta(seconds=50)
    wire.trouble = [MaybeDone("ReadTimeout")]
    tasks.check_call(call_id)
    assert now(call_id).state is CallState.ANSWERED
    assert due(call_id)[calls.CHECK] > clock.now() + timedelta(seconds=50)


def test_hanging_up_ends_every_line_and_the_conference(wire: Wire, anna: UUID) -> None:
    call_id = arrived(anna, voice=True)
    tasks.hang_up(call_id)
    assert wire.asked == [], "a live call is not cut"
    with db.transaction() as session, queues.turn(session):
        calls.hang_up(session, calls.get_call(session, call_id))
    wire.trouble = [Refused("odd", code=20001, status=400)]
    tasks.hang_up(call_id)
    assert wire.asked == ["hang up CA5", "hang up CA6", "end conference"]
    wire.trouble = [TryAgain("ConnectError")]
    with pytest.raises(TryAgain):
        tasks.hang_up(call_id)


def test_every_deadline_of_a_call_has_somebody_who_keeps_it(wire: Wire, anna: UUID) -> None:
    arrived(anna, voice=True)
    with db.transaction() as session:
        kinds = {row.kind for row in session.query(Deadline)}
    assert kinds <= {*wiring.INSIDE, *wiring.OUTSIDE}
