"""Technicians: from a fault or an empty home to a unit whose test was really received."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from registry import people
from registry.access import Role
from registry.kit import clock, db
from registry.kit.errors import Invalid, NotAllowed, NotFound, WrongState
from registry.people import Person
from registry.staff import Staff
from telecare import devices, link_history, stock, subscribers, tech_jobs
from telecare.alarms import Alarm, AlarmState
from telecare.devices import Device
from telecare.faults import Fault
from telecare.protocols.base import Kind, Verdict
from telecare.signals import Signal
from telecare.stock import Placement, StockItem, StockState
from telecare.tech_jobs import JobKind, JobState, TechJob
from tests.callcenter import room
from tests.conftest import somebody
from tests.stories.units import plain
from tests.telecare.conftest import Dial

SignIn = Callable[..., TestClient]


@pytest.fixture
def rosa(session: Session) -> Person:
    person = people.create(session, given_name="Rosa", family_name="Prova")
    people.add_phone(session, person, "081 555 0101")
    return person


@pytest.fixture
def tea(session: Session) -> Staff:
    return somebody(session, "tea", "Tea Tecnica", Role.TECHNICIAN)


def received(session: Session, device: Device, kind: Kind = Kind.TEST) -> Signal:
    signal = Signal(
        arrived_at=clock.now(),
        protocol=device.protocol,
        path="tcp",
        peer="192.0.2.7",
        raw=b"",
        verdict=Verdict.GOOD,
        reason="",
        account=device.account,
        sequence="",
        encrypted=False,
        device_id=device.id,
        kind=kind,
        became="kept",
        decoded={},
    )
    session.add(signal)
    session.flush()
    return signal


def test_a_unit_is_found_by_its_label_its_serial_or_its_account(session: Session) -> None:
    device = devices.add(session, account="4711")
    stands = stock.describe(session, device, model_id=None, serial="sn-77", sim="8939")
    assert stands.state is StockState.IN_STOCK
    label = f"{stands.code[:4].lower()}-{stands.code[4:]}"
    for said in (label, "SN77", "sn-77", "4711"):
        assert stock.by_code(session, said) is device
    with pytest.raises(NotFound):
        stock.by_code(session, "NIENTE")


def test_a_model_brings_its_periods_and_never_a_strange_protocol(session: Session) -> None:
    device = devices.add(session, account="4711")
    model = stock.write_model(
        session, name="Casa Sicura 2", protocol=devices.DC09, heartbeat_s=3600, test_every_s=86_400
    )
    stock.describe(session, device, model_id=model.id, serial="", sim="")
    assert (device.heartbeat_s, device.test_every_s) == (3600, 86_400)
    other = stock.write_model(session, name="Altra", protocol=devices.SCAIP)
    with pytest.raises(Invalid, match="another protocol"):
        stock.describe(session, device, model_id=other.id, serial="", sim="")


def test_a_unit_keeps_the_history_of_its_homes(session: Session, rosa: Person) -> None:
    device = devices.add(session, account="4711")
    subscribers.assign(session, device, rosa)
    subscribers.assign(session, device, rosa)
    stock.take_back(session, device)
    assert device.person_id is None
    (placement,) = stock.history(session, device.id)
    assert placement.person_id == rosa.id
    assert placement.until is not None
    assert stock.item(session, device).state is StockState.IN_STOCK


def test_an_installation_ends_with_a_test_that_was_really_received(
    session: Session, rosa: Person, tea: Staff
) -> None:
    device = devices.add(session, account="4711")
    job = tech_jobs.want(session, JobKind.INSTALLATION, person_id=rosa.id)
    with pytest.raises(NotAllowed):
        tech_jobs.mine(job, tea.id)
    tech_jobs.take(session, job, tea.id)
    tech_jobs.install(session, job, device)
    assert device.person_id == rosa.id
    received(session, device)
    with time_machine.travel(clock.now() + timedelta(minutes=1), tick=False):
        tech_jobs.begin_test(job)
        with pytest.raises(WrongState, match="No test"):
            tech_jobs.finish(session, job, report="montato")
        heard = received(session, device, Kind.PERSONAL)
        tech_jobs.finish(session, job, report="montato")
    assert job.state is JobState.DONE
    assert job.test_signal_id == heard.id
    assert room.due(session, job.id) == set()


def test_a_unit_of_another_home_is_not_installed_twice(
    session: Session, rosa: Person, tea: Staff
) -> None:
    other = people.create(session, given_name="Ugo", family_name="Prova")
    device = devices.add(session, account="4711")
    subscribers.assign(session, device, other)
    job = tech_jobs.want(session, JobKind.INSTALLATION, person_id=rosa.id)
    tech_jobs.take(session, job, tea.id)
    with pytest.raises(Invalid, match="another home"):
        tech_jobs.install(session, job, device)


def test_a_job_that_nobody_does_is_late_and_stays_so(session: Session, rosa: Person) -> None:
    device = devices.add(session, account="4711", person_id=rosa.id)
    job = tech_jobs.want(session, JobKind.MAINTENANCE, device=device)
    with time_machine.travel(job.due_at + timedelta(minutes=1), tick=False):
        room.sweep(session)
        assert job.late
        assert room.due(session, job.id) == {tech_jobs.LATE}
        tech_jobs.cancel(session, job, report="non serve")
        assert room.due(session, job.id) == set()


def test_the_chart_says_when_the_battery_failed(session: Session) -> None:
    device = devices.add(session, account="4711")
    now = clock.now()
    for began, ended in ((200, 100), (80, 75), (1, None)):
        session.add(
            Fault(
                device_id=device.id,
                cause=Kind.PENDANT_BATTERY,
                began_at=now - timedelta(days=began),
                told_at=now,
                ended_at=None if ended is None else now - timedelta(days=ended),
            )
        )
    session.flush()
    shown = link_history.of(session, device.id)
    bars = shown.rows[Kind.PENDANT_BATTERY]
    assert [(round(each.begins, 2), round(each.width, 2)) for each in bars] == [
        (0.11, 0.06),
        (0.99, 0.01),
    ]
    assert shown.spans[0].ended_at is None


def test_a_pendant_battery_replaced_by_a_technician(
    signed_in: SignIn, dial: Dial, database: None
) -> None:
    """The whole way: the unit says that its pendant is low, and it ends with its own press."""
    with db.transaction() as session:
        person = people.create(session, given_name="Rosa", family_name="Prova")
        people.add_address(session, person, street="via Finta 1", town="Pozzuoli")
        device = devices.add(session, account="4711")
        subscribers.assign(session, device, person)
        device_id = device.id
    unit = dial()
    assert unit.ask(plain("4711", 1, "1384")).startswith(b'"ACK"')

    anna = signed_in("anna", Role.OPERATOR)
    (fault,) = anna.get("/api/v1/faults").json()["items"]
    made = anna.post(f"/api/v1/faults/{fault['id']}/tech-job").json()
    again = anna.post(f"/api/v1/faults/{fault['id']}/tech-job").json()
    assert (made["kind"], again["id"]) == ("fault", made["id"])

    tea = signed_in("tea", Role.TECHNICIAN, name="Tea Tecnica")
    job = f"/api/v1/tech-jobs/{made['id']}"
    listed = tea.get("/tecnico").text
    assert "Pozzuoli" in listed
    assert "Rosa" not in listed
    assert tea.post(f"{job}/test").status_code == 403
    assert tea.post(f"{job}/take").json()["state"] == "taken"
    page = tea.get(f"/tecnico/{made['id']}").text
    assert "Rosa Prova" in page
    assert "via Finta 1" in page

    assert tea.post(f"{job}/test").json()["state"] == "testing"
    done = {"report": "batteria del pendente cambiata"}
    assert tea.post(f"{job}/finish", json=done).status_code == 409
    assert unit.ask(plain("4711", 2, "1101")).startswith(b'"ACK"')
    assert tea.get(job).json()["tested_at"]
    assert tea.post(f"{job}/finish", json=done).json()["state"] == "done"

    with db.transaction() as session:
        assert [each.ended_at is None for each in session.scalars(select(Fault))] == [False]
        # The press of the technician was a press: the room has it before it, until it closes it.
        (alarm,) = session.scalars(select(Alarm)).all()
        assert alarm.state is AlarmState.WAITING
    sheet = tea.get(f"/apparecchi/{device_id}")
    assert sheet.status_code == 200
    assert "batteria del pendente cambiata" in sheet.text
    label = tea.get(f"/apparecchi/{device_id}/etichetta").text
    assert "<svg" in label
    assert "Rosa" not in label
    with db.transaction() as session:
        code = session.scalars(select(StockItem.code)).one()
    found = tea.get("/tecnico", params={"codice": code}, follow_redirects=False)
    assert found.headers["location"] == f"/apparecchi/{device_id}"


def test_a_coordinator_puts_a_unit_into_a_home_by_its_phone(signed_in: SignIn) -> None:
    with db.transaction() as session:
        person = people.create(session, given_name="Rosa", family_name="Prova")
        people.add_phone(session, person, "081 555 0101")
        device_id = devices.add(session, account="4711", key="00" * 16).id
    cora = signed_in("cora", Role.COORDINATOR, name="Cora Capo")
    wrong = cora.post(f"/api/v1/devices/{device_id}/in-home", json={"phone": "081 555 0199"})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "phone")
    right = cora.post(f"/api/v1/devices/{device_id}/in-home", json={"phone": "081 555 0101"})
    assert right.json()["state"] == "installed"
    page = cora.get(f"/apparecchi/{device_id}").text
    assert "Rosa Prova" in page
    assert "00000000" not in page
    assert "AES-" in page
    for address in ("/apparecchi", "/apparecchi?q=47&stato=installed", "/apparecchi?stato=retired"):
        assert cora.get(address).status_code == 200
    with db.transaction() as session:
        assert session.scalars(select(Placement.person_id)).all() == [person.id]
        assert session.scalars(select(TechJob)).all() == []
