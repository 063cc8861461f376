"""A door that does not work is seen by the room, by whoever watches the house, and in figures."""

from collections.abc import Callable

from starlette.testclient import TestClient

from registry.access import Role
from registry.kit import beats, db
from telecare import door_tests

SignIn = Callable[..., TestClient]


def proves(door: str, *, good: bool) -> None:
    with db.transaction() as session:
        door_tests.take_due(session, [door])
        if good:
            door_tests.passed(session, door, 12.0)
            return
        for _ in range(door_tests.ENOUGH):
            door_tests.failed(session, door, "ConnectionRefusedError")


def test_a_deaf_door_is_on_the_board_and_gone_when_it_hears_again(signed_in: SignIn) -> None:
    client = signed_in("anna", Role.OPERATOR)
    proves("http", good=True)
    assert client.get("/api/v1/board").json()["doors"] == []
    proves("sip-udp", good=False)
    (door,) = client.get("/api/v1/board").json()["doors"]
    assert (door["door"], door["name"]) == ("sip-udp", "SCAIP UDP")
    assert door["since"]
    proves("sip-udp", good=True)
    assert client.get("/api/v1/board").json()["doors"] == []


def test_a_deaf_door_is_in_the_figures_and_takes_no_page_away(client: TestClient) -> None:
    with db.transaction() as session:
        for kind in ("receive", "sweep"):
            beats.beat(session, kind)
    proves("http", good=True)
    proves("mqtt", good=False)
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json()) == (200, {"status": "ready", "deaf": ["mqtt"]})
    figures = client.get("/metrics").text
    assert 'centrale_door_works{door="mqtt"} 0.0' in figures
    assert 'centrale_door_works{door="http"} 1.0' in figures
    assert 'centrale_door_test_seconds{door="http"} 0.012' in figures
