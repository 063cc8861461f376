"""Whatever happens, in whatever order: an open intervention always has a next deadline."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from dispatch import interventions, offers, response, rota, search, teams
from dispatch.interventions import OPEN, Intervention, Outcome, Priority
from dispatch.offers import Decline, Offer
from dispatch.teams import Team
from registry import cases, deadlines
from registry.cases import Area
from registry.deadlines import Deadline
from registry.kit import clock
from registry.kit.errors import WrongState
from registry.places import Place
from webconsole import wiring


def sweep(session: Session) -> None:
    """Keep the soonest deadline now, as the sweeper would once it is due."""
    first = session.scalar(
        select(Deadline).where(Deadline.kind.in_(wiring.INSIDE)).order_by(Deadline.due_at).limit(1)
    )
    if first is None or not first.kind.startswith("dispatch."):
        return
    mine = deadlines.Claim(first.id, first.kind, first.subject_id, first.version)
    wiring.INSIDE[mine.kind](session, mine.subject_id)
    deadlines.retire(session, mine)


@dataclass
class Table:
    """What a verb may act upon."""

    job: Intervention
    asked: list[Offer]
    team: Team


Verb = Callable[[Session, Table], None]

VERBS: dict[str, Verb] = {
    "sweep": lambda s, _: sweep(s),
    "accept": lambda s, t: response.accept(s, t.job, t.asked[-1]),
    "accept late": lambda s, t: response.accept(s, t.job, t.asked[0]),
    "decline": lambda s, t: offers.decline(s, t.asked[-1], Decline.OTHER),
    "deliver": lambda s, t: offers.deliver(s, t.asked[-1]),
    "by hand": lambda s, t: use(search.by_hand(s, t.job, t.team, by=None)),
    "set out": lambda s, t: response.set_out(s, t.job),
    "arrive": lambda s, t: response.arrive(s, t.job),
    "close": lambda s, t: response.close(s, t.job, outcome=Outcome.REFUSED),
    "give back": lambda s, t: response.give_back(s, t.job, Decline.VEHICLE),
    "look again": lambda s, _: interventions.look_again(s),
    "cancel": lambda s, t: interventions.cancel(s, t.job, "prova"),
}


def use(offer: Offer) -> None:
    assert offer.answer_by > offer.offered_at


def has_a_next_step(session: Session, intervention: Intervention) -> bool:
    subjects = [intervention.id, *session.scalars(select(Offer.id))]
    return bool(
        session.scalar(select(Deadline.id).where(Deadline.subject_id.in_(subjects)).limit(1))
    )


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    verbs=st.lists(st.sampled_from(sorted(VERBS)), max_size=14),
    crew=st.integers(0, 3),
    priority=st.sampled_from(Priority),
)
def test_no_open_intervention_is_without_a_next_deadline(
    session: Session, verbs: list[str], crew: int, priority: Priority
) -> None:
    start = session.begin_nested()
    try:
        goes_on(session, verbs, crew, priority)
    finally:
        start.rollback()


def goes_on(session: Session, verbs: list[str], crew: int, priority: Priority) -> None:
    now = clock.now()
    free = [teams.form(session, name=f"Squadra {number}") for number in range(crew + 1)]
    for team in free[:crew]:
        rota.add(session, team, now, now + timedelta(hours=8))
    case = cases.open_(session, area=Area.EMERGENCY)
    intervention = interventions.request(
        session,
        case_id=case.id,
        person_id=None,
        kind="fall",
        priority=priority,
        place=Place(text="Via Immaginaria 7"),
        reason="",
        source="board",
    )

    for verb in verbs:
        step = session.begin_nested()
        try:
            asked = offers.of_intervention(session, intervention.id)
            VERBS[verb](session, Table(intervention, asked, free[-1]))
            session.flush()
            step.commit()
        except (WrongState, IndexError):
            step.rollback()
            session.expire_all()
        if intervention.state in OPEN:
            assert has_a_next_step(session, intervention), (verb, intervention.state)
        else:
            assert not has_a_next_step(session, intervention), (verb, intervention.state)
