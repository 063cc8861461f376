"""The photo of a door: shown with the way in and under its rules, to nobody else."""

from collections.abc import Callable
from uuid import UUID

from sqlalchemy import select
from starlette.testclient import TestClient

from registry import journal, people
from registry.access import Role
from registry.kit import db
from telecare import alarms
from telecare.protocols.base import Kind
from telecare.subscribers import WayInShown
from tests.registry.test_pictures import photo

SignIn = Callable[..., TestClient]


def at_home(*, restricted: bool = False) -> UUID:
    with db.transaction() as session:
        return people.create(
            session, given_name="Rosa", family_name="Prova", restricted=restricted
        ).id


def somebody_presses(person_id: UUID) -> None:
    with db.transaction() as session:
        alarms.raise_(
            session,
            signal_id=db.new_id(),
            position=0,
            account="4711",
            device_id=None,
            person_id=person_id,
            kind=Kind.PERSONAL,
            code="101",
        )


def looks() -> list[str]:
    with db.transaction() as session:
        wanted = select(journal.Entry.facts).where(journal.Entry.kind == WayInShown.kind)
        return [each["why"] for each in session.scalars(wanted.order_by(journal.Entry.id))]


def test_a_door_is_shown_with_a_reason_or_while_an_alarm_is_open(signed_in: SignIn) -> None:
    client = signed_in("anna", Role.OPERATOR)
    rosa = at_home()
    there = f"/api/v1/subscribers/{rosa}"
    put = client.put(f"{there}/door-picture", files={"file": ("porta.jpg", photo())})
    assert (put.status_code, put.json()["shows"]) == (200, "door")

    # Without alarm nor reason it is nowhere, not even on the file; "alarm" is no reason yet.
    assert client.get(f"{there}/door-picture").status_code == 403
    assert client.get(f"{there}/door-picture?why=alarm").status_code == 403
    assert "data:image/jpeg" not in client.get(f"/teleassistenza/{rosa}").text
    assert client.get(f"/api/v1/people/{rosa}/picture").status_code == 404
    assert looks() == []

    said = client.post(f"{there}/way-in", json={"why": "welfare_check"}).json()
    assert said == {"text": "", "at_the_door": "", "door": True}
    seen = client.get(f"{there}/door-picture?why=welfare_check")
    assert (seen.status_code, seen.headers["content-type"]) == (200, "image/jpeg")
    assert looks() == ["welfare_check"] * 2

    somebody_presses(rosa)
    assert "data:image/jpeg;base64," in client.get(f"/teleassistenza/{rosa}").text
    assert client.get(f"{there}/door-picture").status_code == 200
    assert looks()[2:] == ["alarm"] * 2
    assert client.post(f"{there}/door-picture/remove").status_code == 204
    assert client.get(f"{there}/door-picture").status_code == 404


def test_what_is_no_picture_is_refused_beside_its_field(signed_in: SignIn) -> None:
    client = signed_in("anna", Role.OPERATOR)
    wrong = client.put(
        f"/api/v1/subscribers/{at_home()}/door-picture", files={"file": ("x.jpg", b"%PDF-1.7")}
    )
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "file")


def test_the_door_of_a_reserved_person_is_not_there(signed_in: SignIn) -> None:
    client = signed_in("anna", Role.OPERATOR)
    ada = at_home(restricted=True)
    for answer in (
        client.get(f"/api/v1/subscribers/{ada}/door-picture?why=welfare_check"),
        client.put(f"/api/v1/subscribers/{ada}/door-picture", files={"file": ("x", photo())}),
        client.post(f"/api/v1/subscribers/{ada}/door-picture/remove"),
    ):
        assert answer.status_code == 404
