"""Open faults as work: the oldest first, of one cause, a technician in one click."""

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from registry import people
from registry.access import Role
from registry.kit import clock, db
from telecare import devices, fault_lists, faults, figures, outages, tech_jobs
from telecare.faults import Fault
from telecare.protocols.base import Kind
from telecare.tech_jobs import JobKind

SignIn = Callable[..., TestClient]


def fault(session: Session, hours: float, cause: Kind = Kind.MAINS, *, over: bool = False) -> Fault:
    now = clock.now()
    made = Fault(
        device_id=devices.add(session, account=f"F{hours}{cause[:3]}").id,
        cause=cause,
        began_at=now - timedelta(hours=hours),
        told_at=now,
        ended_at=now if over else None,
    )
    session.add(made)
    session.flush()
    return made


def test_the_oldest_comes_first_page_after_page(session: Session) -> None:
    made = [fault(session, hours) for hours in (1, 30, 200, 50)]
    fault(session, 300, over=True)
    link = fault(session, 2, Kind.LINK)
    wanted = [made[2], made[3], made[1], link, made[0]]
    assert [each.fault for each in fault_lists.open_(session)] == wanted
    first = fault_lists.open_(session, limit=2)
    rest = fault_lists.open_(session, after=first[-1].fault.id)
    assert [each.fault for each in (*first, *rest)] == wanted
    assert [each.fault for each in fault_lists.open_(session, cause=Kind.LINK)] == [link]
    assert fault_lists.by_cause(session) == {Kind.MAINS: 4, Kind.LINK: 1}
    assert [each.older(clock.now()) for each in first] == [True, False]


def test_faults_are_counted_by_age(session: Session) -> None:
    for hours in (1, 30, 60, 200):
        fault(session, hours)
    now = clock.now()
    assert figures.of(session, now, now).faults == [(0, 4), (24, 3), (48, 2), (168, 1)]


def test_a_job_that_was_asked_for_stands_beside_its_fault(session: Session) -> None:
    one, other = fault(session, 5), fault(session, 4)
    unit = fault_lists.open_(session)[0].device
    job = tech_jobs.want(session, JobKind.FAULT, device=unit, fault=one)
    assert [each.job for each in fault_lists.open_(session)] == [job, None]
    tech_jobs.cancel(session, job, report="si è ripreso")
    assert [each.fault for each in fault_lists.open_(session) if each.job] == []
    assert other.ended_at is None


def test_the_page_names_the_home_to_whoever_may_know_it(signed_in: SignIn) -> None:
    client = signed_in("anna", Role.OPERATOR)
    head = {"Accept": "text/html", "Accept-Language": "it"}
    assert "Tutti gli apparecchi stanno bene" in client.get("/guasti", headers=head).text
    with db.transaction() as session:
        for number, hidden in ((1, False), (2, True)):
            rosa = people.create(
                session, given_name="Rosa", family_name=f"Prova{number}", restricted=hidden
            )
            made = fault(session, number)
            session.get_one(devices.Device, made.device_id).person_id = rosa.id
    page = client.get("/guasti?causa=mains", headers=head).text
    assert "Rosa Prova1" in page
    assert "Prova2" not in page
    assert "persona riservata" in page
    assert page.count("Manda un tecnico") == 2
    assert "Nessun guasto per questa causa" in client.get("/guasti?causa=link", headers=head).text
    tina = signed_in("tina", Role.TECHNICIAN, name="Tina Tecnica")
    assert "Rosa" not in tina.get("/guasti", headers=head).text


def test_what_a_breakdown_tells_as_one_is_not_listed_one_by_one(session: Session) -> None:
    street = [devices.add(session, account=f"S{n}", area="Borgo Finto").id for n in range(8)]
    faults.keep(session, Kind.MAINS, set(street), set())
    alone = fault(session, 3)
    assert fault_lists.in_outages(session) == 0
    outages.look(session)
    assert fault_lists.in_outages(session) == 8
    assert [each.fault for each in fault_lists.open_(session, single=True)] == [alone]
    assert len(fault_lists.open_(session)) == 9
