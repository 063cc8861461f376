"""The desk's pages: what is refused comes back as typed, and nobody overwrites another."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import update
from starlette.testclient import TestClient

from registry import booking_lists, calendars, codes, directory, people, requests
from registry.access import HOUSE, Role
from registry.calendars import Slot
from registry.cases import Case
from registry.contacts import Channel
from registry.kit import clock, db
from registry.people import Person
from registry.request_states import RequestState
from registry.requests import Request
from webconsole.demo import desk
from webconsole.pages import directory as pages_of_directory

SignedIn = Callable[..., TestClient]


@pytest.fixture
def asked(database: None) -> UUID:
    """A request of somebody known."""
    with db.transaction() as session:
        codes.settle(session)
        nina = people.create(session, given_name="Nina", family_name="Prova", birth_year=1950)
        return requests.receive(
            session, HOUSE, channel=Channel.DESK, expressed="Aiuto", person_id=nina.id
        ).id


@pytest.fixture
def anna(signed_in: SignedIn) -> Iterator[TestClient]:
    client = signed_in("anna", Role.OPERATOR)
    client.headers["accept"] = "text/html"
    yield client
    del client.headers["accept"]


def request_of(asked: UUID) -> Request:
    with db.transaction() as session:
        return db.get(session, Request, asked)


def test_an_empty_request_comes_back_with_all_that_was_chosen(
    asked: UUID, anna: TestClient
) -> None:
    sent = {"channel": "street", "asks_as": "neighbour", "expressed": "  ", "barriers": ["fear"]}
    page = anna.post("/richieste/nuova", data=sent)

    assert page.status_code == 422
    assert 'value="street" selected' in page.text
    assert 'value="neighbour" selected' in page.text
    assert 'value="fear" checked' in page.text
    assert 'aria-describedby="wrong-expressed"' in page.text


def test_an_anonymous_request_is_written_down_and_found_in_the_list(
    asked: UUID, anna: TestClient
) -> None:
    sent = {"channel": "phone", "asks_as": "anonymous", "expressed": "Dove si mangia stasera"}
    page = anna.post("/richieste/nuova", data=sent)

    assert page.status_code == 200
    assert "Dove si mangia stasera" in page.text
    assert "non detto" in anna.get("/richieste").text


def test_the_second_of_two_is_told_and_their_words_are_still_there(
    asked: UUID, anna: TestClient
) -> None:
    version = str(request_of(asked).version)
    first = {"version": version, "recognised": "Serve la spesa", "recognised_needs": ["food"]}
    assert anna.post(f"/richieste/{asked}/bisogno", data=first).status_code == 200

    late = {"version": version, "answer": "Emporio, martedì alle 15", "reason": "Basta sapere"}
    page = anna.post(f"/richieste/{asked}/risposta", data=late)

    assert page.status_code == 412
    assert "Nel frattempo qualcuno" in page.text
    assert "Emporio, martedì alle 15" in page.text
    assert request_of(asked).state is RequestState.RECEIVED


def test_a_request_without_a_reason_stays_as_it_was(asked: UUID, anna: TestClient) -> None:
    sent = {"version": "1", "answer": "Ecco", "reason": " "}
    page = anna.post(f"/richieste/{asked}/risposta", data=sent)

    assert page.status_code == 422
    assert request_of(asked).state is RequestState.RECEIVED


def test_what_is_taken_on_shows_its_case_and_no_form(asked: UUID, anna: TestClient) -> None:
    sent = {"version": "1", "reason": "Sfratto tra dieci giorni"}
    page = anna.post(f"/richieste/{asked}/presa-in-carico", data=sent)

    assert "presa in carico con un caso" in page.text
    assert "/risposta" not in page.text
    assert request_of(asked).case_id is not None


def test_the_receipt_carries_the_number_and_who_printed_it(asked: UUID, anna: TestClient) -> None:
    page = anna.get(f"/richieste/{asked}/ricevuta").text

    assert f"Richiesta n. {request_of(asked).number}" in page
    assert "Stampato da Anna Riva" in page


def test_an_operator_books_and_gives_the_reminder(asked: UUID, anna: TestClient) -> None:
    with db.transaction() as session:
        desk.furnish(session)
        calendar = calendars.all_(session)[0]
        slot = calendars.slots(session, calendar.id)[0]
        person = session.get_one(Request, asked).person_id
    sent = {"slot_id": str(slot.id), "person_id": str(person), "request_id": str(asked)}
    booked = anna.post(f"/prenotazioni/{calendar.id}", data=sent)
    again = anna.post(f"/prenotazioni/{calendar.id}", data=sent)

    assert "Prenotato" in booked.text
    assert again.status_code == 409
    assert "lista di attesa" in again.text
    page = anna.get(f"/prenotazioni/{calendar.id}").text
    cancel = re.search(r"/appuntamenti/[0-9a-f-]+/annulla", page)
    assert cancel is not None
    anna.post(cancel[0], data={"reason": "Malata"})
    assert "Nina Prova" not in anna.get(f"/prenotazioni/{calendar.id}").text


def test_an_appointment_begins_at_the_persons_file_and_stands_on_the_days_list(
    asked: UUID, anna: TestClient
) -> None:
    with db.transaction() as session:
        desk.furnish(session)
        calendar = calendars.all_(session)[0].id
        slot = calendars.slots(session, calendar)[0].id
        person = session.get_one(Request, asked).person_id
    choose = f"/prenotazioni?persona={person}"
    assert choose in anna.get(f"/persone/{person}").text
    assert f"/prenotazioni/{calendar}?persona={person}" in anna.get(choose).text
    assert "Nessuno è atteso" in anna.get("/prenotazioni").text

    sent = {"slot_id": str(slot), "person_id": str(person)}
    assert "prenotato" in anna.post(f"/prenotazioni/{calendar}", data=sent).text
    with db.transaction() as session:
        at = session.get_one(Slot, slot).starts_at
        assert booking_lists.expected(session, HOUSE, at) == []
        (comes,) = booking_lists.expected(session, HOUSE, at + timedelta(seconds=1))
        assert comes.person_id == person


def test_whoever_did_not_come_and_whoever_must_be_told_stand_first(
    asked: UUID, anna: TestClient, signed_in: SignedIn
) -> None:
    with db.transaction() as session:
        desk.furnish(session)
        calendar = calendars.all_(session)[0].id
        early, late = calendars.slots(session, calendar)[:2]
        person = session.get_one(Request, asked).person_id
    for slot in (early, late):
        sent = {"slot_id": str(slot.id), "person_id": str(person), "request_id": str(asked)}
        assert "Prenotato" in anna.post(f"/prenotazioni/{calendar}", data=sent).text
    with db.transaction() as session:
        hour = {"starts_at": clock.now() - timedelta(hours=1), "ends_at": clock.now()}
        session.execute(update(Slot).where(Slot.id == early.id).values(hour))

    page = anna.get(f"/prenotazioni/{calendar}").text
    assert "Sono venuti?" in page
    absent = re.search(r"/appuntamenti/[0-9a-f-]+/assente", page)
    assert absent is not None
    assert "Sono venuti?" not in anna.post(absent[0], data={"calendar": "1"}).text

    sara = signed_in("sara", Role.SOCIAL_WORKER, name="Sara Esempio")
    assert sara.post(f"/orari/{late.id}/annulla", data={"reason": ""}).status_code == 422
    to_tell = sara.post(f"/orari/{late.id}/annulla", data={"reason": "Operatrice malata"}).text
    assert "annullato: Operatrice malata" in to_tell
    told = re.search(r"/appuntamenti/[0-9a-f-]+/avvisata", to_tell)
    assert told is not None
    assert "Operatrice malata" not in sara.post(told[0]).text


def test_whom_a_request_is_about_is_said_later(anna: TestClient, asked: UUID) -> None:
    told = {"expressed": "Un letto per stanotte", "channel": "street", "asks_as": "anonymous"}
    page = anna.post("/richieste/nuova", data=told)
    here = page.url.path
    assert f'href="{here}/persona"' in page.text
    assert "Nessuno" in anna.get(f"{here}/persona?q=xyzzy").text
    found = anna.get(f"{here}/persona?q=nina prova").text
    chosen = dict(re.findall(r'name="(version|person_id)" value="([^"]+)"', found))
    assert anna.post(f"{here}/persona", data={**chosen, "version": "99"}).status_code == 412
    assert "Nina Prova" in anna.post(f"{here}/persona", data=chosen).text
    again = {"If-Match": "*"}
    there = f"/api/v1/requests/{here.rpartition('/')[2]}"
    same = anna.patch(there, json={"person_id": chosen["person_id"]}, headers=again)
    assert same.json()["person_id"] == chosen["person_id"]


def test_only_who_keeps_the_directory_changes_it(asked: UUID, anna: TestClient) -> None:
    assert anna.get("/elenco/nuova").status_code == 403
    assert anna.post("/elenco/nuova", data={"name": "Prova"}).status_code == 403


def test_a_file_of_sheets_tells_what_became_of_each_line(asked: UUID, signed_in: SignedIn) -> None:
    boss = signed_in("carla", Role.COORDINATOR, name="Carla Esempio")
    text = "body;name;area\nComune;Spesa;economic\nComune;Altro;boh\n".encode("cp1252")
    page = boss.post("/elenco/importa", files={"file": ("a.csv", text, "text/csv")})

    assert "1 aggiunte, 0 aggiornate" in page.text
    assert "Riga 3:" in page.text
    with db.transaction() as session:
        assert [each.name for each in directory.listed(session)] == ["Spesa"]
    assert "Spesa" in boss.get("/elenco/esporta.csv").text


def test_a_list_that_shows_no_more_says_so(
    asked: UUID, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages_of_directory, "SHOWN", 2)
    boss = signed_in("carla", Role.COORDINATOR, name="Carla Esempio")
    lines = "".join(f"Comune;Servizio {name};economic\n" for name in ("uno", "due", "tre"))
    boss.post("/elenco/importa", files={"file": ("a.csv", f"body;name;area\n{lines}", "text/csv")})

    whole = boss.get("/elenco").text
    assert whole.count("Servizio ") == 2
    assert "Sono 2, quante se ne mostrano al massimo: scriva una parola" in whole
    one = boss.get("/elenco", params={"q": "tre"}).text
    assert "Servizio tre" in one
    assert "al massimo" not in one


def test_a_sheet_that_cannot_be_saved_comes_back_whole(asked: UUID, signed_in: SignedIn) -> None:
    boss = signed_in("carla", Role.COORDINATOR, name="Carla Esempio")
    sent = {
        "body": "Comune",
        "name": "Spesa a casa",
        "area": "home_care",
        "hours": "quando capita",
        "age_at_least": "65",
        "lives_alone": "1",
        "steps": "Telefonare\nAspettare",
        "language_uk": "1",
        "language_yo": "1",
    }
    page = boss.post("/elenco/nuova", data=sent)
    assert page.status_code == 422
    assert 'value="quando capita"' in page.text
    assert "Telefonare\nAspettare" in page.text
    assert 'name="language_uk" value="1" checked>ucraino' in page.text
    # A language we have no word for yet, as a file may bring it, is not lost.
    assert 'name="language_yo" value="1" checked>yo' in page.text

    made = boss.post("/elenco/nuova", data=sent | {"hours": "lun 9-12", "published": "1"})
    assert made.status_code == 200
    with db.transaction() as session:
        (sheet,) = directory.listed(session, public=True)
        assert sheet.rules == [{"fact": "age", "at_least": 65.0}, {"fact": "lives_alone"}]
        assert sheet.steps == ["Telefonare", "Aspettare"]
        assert sheet.languages == ["uk", "yo"]


def test_namesakes_are_told_with_the_fact_to_ask_for(anna: TestClient) -> None:
    with db.transaction() as session:
        for year in range(1950, 1962):
            people.create(session, given_name="Rosa", family_name="Esempio", birth_year=year)
    page = anna.get("/persone?q=rosa esempio").text

    assert "Chieda l’anno di nascita" in page
    assert "cognome, nome" in page


@pytest.mark.parametrize(
    ("asked_for", "told"),
    [
        ("RSSMRA80A01H501X", "l’ultimo carattere non corrisponde"),
        ("xy", "Due lettere sono poche"),
        ("Xyzzykowski", 'class="button main" href="/persone/nuova"'),
    ],
)
def test_whoever_finds_nobody_is_told_what_to_do(
    anna: TestClient, asked_for: str, told: str
) -> None:
    assert told in anna.get("/persone", params={"q": asked_for}).text


def test_a_case_asked_for_by_its_number_is_one_click_away(asked: UUID, anna: TestClient) -> None:
    sent = {"version": "1", "reason": "Sfratto tra dieci giorni"}
    anna.post(f"/richieste/{asked}/presa-in-carico", data=sent)
    with db.transaction() as session:
        case = db.get(session, Case, request_of(asked).case_id)
    assert f'href="/casi/{case.id}"' in anna.get(f"/persone?q=caso {case.number}").text


def test_a_reserved_person_has_no_request_page_for_others(asked: UUID, anna: TestClient) -> None:
    with db.transaction() as session:
        nina = session.get_one(Person, session.get_one(Request, asked).person_id)
        people.change(session, nina, restricted=True)

    assert anna.get(f"/richieste/{asked}").status_code == 404
    assert anna.get(f"/richieste/{asked}/ricevuta").status_code == 404
    assert "Nina" not in anna.get("/richieste").text
