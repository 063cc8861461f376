"""The directory: found however it is misspelt, explained, kept fresh, open to everybody."""

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from registry import directory, directory_files, directory_search, eligibility, hsds
from registry.access import Role
from registry.directory import Body, BodyKind, Service, ServiceArea
from registry.eligibility import Fact, Outlook, Rule, Verdict
from registry.kit import clock, db
from registry.kit.errors import Conflict, Invalid, NotFound
from tests.conftest import somebody


@pytest.fixture
def town(session: Session) -> Body:
    return directory.body(session, "Comune di Borgo Campione", BodyKind.OWN)


@pytest.fixture
def meals(session: Session, town: Body) -> Service:
    return directory.add(
        session,
        town,
        name="Pasti a domicilio",
        area=ServiceArea.HOME_CARE,
        summary="Un pasto caldo portato a casa ogni giorno agli anziani soli",
        eligibility="Da 65 anni, chi vive solo",
        rules=[{"fact": "age", "at_least": 65}, {"fact": "lives_alone"}],
        hours="lun-sab 8:00-12:00",
        places=["Borgo Campione"],
        documents=["Attestazione ISEE"],
        published=True,
    )


@pytest.fixture
def rent(session: Session, town: Body) -> Service:
    return directory.add(
        session,
        town,
        name="Contributo per l'affitto",
        area=ServiceArea.HOUSING,
        summary="Aiuto economico a chi non riesce a pagare la locazione della casa",
    )


@pytest.mark.parametrize(
    "words",
    ["pasti", "pasto caldo", "anziano solo", "domicillio", "PASTI A DOMICILIO", "pastti anzani"],
)
def test_a_service_is_found_by_its_words_in_any_form_and_with_slips(
    session: Session, meals: Service, rent: Service, words: str
) -> None:
    assert directory_search.find(session, words).services == [meals]


def test_a_word_read_as_another_is_said(session: Session, meals: Service) -> None:
    found = directory_search.find(session, "domicillio")

    assert found.read_as == {"domicillio": ["domicilio"]}


def test_all_the_words_count_first_and_any_of_them_then(
    session: Session, meals: Service, rent: Service
) -> None:
    assert directory_search.find(session, "casa affitto").services == [rent]
    assert set(directory_search.find(session, "affitto pasti").services) == {meals, rent}
    assert directory_search.find(session, "astronave").services == []


@pytest.mark.parametrize("words", ["'", "a & b | !", ":*", "(((", "\\", "<->", "%"])
def test_signs_of_the_search_language_are_only_signs(
    session: Session, meals: Service, rent: Service, words: str
) -> None:
    assert directory_search.find(session, words).read_as == {}
    assert directory_search.find(session, f"domicilio {words}").services == [meals]


def test_what_changes_is_found_by_its_new_words(session: Session, rent: Service) -> None:
    assert directory_search.find(session, "sfratto").services == []
    with time_machine.travel(clock.now() + timedelta(seconds=1)):
        directory.change(session, rent, summary="Per chi ha ricevuto lo sfratto")
    assert directory_search.find(session, "sfrato").services == [rent]


def test_the_public_sees_what_is_published(session: Session, meals: Service, rent: Service) -> None:
    assert directory.listed(session, public=True) == [meals]
    assert directory_search.find(session, "casa", public=True).services == [meals]
    with pytest.raises(NotFound):
        directory.read(session, rent.id, public=True)


def test_a_sheet_nobody_looked_at_for_long_is_told(session: Session, meals: Service) -> None:
    assert directory.listed(session, out_of_date=True) == []
    with time_machine.travel(clock.now() + timedelta(days=200)):
        assert directory.listed(session, out_of_date=True) == [meals]
        directory.reviewed(session, meals)
        assert directory.listed(session, out_of_date=True) == []


def test_one_body_has_one_sheet_of_a_name(session: Session, town: Body, meals: Service) -> None:
    with pytest.raises(Conflict):
        directory.add(session, town, name=" pasti a domicilio", area=ServiceArea.DAY)
    with pytest.raises(Invalid):
        directory.change(session, meals, hours="ogni tanto")


def test_the_first_look_says_which_condition_is_met() -> None:
    wanted = eligibility.rules(
        [{"fact": "age", "at_least": 65}, {"fact": "town", "one_of": ["Borgo Campione"]}]
    )

    likely = eligibility.check(wanted, {Fact.AGE: 70, Fact.TOWN: "BORGO campione"})
    unlikely = eligibility.check(wanted, {Fact.AGE: 40})
    ask = eligibility.check(wanted, {Fact.AGE: 70})

    assert likely.outlook is Outlook.LIKELY
    assert unlikely.outlook is Outlook.UNLIKELY
    assert [each.verdict for each in unlikely.findings] == [Verdict.NOT_MET, Verdict.UNKNOWN]
    assert ask.outlook is Outlook.ASK


@pytest.mark.parametrize(
    "rule",
    [
        {},
        {"fact": "boh"},
        {"fact": "age"},
        {"fact": "age", "at_least": "tanti"},
        {"fact": "age", "at_least": 9, "at_most": 1},
        {"fact": "town"},
        {"fact": "town", "one_of": "Napoli"},
    ],
)
def test_a_condition_that_says_nothing_is_refused(rule: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        eligibility.rules([rule])


NUMBER = st.floats(0, 200, allow_nan=False)


@given(low=st.none() | NUMBER, high=st.none() | NUMBER, value=st.none() | NUMBER)
def test_a_first_look_never_says_likely_when_a_condition_is_not_met(
    low: float | None, high: float | None, value: float | None
) -> None:
    rule = Rule(fact=Fact.AGE, at_least=low, at_most=high)
    checked = eligibility.check([rule], {} if value is None else {Fact.AGE: value})
    inside = value is not None and (low or 0) <= value <= (200 if high is None else high)

    assert (checked.outlook is Outlook.LIKELY) == inside
    assert (checked.outlook is Outlook.ASK) == (value is None)


def test_out_as_a_file_and_in_again_changes_nothing_and_doubles_nothing(
    session: Session, meals: Service, rent: Service
) -> None:
    before = directory_files.export(session)
    report = directory_files.load(session, before)

    assert (report.added, report.changed, report.refused) == (0, 2, [])
    assert directory_files.export(session) == before


def test_a_line_that_cannot_be_read_is_told_and_the_others_are_kept(session: Session) -> None:
    report = directory_files.load(
        session,
        "body;name;area;hours\nASL;Consultorio;socio_health;lun 9-12\n"
        "ASL;Sbagliata;boh;\nASL;Anche;day;quando capita\n",
    )

    assert (report.added, [line for line, _ in report.refused]) == (1, [3, 4])
    with pytest.raises(Invalid, match="area"):
        directory_files.load(session, "body,name\n")


def test_a_cell_is_never_a_formula(session: Session, town: Body) -> None:
    made = directory.add(
        session, town, name="=1+1", area=ServiceArea.WORK, summary="-2", published=True
    )
    written = directory_files.export(session)

    assert "'=1+1" in written
    directory_files.load(session, written)
    assert (made.name, directory.count(session)) == ("=1+1", 1)


def test_the_open_shape_has_what_open_referral_requires(session: Session, meals: Service) -> None:
    shown = hsds.service(meals)

    assert {"id", "name", "status", "organization"} <= set(shown)
    assert shown["status"] == "active"
    assert shown["minimum_age"] == 65
    assert len(shown["schedules"]) == 6
    assert shown["schedules"][0]["byday"] == "MO"


def test_over_the_wire_two_changes_do_not_overwrite_each_other(
    signed_in: Callable[..., TestClient],
) -> None:
    boss = signed_in("carla", Role.COORDINATOR)
    key = {"Idempotency-Key": str(uuid4())}
    new = {"body": "Comune", "name": "Pasti", "area": "home_care", "hours": "lun 9-12"}
    made = boss.post("/api/v1/services", json=new, headers=key)
    again = boss.post("/api/v1/services", json=new, headers=key)
    assert (made.status_code, again.json()["id"]) == (201, made.json()["id"])

    address = f"/api/v1/services/{made.json()['id']}"
    seen = {"If-Match": made.headers["ETag"]}
    first = boss.patch(address, json={"cost": "Gratuito"}, headers=seen)
    second = boss.patch(address, json={"cost": "5 euro"}, headers=seen)
    assert (first.status_code, second.status_code) == (200, 412)
    assert boss.get(address).json()["cost"] == "Gratuito"
    assert boss.patch(address, json={}).status_code == 422


def test_anybody_reads_the_open_directory_and_only_what_is_published(client: TestClient) -> None:
    with db.transaction() as session:
        body = directory.body(session, "Comune", BodyKind.OWN)
        for name, published in (("Pasti", True), ("Bozza", False)):
            directory.add(session, body, name=name, area=ServiceArea.DAY, published=published)
        somebody(session, "anna", "Anna Riva", Role.OPERATOR)
    page = client.get("/api/v1/hsds/services").json()

    assert (page["total_items"], [each["name"] for each in page["contents"]]) == (1, ["Pasti"])
    one = client.get(f"/api/v1/hsds/services/{page['contents'][0]['id']}")
    assert one.json()["name"] == "Pasti"
    assert client.get(f"/api/v1/hsds/services/{uuid4()}").status_code == 404
    assert client.get("/api/v1/services").status_code == 401


def test_a_program_takes_the_directory_out_and_in(
    database: None, signed_in: Callable[..., TestClient]
) -> None:
    sara = signed_in("sara", Role.SOCIAL_WORKER, name="Sara Esempio")
    lines = "body;name;area\nComune;Pasti;home_care\nComune;Treno;nowhere\n"
    sent = {"file": ("elenco.csv", lines.encode(), "text/csv")}
    loaded = sara.post("/api/v1/directory/import", files=sent).json()
    assert (loaded["added"], [each["line"] for each in loaded["refused"]]) == (1, [3])
    written = sara.get("/api/v1/directory/export")
    assert "Comune,own,Pasti,home_care" in written.text
    assert sara.get("/api/v1/services?offset=1").json()["items"] == []
