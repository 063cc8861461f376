"""The doors of the network: opened, changed, closed; two who change one are told apart."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import time_machine
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from registry import access_points
from registry.access import Role
from registry.access_points import PointKind
from registry.kit.errors import Conflict, Invalid

SignedIn = Callable[..., TestClient]


def test_a_point_is_changed_closed_and_keeps_its_name_to_itself(session: Session) -> None:
    desk = access_points.add(session, name="Sportello Nord", kind=PointKind.DESK)
    street = access_points.add(
        session, name="Unità di strada", kind=PointKind.STREET, areas=[" Porto ", ""]
    )
    assert street.areas == ["Porto"]

    access_points.change(session, desk, name="Sportello Nord", hours="lun-ven 9:00-13:00")
    with pytest.raises(Conflict):
        access_points.change(session, desk, name="Unità di strada")
    with pytest.raises(Invalid):
        access_points.change(session, desk, hours="quando capita")
    access_points.change(session, desk, active=False)

    assert access_points.active(session) == [street]
    assert access_points.all_(session) == [street, desk]


@pytest.mark.parametrize(
    ("at", "there"),
    [
        (datetime(2026, 11, 23, 8, 30, tzinfo=UTC), True),  # half past nine of a Monday in Italy
        (datetime(2026, 11, 23, 12, 30, tzinfo=UTC), False),
        (datetime(2026, 11, 22, 8, 30, tzinfo=UTC), False),
    ],
)
def test_whether_somebody_is_there_now(session: Session, at: datetime, there: bool) -> None:
    desk = access_points.add(
        session, name="Sportello", kind=PointKind.DESK, hours="lun-ven 9:00-13:00"
    )
    with time_machine.travel(at, tick=False):
        assert access_points.open_now(desk) is there
    desk.hours = ""
    assert access_points.open_now(desk) is None


def test_over_the_wire_nobody_overwrites_what_they_have_not_read(signed_in: SignedIn) -> None:
    carla = signed_in("carla", Role.COORDINATOR, name="Carla Esempio")
    key = {"Idempotency-Key": "0196f2a0-0000-7000-8000-000000000001"}
    new = {"name": "Sportello di Prova", "kind": "desk", "areas": ["Borgo"]}
    made = carla.post("/api/v1/access-points", json=new, headers=key)
    again = carla.post("/api/v1/access-points", json=new, headers=key)
    assert (made.status_code, again.json()["id"]) == (201, made.json()["id"])
    there = f"/api/v1/access-points/{made.json()['id']}"
    read = carla.get(there).headers["ETag"]

    assert carla.patch(there, json={"active": False}).status_code == 422
    first = carla.patch(there, json={"phone": "081 555 0100"}, headers={"If-Match": read})
    assert (first.status_code, first.json()["areas"]) == (200, ["Borgo"])
    second = carla.patch(there, json={"active": False}, headers={"If-Match": read})
    assert second.status_code == 412
    now = {"If-Match": first.headers["ETag"]}
    assert carla.patch(there, json={"active": False}, headers=now).json()["active"] is False

    listed = carla.get("/api/v1/access-points").json()["items"]
    closed = carla.get("/api/v1/access-points?closed=true").json()["items"]
    assert (listed, [each["id"] for each in closed]) == ([], [made.json()["id"]])


def test_a_coordinator_keeps_the_points_on_a_page(signed_in: SignedIn) -> None:
    carla = signed_in("carla", Role.COORDINATOR, name="Carla Esempio")
    carla.headers["accept"] = "text/html"
    here = "/amministrazione/punti"
    assert "Nessun punto di accesso" in carla.get(here).text
    told = {"name": "Sportello di Prova", "kind": "desk", "hours": "boh", "areas": "Borgo\nPorto"}
    wrong = carla.post(here, data=told)
    assert wrong.status_code == 422
    assert "Borgo\nPorto</textarea>" in wrong.text
    page = carla.post(here, data=told | {"hours": "h24"})
    assert "Borgo, Porto" in page.text
    assert "c&#39;è qualcuno" in page.text or "c'è qualcuno" in page.text

    (point,) = carla.get("/api/v1/access-points").json()["items"]
    mine = f"{here}/{point['id']}"
    assert 'value="1"' in carla.get(mine).text
    saved = carla.post(mine, data=told | {"hours": "h24", "version": "1"})
    assert "non più in uso" in saved.text
    late = carla.post(mine, data=told | {"hours": "", "version": "1", "phone": "081 555 0199"})
    assert late.status_code == 412
    assert "081 555 0199" in late.text
    assert carla.post(mine, data=told | {"kind": "tower", "version": "2"}).status_code == 422
    del carla.headers["accept"]
