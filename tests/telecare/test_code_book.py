"""Unknown codes wait beside the presses until a supervisor says what they mean."""

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from registry.access import Role
from registry.kit import db
from registry.kit.errors import Invalid
from telecare import code_book, devices
from telecare.protocols.base import Kind
from telecare.triage import Lane
from tests.telecare.conftest import Dial
from tests.telecare.test_receiver import cid, raised

SignIn = Callable[..., TestClient]


def test_a_code_is_said_to_be_something(session: Session) -> None:
    for kind in code_book.NOT_SAID:
        with pytest.raises(Invalid):
            code_book.classify(session, protocol=devices.DC09, code="999", kind=kind, said_by=None)
    with pytest.raises(Invalid):
        code_book.classify(session, protocol=devices.DC09, code=" ", kind=Kind.FALL, said_by=None)
    first = code_book.classify(
        session, protocol=devices.DC09, code="999", kind=Kind.FALL, said_by=None
    )
    again = code_book.classify(
        session, protocol=devices.DC09, code="999", kind=Kind.TEST, said_by=None
    )
    assert first is again
    assert [each.kind for each in code_book.all_(session)] == [Kind.TEST]


def test_what_was_said_holds_from_the_next_signal_on(dial: Dial, signed_in: SignIn) -> None:
    dial().ask(cid("1999", 1))
    (first,) = raised()
    assert (first.kind, first.lane) == (Kind.UNKNOWN, Lane.EMERGENCY)

    client = signed_in("carla", Role.COORDINATOR)
    page = client.get("/codici", headers={"Accept-Language": "it"}).text
    assert first.code in page
    said = {"protocol": devices.DC09, "code": first.code, "kind": Kind.INACTIVITY}
    assert client.post("/api/v1/code-meanings", json=said).status_code == 201

    dial().ask(cid("1999", 2))
    assert [each.kind for each in raised()] == [Kind.UNKNOWN, Kind.INACTIVITY]
    assert raised()[1].lane is Lane.CONCERN
    with db.transaction() as session:
        assert code_book.unclassified(session) == []


def test_a_restore_of_a_code_that_was_said_to_be_technical_raises_nobody(dial: Dial) -> None:
    with db.transaction() as session:
        code_book.classify(
            session, protocol=devices.DC09, code="999", kind=Kind.MAINS, said_by=None
        )
    dial().ask(cid("3999", 1))
    assert raised() == []
