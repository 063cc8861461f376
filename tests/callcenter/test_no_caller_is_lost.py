"""A model of the room: whatever happens in whatever order, nobody is lost and nobody is doubled."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import time_machine
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select
from sqlalchemy.orm import Session
from typing_extensions import override

from callcenter import answering, calls, legs, news, offers, operators, queues, routing
from callcenter.call_states import ON_THE_LINE, OVER, CallState, Direction
from callcenter.calls import Call
from callcenter.legs import Part
from callcenter.offers import LIVE, CallOffer, OfferState
from callcenter.operators import Operator, State, Status
from registry.deadlines import Deadline
from registry.kit import clock, db
from registry.kit.errors import Problem
from registry.staff import Staff
from tests.callcenter import room
from webconsole import wiring

OPERATORS = 3
SPEAKING = {CallState.ANSWERED, CallState.TALKING}


class Room(RuleBasedStateMachine):
    """Callers ring and give up, operators say yes, no or nothing, lines break, news repeats."""

    callers = Bundle("callers")
    gossip = Bundle("gossip")

    def __init__(self) -> None:
        super().__init__()
        self.now = datetime(2026, 11, 22, 3, 42, tzinfo=UTC)
        self.traveller = time_machine.travel(self.now, tick=False)
        self.time = self.traveller.start()
        self.connection = db.engine().connect()
        self.outer = self.connection.begin()
        self.session: Session = db.factory(
            bind=self.connection, join_transaction_mode="create_savepoint"
        )
        self.staff = [self._hire(number) for number in range(OPERATORS)]
        self.on_the_line: set[str] = set()
        self.sequences: dict[str, int] = {}
        self.numbers = 0

    @override
    def teardown(self) -> None:
        self.session.close()
        self.outer.rollback()
        self.connection.close()
        self.traveller.stop()

    def _hire(self, number: int) -> Staff:
        # Their order decides between equals, so it is the same in every run.
        person = Staff(
            id=UUID(int=number + 1),
            login=f"op{number}",
            name=f"Operatore {number}",
            roles=["operator"],
        )
        self.session.add(person)
        self.session.flush()
        room.at_desk(self.session, person)
        return person

    def _call(self, sid: str) -> Call:
        found = calls.by_sid(self.session, sid)
        assert found is not None
        return found

    @contextmanager
    def _refusable(self) -> Iterator[None]:
        """What we refuse, we refuse with a sentence and without a trace."""
        try:
            with self.session.begin_nested():
                yield
        except Problem:
            self.session.expire_all()

    @rule(target=callers, hidden=st.booleans())
    def ring(self, hidden: bool) -> str:
        return self._ring(hidden)

    def _ring(self, hidden: bool) -> str:
        self.numbers += 1
        self._pass(1)
        sid = f"CA{self.numbers}"
        number = "" if hidden else f"+39081555{self.numbers:04}"
        room.ring(self.session, sid, number, queued=False)
        self.on_the_line.add(sid)
        return sid

    @rule(sid=callers)
    def hears_the_queue(self, sid: str) -> None:
        with queues.turn(self.session):
            if sid in self.on_the_line:
                news.caller_waits(self.session, self._call(sid), "QU1")

    @rule(sid=callers)
    def caller_hangs_up(self, sid: str) -> None:
        """Also the second time: the callback is repeated."""
        self.on_the_line.discard(sid)
        room.hangs_up(self.session, self._call(sid))

    @initialize(target=callers)
    def the_shift_begins_with_a_call(self) -> str:
        return self.a_conversation()

    @rule(target=callers)
    def a_conversation_begins(self) -> str:
        return self.a_conversation()

    def a_conversation(self) -> str:
        """The usual way in one step, so that what can happen later is reached often."""
        with queues.turn(self.session):
            for person in self.staff:
                operators.back(self.session, person.id)
                operators.choose(self.session, person.id, Status.AVAILABLE)
        sid = self._ring(hidden=False)
        self.hears_the_queue(sid)
        self.whoever_is_asked_accepts(sid)
        if self._call(sid).state is CallState.ANSWERED:
            self.voice_joins(sid)
            self.caller_is_led_in(sid)
            assert self._call(sid).state is CallState.TALKING
        return sid

    @rule(sid=callers, who=st.integers(0, OPERATORS - 1))
    def somebody_accepts(self, sid: str, who: int) -> None:
        with self._refusable():
            room.accepts(self.session, self._call(sid), self.staff[who].id)

    @rule(sid=callers)
    def whoever_is_asked_accepts(self, sid: str) -> None:
        call = self._call(sid)
        if call.offered_to is not None:
            room.accepts(self.session, call, call.offered_to)

    @rule(sid=callers)
    def whoever_is_asked_declines(self, sid: str) -> None:
        call = self._call(sid)
        if call.state is CallState.OFFERED and call.offered_to is not None:
            with queues.turn(self.session):
                answering.decline(self.session, call, call.offered_to)

    @rule(target=gossip, sid=callers)
    def voice_joins(self, sid: str) -> object:
        call = self._call(sid)
        if call.operator_id is None or call.over:
            return multiple()
        self.numbers += 1
        voice = f"CV{self.numbers}"
        room.voice(self.session, call, call.operator_id, voice)
        return self._tell(sid, "join", voice)

    @rule(target=gossip, which=st.integers(0, 3))
    def voice_breaks(self, which: int) -> object:
        talking = [sid for sid in sorted(self.on_the_line) if self._inside(sid)]
        if not talking:
            return multiple()
        sid = talking[which % len(talking)]
        return self._tell(sid, "leave", self._inside(sid)[0])

    def _inside(self, sid: str) -> list[str]:
        parts = legs.of_part(self.session, self._call(sid).id, Part.OPERATOR)
        return [leg.sid for leg in parts if leg.inside]

    @rule(target=gossip, sid=callers)
    def caller_is_led_in(self, sid: str) -> object:
        """The worker pulls when the deadline says so, and the carrier tells of it."""
        call = self._call(sid)
        wanted = answering.PULL in room.due(self.session, call.id)
        if not wanted or sid not in self.on_the_line or call.state is not CallState.ANSWERED:
            return multiple()
        with queues.turn(self.session):
            news.caller_connects(self.session, call, clock.now())
        return self._tell(sid, "join", sid)

    @rule(told=gossip)
    def news_comes_again(self, told: tuple[str, str, str, int, datetime]) -> None:
        sid, event, leg, sequence, at = told
        room.told(self.session, self._call(sid), event, leg, sequence, at)

    @rule(told=consumes(gossip))
    def news_comes_again_much_later(self, told: tuple[str, str, str, int, datetime]) -> None:
        self._pass(3600)
        self.news_comes_again(told)

    @rule(sid=callers)
    def operator_hangs_up(self, sid: str) -> None:
        with self._refusable(), queues.turn(self.session):
            calls.hang_up(self.session, self._call(sid))
            self.on_the_line.discard(sid)

    @rule(sid=callers, outcome=st.sampled_from(["information", "", "nonsense"]))
    def outcome_is_written(self, sid: str, outcome: str) -> None:
        with self._refusable(), queues.turn(self.session):
            calls.close(self.session, self._call(sid), outcome=outcome, note="")

    @rule(
        who=st.integers(0, OPERATORS - 1),
        status=st.sampled_from([Status.AVAILABLE] * 3 + list(Status)),
    )
    def operator_chooses(self, who: int, status: Status) -> None:
        with queues.turn(self.session):
            operators.choose(self.session, self.staff[who].id, status)

    @rule(who=st.integers(0, OPERATORS - 1))
    def console_falls_silent(self, who: int) -> None:
        with queues.turn(self.session):
            queues.operator_absent(self.session, self.staff[who].id)

    @rule(who=st.integers(0, OPERATORS - 1))
    def console_answers_again(self, who: int) -> None:
        operators.seen(self.session, self.staff[who].id)

    @rule(who=st.integers(0, OPERATORS - 1), number=st.integers(100, 999))
    def operator_dials(self, who: int, number: int) -> None:
        with self._refusable(), queues.turn(self.session):
            calls.place(
                self.session,
                to=f"+39081556{number}1",
                purpose="test",
                case_id=None,
                person_id=None,
                operator_id=self.staff[who].id,
            )

    @precondition(lambda self: self.numbers > 0)
    @rule(seconds=st.sampled_from([1, 6, 16, 61, 200]))
    def time_passes(self, seconds: int) -> None:
        self._pass(seconds)

    def _pass(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)
        self.time.move_to(self.now)
        room.sweep(self.session)

    def _tell(self, sid: str, event: str, leg: str) -> tuple[str, str, str, int, datetime]:
        self.sequences[sid] = self.sequences.get(sid, 0) + 1
        told = (sid, event, leg, self.sequences[sid], clock.now())
        self.news_comes_again(told)
        return told

    @invariant()
    def the_room_is_sound(self) -> None:
        """Everything that must hold after every step, from four plain lists."""
        known = list(self.session.scalars(select(Call)))
        live = list(self.session.scalars(select(CallOffer).where(CallOffer.state.in_(LIVE))))
        due: dict[UUID, set[str]] = {}
        for row in self.session.scalars(select(Deadline)):
            due.setdefault(row.subject_id, set()).add(row.kind)
        self._nobody_is_doubled(known, live)
        self._nobody_is_lost(known)
        self._everybody_has_a_next_step(known, live, due)
        self._operators_do_what_they_hold(known, live)
        self._nobody_free_is_left_beside_somebody_who_waits()

    def _nobody_is_doubled(self, known: list[Call], live: list[CallOffer]) -> None:
        assert len({each.call_id for each in live}) == len(live)
        assert len({each.operator_id for each in live}) == len(live)
        speaking = [call.operator_id for call in known if call.state in SPEAKING]
        assert len(set(speaking)) == len(speaking)
        busy = {call.operator_id for call in known if call.state in SPEAKING}
        asked = {each.operator_id for each in live if each.state is OfferState.OFFERED}
        assert not busy & asked

    def _nobody_is_lost(self, known: list[Call]) -> None:
        states = {call.sid: call.state for call in known}
        for sid in self.on_the_line:
            assert states[sid] not in OVER, sid
            assert states[sid] is not CallState.TALKING or self._inside(sid), sid

    def _everybody_has_a_next_step(
        self, known: list[Call], live: list[CallOffer], due: dict[UUID, set[str]]
    ) -> None:
        assert set().union(*due.values()) <= {*wiring.INSIDE, *wiring.OUTSIDE}
        offered = {each.call_id: each for each in live}
        for call in known:
            kinds = due.get(call.id, set())
            assert call.final or kinds, (call.sid, call.state)
            incoming = call.direction is Direction.INCOMING
            if incoming and not call.over and call.state is not CallState.TALKING:
                assert calls.WAITS in kinds, (call.sid, call.state)
            if call.state is CallState.OFFERED:
                assert offered[call.id].operator_id == call.offered_to
                assert offers.DUE in due[offered[call.id].id]
            else:
                assert call.offered_to is None, call.state
            if call.id in offered:
                assert call.state in {CallState.OFFERED, CallState.ANSWERED}, call.state

    def _operators_do_what_they_hold(self, known: list[Call], live: list[CallOffer]) -> None:
        talking = {call.operator_id for call in known if call.state in ON_THE_LINE}
        talking |= {each.operator_id for each in live if each.state is OfferState.ACCEPTED}
        asked = {each.operator_id for each in live if each.state is OfferState.OFFERED}
        writing = {
            call.operator_id
            for call in known
            if call.state is CallState.ENDED
            and call.wrap_up_until is not None
            and call.wrap_up_until > clock.now()
        }
        for operator in self.session.scalars(select(Operator)):
            who = operator.staff_id
            expected = State.IDLE
            if who in talking:
                expected = State.TALKING
            elif who in asked:
                expected = State.OFFERED
            elif who in writing:
                expected = State.WRAP_UP
            assert operator.state is expected

    def _nobody_free_is_left_beside_somebody_who_waits(self) -> None:
        """Unless they let that very call pass: then the caller's next deadline asks them again."""
        waiting = queues._waiting(self.session)
        free = queues._free(self.session) if waiting else []
        if free:
            facts = {each.call_id: each for each in queues._facts(self.session, waiting)}
            for call_id, who in routing.pairs(facts.values(), free):
                assert who in facts[call_id].asked


@pytest.mark.timeout(900)
@pytest.mark.usefixtures("_database")
def test_whatever_happens_nobody_is_lost_or_doubled() -> None:
    """More with CENTRALE_TEST_ROOMS=1000."""
    run_state_machine_as_test(
        Room,
        settings=settings(
            max_examples=int(os.environ.get("CENTRALE_TEST_ROOMS", "6")),
            stateful_step_count=40,
            deadline=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_the_sweeper_and_a_decision_never_wait_for_each_other(database: None) -> None:
    """A deadline held by the sweeper is neither moved nor cancelled by whoever has the turn."""
    with db.transaction() as session:
        person = Staff(login="anna", name="Anna", roles=["operator"])
        session.add(person)
        session.flush()
        room.at_desk(session, person)
        call = room.ring(session, "CA1")
        anna, call_id = person.id, call.id
    with (
        time_machine.travel(clock.now() + timedelta(seconds=16)),
        db.factory(bind=db.engine()) as sweeper,
    ):
        # The sweeper holds every deadline that is due, and waits for its turn...
        held = select(Deadline.id).where(Deadline.due_at <= clock.now())
        assert sweeper.scalars(held.with_for_update()).all()
        # ...while the operator says yes, rings off and writes, all without waiting for it.
        for step in (
            lambda session, held: answering.accept(session, held, anna),
            calls.hang_up,
            lambda session, held: calls.close(session, held, outcome="silent", note=""),
        ):
            with db.transaction() as session, queues.turn(session):
                step(session, calls.get_call(session, call_id))
        sweeper.rollback()
