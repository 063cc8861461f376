"""What the tests of the live feed tell it, and how they hear it."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID, uuid4

from starlette.testclient import TestClient, WebSocketTestSession

from registry import journal
from registry.kit.db import transaction
from webconsole import live

SignIn = Callable[..., TestClient]
OURS = {"origin": "https://testserver"}
START_OF_ALL = journal.Position(1, 1)


@dataclass(frozen=True, kw_only=True)
class BulbLit(journal.Event):
    lamp_id: UUID


# Told to whoever may hear of the helpline.
BulbLit.kind = "callcenter.bulb_lit"
journal.Event.kinds[BulbLit.kind] = BulbLit


def light() -> str:
    lamp = uuid4()
    with transaction() as session:
        journal.record(session, BulbLit(lamp_id=lamp))
    return str(lamp)


def heard(socket: WebSocketTestSession, kind: str) -> dict[str, object]:
    """The next message of this kind; heartbeats and others are passed over."""
    while True:
        message: dict[str, object] = socket.receive_json()
        if message["kind"] == kind:
            return message


def lit_after(position: str, number: int) -> journal.Position | None:
    """Where the bulb of this number is in the journal, counted from 1."""
    entries, _ = live._after(journal.Position.parse(position))
    lit = [entry.position for entry in entries if entry.kind == BulbLit.kind]
    return lit[number - 1] if len(lit) >= number else None
