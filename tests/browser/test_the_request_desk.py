"""The desk by keyboard: find by a misspelt name, ask, book, solve from the directory, receipt."""

import io
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from PIL import Image
from playwright.sync_api import Page, expect
from sqlalchemy import select

from callcenter.carriers.simulated_town import Town
from registry import directory, people
from registry.access import Role
from registry.bookings import Booking, BookingState
from registry.directory import Service
from registry.kit import db
from registry.people import Person
from registry.request_states import RequestState
from registry.requests import Request
from tests.browser.console import Console, sign_in
from tests.conftest import somebody
from webconsole.demo import desk

pytestmark = pytest.mark.browser
Findings = Callable[[], list[str]]
Clean = Callable[[], bool]
FILES = ("/doppioni", "/importazioni")


@pytest.fixture(scope="module")
def furnished(town: Town) -> Town:
    """The sample directory and its calendar, and somebody whose name is easily misspelt."""
    with db.transaction() as session:
        desk.furnish(session)
        people.create(
            session, given_name="Gelsomina", family_name="Inventatissima", birth_year=1941
        )
        people.create(session, given_name="Gelsomino", family_name="Inventato", birth_year=1970)
        somebody(session, "carla", "Carla Esempio", Role.COORDINATOR)
    return town


@pytest.fixture
def clean(page: Page, axe_twice: Findings) -> Callable[[], bool]:
    """Whether axe finds nothing on the page as it is, in light and in dark; what it finds fails."""

    def look_twice() -> bool:
        assert (page.url, axe_twice()) == (page.url, [])
        return True

    return look_twice


def test_from_a_misspelt_name_to_the_receipt_by_keyboard_alone(
    furnished: Town, anna: Console, clean: Clean
) -> None:
    page = anna.page

    # The keys of the page are listened to once its live link stands.
    expect(page.locator("#link")).to_contain_text("collegato")
    anna.press("/")
    anna.type("gelsomina inventattisima 1941")
    anna.press("Enter")
    anna.reads("cognome simile")
    assert clean()
    anna.tab_to("table a:text-is('Gelsomina Inventatissima')")
    anna.press("Enter")
    anna.tab_to("#new-request")
    anna.press("Enter")

    expect(page.locator("#expressed")).to_be_focused()
    anna.type("Non capisce le carte per la residenza")
    assert clean()
    anna.press("Control+Enter")
    anna.reads("da valutare")

    look(anna, "segretariatto sociale")
    anna.reads("è stato letto come segretariato")
    assert clean()
    anna.tab_to("#found a:has-text('Prenota')")
    anna.press("Enter")
    anna.reads("Scelga un orario per Gelsomina Inventatissima")
    assert clean()
    page.locator("[data-slot]").first.wait_for()
    walk_to_the_first(anna, "[data-slot]")
    anna.press("Enter")
    expect(page.get_by_role("heading", name="Prenotato")).to_be_visible()

    look(anna, "segretariato")
    walk_to_the_first(anna, "#found a:has-text('Usa')")
    anna.press("Enter")
    expect(page.locator("#answer")).to_be_focused()
    anna.tab_to("#why")
    anna.type("Basta un colloquio allo sportello")
    anna.press("Enter")
    anna.reads("risolta qui")

    print_the_receipt(anna, clean)

    with db.transaction() as session:
        request = session.scalars(select(Request).order_by(Request.number.desc())).first()
        assert request is not None
        assert (request.state, request.case_id) == (RequestState.ANSWERED, None)
        assert "Sportello di segretariato sociale" in request.answer
        booked = session.scalars(select(Booking).where(Booking.request_id == request.id)).one()
        assert booked.state is BookingState.BOOKED


def print_the_receipt(anna: Console, clean: Clean) -> None:
    anna.tab_to("#receipt")
    anna.press("Enter")
    anna.reads("Richiesta n.")
    assert clean()
    anna.page.evaluate("window.print = () => { window.printed = true; }")
    expect(anna.page.locator("#print")).to_be_focused()
    anna.press("Enter")
    assert anna.page.evaluate("window.printed") is True
    on_paper(anna.page)


def look(anna: Console, words: str) -> None:
    anna.tab_to("#look")
    anna.type(words)
    anna.press("Enter")
    expect(anna.page.locator("#found")).to_be_visible()


def walk_to_the_first(anna: Console, selector: str) -> None:
    """Press Tab until the first of these has the focus."""
    first = anna.page.locator(selector).first
    for _ in range(80):
        if first.evaluate("element => element === document.activeElement"):
            return
        anna.press("Tab")
    raise AssertionError(f"{selector} cannot be reached with Tab")


def on_paper(page: Page) -> None:
    """What is printed: the number and the appointment, and nothing that only a screen needs."""
    page.emulate_media(media="print")
    expect(page.get_by_text("Richiesta n.")).to_be_visible()
    expect(page.get_by_text("Appuntamento")).to_be_visible()
    expect(page.locator("#print")).to_be_hidden()
    expect(page.get_by_text("Stampato da")).to_be_visible()
    page.emulate_media(media="screen")


def test_the_pages_of_the_desk_have_no_fault_that_axe_finds(
    furnished: Town, page: Page, clean: Clean
) -> None:
    with db.transaction() as session:
        sheet = session.scalars(select(Service.id).where(Service.name == "Pasti a domicilio")).one()
    for address in ("/servizi", "/servizi?q=boh", f"/servizi/{sheet}"):
        page.goto(address)
        assert clean()
    sign_in(page, "carla")
    staff = ("/richieste?tutte=true", "/richieste/nuova", "/elenco", "/elenco?scadute=true")
    for address in (
        *staff,
        f"/elenco/{sheet}",
        f"/elenco/{sheet}/modifica",
        "/prenotazioni",
        *FILES,
    ):
        page.goto(address)
        assert clean()


def test_two_who_change_one_sheet_the_second_is_told_and_loses_nothing(
    furnished: Town, page: Page
) -> None:
    with db.transaction() as session:
        sheet = session.scalars(select(Service.id).where(Service.name == "Trasporto amico")).one()
    sign_in(page, "carla")
    page.goto(f"/elenco/{sheet}/modifica")
    with db.transaction() as session:
        directory.change(session, directory.held(session, sheet), cost="Gratuito")

    page.locator("#summary").fill("Volontari con un'auto nuova")
    page.get_by_role("button", name="Salva la scheda").press("Enter")

    expect(page.get_by_role("alert")).to_contain_text("Nel frattempo qualcuno")
    expect(page.locator("#summary")).to_have_value("Volontari con un'auto nuova")
    with db.transaction() as session:
        kept = directory.read(session, sheet)
        assert (kept.cost, "nuova" in kept.summary) == ("Gratuito", False)


def test_a_double_click_writes_down_one_request(furnished: Town, anna: Console) -> None:
    def written() -> list[int]:
        with db.transaction() as session:
            return list(session.scalars(select(Request.number).order_by(Request.number)))

    before = written()
    anna.page.goto("/richieste/nuova")
    anna.page.locator("#expressed").fill("Chiede dove si rinnova la carta d'identità")
    anna.page.get_by_role("button", name="Registra la richiesta").dblclick()
    anna.reads("da valutare")

    assert len(written()) == len(before) + 1


def test_a_photo_put_on_a_file_is_seen_there(furnished: Town, anna: Console) -> None:
    with db.transaction() as session:
        gelsomino = session.scalars(
            select(Person.id).where(Person.family_name == "Inventato")
        ).one()
    page = anna.page
    page.goto(f"/persone/{gelsomino}/scheda")
    page.get_by_text("Aggiungi una foto").press("Enter")
    field = page.locator("#face-file")
    field.set_input_files({"name": "x.jpg", "mimeType": "image/jpeg", "buffer": b"%PDF-1.7"})
    page.get_by_role("button", name="Salva la foto").press("Enter")
    anna.reads("Una foto è un file JPEG, PNG o WebP")
    made = io.BytesIO()
    Image.new("RGB", (64, 48), "teal").save(made, "JPEG")
    field.set_input_files({"name": "x.jpg", "mimeType": "image/jpeg", "buffer": made.getvalue()})
    page.get_by_role("button", name="Salva la foto").press("Enter")

    face = page.get_by_alt_text("Foto di Gelsomino Inventato").first
    expect(face).to_be_visible()
    assert face.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0


def test_anybody_can_try_the_conditions_without_signing_in(furnished: Town, page: Page) -> None:
    page.goto("/servizi?q=anzani+soli")
    page.get_by_role("link", name="Pasti a domicilio").press("Enter")
    page.get_by_label("Età: almeno 65").fill("40")
    page.get_by_role("button", name="Esamina le condizioni").press("Enter")

    expect(page.get_by_role("status")).to_contain_text("Una condizione manca")
    assert urlsplit(page.url).query == ""
