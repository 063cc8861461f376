"""Tones: pressed once on the other side's line; a home unit hears its farewell before the end."""

from datetime import timedelta
from uuid import UUID

import pytest
import time_machine

from callcenter import calls, farewell, queues, tasks, tone_tasks, tones
from callcenter.call_states import CallState
from callcenter.carriers.base import LegState, MaybeDone, Refused, TryAgain
from callcenter.tones import Tones, TonesState
from registry import staff
from registry.access import Role
from registry.kit import clock, db
from registry.kit.errors import Invalid, WrongState
from tests.callcenter import room
from tests.callcenter.test_tasks import Wire


@pytest.fixture
def wire(database: None, monkeypatch: pytest.MonkeyPatch) -> Wire:
    made = Wire()
    for module in (tasks, tone_tasks, farewell):
        monkeypatch.setattr(module, "carrier", lambda: made)
    return made


def on_the_line(last_tones: str = "") -> tuple[UUID, UUID]:
    """A unit and an operator who hear each other: the call and the operator."""
    with db.transaction() as session:
        person = staff.add(session, login="anna", name="Anna Riva", roles={Role.OPERATOR})
        operator_id = room.at_desk(session, person)
        call = room.talking(session, "CA1", operator_id)
        call.last_tones = last_tones
        return call.id, operator_id


def wanted(digits: str = "7") -> UUID:
    call_id, operator_id = on_the_line()
    with db.transaction() as session:
        call = calls.get_call(session, call_id)
        made = tones.want(session, call, what="listen", digits=digits, operator_id=operator_id)
        assert tones.SEND in room.due(session, made.id)
        return made.id


def state(tones_id: UUID) -> TonesState:
    with db.transaction() as session:
        return db.get(session, Tones, tones_id).state


def test_a_command_is_pressed_once_however_often_it_is_kept(wire: Wire) -> None:
    made = wanted()
    tone_tasks.send(made)
    tone_tasks.send(made)
    assert wire.asked == ["press CA1"]
    assert state(made) is TonesState.SENT


@pytest.mark.parametrize(
    ("trouble", "becomes"),
    [
        (MaybeDone("time-out"), TonesState.UNCERTAIN),
        (Refused("not allowed", status=401), TonesState.FAILED),
        (Refused("not in the room yet", status=404), TonesState.WANTED),
        (TryAgain("no line"), TonesState.WANTED),
    ],
)
def test_what_came_of_a_command_is_said(
    wire: Wire, trouble: Exception, becomes: TonesState
) -> None:
    made = wanted()
    wire.trouble.append(trouble)
    tone_tasks.send(made)
    assert state(made) is becomes


def test_a_command_found_half_sent_is_uncertain_and_never_pressed_again(wire: Wire) -> None:
    made = wanted()
    with db.transaction() as session:
        tones.become(session, db.get(session, Tones, made), TonesState.SENDING)
    tone_tasks.send(made)
    assert state(made) is TonesState.UNCERTAIN
    assert wire.asked == []


def test_a_command_that_comes_too_late_is_not_given(wire: Wire) -> None:
    made = wanted()
    with time_machine.travel(clock.now() + tones.SEND_WITHIN + timedelta(seconds=1)):
        tone_tasks.send(made)
    assert (state(made), wire.asked) == (TonesState.FAILED, [])


def test_a_command_needs_a_voice_and_keys_that_exist(wire: Wire) -> None:
    call_id, operator_id = on_the_line()
    with db.transaction() as session:
        call = calls.get_call(session, call_id)
        for digits in ("", "7x", "1" * 17):
            with pytest.raises(Invalid):
                tones.want(session, call, what="x", digits=digits, operator_id=operator_id)
        with queues.turn(session):
            calls.end(session, call, because="operator_hung_up")
        with pytest.raises(WrongState):
            tones.want(session, call, what="x", digits="7", operator_id=operator_id)
    assert wire.asked == []


def ended(last_tones: str = "0") -> UUID:
    call_id, _ = on_the_line(last_tones)
    with db.transaction() as session, queues.turn(session):
        calls.hang_up(session, calls.get_call(session, call_id))
    return call_id


def test_the_unit_hears_its_farewell_and_only_the_operator_is_cut(wire: Wire) -> None:
    call_id = ended()
    tasks.hang_up(call_id)
    tasks.hang_up(call_id)
    assert wire.asked == ["farewell CA1", "hang up CA1-op", "hang up CA1-op"]


def test_a_unit_still_there_after_its_farewell_is_cut(wire: Wire) -> None:
    call_id = ended()
    tasks.hang_up(call_id)
    with time_machine.travel(clock.now() + farewell.CUT_AFTER + timedelta(seconds=1)):
        tasks.hang_up(call_id)
    assert wire.asked[0] == "farewell CA1"
    assert {"hang up CA1", "end conference"} <= set(wire.asked)


def test_whoever_needs_no_farewell_is_cut_at_once(wire: Wire) -> None:
    tasks.hang_up(ended(last_tones=""))
    assert "hang up CA1" in wire.asked
    assert not any(each.startswith("farewell") for each in wire.asked)


def test_a_carrier_out_of_reach_leaves_the_line_until_the_farewell_is_said(wire: Wire) -> None:
    call_id = ended()
    wire.trouble.append(TryAgain("no line"))
    with pytest.raises(TryAgain):
        tasks.hang_up(call_id)
    assert wire.asked == ["farewell CA1"]
    tasks.hang_up(call_id)
    assert wire.asked.count("farewell CA1") == 2


def test_a_unit_that_hung_up_by_itself_hears_nothing(wire: Wire) -> None:
    call_id, _ = on_the_line("0")
    with db.transaction() as session:
        room.line(session, calls.get_call(session, call_id), "CA1", LegState.COMPLETED)
    tasks.hang_up(call_id)
    assert not any("CA1" in each.split() for each in wire.asked)
    with db.transaction() as session:
        assert calls.get_call(session, call_id).state is CallState.ENDED
