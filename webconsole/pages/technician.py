"""The technician's phone: the jobs that wait, and one job from the road to its received test."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from registry import people
from registry.access import Actor, Right
from registry.door import Me, allow
from registry.kit import i18n
from registry.kit.db import get
from registry.kit.errors import NotFound
from registry.kit.http import InTransaction
from registry.people import Person
from telecare import stock, subscribers, tech_jobs
from telecare.devices import Device
from telecare.faults import Fault
from telecare.subscribers import WayIn, WhyIn
from telecare.tech_jobs import TechJob
from webconsole import board_people, door_words, protection, rendering
from webconsole.words import words

router = APIRouter(include_in_schema=False)
MANAGE = [allow(Right.MANAGE_DEVICES)]


@router.get("/tecnico", dependencies=MANAGE)
def show_jobs(
    request: Request,
    session: InTransaction,
    me: Me,
    code: Annotated[str, Query(alias="codice", max_length=40)] = "",
) -> Response:
    """With a code, typed or from a label: the job of that unit, or the unit itself."""
    missing = False
    if code:
        try:
            return RedirectResponse(_place_of(session, code), 303)
        except NotFound:
            missing = True
    found = tech_jobs.open_(session, me.staff_id)
    known = board_people.listed(session, (each.person_id for each in found), me, "tech_jobs")
    shown = rendering.page(
        request,
        "telecare/technician.html",
        me=me,
        code=code,
        missing=missing,
        mine=[each for each in found if each.technician_id == me.staff_id],
        free=[each for each in found if each.technician_id is None],
        # Before a job is taken its list says the town: whose home it is, only the job itself.
        towns={key: person.home.town if person.home else "" for key, person in known.items()},
        accounts=_accounts(session, found),
        words=words(i18n.language_of(request)),
    )
    return protection.let_see(shown)


def _accounts(session: Session, found: list[TechJob]) -> dict[UUID, str]:
    ids = {each.device_id for each in found if each.device_id is not None}
    rows = session.execute(select(Device.id, Device.account).where(Device.id.in_(ids)))
    return {key: account for key, account in rows}  # noqa: C416 - rows are typed


def _place_of(session: Session, code: str) -> str:
    device = stock.by_code(session, code)
    jobs = (each for each in tech_jobs.of_device(session, device.id) if each.ended_at is None)
    job = next(jobs, None)
    return f"/tecnico/{job.id}" if job else f"/apparecchi/{device.id}"


@router.get("/tecnico/{tech_job_id}", dependencies=MANAGE)
def show_job(tech_job_id: UUID, request: Request, session: InTransaction, me: Me) -> Response:
    job = get(session, TechJob, tech_job_id)
    mine = job.technician_id is not None and job.technician_id == me.staff_id
    device = session.get(Device, job.device_id) if job.device_id else None
    fault = session.get(Fault, job.fault_id) if job.fault_id else None
    spoken = words(i18n.language_of(request))
    person = _whose(session, job, me, mine=mine)
    received = tech_jobs.test_of(session, job)
    shown = rendering.page(
        request,
        "telecare/technician_job.html",
        me=me,
        job=job,
        mine=mine,
        device=device,
        stands=stock.item(session, device) if device else None,
        person=person,
        way_in=_way_in(session, person, me) if person and job.ended_at is None else None,
        fault=door_words.said(spoken, "kind", fault.cause) if fault else "",
        tested_at=received.arrived_at if received else None,
        words=spoken,
    )
    return protection.let_see(shown)


def _whose(session: Session, job: TechJob, me: Actor, *, mine: bool) -> Person | None:
    """Whose home it is, for whoever goes there; that they looked is written in the journal."""
    if not mine or job.person_id is None or job.ended_at is not None:
        return None
    if not board_people.known(session, [job.person_id], me):
        return None
    return people.read(session, job.person_id, me, why="tech_job")


def _way_in(session: Session, person: Person, me: Actor) -> WayIn:
    return subscribers.way_in(session, person, me, why=WhyIn.TECHNICIAN_VISIT)
