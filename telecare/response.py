"""What an operator does for an alarm: speak with the home, call who is near, ask for a team."""

from uuid import UUID

from sqlalchemy.orm import Session

from callcenter import calls
from callcenter.calls import Call
from dispatch import interventions
from dispatch.interventions import Intervention, Priority
from registry.access import Actor
from registry.kit.errors import Invalid, WrongState
from registry.places import Place
from telecare import said, subscribers, unit_lines
from telecare.alarms import Alarm, AlarmState
from telecare.subscribers import Home
from telecare.voice_profiles import Command

SOURCE = "telecare"
HOME_CALL = "alarm_home"  # the purpose of calls with the home itself


def home_of(session: Session, alarm: Alarm, actor: Actor) -> Home:
    return subscribers.home(
        session, device_id=alarm.device_id, person_id=alarm.person_id, actor=actor
    )


def call_home(session: Session, alarm: Alarm, actor: Actor) -> Call:
    """Call the home; Invalid when no number is known."""
    home = home_of(session, alarm, actor)
    own = unit_lines.number_of(session, alarm.device_id)
    number = home.phone if home.hidden else own or home.phone
    if number is None:
        raise Invalid("No phone number of the home is known", field="phone")
    # Only the unit itself understands its keys: somebody at the home's telephone would wonder.
    keys = unit_lines.keys(session, alarm.device_id) if number == own else {}
    last = keys.get(Command.CLEAR_DOWN, "")
    return _call(session, alarm, actor, number, HOME_CALL, last)


def call_contact(session: Session, alarm: Alarm, actor: Actor, near_id: UUID) -> Call:
    """Call somebody of the ladder."""
    contact = subscribers.near(home_of(session, alarm, actor), near_id)
    return _call(session, alarm, actor, contact.phone, "alarm_contact")


def _call(
    session: Session, alarm: Alarm, actor: Actor, number: str, purpose: str, last_tones: str = ""
) -> Call:
    if actor.staff_id is None:
        raise Invalid("Only a person can speak on a call", field="operator")
    return calls.place(
        session,
        to=number,
        purpose=purpose,
        case_id=alarm.case_id,
        person_id=alarm.person_id,
        operator_id=actor.staff_id,
        alarm_id=alarm.id,
        last_tones=last_tones,
    )


def ask_for_team(
    session: Session,
    alarm: Alarm,
    actor: Actor,
    *,
    reason: str,
    priority: Priority | None = None,
    needs: frozenset[str] = frozenset(),
    place: Place | None = None,
) -> Intervention:
    """Send a team to the home, or to `place`, or to where the unit says that it is."""
    if alarm.case_id is None or alarm.state is AlarmState.CLOSED:
        raise WrongState("Take the alarm first")
    where = place or _where(alarm, home_of(session, alarm, actor))
    if where is None:
        raise Invalid("Say where the team has to go", field="place")
    return interventions.request(
        session,
        case_id=alarm.case_id,
        person_id=alarm.person_id,
        kind=alarm.kind,
        priority=priority or Priority(alarm.lane.letter),
        place=where,
        reason=reason,
        needs=needs,
        source=SOURCE,
    )


def _where(alarm: Alarm, home: Home) -> Place | None:
    """A street and its doorbell are worth more than a point, as long as the unit is at home."""
    known = home.place
    if known is not None and known.on_map and not said.is_elsewhere(alarm, home.address):
        return known
    return _position(alarm) or known


def _position(alarm: Alarm) -> Place | None:
    """Where a mobile unit says it is."""
    if alarm.latitude is None or alarm.longitude is None:
        return None
    return Place(
        text=f"{alarm.latitude:.5f}, {alarm.longitude:.5f}",
        latitude=alarm.latitude,
        longitude=alarm.longitude,
    )
