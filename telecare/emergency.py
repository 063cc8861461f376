"""What follows when a round of calls is over: the next list, else a team, and a person is told."""

from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from registry import access, deadlines, journal
from registry.access import Role
from registry.kit import clock, i18n
from registry.kit.errors import Invalid
from telecare import alarms, response, rounds, taken
from telecare.alarms import TO_ANSWER, Alarm
from telecare.plans import What
from telecare.rounds import RoundState, Whom
from telecare.taken import How

# Restricted people have homes too, and a team that must find them.
SEES_ALL = replace(access.HOUSE, roles=frozenset({Role.COORDINATOR}))
# Whoever said yes is not rung again for so long; then, if nobody took the alarm, they are.
QUIET = timedelta(minutes=15)
# After a contact has said yes: when to ask whether they arrived.
ARRIVED_BY = timedelta(minutes=20)
SPOKEN = "it"


@dataclass(frozen=True, kw_only=True)
class HelpNeeded(journal.Event):
    """Nobody could be reached: only the emergency number, or a team, is left.

    `team`: whether one was asked for by the house itself.
    """

    alarm_id: UUID
    team: bool


def begin(session: Session, alarm: Alarm) -> None:
    """Nobody in the room took it: ring who is on call, else the contacts, else ask for a team.

    Called again and again by the ladder; what is under way or was just said yes to goes on.
    """
    if any(rounds.live(session, alarm, whom) for whom in Whom):
        return
    told = rounds.last(session, alarm, Whom.ON_CALL)
    fresh = told is not None and told.ended_at is not None and told.ended_at > clock.now() - QUIET
    if told is not None and fresh and told.state is RoundState.ACCEPTED:
        return
    if not fresh and rounds.begin(session, alarm, Whom.ON_CALL) is not None:
        return
    asked = rounds.last(session, alarm, Whom.CONTACTS)
    if asked is not None and asked.state is RoundState.ACCEPTED:
        return
    if asked is None and rounds.begin(session, alarm, Whom.CONTACTS) is not None:
        return
    _ask_for_help(session, alarm)


def after_round(session: Session, alarm: Alarm, whom: Whom) -> None:
    """A list was rung through in vain."""
    if alarm.state in TO_ANSWER:
        begin(session, alarm)
    elif whom is Whom.CONTACTS and alarm.state is not alarms.AlarmState.CLOSED:
        # An operator holds it and has seen each try; the next step of the plan is theirs.
        journal.record(session, HelpNeeded(alarm_id=alarm.id, team=False, **_common(alarm)))


def somebody_goes(session: Session, alarm: Alarm, whom: Whom) -> None:
    """A contact is on the way: somebody asks after a while whether they arrived."""
    if whom is Whom.CONTACTS and alarm.state is not alarms.AlarmState.CLOSED:
        deadlines.set_(session, taken.CALL_AGAIN, alarm.id, clock.now() + ARRIVED_BY)


def _ask_for_help(session: Session, alarm: Alarm) -> None:
    """Once: a team to the home, if it is known where. A person calls 112; no machine does."""
    done = taken.of_alarm(session, alarm.id)
    if any(each.what in {What.ASK_TEAM, What.EMERGENCY} for each in done):
        return
    asked = _ask_for_team(session, alarm)
    taken.take(
        session,
        alarm,
        what=What.ASK_TEAM if asked else What.EMERGENCY,
        how=How.DONE if asked else How.DUE,
    )
    journal.record(session, HelpNeeded(alarm_id=alarm.id, team=asked, **_common(alarm)))


def _ask_for_team(session: Session, alarm: Alarm) -> bool:
    alarms.put_on_a_case(session, alarm)
    say = i18n.catalogue(SPOKEN).gettext
    try:
        response.ask_for_team(
            session,
            alarm,
            SEES_ALL,
            reason=say("Nobody answered the alarm and no contact could be reached"),
        )
    except Invalid:
        # Nobody knows where: the alarm says so itself, and stays on the ladder.
        return False
    return True


def _common(alarm: Alarm) -> dict[str, UUID | None]:
    return {"case_id": alarm.case_id, "person_id": alarm.person_id}
