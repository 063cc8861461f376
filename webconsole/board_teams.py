"""Interventions and teams on the board: what is under way, and where everybody is."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from dispatch import interventions, standing
from dispatch.interventions import STEPS, Intervention
from dispatch.standing import Standing, TeamNow
from registry.access import Actor
from registry.people import Person
from webconsole import board_people
from webconsole.words import JOB_STATES, STANDINGS, Words


def jobs(session: Session, me: Actor, words: Words) -> list[dict[str, Any]]:
    """What is not over yet, the most urgent first."""
    found = interventions.open_(session, me)
    people = board_people.known(session, (each.person_id for each in found), me)
    return [job(each, people, words) for each in found]


def job(intervention: Intervention, people: Mapping[UUID, Person], words: Words) -> dict[str, Any]:
    person = people.get(intervention.person_id) if intervention.person_id else None
    what = words.kind(intervention.what)
    return {
        "id": intervention.id,
        "number": intervention.number,
        "priority": intervention.priority,
        "title": f"{what} · {person.name}" if person else what,
        "where": board_people.where(intervention.place),
        "state": intervention.state,
        "state_text": words.of(JOB_STATES, intervention.state),
        "team": {"id": intervention.team.id, "name": intervention.team.name}
        if intervention.team
        else None,
        "since": intervention.since,
        "eta_at": intervention.expected_at,
        "latitude": intervention.latitude,
        "longitude": intervention.longitude,
    }


def still_open(intervention: Intervention, words: Words) -> dict[str, str] | None:
    """What whoever closes an alarm must know of the team they asked for; None once it is over."""
    if not STEPS[intervention.state]:
        return None
    state = words.of(JOB_STATES, intervention.state).lower()
    return {
        "href": f"/interventi/{intervention.id}",
        "text": words.say("The intervention stays open: %(state)s.", state=state),
    }


def teams(session: Session, words: Words) -> list[dict[str, Any]]:
    """Every team on duty, with its last position or its base."""
    return [
        _team(each, words)
        for each in standing.now(session)
        if each.standing is not Standing.OFF_DUTY
    ]


def _team(each: TeamNow, words: Words) -> dict[str, Any]:
    at = each.position.fix.point if each.position else each.team.base
    return {
        "id": each.team.id,
        "name": each.team.name,
        "state": each.standing,
        "state_text": words.of(STANDINGS, each.standing),
        "latitude": at.latitude if at else None,
        "longitude": at.longitude if at else None,
    }
