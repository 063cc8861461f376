"""Merges: everything follows, the undoing gives both files back to the letter, in any order."""

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from registry import (
    candidates,
    cases,
    file_rows,
    households,
    identifiers,
    merges,
    not_same,
    people,
    requests,
    search,
)
from registry.access import HOUSE, Actor, Role
from registry.cases import Area
from registry.contacts import Channel
from registry.households import Place
from registry.identifiers import IdentifierKind
from registry.kit import db
from registry.kit.errors import Invalid, NotFound, WrongState
from registry.merges import Merge
from registry.names import NameKey, NameKind
from registry.people import Person
from telecare import devices, subscribers

SignedIn = Callable[..., TestClient]
CARLA = Actor(staff_id=None, login="carla", name="Carla", roles=frozenset({Role.COORDINATOR}))
SHARED = ("081 555 0101", "081 555 0102")


@pytest.fixture
def pair(session: Session) -> tuple[Person, Person]:
    one = people.create(session, given_name="Nina", family_name="Prova", birth_year=1941)
    other = people.create(session, given_name="Antonina", family_name="Prova")
    people.add_phone(session, one, SHARED[0])
    for number in SHARED:
        people.add_phone(session, other, number)
    people.add_address(session, other, street="via dei Gigli 1", town="Borgo")
    return one, other


def test_everything_about_the_gone_file_is_found_on_the_other(
    session: Session, pair: tuple[Person, Person]
) -> None:
    one, other = pair
    case = cases.open_(session, area=Area.HELPLINE, person_id=other.id)
    unit = devices.add(session, account="4711", person_id=other.id)
    asked = requests.receive(
        session, HOUSE, channel=Channel.DESK, expressed="Aiuto", person_id=other.id
    )

    done = merges.merge(session, CARLA, one.id, other.id)

    for each in (case, unit, asked):
        assert each.person_id == one.id
    assert [phone.number for phone in one.phones] == ["+390815550101", "+390815550102"]
    assert done.left >= 1
    assert people.read(session, other.id, HOUSE) is one
    assert search.find(session, "antonina prova", HOUSE).persons == [one]
    assert people.by_phone(session, "+390815550101", HOUSE) == [one]
    with pytest.raises(WrongState):
        merges.merge(session, CARLA, one.id, other.id)
    with pytest.raises(Invalid):
        merges.merge(session, CARLA, one.id, one.id)


def test_what_is_missing_is_filled_in_and_what_is_chosen_is_taken(
    session: Session, pair: tuple[Person, Person]
) -> None:
    one, other = pair
    people.change(session, other, restricted=True, birth_date=date(1940, 5, 1))
    merges.merge(session, CARLA, one.id, other.id, take=frozenset({"birth_date"}))

    assert (one.name, one.birth_date, one.birth_year) == ("Nina Prova", date(1940, 5, 1), 1940)
    assert one.restricted
    with pytest.raises(NotFound):
        people.read(session, other.id, HOUSE)


def test_a_restricted_file_is_not_merged_by_those_who_may_not_know_of_it(
    session: Session, pair: tuple[Person, Person]
) -> None:
    one, other = pair
    people.change(session, other, restricted=True)
    with pytest.raises(NotFound):
        merges.merge(session, HOUSE, one.id, other.id)
    done = merges.merge(session, CARLA, one.id, other.id)
    with pytest.raises(NotFound):
        merges.undo(session, HOUSE, done.id)


def test_merges_are_undone_last_first(session: Session, pair: tuple[Person, Person]) -> None:
    one, other = pair
    third = people.create(session, given_name="Ninetta", family_name="Prova")
    first = merges.merge(session, CARLA, other.id, third.id)
    second = merges.merge(session, CARLA, one.id, other.id)

    assert people.read(session, third.id, HOUSE) is one
    with pytest.raises(WrongState, match="later merge"):
        merges.undo(session, CARLA, first.id)
    merges.undo(session, CARLA, second.id)
    assert people.read(session, third.id, HOUSE) is other
    merges.undo(session, CARLA, first.id)
    assert people.read(session, third.id, HOUSE) is third
    with pytest.raises(WrongState, match="undone already"):
        merges.undo(session, CARLA, first.id)


def test_what_was_added_since_stays_where_it_was_added(
    session: Session, pair: tuple[Person, Person]
) -> None:
    one, other = pair
    done = merges.merge(session, CARLA, one.id, other.id)
    people.add_alert(session, one, kind="dog", text="cane")
    people.change(session, one, family_name="Nuova")
    merges.undo(session, CARLA, done.id)

    assert [alert.text for alert in one.alerts] == ["cane"]
    assert (one.family_name, other.family_name) == ("Nuova", "Prova")
    assert len(other.phones) == 2


names = st.sampled_from(["", "Nina", "Antonina", "Ninetta"])
years = st.sampled_from([None, 1940, 1941])
files = st.fixed_dictionaries(
    {
        "given_name": names,
        "family_name": st.sampled_from(["Prova", "Provetti"]),
        "birth_year": years,
        "restricted": st.booleans(),
        "interpreter": st.booleans(),
        "barriers": st.sampled_from([[], ["fear"]]),
    }
)
Furnishing = Callable[[Session, Person], object]
PARTS: dict[str, Furnishing] = {
    "phone": lambda session, person: people.add_phone(session, person, SHARED[0]),
    "second phone": lambda session, person: people.add_phone(session, person, SHARED[1]),
    "code": lambda session, person: identifiers.add(
        session, person.id, kind=IdentifierKind.PASSPORT, value="YA1"
    ),
    "name": lambda session, person: people.add_name(
        session, person, kind=NameKind.ALIAS, given_name="Nanà"
    ),
    "alert": lambda session, person: people.add_alert(session, person, kind="dog", text="cane"),
    "near": lambda session, person: people.add_contact(
        session, person, name="Vito", phone="081 555 0150"
    ),
    "address": lambda session, person: people.add_address(
        session, person, street="via dei Gigli 1", town="Borgo"
    ),
    "case": lambda session, person: cases.open_(session, area=Area.HELPLINE, person_id=person.id),
    "subscriber": lambda session, person: session.add(subscribers.Subscriber(person_id=person.id)),
    "unit": lambda session, person: devices.add(
        session, account=uuid4().hex[:8], person_id=person.id
    ),
    "request": lambda session, person: requests.receive(
        session, HOUSE, channel=Channel.DESK, expressed="x", person_id=person.id
    ),
    "family": lambda session, person: households.join(
        session, person, people.create(session, given_name="Vito"), place=Place.CHILD
    ),
}
parts = st.lists(st.sampled_from(sorted(PARTS)), max_size=8, unique=True)


def picture(session: Session, *ids: UUID) -> dict[str, Any]:
    """All that any table says of these people; the version alone goes on counting."""
    session.expire_all()
    columns = [file_rows.columns(session.get_one(Person, each)) for each in ids]
    for each in columns:
        del each["version"]
    keys = select(NameKey.person_id, NameKey.family, NameKey.given, NameKey.birth_year)
    found = session.execute(keys.where(NameKey.person_id.in_(ids)))
    rows = file_rows.whole(session, list(ids))
    return {
        "people": columns,
        "keys": sorted(tuple(row) for row in found),
        "rows": {name: sorted(map(str, rows[name])) for name in rows},
    }


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    facts=st.tuples(files, files),
    furniture=st.tuples(parts, parts),
    take=st.frozensets(st.sampled_from(merges.CHOSEN)),
)
def test_merged_and_undone_both_files_are_what_they_were(
    session: Session,
    facts: tuple[dict[str, Any], ...],
    furniture: tuple[list[str], ...],
    take: frozenset[str],
) -> None:
    inner = session.begin_nested()
    pair = [people.create(session, **each) for each in facts]
    for person, wanted in zip(pair, furniture, strict=True):
        for part in wanted:
            PARTS[part](session, person)
    session.flush()
    ids = [person.id for person in pair]
    before = picture(session, *ids)

    done = merges.merge(session, CARLA, *ids, take=take)
    assert picture(session, *ids) != before
    merges.undo(session, CARLA, done.id)

    assert picture(session, *ids) == before
    inner.rollback()
    session.expunge_all()


def test_each_night_the_new_and_the_changed_are_compared(session: Session) -> None:
    one = people.create(session, given_name="Vincenzo", family_name="Provetti", birth_year=1941)
    other = people.create(session, given_name="Enzo", family_name="Proveti", birth_year=1941)
    people.create(session, given_name="Olga", family_name="Diversi", birth_year=1941)
    while candidates.batch(session):
        pass
    (found,) = candidates.open_(session, HOUSE)
    assert {found.one_id, found.other_id} == {one.id, other.id}
    assert found.why

    people.change(session, other, restricted=True)
    assert candidates.open_(session, HOUSE) == []
    assert candidates.open_(session, CARLA) == [found]
    not_same.tell_apart(session, one.id, other.id)
    assert candidates.open_(session, CARLA) == []


def test_only_some_merge_and_whoever_did_is_in_the_journal(signed_in: SignedIn) -> None:
    with db.transaction() as session:
        ids = [people.create(session, family_name="Prova").id for _ in range(2)]
    sent = {"gone_id": str(ids[1])}
    anna = signed_in("anna")
    assert anna.post(f"/api/v1/people/{ids[0]}/merge", json=sent).status_code == 403
    carla = signed_in("carla", Role.COORDINATOR, name="Carla Esempio")
    done = carla.post(f"/api/v1/people/{ids[0]}/merge", json=sent)
    assert done.status_code == 201
    assert carla.get(f"/api/v1/people/{ids[1]}").json()["id"] == str(ids[0])
    merge = done.json()["id"]
    assert carla.post(f"/api/v1/merges/{merge}/undo").status_code == 200
    with db.transaction() as session:
        kept = session.get_one(Merge, UUID(merge))
        assert kept.merged_by == kept.undone_by is not None
