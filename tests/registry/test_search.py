"""The one box: whoever is meant is found however they are said, and nobody who may not be."""

from collections.abc import Callable
from datetime import date
from uuid import uuid4

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from registry import access, cases, identifiers, people, search
from registry.access import HOUSE, Actor, Role
from registry.cases import Area
from registry.identifiers import IdentifierKind
from registry.journal import Entry
from registry.kit import db
from registry.matching import Fact, Why
from registry.names import NameKind
from registry.people import Person

TODAY = "2026-11-22T12:00:00Z"
COORDINATOR = Actor(
    staff_id=uuid4(), login="carla", name="Carla", roles=frozenset({Role.COORDINATOR})
)
TEAM = Actor(staff_id=uuid4(), login="gino", name="Gino", roles=frozenset({Role.TEAM}))


@pytest.fixture
def vincenzo(session: Session) -> Person:
    person = people.create(
        session, given_name="Vincenzo Maria", family_name="De Chiesa Provetti", birth_year=1941
    )
    people.add_phone(session, person, "081 555 0101")
    people.add_address(session, person, street="via Finta 1", town="San Finto a Mare")
    identifiers.add(session, person.id, kind=IdentifierKind.PASSPORT, value="YA 1234567")
    return person


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("de chiesa provetti vincenzo 1941", Why.FAMILY),
        ("Vincenzo Maria DE CHIESA PROVETTI", Why.FAMILY),
        ("dechiesa vincenzo", Why.FAMILY),
        ("provetti vincenzo", Why.FAMILY),
        ("proveti vincenzo", Why.FAMILY_ALIKE),
        ("vincenzo provteti 1941", Why.FAMILY_ALIKE),
        ("rovetti vincenzo 1941", Why.FAMILY_ALIKE),
        ("brovetti vincenso 1941", Why.FAMILY_ALIKE),
        ("de kiesa vincenzo", Why.FAMILY_ALIKE),
        ("enzo provetti", Why.NICKNAME),
        ("provetti maria 1941", Why.GIVEN),
        ("prov vincenzo", Why.FAMILY_ALIKE),
        ("provetti v 1941", Why.GIVEN_ALIKE),
        ("signor provetti vincenzo nato nel '41", Why.YEAR),
        ("provetti 84 anni", Why.YEAR),
        ("provetti 85", Why.YEAR),
        ("provetti vincenzo 1942", Why.YEAR_NEAR),
        ("provetti san finto a mare", Why.PLACE),
        ("vincenzo provetti, San Finto a Mare", Why.PLACE),
        ("081 5550101", Why.PHONE),
        ("provetti +39 081 555 0101", Why.PHONE),
        ("ya1234567", Why.IDENTIFIER),
    ],
)
def test_somebody_is_found_however_they_are_said(
    session: Session, vincenzo: Person, words: str, reason: Why
) -> None:
    people.create(session, given_name="Lia", family_name="Altra", birth_year=1941)
    with time_machine.travel(TODAY, tick=False):
        found = search.find(session, words, HOUSE)

    assert found.persons == [vincenzo]
    assert reason in found.people[0].why
    assert 0 < found.people[0].score <= 1


@pytest.mark.parametrize("words", ["provetti 1955", "altra vincenzo", "", "'", "1941", "san finto"])
def test_what_does_not_fit_finds_nobody(session: Session, vincenzo: Person, words: str) -> None:
    assert search.find(session, words, HOUSE).people == []


def test_a_spoken_age_means_two_years(session: Session) -> None:
    born = {
        year: people.create(session, given_name="Ugo", family_name="Prova", birth_year=year)
        for year in (1940, 1941, 1942, 1943)
    }
    with time_machine.travel(TODAY, tick=False):
        found = search.find(session, "ugo prova 84 anni", HOUSE).people

    assert {hit.person for hit in found[:2]} == {born[1941], born[1942]}
    assert found[0].score == found[1].score > found[2].score == found[3].score


def test_somebody_whose_year_nobody_wrote_comes_between(session: Session) -> None:
    right, near, unknown = (
        people.create(session, given_name="Ugo", family_name="Prova", birth_year=year)
        for year in (1941, 1942, None)
    )
    assert search.find(session, "prova ugo 1941", HOUSE).persons == [right, near, unknown]


def test_a_full_date_of_birth_is_a_reason(session: Session) -> None:
    ugo = people.create(
        session, given_name="Ugo", family_name="Prova", birth_date=date(1941, 3, 12)
    )
    (hit,) = search.find(session, "ugo prova 12/3/1941", HOUSE).people
    assert (hit.person, Why.BIRTH_DATE in hit.why) == (ugo, True)


def test_all_names_of_a_person_find_them(session: Session) -> None:
    olena = people.create(session, given_name="Olena", family_name="Provenko", birth_year=1970)
    people.add_name(session, olena, kind=NameKind.TRANSLITERATION, given_name="Олена")
    people.add_name(session, olena, kind=NameKind.NICKNAME, given_name="Lenuccia")
    people.rename(session, olena, given_name="Elena", family_name="Sposata", was=NameKind.BIRTH)

    for words in ("elena sposata", "olena provenko", "lenuccia 1970", "Олена sposata 1970"):
        (hit,) = search.find(session, words, HOUSE).people
        assert hit.person == olena, words
        assert (Why.OTHER_NAME in hit.why) == (words != "elena sposata")


def test_a_changed_name_or_year_is_what_is_searched(session: Session) -> None:
    ugo = people.create(session, given_name="Ugo", family_name="Prova", birth_year=1941)
    people.change(session, ugo, family_name="Diversi", birth_year=1950)

    assert search.find(session, "prova ugo", HOUSE).people == []
    assert search.find(session, "prova 1941", HOUSE).people == []
    assert search.find(session, "diversi ugo 1950", HOUSE).persons == [ugo]


def test_a_case_is_found_by_its_number(session: Session, vincenzo: Person) -> None:
    case = cases.open_(session, area=Area.HELPLINE, person_id=vincenzo.id)
    for words in (f"caso {case.number}", f"#{case.number}", str(case.number)):
        found = search.find(session, words, HOUSE)
        assert (found.persons, found.case) == ([vincenzo], case)
    assert search.find(session, f"caso {case.number}", TEAM).case is None


def test_a_town_that_is_a_surname_too_is_both(session: Session) -> None:
    bari = people.create(session, given_name="Ugo", family_name="Provabari")
    prova = people.create(session, given_name="Ugo", family_name="Prova")
    people.add_address(session, prova, street="via Finta 2", town="Provabari")

    assert set(search.find(session, "ugo provabari", HOUSE).persons) == {bari, prova}
    assert search.find(session, "prova ugo provabari", HOUSE).persons[0] == prova


def test_namesakes_are_told_apart_by_one_more_fact(session: Session) -> None:
    for year in range(1930, 1960):
        people.create(session, given_name="Ugo", family_name="Prova", birth_year=year)
    few = people.create(session, given_name="Ada", family_name="Prova", birth_year=1930)

    asked = {
        words: search.find(session, words, HOUSE).ask_for
        for words in ("prova", "ugo prova", "ada prova", "ugo prova 1940")
    }

    assert asked == {
        "prova": Fact.GIVEN_NAME,
        "ugo prova": Fact.BIRTH_YEAR,
        "ada prova": None,
        "ugo prova 1940": None,
    }
    assert search.find(session, "ada prova", HOUSE).persons[0] == few
    assert len(search.find(session, "ugo prova", HOUSE).people) == search.SHOWN


def test_a_restricted_person_leaves_before_anybody_is_scored(session: Session) -> None:
    hidden = people.create(
        session, given_name="Ada", family_name="Celata", birth_year=1980, restricted=True
    )
    people.add_phone(session, hidden, "081 555 0199")
    people.add_name(session, hidden, kind=NameKind.ALIAS, given_name="Nadia")
    identifiers.add(session, hidden.id, kind=IdentifierKind.PASSPORT, value="YA0000001")
    case = cases.open_(session, area=Area.HELPLINE, person_id=hidden.id)

    for words in (
        "celata ada 1980",
        "celta ada",
        "nadia celata",
        "081 5550199",
        "YA0000001",
        f"caso {case.number}",
    ):
        found = search.find(session, words, HOUSE)
        assert (found.people, found.ask_for, found.case) == ([], None, None), words
        assert search.find(session, words, COORDINATOR).persons == [hidden], words


def test_the_journal_keeps_who_was_shown_and_never_the_words(
    session: Session, vincenzo: Person
) -> None:
    session.info["actor"] = COORDINATOR
    search.find(session, "provetti vincenzo", COORDINATOR)
    search.find(session, "VINCENZO  Provetti", COORDINATOR)
    search.find(session, "nessuno", COORDINATOR)

    kept = session.scalars(
        select(Entry).where(Entry.kind == search.PeopleSearched.kind).order_by(Entry.id)
    ).all()
    same, again, other = [each.facts for each in kept]
    assert same["shown"] == [str(vincenzo.id)]
    assert other["shown"] == []
    assert same["digest"] == again["digest"] != other["digest"]
    assert set(same) == {"digest", "shown", "office_id", "roles", "why"}
    assert "provetti" not in str(same).lower()
    assert kept[0].actor_id == COORDINATOR.staff_id
    assert not access.hears(COORDINATOR, search.PeopleSearched.kind, {})


def test_a_word_that_another_process_learnt_is_known_here(database: None) -> None:
    with db.transaction() as session:
        search.find(session, "nuovissimi", HOUSE)
    with db.transaction() as slow:
        people.create(slow, family_name="Lentissimi")
        with db.transaction() as session:
            people.create(session, family_name="Nuovissimi")
        with db.transaction() as session:
            assert len(search.find(session, "nuovisimi", HOUSE).people) == 1
            assert search.find(session, "lentisimi", HOUSE).people == []
    with db.transaction() as session:
        assert len(search.find(session, "lentisimi", HOUSE).people) == 1


def test_the_answer_says_why_and_what_to_ask(signed_in: Callable[..., TestClient]) -> None:
    client = signed_in()
    with db.transaction() as session:
        for _ in range(5):
            people.create(session, given_name="Ugo", family_name="Prova")

    answer = client.get("/api/v1/people", params={"q": "ugo provva\0"}).json()

    assert answer["ask_for"] == "birth_year"
    assert answer["case_id"] is None
    assert len(answer["items"]) == 5
    assert answer["items"][0]["why"] == ["family_alike", "given"]
    assert 0.9 < answer["items"][0]["score"] < 1
    assert client.get("/api/v1/people").json()["items"] == []
    assert client.get("/persone", params={"q": "ugo provva"}).text.count("Ugo Prova") == 5
