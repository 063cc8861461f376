"""Pages of cases: followed by one, told to the next, blacked out for whoever is outside."""

import re
from collections.abc import Callable
from uuid import UUID

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from registry import attachments, case_managers, case_notes, cases, codes, people, staff
from registry.access import Compartment, Role
from registry.attachments import Attachment
from registry.case_managers import Part
from registry.case_states import CaseState
from registry.cases import Area, Case
from registry.circles import Circle
from registry.journal import Entry
from registry.kit import db
from registry.referrals import Referral, ReferralState
from tests.conftest import somebody

SignedIn = Callable[..., TestClient]
PDF = b"%PDF-1.7\n1 0 obj <<>> endobj\ntrailer <<>>\n%%EOF\n"


@pytest.fixture
def case(database: None) -> UUID:
    """Nina's case, which nobody follows yet."""
    with db.transaction() as session:
        codes.settle(session)
        nina = people.create(session, given_name="Nina", family_name="Prova", birth_year=1950)
        return cases.open_(
            session, area=Area.SOCIAL_SERVICES, person_id=nina.id, reason="Sfratto"
        ).id


@pytest.fixture
def sara(signed_in: SignedIn, case: UUID) -> TestClient:
    client = signed_in("sara", Role.SOCIAL_WORKER, name="Sara Modelli")
    client.headers["accept"] = "text/html"
    return client


def of(case: UUID) -> Case:
    with db.transaction() as session:
        return db.get(session, Case, case)


def test_a_case_is_taken_handed_over_with_a_note_and_seen_by_the_next(
    case: UUID, sara: TestClient, signed_in: SignedIn
) -> None:
    assert "Nina Prova" not in sara.get("/casi").text
    assert "Nina Prova" in sara.get("/casi?quali=nobodys").text
    with db.transaction() as session:
        me = staff.named(session, "sara").id
        dino = somebody(session, "dino", "Dino Esempio", Role.SOCIAL_WORKER).id
    sara.post(f"/casi/{case}/assegnazione", data={"part": "manager", "staff_id": str(me)})
    assert "Nina Prova" in sara.get("/casi").text

    silent = {"part": "manager", "staff_id": str(dino), "note": " "}
    refused = sara.post(f"/casi/{case}/assegnazione", data=silent)
    assert refused.status_code == 422
    assert 'aria-describedby="wrong-note"' in refused.text
    sara.post(f"/casi/{case}/assegnazione", data=silent | {"note": "Udienza giovedì"})

    next_ = signed_in("dino")
    assert "nuovo per Lei" in next_.get("/casi").text
    assert "Udienza giovedì" in next_.get(f"/casi/{case}").text
    assert "nuovo per Lei" not in next_.get("/casi").text
    with db.transaction() as session:
        assert case_managers.current(session, case)[Part.MANAGER].staff_id == dino


def test_the_second_of_two_is_told_and_their_words_are_still_there(
    case: UUID, sara: TestClient
) -> None:
    version = str(of(case).version)
    first = {"version": version, "stage": "assessing", "reason": "Primo colloquio fatto"}
    assert sara.post(f"/casi/{case}/fase", data=first).status_code == 200
    late = {"version": version, "outcome": "moved", "reason": "Va a vivere dal figlio"}
    page = sara.post(f"/casi/{case}/chiusura", data=late)

    assert page.status_code == 412
    assert "Va a vivere dal figlio" in page.text
    assert of(case).state is CaseState.OPEN


def test_a_case_ends_with_an_outcome_and_comes_back(case: UUID, sara: TestClient) -> None:
    assert sara.post(f"/casi/{case}/chiusura", data={"reason": "Fine"}).status_code == 422
    page = sara.post(
        f"/casi/{case}/chiusura", data={"reason": "Casa trovata", "outcome": "autonomy"}
    )
    assert "Autonomia raggiunta" in page.text
    assert "Nina Prova" in sara.get("/casi?quali=all&stato=closed").text
    sara.post(f"/casi/{case}/riapertura", data={"reason": "È tornata"})
    assert of(case).state is CaseState.OPEN


def test_a_note_outside_the_circle_is_there_and_blacked_out(case: UUID, sara: TestClient) -> None:
    with db.transaction() as session:
        olga = somebody(session, "olga", "Olga Prova", Role.OPERATOR).actor
        held = cases.held(session, case, olga)
        case_notes.write(session, held, olga, text="Confidenza di Olga", circle=Circle.AUTHOR)
    sara.post(f"/casi/{case}/note", data={"text": "Colloquio sereno", "circle": "everyone"})
    page = sara.get(f"/casi/{case}").text

    assert "Colloquio sereno" in page
    assert "Confidenza di Olga" not in page
    assert "Riservato: c’è, e lo leggono altri." in page
    assert "Colloquio sereno" in sara.get(f"/casi/{case}?tutto=true").text


def test_a_case_in_a_compartment_is_a_closed_door_for_others(sara: TestClient) -> None:
    with db.transaction() as session:
        hidden = cases.open_(
            session,
            area=Area.EMERGENCY,
            title="Parole chiuse",
            compartment=Compartment.VIOLENCE,
            reason="Parole chiuse",
        ).id
    page = sara.get(f"/casi/{hidden}")

    assert "Parole chiuse" not in page.text + sara.get("/casi?quali=all").text
    assert "violenza" in page.text
    assert sara.post(f"/casi/{hidden}/note", data={"text": "x"}).status_code == 403


def test_a_document_is_saved_and_never_shown_in_place(case: UUID, sara: TestClient) -> None:
    file = {"file": ("../Relazione «finale».exe", PDF, "text/html")}
    page = sara.post(f"/casi/{case}/documenti", files=file, data={"circle": "everyone"})
    assert "Relazione «finale».pdf" in page.text
    assert "Non vengono controllati" in page.text
    link = re.search(rf"/casi/{case}/documenti/[0-9a-f-]+", page.text)
    assert link is not None
    saved = sara.get(link[0])

    assert saved.content == PDF
    assert saved.headers["content-type"] == "application/pdf"
    assert saved.headers["content-disposition"].startswith("attachment; ")
    assert "sandbox" in saved.headers["content-security-policy"]
    assert saved.headers["x-content-type-options"] == "nosniff"
    assert saved.headers["cache-control"] == "no-store"
    with db.transaction() as session:
        kind = attachments.AttachmentRead.kind
        assert session.scalars(select(Entry).where(Entry.kind == kind)).one().case_id == case


def test_a_program_is_refused_beside_its_field(case: UUID, sara: TestClient) -> None:
    page = sara.post(f"/casi/{case}/documenti", files={"file": ("a.pdf", b"MZ\x90\0" + b"\0" * 50)})

    assert page.status_code == 422
    assert 'id="wrong-file"' in page.text
    with db.transaction() as session:
        assert session.scalars(select(Attachment)).all() == []


def test_a_referral_goes_to_an_office_and_comes_back_with_an_outcome(
    case: UUID, sara: TestClient, signed_in: SignedIn
) -> None:
    with db.transaction() as session:
        office = staff.office(session, "Consultorio").id
        somebody(session, "dino", "Dino Esempio", Role.SOCIAL_WORKER).office_id = office
    sent = {"to": f"office:{office}", "reason": "Un colloquio", "answer_by": "2020-01-01"}
    refused = sara.post(f"/casi/{case}/invii", data=sent)
    assert refused.status_code == 422
    assert "Un colloquio" in refused.text
    sara.post(f"/casi/{case}/invii", data=sent | {"answer_by": "2099-12-01"})
    with db.transaction() as session:
        referral = session.scalars(select(Referral)).one().id

    dino = signed_in("dino")
    assert "Nina Prova" in dino.get("/invii?quali=received").text
    assert "visto" in dino.get(f"/invii/{referral}").text
    dino.post(f"/invii/{referral}/passo", data={"state": "accepted"})
    unsaid = dino.post(f"/invii/{referral}/passo", data={"state": "concluded", "told_by": "x"})
    assert unsaid.status_code == 422
    dino.post(f"/invii/{referral}/passo", data={"state": "concluded", "words": "Fatto"})
    with db.transaction() as session:
        assert db.get(session, Referral, referral).state is ReferralState.CONCLUDED
    assert "concluso" in sara.get(f"/casi/{case}").text
