"""Through the HTTP door: the room asks and chooses, the phone answers, nobody sees too much."""

from collections.abc import Callable, Iterator
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from sqlalchemy import select
from starlette.testclient import TestClient

from dispatch import api, search
from dispatch.interventions import Intervention
from registry import journal, people, staff, sweeper, tokens
from registry.access import Role
from registry.kit import http
from registry.kit.db import transaction
from tests.dispatch.conftest import FAR, NEAR, on_duty
from webconsole import wiring

HOME = {"text": "Via Immaginaria 7", "town": "Napoli", "latitude": 40.844, "longitude": 14.196}


@pytest.fixture
def room(database: None) -> Iterator[Callable[..., TestClient]]:
    """`room("anna", Role.OPERATOR)`: a client with that person's token."""
    app = FastAPI()
    http.install(app)
    app.include_router(api.router, prefix="/api/v1")

    def enter(login: str, role: Role, team_id: UUID | None = None) -> TestClient:
        with transaction() as session:
            person = staff.add(
                session, login=login, name=login.title(), roles={role}, team_id=team_id
            )
            secret = tokens.issue(session, person)
        return TestClient(app, headers={"Authorization": f"Bearer {secret}"})

    return enter  # type: ignore[return-value]


@pytest.fixture
def near(database: None) -> UUID:
    with transaction() as session:
        return on_duty(session, "Squadra Vesuvio", NEAR).id


@pytest.fixture
def far(database: None) -> UUID:
    with transaction() as session:
        return on_duty(session, "Squadra Capodimonte", FAR).id


@pytest.fixture
def anna(room: Callable[..., TestClient]) -> TestClient:
    return room("anna", Role.OPERATOR)


@pytest.fixture
def phone(room: Callable[..., TestClient], near: UUID) -> TestClient:
    return room("vesuvio", Role.TEAM, near)


def ask(anna: TestClient, **facts: object) -> dict[str, object]:
    wanted = {"kind": "fall", "priority": "A", "place": HOME, "reason": "Caduta in casa"} | facts
    answer = anna.post("/api/v1/interventions", json=wanted)
    assert answer.status_code == 201, answer.text
    made: dict[str, object] = answer.json()
    return made


def sweep() -> None:
    sweeper.sweep(wiring.INSIDE, ())


def test_the_room_asks_and_the_phone_goes_all_the_way(anna: TestClient, phone: TestClient) -> None:
    made = ask(anna)
    assert made["state_text"] == "Si cerca una squadra"
    sweep()

    asked = phone.get("/api/v1/teams/me").json()["asked"]
    assert asked["town"] == "Napoli"
    assert phone.post(f"/api/v1/offers/{asked['id']}/deliver").json() == {"state": "delivered"}
    assert phone.post(f"/api/v1/offers/{asked['id']}/accept", json={}).status_code == 200
    job = phone.get("/api/v1/teams/me").json()["job"]
    assert job["place"]["text"] == "Via Immaginaria 7"
    for verb, body in (
        ("set-out", {}),
        ("arrive", {}),
        ("close", {"outcome": "helped", "note": "Rialzata, sta bene"}),
    ):
        answer = phone.post(f"/api/v1/interventions/{job['id']}/{verb}", json=body)
        assert answer.status_code == 200, answer.text

    ended = anna.get(f"/api/v1/interventions/{job['id']}").json()
    assert (ended["state"], ended["outcome"]) == ("closed", "helped")
    assert ended["report"] == "Rialzata, sta bene"
    assert phone.get("/api/v1/teams/me").json()["last"]["outcome_text"] == "Aiutata sul posto"


def test_a_step_sent_twice_happens_once(anna: TestClient, phone: TestClient) -> None:
    ask(anna)
    sweep()
    offer_id = phone.get("/api/v1/teams/me").json()["asked"]["id"]
    key = {"Idempotency-Key": str(uuid4())}

    answers = [
        phone.post(f"/api/v1/offers/{offer_id}/accept", json={}, headers=key) for _ in range(3)
    ]

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    another = phone.post(
        f"/api/v1/offers/{offer_id}/accept", json={}, headers={"Idempotency-Key": str(uuid4())}
    )
    assert another.status_code == 409


def test_the_late_phone_reads_who_goes_in_italian(
    anna: TestClient, phone: TestClient, far: UUID
) -> None:
    made = ask(anna)
    sweep()
    offer_id = phone.get("/api/v1/teams/me").json()["asked"]["id"]

    anna.post(f"/api/v1/interventions/{made['id']}/offer", json={"team_id": str(far)})
    refused = phone.post(f"/api/v1/offers/{offer_id}/accept", json={})

    assert refused.status_code == 409
    assert refused.json()["detail"] == (
        "La risposta è arrivata tardi: è stata chiamata Squadra Capodimonte. Grazie"
    )


def test_the_preview_says_why_each_team_can_or_cannot_go(
    anna: TestClient, near: UUID, far: UUID
) -> None:
    made = ask(anna, needs=["elderly"])
    with transaction() as session:
        staff_needs = session.get_one(Intervention, UUID(str(made["id"])))
        assert staff_needs.needs == ["elderly"]

    lines = anna.get(f"/api/v1/interventions/{made['id']}/candidates").json()["items"]
    minors = ask(anna, needs=["minors"])
    none = anna.get(f"/api/v1/interventions/{minors['id']}/candidates").json()["items"]

    assert [line["name"] for line in lines] == ["Squadra Vesuvio", "Squadra Capodimonte"]
    assert lines[0]["why"] == "1 min, stimati da dove si trova"
    assert {line["why"] for line in none} == {"manca: minori"}


def test_a_phone_sees_only_its_own_work(
    anna: TestClient, phone: TestClient, room: Callable[..., TestClient], far: UUID
) -> None:
    stranger = room("capodimonte", Role.TEAM, far)
    made = ask(anna)
    sweep()
    offer_id = phone.get("/api/v1/teams/me").json()["asked"]["id"]

    assert stranger.post(f"/api/v1/offers/{offer_id}/accept", json={}).status_code == 404
    phone.post(f"/api/v1/offers/{offer_id}/accept", json={})
    for path in ("set-out", "arrive"):
        answer = stranger.post(f"/api/v1/interventions/{made['id']}/{path}", json={})
        assert answer.status_code == 404
    assert stranger.get(f"/api/v1/interventions/{made['id']}/sheet").status_code == 404
    for path in ("/interventions", "/interventions/open", "/teams"):
        assert phone.get(f"/api/v1{path}").status_code == 403


def test_the_person_is_shown_only_while_the_job_is_open_and_each_look_is_written_down(
    anna: TestClient, phone: TestClient
) -> None:
    with transaction() as session:
        maria = people.create(
            session, given_name="Maria", family_name="Esempio", birth_year=1942, restricted=True
        )
        people.add_address(
            session, maria, street=HOME["text"], town="Napoli", how_to_get_in="Citofono 12"
        )
        people.add_alert(session, maria, kind="health", text="Anticoagulanti")
        people.add_contact(session, maria, name="Vicina Ada", phone="081 555 0102", holds_keys=True)
        person_id = maria.id
    made = ask(anna)
    with transaction() as session:
        session.get_one(Intervention, UUID(str(made["id"]))).person_id = person_id
    sheet = f"/api/v1/interventions/{made['id']}/sheet"
    sweep()
    asked = phone.get("/api/v1/teams/me").json()["asked"]
    assert "Via Immaginaria" not in str(asked)
    assert phone.get(sheet).status_code == 404
    phone.post(f"/api/v1/offers/{asked['id']}/accept", json={})

    seen = phone.get(sheet).json()

    assert (seen["name"], seen["how_to_get_in"]) == ("Maria Esempio", "Citofono 12")
    assert seen["alerts"] == ["Anticoagulanti"]
    assert seen["near"][0]["holds_keys"] is True
    with transaction() as session:
        looks = session.scalars(
            select(journal.Entry).where(journal.Entry.kind == "registry.person_read")
        ).all()
        assert [look.facts["why"] for look in looks] == ["intervention"]
        assert looks[0].actor_id is not None
    assert anna.get(f"/api/v1/interventions/{made['id']}").status_code == 404, "restricted"
    for verb, body in (("set-out", {}), ("arrive", {}), ("close", {"outcome": "helped"})):
        phone.post(f"/api/v1/interventions/{made['id']}/{verb}", json=body)
    closed = phone.get(sheet)
    assert closed.status_code == 403


def test_the_room_calls_off_and_the_phone_is_told_why_it_cannot_go_on(
    anna: TestClient, phone: TestClient
) -> None:
    made = ask(anna)
    sweep()
    offer_id = phone.get("/api/v1/teams/me").json()["asked"]["id"]
    phone.post(f"/api/v1/offers/{offer_id}/accept", json={})

    off = anna.post(f"/api/v1/interventions/{made['id']}/cancel", json={"reason": "È rientrata"})

    assert off.json()["state"] == "cancelled"
    refused = phone.post(f"/api/v1/interventions/{made['id']}/set-out", json={})
    assert refused.json()["detail"] == "La centrale ha annullato questo intervento"
    assert phone.get("/api/v1/teams/me").json()["last"]["state"] == "cancelled"


def test_a_phone_gives_the_job_back(anna: TestClient, phone: TestClient, far: UUID) -> None:
    made = ask(anna)
    sweep()
    offer_id = phone.get("/api/v1/teams/me").json()["asked"]["id"]
    phone.post(f"/api/v1/offers/{offer_id}/accept", json={})

    back = phone.post(f"/api/v1/interventions/{made['id']}/give-back", json={"reason": "vehicle"})
    sweep()

    assert back.json() == {"state": "searching"}
    asked = anna.get(f"/api/v1/interventions/{made['id']}/offers").json()["items"]
    assert [each["team"] for each in asked] == ["Squadra Vesuvio", "Squadra Capodimonte"]


def test_a_phone_declines_with_a_reason(anna: TestClient, phone: TestClient) -> None:
    made = ask(anna)
    sweep()
    offer_id = phone.get("/api/v1/teams/me").json()["asked"]["id"]

    phone.post(f"/api/v1/offers/{offer_id}/decline", json={"reason": "not_safe"})

    asked = anna.get(f"/api/v1/interventions/{made['id']}/offers").json()["items"]
    assert (asked[0]["state"], asked[0]["decline"]) == ("declined", "not_safe")


def test_duty_and_position_come_from_the_phone(anna: TestClient, phone: TestClient) -> None:
    assert phone.post("/api/v1/teams/me/sign-off").json()["standing"] == "off_duty"
    here = {"latitude": 40.85, "longitude": 14.25, "accuracy_m": 12.0}
    assert phone.post("/api/v1/teams/me/position", json=here).json() == {"kept": False}

    phone.post("/api/v1/teams/me/sign-on", json={"until": "2036-01-01T00:00:00Z"})
    until = (phone.get("/api/v1/teams/me").json())["on_duty_until"]
    assert until is None, "longer than a day is refused"


def test_teams_are_formed_by_the_coordinator(
    anna: TestClient, room: Callable[..., TestClient]
) -> None:
    carla = room("carla", Role.COORDINATOR)
    new = {"name": "Squadra Mergellina", "mode": "foot", "skills": ["street"], "crew": 2}

    assert anna.post("/api/v1/teams", json=new).status_code == 403
    made = carla.post("/api/v1/teams", json=new).json()

    assert (made["standing_text"], made["mode_text"]) == ("Fuori servizio", "a piedi")
    assert carla.post("/api/v1/teams", json=new).status_code == 409
    assert carla.post("/api/v1/teams", json=new | {"name": " "}).status_code == 422
    on = carla.post(f"/api/v1/teams/{made['id']}/sign-on", json={"until": "2036-01-01T00:00:00Z"})
    assert on.status_code == 422
    assert [team["name"] for team in anna.get("/api/v1/teams").json()["items"]] == [
        "Squadra Mergellina"
    ]


def test_lists_filter_and_page(anna: TestClient) -> None:
    numbers = [ask(anna)["number"] for _ in range(3)]

    first = anna.get("/api/v1/interventions?limit=2").json()
    rest = anna.get(f"/api/v1/interventions?limit=2&after={first['next']}").json()

    assert [each["number"] for each in first["items"] + rest["items"]] == numbers[::-1]
    assert rest["next"] is None
    opened = anna.get("/api/v1/interventions/open").json()["items"]
    assert [each["number"] for each in opened] == numbers
    assert anna.get("/api/v1/interventions?state=closed").json()["items"] == []
    same = anna.post("/api/v1/interventions/similar", json={"place": HOME}).json()["items"]
    assert len(same) == 3


def test_a_log_in_without_a_team_is_told_so(room: Callable[..., TestClient]) -> None:
    lost = room("nessuno", Role.TEAM)

    refused = lost.get("/api/v1/teams/me")

    assert refused.status_code == 403
    assert search.TRIES == 4
