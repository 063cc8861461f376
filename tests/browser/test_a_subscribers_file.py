"""The file of a subscriber by keyboard: the way in with a reason, a contact more, an absence.

And what a technician reads with the camera: the label of the unit that goes into the home.
"""

from collections.abc import Callable
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from callcenter.carriers.simulated_town import Town
from registry.access import Role
from registry.journal import Entry
from registry.kit import db
from registry.people import Person
from telecare import devices, stock, subscribers, tech_jobs
from telecare.tech_jobs import JobKind, TechJob
from tests.browser.console import PATIENCE, Console, sign_in
from tests.conftest import somebody
from tests.registry.test_pictures import photo
from tests.waiting import apart
from webconsole.cli_checks import WINDOWED

pytestmark = pytest.mark.browser
SAFE = "cassetta accanto al portone, codice 0000"


def test_the_file_of_a_subscriber(anna: Console, town: Town) -> None:
    assert town.url
    with db.transaction() as session:
        maria = session.scalars(select(Person.id)).one()
        subscribers.write(session, maria, way_in=SAFE)
    anna.page.goto("/teleassistenza?q=prova")
    anna.page.get_by_role("link", name="Maria Prova").press("Enter")

    anna.reads("Perché Le serve?")
    expect(anna.page.get_by_text(SAFE)).to_have_count(0)
    anna.tab_to("#why")
    anna.press("Tab")
    anna.press("Enter")
    anna.reads(SAFE)
    anna.reads("chiavi dalla vicina")

    anna.page.get_by_text("Aggiungi un contatto").press("Enter")
    anna.tab_to("#new-name")
    anna.type("Vera Campione")
    anna.press("Tab")
    anna.type("non lo so")
    anna.press("Enter")
    anna.reads("non è un numero di telefono")
    expect(anna.page.locator("#new-name")).to_have_value("Vera Campione")
    anna.page.locator("#new-phone").fill("081 555 0166")
    anna.press("Enter")
    expect(anna.page.locator(".rungs > li")).to_have_count(2)
    expect(anna.page.get_by_role("status")).to_have_text("collegato")

    anna.page.get_by_text("Annota un’assenza").press("Enter")
    anna.tab_to("#away-reason")
    anna.page.locator("form[data-post$=absences] button").press("Enter")
    anna.reads("Un allarme da questa casa si prende lo stesso")

    with db.transaction() as session:
        shown = select(Entry.facts).where(Entry.kind == "telecare.way_in_shown")
        assert [each["why"] for each in session.scalars(shown)] == ["welfare_check"]


def test_the_photo_of_the_door_is_put_and_shown_for_a_reason(anna: Console, town: Town) -> None:
    assert town.url
    with db.transaction() as session:
        maria = session.scalars(select(Person.id)).one()
    page = anna.page
    page.goto(f"/teleassistenza/{maria}")
    page.get_by_text("Modifica", exact=True).last.press("Enter")
    field = page.get_by_label("Foto della porta", exact=True)
    field.set_input_files({"name": "x.jpg", "mimeType": "image/jpeg", "buffer": b"%PDF-1.7"})
    page.get_by_role("button", name="Salva la foto").press("Enter")
    anna.reads("Una foto è un file JPEG, PNG o WebP")
    field.set_input_files({"name": "x.jpg", "mimeType": "image/jpeg", "buffer": photo()})
    with page.expect_navigation():
        page.get_by_role("button", name="Salva la foto").press("Enter")
    door = page.get_by_alt_text("Foto della porta")
    expect(door).to_have_count(0)
    page.get_by_role("button", name="Mostra").press("Enter")
    expect(door).to_be_visible(timeout=PATIENCE)
    assert door.evaluate("image => image.decode().then(() => image.naturalWidth)") == 48


# Chromium on a desk reads no codes: what a phone's browser has is put in its place.
SEES = """
window.said = "";
window.BarcodeDetector = class {
  static async getSupportedFormats() { return ["qr_code"]; }
  async detect(video) { return video.videoWidth && window.said ? [{ rawValue: window.said }] : []; }
};
"""
CAMERA = "() => navigator.mediaDevices.getUserMedia({video: true}).then(() => 'open', e => e.name)"
Findings = Callable[[], list[str]]


@pytest.mark.parametrize("browser", [WINDOWED], indirect=True, ids=["with a camera"])
def test_a_label_is_read_with_the_camera(page: Page, town: Town, axe: Findings) -> None:
    assert town.url
    with db.transaction() as session:
        somebody(session, "tino", "Tino Tecnico", Role.TECHNICIAN)
        maria = session.scalars(select(Person.id)).first()
        unit = devices.add(session, account="7199")
        code = stock.item(session, unit).code
        job = tech_jobs.want(session, JobKind.INSTALLATION, person_id=maria).id
    page.set_viewport_size({"width": 390, "height": 844})
    sign_in(page, "tino")
    # Where the browser reads no codes there is the field alone.
    page.goto("/tecnico")
    scan = page.get_by_role("button", name="Leggi l’etichetta")
    expect(page.get_by_label("Codice dell’etichetta")).to_be_visible()
    expect(scan).to_be_hidden()

    # Where it does, and nobody lets it use the camera, the code is written.
    page.add_init_script(SEES)
    page.goto("/tecnico")
    scan.click()
    expect(page.get_by_role("dialog")).to_contain_text("La fotocamera non si può usare")
    page.get_by_role("button", name="Chiudi").click()
    page.get_by_label("Codice dell’etichetta").fill("7199")
    page.keyboard.press("Enter")
    page.wait_for_url("**/apparecchi/**")
    page.context.grant_permissions(["camera"])
    assert page.evaluate(CAMERA) == "NotAllowedError", "the camera is for the technician's page"

    page.goto(f"/tecnico/{job}")
    page.get_by_role("button", name="Ci vado io").click()
    scan.click()
    expect(page.get_by_role("dialog")).to_contain_text("Tenga l’etichetta")
    assert axe() == []
    # Another maker's picture says nothing to us; ours does.
    page.evaluate("() => { window.said = 'https://example.it/?x=1'; }")
    page.evaluate("url => { window.said = url; }", f"https://casa.example.it/tecnico?codice={code}")
    page.get_by_role("button", name="Prova l’apparecchio").wait_for()
    assert apart(lambda: unit_of(job)) == unit.id


def unit_of(job_id: UUID) -> UUID | None:
    with db.transaction() as session:
        return session.get_one(TechJob, job_id).device_id
