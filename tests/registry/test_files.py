"""A person's file: nobody overwrites another, numbers are rung safely, parts end and are mended."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from registry import audiences, file_parts, people, safe_contacts, search, staff, unknown
from registry.access import HOUSE, Actor, Compartment, Role
from registry.audiences import Audience
from registry.file_parts import Part
from registry.kit import db
from registry.kit.errors import Invalid, NotFound
from registry.names import NameKind
from registry.people import Person
from registry.places import AddressKind
from registry.safe_contacts import Caution, SafeContact, Unsafe

SignedIn = Callable[..., TestClient]
NOON, NIGHT = datetime(2026, 6, 1, 10, tzinfo=UTC), datetime(2026, 6, 1, 23, tzinfo=UTC)


@pytest.fixture
def nina(session: Session) -> Person:
    return people.create(session, given_name="Nina", family_name="Prova", birth_year=1941)


def a_file(client: TestClient, **facts: Any) -> str:
    new = {"given_name": "Nina", "family_name": "Prova", "birth_year": 1941} | facts
    made = client.post("/api/v1/people", json=new)
    assert made.status_code == 201, made.text
    return f"/api/v1/people/{made.json()['id']}"


def test_the_second_of_two_is_told_who_changed_what(signed_in: SignedIn) -> None:
    anna = signed_in("anna")
    nina = a_file(anna)
    read = anna.get(nina).headers["ETag"]
    assert anna.post(f"{nina}/phones", json={"number": "081 555 0101"}).status_code == 201
    signed_in("bruno", name="Bruno Costa")

    late = anna.patch(nina, json={"family_name": "Nuova"}, headers={"If-Match": read})

    assert late.status_code == 412
    (change,) = late.json()["changes"]
    assert (change["by"], change["what"]) == ("Anna Riva", "phones")
    kept = anna.get(nina)
    assert kept.json()["family_name"] == "Prova"
    now = {"If-Match": kept.headers["ETag"]}
    assert anna.patch(nina, json={"family_name": "Nuova"}, headers=now).json()["name"] == (
        "Nina Nuova"
    )
    assert anna.patch(nina, json={"family_name": "Altra"}, headers=now).status_code == 412
    assert anna.patch(nina, json={"family_name": "Altra"}).status_code == 422


def test_what_is_asked_twice_under_one_key_is_made_once(signed_in: SignedIn) -> None:
    anna = signed_in()
    key = {"Idempotency-Key": "0190a000-0000-7000-8000-000000000001"}
    new = {"family_name": "Prova", "given_name": "Nina"}
    first = anna.post("/api/v1/people", json=new, headers=key)
    again = anna.post("/api/v1/people", json=new, headers=key)
    assert (first.status_code, again.json()) == (201, first.json())
    nina = f"/api/v1/people/{first.json()['id']}"

    for part, body in (
        ("addresses", {"street": "via dei Gigli 1", "town": "Borgo"}),
        ("alerts", {"text": "cane in giardino"}),
        ("near", {"name": "Vito", "phone": "081 555 0150"}),
    ):
        mine = {"Idempotency-Key": f"0190a000-0000-7000-8000-0000000000{len(part):02}"}
        sent = [anna.post(f"{nina}/{part}", json=body, headers=mine) for _ in range(2)]
        assert [each.status_code for each in sent] == [201, 201]
        assert sent[0].json() == sent[1].json()
        assert len(anna.get(nina).json()[part]) == 1
    assert anna.post(f"{nina}/alerts", json={"text": "altro"}, headers=key).status_code == 409


def test_every_change_of_the_file_is_another_version(session: Session, nina: Person) -> None:
    versions = [nina.version]
    for change in (
        lambda: people.add_phone(session, nina, "081 555 0101"),
        lambda: people.add_address(session, nina, street="via dei Gigli 1", town="Borgo"),
        lambda: people.add_alert(session, nina, kind="dog", text="cane"),
        lambda: people.add_contact(session, nina, name="Vito", phone="081 555 0150"),
        lambda: people.add_name(session, nina, kind=NameKind.ALIAS, given_name="Ninetta"),
        lambda: people.change(session, nina, language="uk"),
        lambda: file_parts.remove(session, nina, Part.ALERTS, nina.alerts[0].id),
    ):
        change()
        versions.append(nina.version)
    assert versions == list(range(versions[0], versions[0] + 8))


def test_somebody_unknown_first_and_identified_later(session: Session) -> None:
    man = people.create(session, known_as="Uomo sui cinquanta, stazione", declared_age=50)
    assert (man.name, man.identified, man.age) == ("Uomo sui cinquanta, stazione", False, 50)
    assert unknown.listed(session, HOUSE) == [man]

    people.change(session, man, given_name="Ivo", family_name="Esempi", birth_year=1973)

    assert (man.name, man.identified) == ("Ivo Esempi", True)
    assert unknown.listed(session, HOUSE) == []
    assert search.find(session, "esempi 1973", HOUSE).persons == [man]


def test_a_hidden_address_is_no_place_to_find_or_to_be_sent_to(session: Session) -> None:
    ada = people.create(session, given_name="Ada", family_name="Prova")
    people.add_address(
        session, ada, kind=AddressKind.HIDDEN, street="via Segreta 1", town="Borgolontano"
    )
    assert ada.home is None
    found = search.find(session, "ada borgolontano", HOUSE)
    assert all("place" not in hit.why for hit in found.people)


def test_a_hidden_address_is_told_to_those_whose_work_it_is(signed_in: SignedIn) -> None:
    anna = signed_in("anna")
    nina = a_file(anna)
    hidden = {"kind": "hidden", "street": "via Segreta 1", "town": "Borgo"}
    assert anna.post(f"{nina}/addresses", json=hidden).json()["street"] == ""
    assert "Segreta" not in anna.get(nina).text
    with db.transaction() as session:
        staff.named(session, "anna").compartments = [Compartment.VIOLENCE]
    assert anna.get(nina).json()["addresses"][0]["street"] == "via Segreta 1"


def test_an_address_that_is_over_is_no_home(session: Session, nina: Person) -> None:
    old = people.add_address(session, nina, street="via Vecchia 1", town="Borgo")
    people.add_address(session, nina, street="via Nuova 2", town="Borgo")
    assert nina.home == old
    file_parts.end_address(session, nina, old.id, date(2020, 1, 1))
    assert nina.home is not None
    assert nina.home.street == "via Nuova 2"
    old.valid_from = date(2019, 1, 1)
    with pytest.raises(Invalid):
        file_parts.end_address(session, nina, old.id, date(2018, 1, 1))


def test_an_alert_is_gone_after_its_day_and_said_to_its_audience(
    session: Session, nina: Person
) -> None:
    people.add_alert(session, nina, kind="dog", text="cane", until=date(2020, 1, 1))
    people.add_alert(session, nina, kind="plan", text="piano", audience=Audience.SOCIAL_WORKERS)
    people.add_alert(session, nina, kind="ears", text="sorda", until=date(2999, 1, 1))
    session.expire(nina)

    assert [each.text for each in nina.alerts] == ["piano", "sorda"]
    assert [each.text for each in audiences.heard(HOUSE, nina.alerts)] == ["sorda"]
    worker = Actor(staff_id=None, login="w", name="W", roles=frozenset({Role.SOCIAL_WORKER}))
    assert len(audiences.heard(worker, nina.alerts)) == 2


def test_how_a_number_is_rung_safely(session: Session, nina: Person) -> None:
    phone = people.add_phone(session, nina, "081 555 0101")
    profile = {"safe_from": time(9), "safe_until": time(13), "code_word": "girasole"}
    file_parts.set_safe_contact(session, nina, phone.id, **profile)

    safe_contacts.require_safe(session, phone.number, NOON)
    with pytest.raises(Unsafe) as refused:
        safe_contacts.require_safe(session, phone.number, NIGHT)
    assert refused.value.more == {"cautions": [Caution.OUTSIDE_HOURS]}
    assert safe_contacts.may_be_called_back(session, phone.number)
    assert not safe_contacts.machine_may_ring(session, phone.number, NOON)
    session.expire_all()
    assert phone.safe is not None
    assert phone.safe.code_word == "girasole"

    assert file_parts.set_safe_contact(session, nina, phone.id).safe is None
    assert safe_contacts.machine_may_ring(session, phone.number, NIGHT)
    with pytest.raises(Invalid):
        file_parts.set_safe_contact(session, nina, phone.id, safe_from=time(9))


@given(begins=st.times(), ends=st.times(), now=st.datetimes(timezones=st.just(UTC)))
def test_every_moment_is_in_the_safe_hours_or_in_the_others(
    begins: time, ends: time, now: datetime
) -> None:
    if begins == ends:
        return
    safe = SafeContact(no_call_back=False, safe_from=begins, safe_until=ends)
    others = SafeContact(no_call_back=False, safe_from=ends, safe_until=begins)
    assert safe.safe_at(now) != others.safe_at(now)


def test_who_reserves_files_says_who_keeps_them(signed_in: SignedIn) -> None:
    anna = signed_in("anna")
    nina = a_file(anna)
    with db.transaction() as session:
        office = staff.office(session, "Centro antiviolenza").id
    said = {"restricted": True, "kept_by": str(office)}
    tag = {"If-Match": anna.get(nina).headers["ETag"]}
    assert anna.patch(nina, json=said, headers=tag).status_code == 403
    carla = signed_in("carla", Role.COORDINATOR, name="Carla Esempio")
    kept = carla.patch(nina, json=said, headers=tag).json()
    assert (kept["restricted"], kept["kept_by"]) == (True, str(office))
    assert signed_in("anna").get(nina).status_code == 404


def test_a_part_of_another_file_is_not_taken_off(session: Session, nina: Person) -> None:
    other = people.create(session, family_name="Altra")
    phone = people.add_phone(session, other, "081 555 0102")
    with pytest.raises(NotFound):
        file_parts.remove(session, nina, Part.PHONES, phone.id)
    assert other.phones == [phone]
