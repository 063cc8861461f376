"""Webhooks: ids only, signed, tried until taken, dead ones sent again, nothing goes inside."""

import importlib
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from uuid import UUID

import pytest
import time_machine
from sqlalchemy import select
from starlette.testclient import TestClient
from typing_extensions import override

from registry import (
    cases,
    deadlines,
    hook_deliveries,
    hook_guard,
    hook_sender,
    hooks,
    people,
)
from registry.access import Role
from registry.cases import Area
from registry.hook_deliveries import RETRIES, Delivery, DeliveryState
from registry.hook_guard import Forbidden
from registry.hooks import Hook
from registry.journal import Event
from registry.kit import clock, db
from registry.kit.settings import settings
from tests.conftest import somebody
from tests.waiting import eventually

KINDS = ["registry.case_opened", "registry.case_closed"]


class Receiver(ThreadingHTTPServer):
    """A program elsewhere: answers with what it is told to answer, and keeps what it got."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.status = 200
        self.got: list[tuple[str, dict[str, str], bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/eventi?da=centrale"


class Answer(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        heads = {name.lower(): value for name, value in self.headers.items()}
        self.server.got.append((self.path, heads, body))
        self.send_response(self.server.status)
        if self.server.status in {301, 302}:
            self.send_header("Location", f"{self.server.url}&ancora")
        self.end_headers()

    @override
    def log_message(self, *_: Any) -> None:
        """Tests are quiet."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def inside(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Webhooks may go to addresses inside."""
    monkeypatch.setenv("CENTRALE_WEBHOOKS_INSIDE", "true")
    settings.cache_clear()
    yield
    monkeypatch.undo()
    settings.cache_clear()


@pytest.fixture
def hook(database: None, inside: None, receiver: Receiver) -> UUID:
    with db.transaction() as session:
        admin = somebody(session, "ada", "Ada Esempio", Role.ADMINISTRATOR).actor
        return hooks.add(session, admin, name="Comune", url=receiver.url, kinds=KINDS).id


def happens(restricted: bool = False) -> UUID:
    """A case opens: the fact of which the webhook hears."""
    with db.transaction() as session:
        nina = people.create(session, family_name="Prova", restricted=restricted)
        return cases.open_(session, area=Area.HELPLINE, person_id=nina.id, reason="Parole").id


def deliveries() -> list[Delivery]:
    with db.transaction() as session:
        return list(session.scalars(select(Delivery).order_by(Delivery.entry_id)))


def gathered(wanted: int = 1) -> list[Delivery]:
    """What the chore has made once nothing that still writes holds it back."""

    def enough() -> bool:
        hook_deliveries.gather()
        return len(deliveries()) >= wanted

    eventually(enough)
    return deliveries()


def test_what_is_told_is_ids_signed_with_the_secret(hook: UUID, receiver: Receiver) -> None:
    case = happens()
    (one,) = gathered()
    hook_sender.deliver(one.id)

    ((path, heads, body),) = receiver.got
    assert path == "/eventi?da=centrale"
    assert json.loads(body)["type"] == "registry.case_opened"
    assert set(json.loads(body)["data"]) == {"case_id", "person_id"}
    assert json.loads(body)["data"]["case_id"] == str(case)
    assert b"Prova" not in body
    assert b"helpline" not in body
    with db.transaction() as session:
        key = hooks.key_of(db.get(session, Hook, hook).secret)
    assert heads["webhook-id"] == str(one.id)
    moment = heads["webhook-timestamp"]
    assert abs(int(moment) - clock.now().timestamp()) < 30
    assert heads["webhook-signature"] == hook_sender.sign(key, str(one.id), moment, body)
    assert deliveries()[0].state is DeliveryState.DELIVERED


def test_the_signature_is_that_of_standard_webhooks() -> None:
    """The example that the standard's own libraries use."""
    key = hooks.key_of("whsec_plJ3nmyCDGBKInavdOK15jsl")
    body = b'{"event_type":"ping","data":{"success":true}}'

    made = hook_sender.sign(key, "msg_loFOjxBNrRLzqYUf", "1731705121", body)
    assert made == "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0="


def test_a_renewed_secret_signs_beside_the_old_one_for_a_day(hook: UUID) -> None:
    with db.transaction() as session:
        held = db.locked(session, Hook, hook)
        old = held.keys
        hooks.renew(session, held)
        assert held.keys[1:] == old
        with time_machine.travel(clock.now() + timedelta(days=1, minutes=1)):
            assert held.keys == [hooks.key_of(held.secret)]


def test_a_receiver_that_fails_is_asked_again_until_it_recovers(
    hook: UUID, receiver: Receiver
) -> None:
    happens()
    (one,) = gathered()
    receiver.status = 503
    hook_sender.deliver(one.id)
    receiver.status = 302
    hook_sender.deliver(one.id)

    with db.transaction() as session:
        (due,) = deadlines.of(session, one.id)
        assert timedelta(minutes=4) < due.due_at - clock.now() <= RETRIES[1]
    (told,) = deliveries()
    assert (told.state, told.attempts, told.status) == (DeliveryState.PENDING, 2, 302)
    receiver.status = 204
    hook_sender.deliver(one.id)
    hook_sender.deliver(one.id)
    assert [heads["webhook-id"] for _, heads, _ in receiver.got] == [str(one.id)] * 3
    assert deliveries()[0].state is DeliveryState.DELIVERED


def test_what_nobody_took_is_dead_until_it_is_sent_again(hook: UUID, receiver: Receiver) -> None:
    happens()
    (one,) = gathered()
    with db.transaction() as session:
        held = db.locked(session, Delivery, one.id)
        for _ in range(len(RETRIES) + 1):
            hook_deliveries.refused(session, held, status=None, error="ConnectTimeoutError")
        assert held.state is DeliveryState.DEAD
        assert hook_deliveries.latest(session, hook, state=DeliveryState.DEAD) == [held]
    hook_sender.deliver(one.id)
    assert receiver.got == []

    with db.transaction() as session:
        hook_deliveries.send_again(session, one.id)
        assert [each.kind for each in deadlines.of(session, one.id)] == [hook_deliveries.DELIVER]
    hook_sender.deliver(one.id)
    assert len(receiver.got) == 1
    assert deliveries()[0].state is DeliveryState.DELIVERED


def test_a_receiver_that_is_gone_is_left_alone(hook: UUID, receiver: Receiver) -> None:
    happens()
    (one,) = gathered()
    receiver.status = 410
    hook_sender.deliver(one.id)
    happens()
    hook_deliveries.gather()

    assert len(deliveries()) == 1
    with db.transaction() as session:
        assert not db.get(session, Hook, hook).active


def test_nothing_is_told_of_reserved_people_nor_what_was_not_asked_for(hook: UUID) -> None:
    happens(restricted=True)
    case = happens()

    assert [each.body["data"]["case_id"] for each in gathered()] == [str(case)]
    hook_deliveries.gather()
    assert len(deliveries()) == 1


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "192.168.1.1",
        "172.16.0.9",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "::1",
        "fe80::1%eth0",
        "fc00::1",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
    ],
)
def test_an_address_inside_is_told_from_one_outside(address: str) -> None:
    assert not hook_guard.outside(address)
    assert hook_guard.outside("93.184.216.34")
    assert hook_guard.outside("2606:2800:220:1::1")


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/",
        "ftp://example.org/",
        "https://anna:segreto@example.org/",
        "https:///nowhere",
        "https://example.org/#a",
        "https://example.org:99999/",
        "https://exa mple.org/",
        "https://example.org/\r\nX: y",
        "javascript:alert(1)",
        "https://[::1",
        "",
    ],
)
def test_what_is_no_address_to_be_told_is_refused(url: str) -> None:
    with pytest.raises(Forbidden):
        hook_guard.goal(url)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f.1"])
def test_by_default_nothing_goes_inside_the_house_however_it_is_written(host: str) -> None:
    with pytest.raises((Forbidden, OSError)):
        hook_guard.look_up(hook_guard.goal(f"https://{host}/"))


def test_a_hook_inside_that_the_setting_no_longer_allows_is_not_reached(
    hook: UUID, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    happens()
    (one,) = gathered()
    monkeypatch.setenv("CENTRALE_WEBHOOKS_INSIDE", "false")
    settings.cache_clear()
    hook_sender.deliver(one.id)

    assert receiver.got == []
    assert deliveries()[0].error == "Forbidden"


def test_every_fact_that_is_offered_exists() -> None:
    importlib.import_module("webconsole.app")
    assert set(hooks.OFFERED) - set(Event.kinds) == set()


def test_only_administrators_manage_webhooks_and_the_secret_is_told_once(
    inside: None, signed_in: Callable[..., TestClient], receiver: Receiver
) -> None:
    ada = signed_in("ada", Role.ADMINISTRATOR, name="Ada Esempio")
    new = {"name": "Comune", "url": receiver.url, "kinds": KINDS}
    made = ada.post("/api/v1/webhooks", json=new)
    assert made.status_code == 201
    assert made.json()["secret"].startswith("whsec_")
    (listed,) = ada.get("/api/v1/webhooks").json()["items"]
    assert "secret" not in listed
    wrong = ada.post("/api/v1/webhooks", json=new | {"kinds": ["registry.signed_in"]})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "kinds")

    anna = signed_in("anna", Role.OPERATOR)
    assert anna.get("/api/v1/webhooks").status_code == 403


def test_the_page_shows_the_secret_once_and_sends_dead_ones_again(
    inside: None, signed_in: Callable[..., TestClient], receiver: Receiver
) -> None:
    ada = signed_in("ada", Role.ADMINISTRATOR, name="Ada Esempio")
    ada.headers["accept"] = "text/html"
    sent = {"name": "Comune", "url": "ftp://x", "kinds": KINDS}
    refused = ada.post("/amministrazione/webhook", data=sent)
    assert refused.status_code == 422
    assert 'id="wrong-url"' in refused.text
    made = ada.post("/amministrazione/webhook", data=sent | {"url": receiver.url})
    assert "whsec_" in made.text
    with db.transaction() as session:
        hook = session.scalars(select(Hook.id)).one()
    assert "whsec_" not in ada.get(f"/amministrazione/webhook/{hook}").text
    happens()
    (one,) = gathered()
    with db.transaction() as session:
        held = db.locked(session, Delivery, one.id)
        held.attempts = len(RETRIES)
        hook_deliveries.refused(session, held, status=500, error=None)
    assert "non l’ha preso nessuno" in ada.get(f"/amministrazione/webhook/{hook}").text
    ada.post(f"/amministrazione/webhook/{hook}/consegne/{one.id}")
    assert deliveries()[0].state is DeliveryState.PENDING
