"""Offices of contractors and partners, and what their people may do: from the very next click."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from starlette.testclient import TestClient

from registry import cases, codes, journal, people, received, referrals, staff
from registry.access import Holder, Role
from registry.cases import Area
from registry.kit import clock, db
from registry.kit.db import transaction
from registry.referrals import Referral, ReferralState
from tests.conftest import somebody

SignIn = Callable[..., TestClient]
HOME = "/amministrazione/personale"
OFFICES = "/amministrazione/uffici"


@pytest.fixture
def ada(signed_in: SignIn) -> TestClient:
    client = signed_in("ada", Role.ADMINISTRATOR, name="Ada Facsimile")
    client.headers["accept"] = "text/html"
    with transaction() as session:
        codes.settle(session)
    return client


def seat(login: str, office: str, holder: Holder, *roles: Role) -> UUID:
    """Somebody who sits in an office of that holder; returns the office."""
    with transaction() as session:
        found = staff.office(session, office, holder=holder)
        somebody(session, login, "Olga Prova", *roles).office_id = found.id
        return found.id


def test_the_people_of_a_contractor_work_and_see_no_reserved_file(signed_in: SignIn) -> None:
    with transaction() as session:
        maria = people.create(
            session, given_name="Maria", family_name="Riservata", birth_year=1950, restricted=True
        ).id
        nina = people.create(session, given_name="Nina", family_name="Prova", birth_year=1950).id
    seat("olga", "Cooperativa Esempio", Holder.CONTRACTOR, Role.COORDINATOR, Role.AUDITOR)
    olga = signed_in("olga")
    olga.headers["accept"] = "text/html"

    assert olga.get(f"/persone/{nina}").status_code == 200
    assert olga.get(f"/persone/{maria}").status_code == 404
    for path in ("/revisione", "/doppioni", "/privacy", f"/persone/{nina}/accessi"):
        assert (path, olga.get(path).status_code) == (path, 403)
    opened = olga.post(f"/persone/{maria}/apertura", data={"reason": "Una ragione lunga"})
    assert opened.status_code == 403


def test_the_people_of_a_partner_open_nobodys_file(signed_in: SignIn) -> None:
    with transaction() as session:
        nina = people.create(session, given_name="Nina", family_name="Prova", birth_year=1950).id
    seat("olga", "Associazione Esempio", Holder.PARTNER, *Role)
    olga = signed_in("olga")

    for path in (f"/api/v1/people/{nina}", "/api/v1/cases", "/api/v1/people?q=prova"):
        assert (path, olga.get(path).status_code) == (path, 403)
    assert olga.get("/api/v1/signals").status_code == 200


def referred(office: UUID, reason: str) -> tuple[UUID, UUID]:
    """Nina's case, with a part of its work sent to the office; the case and the referral."""
    with transaction() as session:
        nina = people.create(session, given_name="Nina", family_name="Zqprova", birth_year=1950)
        case = cases.open_(session, area=Area.EMERGENCY, person_id=nina.id, title="zqtitolo")
        sent = referrals.send(
            session,
            case,
            somebody(session, "sara", "Sara Modelli", Role.SOCIAL_WORKER).actor,
            reason=reason,
            answer_by=clock.now() + timedelta(days=7),
            office_id=office,
        )
        return case.id, sent.id


def test_a_partner_reads_and_answers_what_was_sent_to_it_and_nothing_else(
    signed_in: SignIn,
) -> None:
    office = seat("olga", "Associazione Esempio", Holder.PARTNER, Role.SOCIAL_WORKER)
    seat("ugo", "Associazione Facsimile", Holder.PARTNER, Role.SOCIAL_WORKER)
    case, sent = referred(office, "Accompagnare a una visita giovedì")
    other = signed_in("ugo")
    assert other.get(f"/ricevuti/{sent}").status_code == 404
    assert other.post(f"/ricevuti/{sent}", data={"state": "accepted"}).status_code == 404

    olga = signed_in("olga")
    olga.headers["accept"] = "text/html"
    listed = olga.get("/")
    assert listed.url.path == "/ricevuti"
    assert f"/ricevuti/{sent}" in listed.text
    page = olga.get(f"/ricevuti/{sent}").text
    assert "Accompagnare a una visita" in page
    assert not [word for word in ("Nina", "Zqprova", "zqtitolo") if word in listed.text + page]
    assert olga.get(f"/invii/{sent}").status_code == 403
    assert olga.get(f"/casi/{case}").status_code == 403

    wordless = olga.post(f"/ricevuti/{sent}", data={"state": "refused"})
    assert (wordless.status_code, "Scriva" in wordless.text) == (422, True)
    assert olga.post(f"/ricevuti/{sent}", data={"state": "withdrawn"}).status_code == 403
    olga.post(f"/ricevuti/{sent}", data={"state": "accepted"})
    done = olga.post(f"/ricevuti/{sent}", data={"state": "concluded", "words": "Accompagnata"})
    assert (done.url.path, "Accompagnata" in done.text) == (f"/ricevuti/{sent}", True)
    assert f"/ricevuti/{sent}" not in olga.get("/ricevuti").text
    assert f"/ricevuti/{sent}" in olga.get("/ricevuti", params={"conclusi": True}).text
    with transaction() as session:
        said = [(each.fact, each.staff_id) for each in referrals.facts(session, sent)]
        sara, me = (staff.named(session, each).id for each in ("sara", "olga"))
        looked = [
            entry.actor_id
            for entry in journal.of_case(session, case)
            if entry.kind == received.ReferralRead.kind
        ]
    assert said == [("sent", sara), ("seen", me), ("accepted", me), ("concluded", me)]
    assert set(looked) == {me}


def test_what_was_taken_back_is_not_theirs_to_read_any_more(signed_in: SignIn) -> None:
    office = seat("olga", "Associazione Esempio", Holder.PARTNER, Role.SOCIAL_WORKER)
    _, sent = referred(office, "zqparole")
    with transaction() as session:
        referrals.step(
            session,
            db.locked(session, Referral, sent),
            staff.named(session, "sara").actor,
            ReferralState.WITHDRAWN,
            words="zqripensato",
        )
    page = signed_in("olga").get(f"/ricevuti/{sent}")
    assert (page.status_code, "zqparole" in page.text) == (200, False)


def test_whoever_reads_cases_finds_referrals_with_their_case(signed_in: SignIn) -> None:
    """And only those of people they may know of: this page is no way round."""
    office = seat("olga", "Ufficio Esempio", Holder.BODY, Role.SOCIAL_WORKER)
    _, sent = referred(office, "zqparole")
    olga = signed_in("olga")

    assert olga.get("/ricevuti").url.path == "/invii"
    assert olga.get(f"/ricevuti/{sent}").status_code == 404


def test_an_office_is_given_and_its_people_stop_at_their_next_click(
    ada: TestClient, signed_in: SignIn
) -> None:
    office = seat("olga", "Sportello Esempio", Holder.BODY, Role.OPERATOR)
    olga = signed_in("olga")
    assert olga.get("/persone").status_code == 200

    ada = signed_in("ada")
    given = ada.post(f"{OFFICES}/{office}", data={"holder": "partner"})
    assert given.url.path == OFFICES
    assert '<option value="partner" selected>' in given.text
    assert ada.post(f"{OFFICES}/{office}", data={"holder": "nobody"}).status_code == 422

    olga = signed_in("olga")
    assert olga.get("/persone").status_code == 403


def test_nobody_takes_their_own_office_out_of_the_house(ada: TestClient) -> None:
    with transaction() as session:
        mine = staff.office(session, "Centrale Esempio")
        staff.named(session, "ada").office_id = mine.id
    refused = ada.post(f"{OFFICES}/{mine.id}", data={"holder": "contractor"})

    assert refused.status_code == 409
    assert "chieda a un altro amministratore" in refused.text.lower()
    assert ada.get(HOME).status_code == 200


def test_a_qualification_is_recorded_told_before_it_ends_and_ended(ada: TestClient) -> None:
    with transaction() as session:
        sara = somebody(session, "sara", "Sara Modelli", Role.SOCIAL_WORKER).id
    today = clock.now().date()
    sent = {
        "qualification": "social_worker_b",
        "number": "4711",
        "since": today.replace(year=today.year - 1).isoformat(),
        "until": today.isoformat(),
    }
    page = ada.post(f"{HOME}/{sara}/qualifiche", data=sent)
    assert page.url.path == f"{HOME}/{sara}"
    assert "Assistente sociale (albo B)" in page.text
    assert "4711" in page.text
    assert f"fino al {today:%d/%m/%Y}" in ada.get(HOME).text

    again = ada.post(f"{HOME}/{sara}/qualifiche", data=sent)
    assert again.status_code == 409
    assert 'value="4711"' in again.text
    wrong = ada.post(f"{HOME}/{sara}/qualifiche", data=sent | {"since": "ieri"})
    assert wrong.status_code == 422
    assert "Non è un giorno del calendario" in wrong.text

    end = page.text.partition("/qualifiche/")[2].partition('"')[0]
    ended = ada.post(f"{HOME}/{sara}/qualifiche/{end}")
    assert "terminata il" in ended.text
    assert ada.post(f"{HOME}/{sara}/qualifiche/{end}").status_code == 409
