"""Whole calls over real sockets: the application, the real SDK, and the built-in carrier."""

from collections.abc import Iterator
from uuid import UUID

import httpx2
import pytest

from callcenter import calls
from callcenter.call_states import CallState, Direction
from callcenter.calls import Call
from callcenter.carriers.base import LegState
from callcenter.carriers.simulated_wire import Faults
from registry.access import Role
from registry.kit import db
from tests.callcenter import house
from tests.callcenter.house import LINE, MARIA, House
from webconsole import wiring


@pytest.fixture
def town(database: None) -> Iterator[House]:
    with house.running() as running:
        yield running
    assert running.double.cloud.wire.errors == []


def test_a_call_from_ring_to_outcome(town: House) -> None:
    anna = town.operator("anna")
    sid = town.ring()
    call = town.until(sid, CallState.OFFERED)
    assert call.offered_to == anna

    town.do(anna, call.id, "accept")
    call = town.until(sid, CallState.TALKING)
    assert call.talking_at is not None
    rooms = [room for room in town.double.cloud.rooms.values() if room.state != "completed"]
    assert [room.name for room in rooms] == [str(call.id)]
    house.until(lambda: len(rooms[0].people) == 2 or None, lambda: rooms)

    town.ask(anna, "PATCH", f"/calls/{call.id}", {"note": "Chiede della mensa"})
    town.do(anna, call.id, "hang-up")
    town.until(sid, CallState.ENDED)
    house.until(lambda: town.double.cloud.legs[sid].over or None, lambda: sid)
    refused = town.ask(anna, "POST", f"/calls/{call.id}/close", {"outcome": ""})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "outcome"
    closed = town.do(anna, call.id, "close", {"outcome": "information"})
    assert (closed["state"], closed["note"]) == ("closed", "Chiede della mensa")
    heard = town.double.cloud.legs[sid].heard
    assert heard[0] == "Buongiorno, Centrale."
    assert all(leg.over for leg in town.double.cloud.legs.values())


def test_the_caller_hangs_up_while_talking(town: House) -> None:
    anna = town.operator("anna")
    sid = town.ring()
    call = town.until(sid, CallState.OFFERED)
    town.do(anna, call.id, "accept")
    town.until(sid, CallState.TALKING)
    town.town.hang_up(sid)
    call = town.until(sid, CallState.ENDED)
    assert call.ended_because == "caller_hung_up"
    house.until(
        lambda: all(leg.over for leg in town.double.cloud.legs.values()) or None, lambda: "lines up"
    )


def test_the_operators_broken_line_and_the_colleague_who_helps(town: House) -> None:
    anna = town.operator("anna")
    sid = town.ring()
    call = town.until(sid, CallState.OFFERED)
    town.do(anna, call.id, "accept")
    town.until(sid, CallState.TALKING)
    voice = next(leg for leg in town.double.cloud.legs.values() if leg.from_ == f"client:{anna}")

    town.ask(anna, "POST", "/me/status", {"status": "paused"})
    town.town.hang_up(voice.sid)
    call = town.until(sid, CallState.WAITING, CallState.OFFERED)
    assert town.double.cloud.legs[sid].state is LegState.IN_PROGRESS
    bruno = town.operator("bruno")
    house.until(
        lambda: (
            "broke" in " ".join(town.double.cloud.legs[sid].heard)
            or "interrotta" in " ".join(town.double.cloud.legs[sid].heard)
            or None
        ),
        lambda: town.double.cloud.legs[sid].heard,
    )
    call = town.until(sid, CallState.OFFERED)
    assert call.offered_to == bruno
    town.do(bruno, call.id, "accept")
    call = town.until(sid, CallState.TALKING)
    assert call.operator_id == bruno


def test_a_caller_waits_and_gives_up(town: House) -> None:
    sid = town.ring()
    town.until(sid, CallState.WAITING)
    town.town.hang_up(sid)
    assert town.until(sid, CallState.ABANDONED).offered_to is None


def test_an_outgoing_call_is_dialled_joined_and_ended(town: House) -> None:
    anna = town.operator("anna")
    answer = town.ask(anna, "POST", "/calls", {"to": "081 555 0101", "purpose": "contact"})
    assert answer.status_code == 201
    call_id = UUID(answer.json()["id"])

    def talking() -> Call | None:
        found = town.by_id(call_id)
        return found if found.state is CallState.TALKING else None

    call = house.until(talking, lambda: town.by_id(call_id))
    assert (call.direction, call.number) == (Direction.OUTGOING, MARIA)
    town.town.hang_up(call.sid or "")
    assert town.until(call.sid or "", CallState.ENDED).ended_because == "other_hung_up"


def test_a_busy_number_is_told_to_the_operator(town: House) -> None:
    anna = town.operator("anna")
    town.town.behave(MARIA, outcome="busy")
    answer = town.ask(anna, "POST", "/calls", {"to": MARIA})
    call_id = UUID(answer.json()["id"])

    def ended() -> Call | None:
        found = town.by_id(call_id)
        return found if found.state is CallState.ENDED else None

    assert house.until(ended, lambda: town.by_id(call_id)).ended_because == "busy"


def test_lost_callbacks_are_made_up_for_by_asking(database: None) -> None:
    """Not one status callback comes; documents, joins of the conference included, do."""
    with house.running(faults=Faults(lose=1.0)) as town:
        sid = town.ring()
        call = town.until(sid, CallState.WAITING)
        town.double.cloud.wire.faults = Faults(lose=1.0)
        town.town.hang_up(sid)
        house.until(lambda: town.double.cloud.legs[sid].over or None, lambda: sid)
        assert town.call(sid).state is CallState.WAITING  # type: ignore[union-attr]
        wiring.OUTSIDE[calls.CHECK](call.id)
        town.until(sid, CallState.ABANDONED)


def test_repeated_and_late_callbacks_change_nothing(database: None) -> None:
    faults = Faults(duplicate=1.0, delay=0.5, longest_delay=1.0)
    with house.running(faults=faults) as town:
        anna = town.operator("anna")
        for _ in range(3):
            sid = town.ring()
            call = town.until(sid, CallState.OFFERED)
            town.do(anna, call.id, "accept")
            town.until(sid, CallState.TALKING)
            town.town.hang_up(sid)
            town.until(sid, CallState.ENDED)
            town.do(anna, call.id, "close", {"outcome": "listening"})
        assert town.double.cloud.wire.errors == []


def test_lists_pages_and_rights(town: House) -> None:
    anna = town.operator("anna")
    tech = town.operator("tess", Role.COORDINATOR)
    sids = [town.ring(f"+39081555010{n}") for n in range(3)]
    for sid in sids:
        town.until(sid, CallState.WAITING, CallState.OFFERED)
    first = town.ask(anna, "GET", "/calls?limit=2").json()
    rest = town.ask(anna, "GET", f"/calls?limit=2&after={first['next']}").json()
    assert len(first["items"]) == 2
    assert len(rest["items"]) == 1
    assert rest["next"] is None
    offered = town.ask(anna, "GET", "/calls?state=offered").json()["items"]
    assert [each["offered_to"] for each in offered] == [str(anna)]
    assert town.ask(anna, "GET", f"/calls/{offered[0]['id']}").json()["state"] == "offered"
    assert town.ask(anna, "GET", f"/calls/{anna}").status_code == 404
    assert town.ask(anna, "GET", "/calls?mine=true").json()["items"] == []
    names = [each["name"] for each in town.ask(anna, "GET", "/operators").json()["items"]]
    assert names == ["Anna", "Tess"]
    (line,) = town.ask(anna, "GET", "/lines").json()["items"]
    assert line["number"] == LINE
    phone = town.ask(anna, "GET", "/me/phone-token").json()
    assert (phone["mode"], phone["identity"]) == ("simulated", str(anna))
    town.do(anna, UUID(offered[0]["id"]), "decline")
    stuck = town.ask(anna, "POST", f"/calls/{offered[0]['id']}/hang-up")
    assert stuck.status_code == 403
    assert town.ask(tech, "POST", f"/calls/{offered[0]['id']}/hang-up").status_code == 200


def test_test_calls_only_in_the_sample_town_and_only_for_those_who_run_it(town: House) -> None:
    carla = town.operator("carla", Role.COORDINATOR)
    anna = town.operator("anna")
    new = {"caller": MARIA, "line": LINE}
    assert town.ask(anna, "POST", "/simulator/calls", new).status_code == 403
    sid = town.ask(carla, "POST", "/simulator/calls", new).json()["sid"]
    town.until(sid, CallState.OFFERED)
    keys = town.ask(carla, "POST", f"/simulator/calls/{sid}/keys", {"keys": "1"})
    assert keys.status_code == 204
    assert town.ask(carla, "POST", f"/simulator/calls/{sid}/hang-up").status_code == 204
    town.until(sid, CallState.ABANDONED)
    shown = town.ask(carla, "GET", "/simulator/calls").json()["items"]
    assert sid in {each["sid"] for each in shown}


def test_every_carrier_route_refuses_what_is_not_signed_and_changes_nothing(town: House) -> None:
    before = _counts()
    for route in town_routes():
        for headers in ({}, {"X-Twilio-Signature": "x"}):
            answer = httpx2.post(town.url + route, data={"CallSid": "CA1"}, headers=headers)
            assert answer.status_code == 403, route
    assert _counts() == before


def town_routes() -> list[str]:
    from callcenter import webhooks

    return [route.path for route in webhooks.router.routes if hasattr(route, "path")]


def _counts() -> list[int]:
    from sqlalchemy import func, select

    from callcenter.inbox import Received

    with db.transaction() as session:
        return [
            session.scalar(select(func.count()).select_from(each)) or 0 for each in (Call, Received)
        ]
