"""Rings the people of a round one after the other, and hears what came of each call."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter import announced, calls
from callcenter.announced import CallReplied, Reply
from callcenter.call_events import CallClosed
from callcenter.call_states import CallState
from callcenter.calls import Call
from registry import deadlines
from registry.journal import Event
from registry.kit import clock, i18n
from registry.kit.db import get
from registry.people import Person
from telecare import emergency, rounds, taken
from telecare.alarms import Alarm, AlarmClaimed, AlarmClosed, AlarmState
from telecare.plans import What
from telecare.rounds import NEXT, Callee, Round, RoundState, Try, Went, Whom
from telecare.taken import How

PURPOSES = {Whom.CONTACTS: "ladder_contact", Whom.ON_CALL: "on_call"}
LOOK_AGAIN = timedelta(seconds=5)
# From dialling: ring for half a minute, hear the sentence twice. Then the next one is rung.
TRY_FOR = timedelta(seconds=75)
BECAUSE = {"busy": Went.BUSY, "no_answer": Went.NO_ANSWER, "canceled": Went.STOPPED}
HOW = {Went.ACCEPTED: How.ACCEPTED, Went.DECLINED: How.DECLINED}
NOT_PLACED = frozenset({"failed", "refused", "no_line", "carrier_unreachable"})


def next_(session: Session, round_id: UUID) -> None:
    """The deadline of a round: look at the call under way, and ring the next one when it is over.

    While the dialler is dead the wish waits with it: nobody is skipped because of a fault of ours.
    """
    alarm, round_ = rounds.held(session, round_id)
    if round_.state is not RoundState.CALLING:
        return
    under_way = _under_way(session, round_)
    if under_way is not None:
        call = get(session, Call, under_way.call_id)
        went = outcome(call)
        if went is None:
            deadlines.set_(session, NEXT, round_.id, clock.now() + LOOK_AGAIN)
            return
        if _settle(session, alarm, round_, under_way, went):
            return
    callee = rounds.next_up(session, alarm, round_)
    if callee is None:
        rounds.exhaust(session, alarm, round_)
        emergency.after_round(session, alarm, Whom(round_.whom))
    else:
        _ring(session, alarm, round_, callee)


def outcome(call: Call) -> Went | None:
    """What came of a try by what is known of its call; None while it is still open."""
    if call.reply:
        return Went.ACCEPTED if call.reply == Reply.AGREED else Went.DECLINED
    if call.state is CallState.UNCERTAIN:
        return Went.UNCERTAIN
    if call.over:
        if call.ended_because in NOT_PLACED:
            return Went.FAILED
        return Went.SILENT if call.answered_at else BECAUSE.get(call.ended_because, Went.NO_ANSWER)
    if call.placing_at is not None and clock.now() - call.placing_at > TRY_FOR:
        return Went.SILENT if call.answered_at else Went.NO_ANSWER
    return None


def heard(session: Session, event: Event) -> None:
    """News of a call of ours. A yes counts even when the round has gone on meanwhile."""
    if not isinstance(event, (CallReplied, CallClosed)):
        return
    found = session.scalar(select(Try).where(Try.call_id == event.call_id))
    if found is None:
        return
    alarm, round_ = rounds.held(session, found.round_id)
    session.refresh(found)
    late = found.went not in {None, Went.ACCEPTED}
    agreed = get(session, Call, found.call_id).reply == Reply.AGREED
    if round_.state is RoundState.CALLING and not late:
        next_(session, round_.id)
    elif agreed and late and round_.state in {RoundState.CALLING, RoundState.EXHAUSTED}:
        _hang_up_all(session, round_)
        _settle(session, alarm, round_, found, Went.ACCEPTED)


def alarm_taken(session: Session, event: Event) -> None:
    """Somebody holds it now: who is on call may sleep. The contacts are the operator's to stop."""
    if isinstance(event, AlarmClaimed):
        _stop_all(session, event.alarm_id, {Whom.ON_CALL})


def alarm_closed(session: Session, event: Event) -> None:
    if isinstance(event, AlarmClosed):
        _stop_all(session, event.alarm_id, set(Whom))


def stop(session: Session, alarm: Alarm) -> None:
    """The operator says that nobody else is to be rung."""
    _stop_all(session, alarm.id, {Whom.CONTACTS})


def _ring(session: Session, alarm: Alarm, round_: Round, callee: Callee) -> None:
    whom = Whom(round_.whom)
    call = announced.place(
        session,
        to=callee.number,
        purpose=PURPOSES[whom],
        sentence=sentence(session, alarm, whom, callee.language),
        language=callee.language,
        case_id=alarm.case_id,
        person_id=alarm.person_id,
        alarm_id=alarm.id,
    )
    session.add(
        Try(
            round_id=round_.id,
            cycle=round_.cycle,
            who_id=callee.id,
            name=callee.name,
            call_id=call.id,
        )
    )
    session.flush()
    deadlines.set_(session, NEXT, round_.id, clock.now() + LOOK_AGAIN)


def sentence(session: Session, alarm: Alarm, whom: Whom, language: str) -> str:
    """What is said, in a language of ours. A wrong number learns a first name and no more."""
    say = i18n.catalogue(language).gettext
    if whom is Whom.ON_CALL:
        return say(
            "This is the operations room. An alarm is waiting and nobody has taken it."
            " To take it on press 1. If you cannot, press 2."
        )
    person = session.get(Person, alarm.person_id) if alarm.person_id else None
    return say(
        "This is the operations room. %(name)s has called for help."
        " If you can go there now press 1. If you cannot, press 2."
    ) % {"name": (person.given_name if person else "") or say("The person you look after")}


def _settle(session: Session, alarm: Alarm, round_: Round, try_: Try, went: Went) -> bool:
    """Write down what came of a try; True when it was the one that counts."""
    call = get(session, Call, try_.call_id)
    if not call.over and not call.reply and call.state is not CallState.UNCERTAIN:
        calls.hang_up(session, calls.get_call(session, call.id))
    told_before = try_.went is not None
    rounds.tried(session, alarm, round_, try_, went)
    if round_.whom == Whom.CONTACTS:
        taken.take(
            session,
            alarm,
            what=What.CALL_CONTACTS,
            how=HOW.get(went, How.NOT_REACHED),
            near_id=try_.who_id,
            call_id=None if told_before else call.id,
        )
    if went is not Went.ACCEPTED:
        return False
    rounds.accept(session, alarm, round_)
    emergency.somebody_goes(session, alarm, Whom(round_.whom))
    return True


def _under_way(session: Session, round_: Round) -> Try | None:
    wanted = select(Try).where(Try.round_id == round_.id, Try.went.is_(None))
    return session.scalar(wanted.order_by(Try.id.desc()).limit(1))


def _stop_all(session: Session, alarm_id: UUID, whom: set[Whom]) -> None:
    for each in rounds.of_alarm(session, alarm_id):
        if each.state is RoundState.CALLING and each.whom in whom:
            alarm, round_ = rounds.held(session, each.id)
            if round_.state is not RoundState.CALLING:
                continue
            if whom == {Whom.ON_CALL} and alarm.state is not AlarmState.CLAIMED:
                continue
            _hang_up_all(session, round_)
            rounds.stop(session, round_)


def _hang_up_all(session: Session, round_: Round) -> None:
    """End what still rings or speaks for this round."""
    for each in rounds.tries(session, round_.id):
        call = get(session, Call, each.call_id)
        if not call.over and not call.reply and call.state is not CallState.UNCERTAIN:
            calls.hang_up(session, calls.get_call(session, call.id))
        if each.went is None:
            each.went, each.ended_at = Went.STOPPED, clock.now()
