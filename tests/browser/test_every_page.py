"""Every page of a town at work, light and dark: axe-core finds nothing, no third host is asked."""

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from registry import consents, hooks, purposes, subject_access
from registry.access import Actor, Role
from registry.cases import CaseOpened
from registry.codes import CodeList
from registry.consents import Way
from registry.kit import clock, db
from registry.people import Person
from registry.purposes import LegalBasis
from registry.starting_register import STARTING
from telecare import campaign_files, campaigns, outages, tech_jobs
from telecare.campaigns import Pace
from telecare.devices import Device
from telecare.outages import Outage
from telecare.planned import By, Purpose
from telecare.protocols.base import Kind
from telecare.tech_jobs import JobKind
from tests.browser.console import sign_in
from tests.browser.policy import NO_PAGES, Watch, pages
from tests.conftest import somebody
from tests.stories.conftest import House
from tests.webconsole import matrix
from webconsole import gathering
from webconsole.app import app
from webconsole.demo import town

pytestmark = pytest.mark.browser
Findings = Callable[[], list[str]]
PARTS = 4
CALLED = "cognome;nome;telefono;anno\nProva;Rosa;081 555 0101;1935\n"
# What fills each place of an address: the first of this kind in the town.
PLACES = {
    "alarm_id": "alarms",
    "calendar_id": "calendars",
    "campaign_id": "campaigns",
    "case_id": "cases",
    "device_id": "devices",
    "hook_id": "hooks",
    "job_id": "interventions",
    "outage_id": "outages",
    "point_id": "access_points",
    "purpose_id": "purposes",
    "referral_id": "referrals",
    "request_id": "requests",
    "service_id": "services",
    "staff_id": "staff",
    "tech_job_id": "tech_jobs",
}
# Files and pictures are no pages; what the others need is walked by tests of their own.
OTHERWISE = {
    "/allarmi/{alarm_id}/apertura",
    "/apparecchi/{device_id}/etichetta",
    "/casi/{case_id}/documenti/{attachment_id}",
    "/importazioni/{import_id}",
    "/importazioni/{import_id}/rifiutate.csv",
    "/persone/{person_id}/foto",
    "/persone/{person_id}/privacy/copie/{export_id}/archivio.zip",
    "/privacy/scarti/{disposal_id}",
    "/privacy/scarti/{disposal_id}/pacchetto.zip",
    "/ricevuti/{referral_id}",
}
# Nothing is there; there is no body's log-in; she is no team; nobody says which two files.
NOWHERE = {
    "/nulla",
    "/persone/non-esiste",
    "/conferma/ente",
    "/entra/ente",
    "/entra/ente/ritorno",
    "/squadra",
    "/unione",
}
SOME_MORE = ("/interventi?tutti=true", "/persone?q=ma", "/casi?quali=all", "/piani?tipo=fall")


@pytest.fixture(scope="module")
def addresses(house: House) -> list[str]:
    """Of every page there is, by the table of doors, filled with what the town has."""
    town.load()
    with db.transaction() as session:
        me = somebody(session, "tutta", "Tutta Campione", *(set(Role) - {Role.TEAM}))
        ids = _more_than_the_town_has(session, me.actor)
        for place, table in PLACES.items():
            found = session.scalar(text(f"SELECT id FROM {table} ORDER BY id LIMIT 1"))
            assert found is not None, f"the town has no {table}"
            ids[place] = str(found)
    found = {each.path for each in matrix.doors(app) if each.method == "GET" and "{" in each.path}
    wanted = sorted(each for each in found if not NO_PAGES.search(each) and each not in OTHERWISE)
    filled = [each.format_map(ids) for each in wanted]
    return [*pages(), *filled, *SOME_MORE, "/nulla", "/persone/non-esiste"]


def _more_than_the_town_has(session: Session, me: Actor) -> dict[str, str]:
    """A consent, a copy of somebody's data, a campaign, an outage, a job and a webhook."""
    person_id = session.scalars(
        select(Device.person_id).where(Device.person_id.is_not(None))
    ).first()
    person = session.get_one(Person, person_id)
    lines = [purposes.write(session, me, **each) for each in STARTING]
    choice = next(each for each in lines if each.basis is LegalBasis.CONSENT)
    consents.consent(session, person, choice, me, way=Way.PAPER)
    copy = subject_access.draft(session, person.id, me, gathering.pieces(session, person))
    campaigns.begin(
        session,
        purpose=Purpose.HEAT,
        title="Caldo di luglio",
        by=By.OPERATOR,
        people=campaign_files.read(session, CALLED, me),
        pace=Pace(first_at=clock.now() + timedelta(days=1), a_minute=1, within_minutes=60),
    )
    session.add(
        Outage(
            cause=Kind.SILENT,
            by=outages.By.AREA,
            name="Borgo",
            began_at=clock.now(),
            devices=12,
            most=12,
            units=20,
        )
    )
    tech_jobs.want(session, JobKind.INSTALLATION, person_id=person.id, note="secondo apparecchio")
    hooks.add(session, me, name="Cartella", url="https://example.it/", kinds=[CaseOpened.kind])
    return {
        "person_id": str(person.id),
        "export_id": str(copy.id),
        "list_": CodeList.QUALIFICATION.value,
    }


@pytest.mark.parametrize("part", range(PARTS))
def test_it_obeys_its_policy_asks_no_third_host_and_has_no_fault_that_axe_finds(
    page: Page, house: House, addresses: list[str], axe_twice: Findings, part: int
) -> None:
    assert len(addresses) > 80
    watch, hosts, nowhere = Watch(page), set[str](), set[str]()
    watch.begin()
    page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
    sign_in(page, "tutta")
    for address in addresses[part::PARTS]:
        if watch.look(address) >= 400:
            nowhere.add(address)
        page.wait_for_load_state("load")
        assert (address, axe_twice()) == (address, [])
    assert nowhere == NOWHERE & {*addresses[part::PARTS]}
    assert watch.seen == []
    assert hosts == {urlsplit(house.url).netloc}


def test_nothing_is_passed_over_but_by_name() -> None:
    known = {each.path for each in matrix.doors(app)}
    assert known >= OTHERWISE
