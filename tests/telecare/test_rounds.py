"""The system rings contacts and who is on call: in order, at their hours, once per try."""

from datetime import time, timedelta

import pytest
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from callcenter import announced, calls, lines, queues
from callcenter.announced import Reply
from callcenter.call_states import CallState
from callcenter.calls import Call
from dispatch.interventions import Intervention
from dispatch.rota import HOME_ZONE
from registry import deadlines, people
from registry.journal import Entry, Event
from registry.kit import clock
from registry.kit.errors import Conflict, Invalid
from registry.people import Person
from registry.staff import Staff
from telecare import alarms, emergency, escalation, ladder, on_call, ringing, rounds, taken
from telecare.alarms import Alarm, AlarmState, Outcome
from telecare.rounds import Round, RoundState, Try, Went, Whom
from telecare.taken import How
from tests.callcenter import room
from tests.telecare.test_alarms import raised

NUMBERS = ("+390815550111", "+390815550112", "+390815550113")


@pytest.fixture(autouse=True)
def line(session: Session) -> None:
    lines.add(session, number=room.LINE, name="Linea sociale")


@pytest.fixture
def rosa(session: Session) -> Person:
    person = people.create(session, given_name="Rosa", family_name="Provastella")
    people.add_address(session, person, street="Via di Prova 1", town="Pozzuoli")
    for name, number in zip(("Ugo", "Ida", "Vito"), NUMBERS, strict=True):
        people.add_contact(session, person, name=f"{name} Prova", phone=number)
    return person


@pytest.fixture
def alarm(session: Session, rosa: Person) -> Alarm:
    made = raised(session)
    made.person_id = rosa.id
    session.flush()
    return made


def started(session: Session, alarm: Alarm, whom: Whom = Whom.CONTACTS) -> Round:
    made = rounds.begin(session, alarm, whom)
    assert made is not None
    ringing.next_(session, made.id)
    return made


def ringing_now(session: Session, round_: Round) -> Call:
    """The call of the last try."""
    last = rounds.tries(session, round_.id)[-1]
    call = session.get(Call, last.call_id)
    assert call is not None
    return call


def dialled(session: Session, call: Call) -> None:
    call.state = CallState.RINGING
    call.placing_at = clock.now()
    session.flush()


def presses(session: Session, call: Call, key: str) -> None:
    announced.answered(call)
    announced.replied(session, call, key)
    hear(session)


def ends(session: Session, call: Call, because: str) -> None:
    with queues.turn(session):
        calls.end(session, call, because=because)
    hear(session)


def hear(session: Session) -> None:
    """What the relay would bring: the last fact of each call, as often as it likes."""
    session.flush()
    for entry in session.scalars(select(Entry).order_by(Entry.id)).all():
        event: Event = entry.event()
        ringing.heard(session, event)
        taken.call_closed(session, event)


def rung(session: Session, round_: Round) -> list[str | None]:
    wanted = select(Call.number).join(Try, Try.call_id == Call.id)
    return list(session.scalars(wanted.where(Try.round_id == round_.id).order_by(Try.id)))


def went(session: Session, round_: Round) -> list[Went | None]:
    return [each.went for each in rounds.tries(session, round_.id)]


def test_the_first_who_presses_one_ends_the_round(session: Session, alarm: Alarm) -> None:
    round_ = started(session, alarm)
    first = ringing_now(session, round_)
    assert (first.number, first.operator_id, first.alarm_id) == (NUMBERS[0], None, alarm.id)
    assert "Rosa" in first.sentence
    assert "Provastella" not in first.sentence

    dialled(session, first)
    ends(session, first, "busy")
    second = ringing_now(session, round_)
    dialled(session, second)
    presses(session, second, "1")

    assert round_.state is RoundState.ACCEPTED
    assert rung(session, round_) == list(NUMBERS[:2])
    assert went(session, round_) == [Went.BUSY, Went.ACCEPTED]
    assert second.reply == Reply.AGREED
    assert [each.how for each in taken.of_alarm(session, alarm.id)] == [
        How.NOT_REACHED,
        How.ACCEPTED,
    ]
    assert {each.kind for each in deadlines.of(session, round_.id)} == set()
    assert taken.CALL_AGAIN in {each.kind for each in deadlines.of(session, alarm.id)}


def test_each_contact_is_spoken_to_in_their_language(
    session: Session, alarm: Alarm, rosa: Person
) -> None:
    """English for Ugo; Romanian is a language that we lack, so Ida is spoken to in Italian."""
    for near, language in zip(rosa.near, ("en", "ro"), strict=False):
        ladder.set_reach(
            session, rosa, near.id, days="1234567", starts=time(0), ends=time(0),
            language=language, by_system=True,
        )  # fmt: skip
    round_ = started(session, alarm)
    heard = []
    for _ in range(3):
        call = ringing_now(session, round_)
        heard.append((call.language, call.sentence.split(".")[0]))
        dialled(session, call)
        ends(session, call, "busy")
    assert heard == [
        ("en", "This is the operations room"),
        ("it", "Qui la centrale operativa"),
        ("it", "Qui la centrale operativa"),
    ]


def test_no_key_is_no_yes_and_two_cycles_are_rung(session: Session, alarm: Alarm) -> None:
    alarm.state = AlarmState.ESCALATED
    round_ = started(session, alarm)
    for _ in range(6):
        call = ringing_now(session, round_)
        dialled(session, call)
        announced.answered(call)  # a voicemail
        ends(session, call, "other_hung_up")
    assert rung(session, round_) == [*NUMBERS, *NUMBERS]
    assert set(went(session, round_)) == {Went.SILENT}
    assert round_.state is RoundState.EXHAUSTED
    job = session.scalars(select(Intervention)).one()
    assert (job.person_id, job.place_text) == (alarm.person_id, "Via di Prova 1")
    emergency.begin(session, alarm)
    assert session.scalar(select(func.count()).select_from(Intervention)) == 1


def test_a_yes_that_comes_late_is_heard(session: Session, alarm: Alarm) -> None:
    round_ = started(session, alarm)
    first = ringing_now(session, round_)
    dialled(session, first)
    with time_machine.travel(clock.now() + ringing.TRY_FOR + timedelta(seconds=1), tick=False):
        first.state = CallState.UNCERTAIN
        ringing.next_(session, round_.id)
        second = ringing_now(session, round_)
        assert second.number == NUMBERS[1]
        presses(session, first, "1")
    assert round_.state is RoundState.ACCEPTED
    assert room.state_of(second) is CallState.CLOSED
    assert went(session, round_) == [Went.ACCEPTED, Went.STOPPED]


def test_a_dead_dialler_skips_nobody(session: Session, alarm: Alarm) -> None:
    round_ = started(session, alarm)
    with time_machine.travel(clock.now() + timedelta(minutes=10), tick=False):
        ringing.next_(session, round_.id)
    assert rung(session, round_) == [NUMBERS[0]]
    assert went(session, round_) == [None]


def test_a_phone_that_rings_too_long_is_hung_up(session: Session, alarm: Alarm) -> None:
    round_ = started(session, alarm)
    first = ringing_now(session, round_)
    dialled(session, first)
    with time_machine.travel(clock.now() + ringing.TRY_FOR + timedelta(seconds=1), tick=False):
        ringing.next_(session, round_.id)
    assert room.state_of(first) is CallState.CLOSED
    assert went(session, round_) == [Went.NO_ANSWER, None]


def test_only_one_round_of_the_same_contacts_runs(session: Session, alarm: Alarm) -> None:
    started(session, alarm)
    again = raised(session)
    again.person_id = alarm.person_id
    with pytest.raises(Conflict, match="being called already"):
        rounds.begin(session, again, Whom.CONTACTS)


def test_with_nobody_to_ring_the_operator_hears_so(
    session: Session, alarm: Alarm, rosa: Person, anna: Staff
) -> None:
    for near in rosa.near:
        ladder.set_reach(
            session, rosa, near.id, days="1234567", starts=time(0), ends=time(0),
            language="it", by_system=False,
        )  # fmt: skip
    with pytest.raises(Invalid, match="No contact can be called"):
        rounds.by_operator(session, alarm, anna.id)


def test_closing_hangs_up_and_stops(session: Session, alarm: Alarm, anna: Staff) -> None:
    alarms.claim(session, alarm, anna.id)
    round_ = rounds.by_operator(session, alarm, anna.id)
    ringing.next_(session, round_.id)
    call = ringing_now(session, round_)
    alarms.close(session, alarm, outcome=Outcome.PRESSED_BY_MISTAKE, note="sta bene")
    ringing.alarm_closed(session, alarms.AlarmClosed(alarm_id=alarm.id, outcome="test"))
    assert round_.state is RoundState.STOPPED
    assert room.state_of(call) is CallState.CLOSED
    assert deadlines.of(session, round_.id) == []


def climbed(session: Session, alarm: Alarm) -> None:
    for after in (30, 60, 180):
        with time_machine.travel(alarm.raised_at + timedelta(seconds=after + 1), tick=False):
            escalation.unanswered(session, alarm.id)


def test_after_180_s_who_is_on_call_is_rung_then_the_contacts(
    session: Session, alarm: Alarm
) -> None:
    on_call.add(session, name="Carla Esempio", number="333 555 0190")
    climbed(session, alarm)
    (first,) = rounds.of_alarm(session, alarm.id)
    assert (first.whom, first.state) == (Whom.ON_CALL, RoundState.CALLING)
    for _ in range(rounds.CYCLES):
        ringing.next_(session, first.id)
        call = ringing_now(session, first)
        assert call.number == "+393335550190"
        dialled(session, call)
        ends(session, call, "no_answer")
    assert room.state_of(call) is CallState.CLOSED
    _, second = rounds.of_alarm(session, alarm.id)
    assert (second.whom, second.state) == (Whom.CONTACTS, RoundState.CALLING)


def test_who_is_on_call_is_rung_once_for_many_alarms_and_sleeps_when_one_is_taken(
    session: Session, alarm: Alarm, anna: Staff
) -> None:
    on_call.add(session, name="Carla Esempio", number="333 555 0190")
    other = raised(session)
    climbed(session, alarm)
    climbed(session, other)
    (round_,) = session.scalars(select(Round)).all()
    ringing.next_(session, round_.id)
    call = ringing_now(session, round_)
    alarms.claim(session, alarm, anna.id)
    ringing.alarm_taken(session, alarms.AlarmClaimed(alarm_id=alarm.id, operator_id=anna.id))
    assert room.state_of(call) is CallState.CLOSED
    assert round_.state is RoundState.STOPPED


def test_an_unknown_home_nobody_can_go_to_says_that_it_needs_help(session: Session) -> None:
    lost = raised(session)
    climbed(session, lost)
    (told,) = room.facts(session, "help_needed")
    assert told["team"] is False
    climbed(session, lost)
    assert len(room.facts(session, "help_needed")) == 1
    assert deadlines.of(session, lost.id)


HOURS = st.tuples(st.integers(0, 23), st.integers(0, 23), st.booleans())


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    hours=st.lists(HOURS, min_size=3, max_size=3),
    hour=st.integers(0, 23),
    answers=st.lists(st.sampled_from(["busy", "no_answer", "2"]), min_size=6, max_size=6),
)
def test_order_and_hours_are_respected(
    session: Session,
    alarm: Alarm,
    rosa: Person,
    hours: list[tuple[int, int, bool]],
    hour: int,
    answers: list[str],
) -> None:
    """Whatever happens to the calls: in each cycle the order of the ladder, nobody out of hours."""
    with session.begin_nested() as undone:
        for near, (starts, ends_, allowed) in zip(rosa.near, hours, strict=True):
            ladder.set_reach(
                session, rosa, near.id, days="1234567", starts=time(starts), ends=time(ends_),
                language="it", by_system=allowed,
            )  # fmt: skip
        noon = clock.now().astimezone(HOME_ZONE).replace(hour=hour, minute=30)
        with time_machine.travel(noon, tick=False):
            # Half past `hour`: counted from the start, round the clock, before the end.
            expected = [
                number
                for number, (starts, ends_, allowed) in zip(NUMBERS, hours, strict=True)
                if allowed and (starts == ends_ or (hour - starts) % 24 < (ends_ - starts) % 24)
            ] * rounds.CYCLES
            made = rounds.begin(session, alarm, Whom.CONTACTS)
            assert (made is None) is (expected == [])
            if made is not None:
                ringing.next_(session, made.id)
                for what, _ in zip(answers, expected, strict=False):
                    call = ringing_now(session, made)
                    dialled(session, call)
                    if what == "2":
                        presses(session, call, what)
                    else:
                        ends(session, call, what)
                assert rung(session, made) == expected
                assert made.state is RoundState.EXHAUSTED
        undone.rollback()
