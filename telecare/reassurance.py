"""Makes planned calls: the system rings and asks for a key, or an operator speaks."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter import announced, calls
from callcenter.announced import CallReplied, Reply
from callcenter.call_events import CallClosed
from callcenter.call_states import CallState, Outcome
from callcenter.calls import Call
from dispatch.words import N_
from registry import deadlines, safe_contacts
from registry.access import Actor
from registry.journal import Event
from registry.kit import clock, i18n
from registry.kit.db import get, locked
from registry.kit.errors import Invalid, NotAllowed
from registry.kit.states import move
from registry.people import Person
from telecare import planned
from telecare.planned import RING, STEPS, PlannedCall, PlannedState, Purpose, Result

PURPOSE = "planned"
MOST_TRIES = 2
AGAIN_AFTER = timedelta(minutes=10)
STILL = {PlannedState.RINGING, PlannedState.MISSED}


PLAIN = N_(
    "Good day %(name)s, this is the operations room. If all is well press 1."
    " If you would like us to call you press 2."
)
SENTENCES = {
    Purpose.OUTAGE: N_(
        "Good day %(name)s, this is the operations room. We know of a breakdown where you live:"
        " your telecare unit may not work. If all is well press 1. If you need help press 2."
    ),
    Purpose.HEAT: N_(
        "Good day %(name)s, this is the operations room. It is very hot today: drink often and"
        " stay out of the sun. If all is well press 1. If you need help press 2."
    ),
    Purpose.COLD: N_(
        "Good day %(name)s, this is the operations room. It is very cold today: keep warm."
        " If all is well press 1. If you need help press 2."
    ),
}
# Where the sentence says that 2 is for help.
FOR_HELP = frozenset(SENTENCES)


def ring(session: Session, planned_id: UUID) -> None:
    """The hour has come: the system calls, unless the person is away."""
    due = locked(session, PlannedCall, planned_id)
    if due.state is not PlannedState.TO_DO:
        return
    if planned.away(session, due):
        move(due, PlannedState.SKIPPED, STEPS)
        return
    person = get(session, Person, due.person_id)
    if not person.phones or not _may_ring(session, person):
        # An operator sees it on the list, and its time runs all the same.
        return
    move(due, PlannedState.RINGING, STEPS)
    due.tries += 1
    call = announced.place(
        session,
        to=person.phones[0].number,
        purpose=PURPOSE,
        sentence=sentence(person, due.purpose),
        language=_language(person),
        person_id=person.id,
    )
    due.call_id = call.id


def _may_ring(session: Session, person: Person) -> bool:
    """The system's voice leaves words on voicemail and asks for no code word."""
    return safe_contacts.machine_may_ring(session, person.phones[0].number, clock.now())


def sentence(person: Person, purpose: Purpose = Purpose.CHECK) -> str:
    said = SENTENCES.get(purpose, PLAIN)
    return i18n.catalogue(_language(person)).gettext(said) % {"name": person.given_name}


def _language(person: Person) -> str:
    return i18n.spoken(person.language, *person.other_languages)


def heard(session: Session, event: Event) -> None:
    """News of a call that the system made: a key, or its end without one."""
    if not isinstance(event, (CallReplied, CallClosed)):
        return
    found = session.scalar(select(PlannedCall.id).where(PlannedCall.call_id == event.call_id))
    if found is None:
        return
    due = locked(session, PlannedCall, found)
    call = get(session, Call, event.call_id)
    if due.call_id != call.id or not call.sentence:
        return
    if call.reply == Reply.AGREED and due.state in STILL:
        planned.done(session, due, Result.WELL)
    elif call.reply == Reply.DECLINED and due.purpose in FOR_HELP and due.state in STILL:
        planned.done(session, due, Result.HELP_ASKED)
    elif due.state is PlannedState.RINGING and (call.reply or call.over):
        move(due, PlannedState.TO_DO, STEPS)
        again = clock.now() + AGAIN_AFTER
        # Who asked to be called is an operator's at once; silence is tried once more.
        if not call.reply and due.tries < MOST_TRIES and again < due.until_at:
            deadlines.set_(session, RING, due.id, again)


def call(session: Session, due: PlannedCall, actor: Actor) -> Call:
    """An operator calls; Invalid when no number is known."""
    if actor.staff_id is None:
        raise NotAllowed("Only a person can speak on a call")
    person = get(session, Person, due.person_id)
    if not person.phones:
        raise Invalid("No phone number of the home is known", field="phone")
    made = calls.place(
        session,
        to=person.phones[0].number,
        purpose=PURPOSE,
        case_id=None,
        person_id=person.id,
        operator_id=actor.staff_id,
    )
    due.call_id = made.id
    due.operator_id = actor.staff_id
    due.tries += 1
    return made


def finish(session: Session, due: PlannedCall, result: Result, note: str) -> None:
    """The operator says what came of it; the call itself then needs no outcome of its own."""
    planned.done(session, due, result, note=note)
    made = session.get(Call, due.call_id) if due.call_id else None
    if made is not None and made.state is CallState.ENDED:
        calls.close(session, made, outcome=Outcome.REACHED, note=note)
