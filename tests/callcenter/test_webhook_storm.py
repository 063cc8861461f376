"""Repeated, late, shuffled and forged callbacks: the end is that of the run in order."""

import os
import random
from dataclasses import dataclass, field
from email.utils import format_datetime
from uuid import UUID

import pytest
import time_machine
from fastapi import FastAPI
from sqlalchemy import func, select
from starlette.testclient import TestClient

from callcenter import answering, calls, lines, operators, queues, webhooks
from callcenter.call_states import CallState
from callcenter.calls import Call
from callcenter.carriers import paths
from callcenter.carriers.account import account
from callcenter.carriers.simulated_wire import signature
from callcenter.inbox import Received
from callcenter.legs import CallLeg
from registry import staff
from registry.access import Role
from registry.kit import clock, db, http
from tests.callcenter.room import LINE

SEED = int(os.environ.get("CENTRALE_TEST_SEED", "20261122"))
CALLS = int(os.environ.get("CENTRALE_TEST_STORM", "10"))


@dataclass
class Script:
    """One recorded call: what the carrier waits for, and what it merely tells."""

    number: int
    ending: str
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    told: list[tuple[str, dict[str, str]]] = field(default_factory=list)


@pytest.fixture
def office(database: None) -> TestClient:
    app = FastAPI()
    http.install(app)
    app.include_router(webhooks.router)
    with db.transaction() as session:
        lines.add(session, number=LINE, name="Linea sociale")
    return TestClient(app)


def hire(number: int) -> UUID:
    with db.transaction() as session:
        person = staff.add(session, login=f"op{number}", name="Op", roles={Role.OPERATOR})
        operators.of(session, person.id).present = False
        return person.id


def post(
    office: TestClient, path: str, form: dict[str, str], token: str, *, forged: bool = False
) -> tuple[int, str]:
    form = {"AccountSid": account().sid} | form
    signed = signature("a guess" if forged else account().tokens[0], account().url(path), form)
    headers = {"X-Twilio-Signature": signed, "I-Twilio-Idempotency-Token": token}
    answer = office.post(path, data=form, headers=headers)
    return answer.status_code, answer.text


def status(sid: str, state: str, number: int) -> tuple[str, dict[str, str]]:
    form = {
        "CallSid": sid,
        "CallStatus": state,
        "SequenceNumber": str(number),
        "Timestamp": format_datetime(clock.now()),
    }
    return paths.STATUS, form


def event(call_id: UUID, kind: str, sid: str, number: int) -> tuple[str, dict[str, str]]:
    form = {
        "ConferenceSid": f"CF{call_id.hex}",
        "CallSid": sid,
        "StatusCallbackEvent": kind,
        "SequenceNumber": str(number),
        "Timestamp": format_datetime(clock.now()),
    }
    return paths.of_call(paths.CONFERENCE, call_id), form


class Storm:
    """Plays scripts in order or in disorder and looks at what remains."""

    def __init__(self, office: TestClient, dice: random.Random, *, disorder: bool) -> None:
        self.office = office
        self.dice = dice
        self.disorder = disorder
        self.late: list[tuple[str, dict[str, str]]] = []
        self.sent = self.refused = 0

    def ask(self, path: str, form: dict[str, str]) -> str:
        """A document: the carrier waits for it, so it comes in time, but perhaps twice."""
        token = f"t{self.sent}"
        code, text = post(self.office, path, form, token)
        assert code in {200, 204}
        self.sent += 1
        if self.disorder and self.dice.random() < 0.3:
            assert post(self.office, path, form, token) == (code, text)
            self.sent += 1
        return text

    def tell(self, path: str, form: dict[str, str]) -> None:
        """News: in disorder it comes late, and perhaps twice or forged."""
        if not self.disorder:
            self.deliver(path, form)
            return
        if self.dice.random() < 0.05:
            forged = form | {"CallStatus": "completed"}
            assert post(self.office, path, forged, "forged", forged=True)[0] == 403
            self.refused += 1
        self.late += [(path, form)] * (2 if self.dice.random() < 0.1 else 1)

    def deliver(self, path: str, form: dict[str, str]) -> None:
        assert post(self.office, path, form, f"t{self.sent}")[0] in {200, 204}
        self.sent += 1

    def settle(self) -> None:
        """Everything that was late comes now, shuffled; one in twenty an hour later."""
        self.dice.shuffle(self.late)
        much_later = [each for each in self.late if self.dice.random() < 0.05]
        for each in self.late:
            if each not in much_later:
                self.deliver(*each)
        with time_machine.travel(clock.now().timestamp() + 3600):
            for each in much_later:
                self.deliver(*each)
        self.late.clear()

    def play(self, number: int, who: UUID) -> None:
        ending = ("gives up", "talks", "talks and the line breaks", "gives up after a yes")[
            number % 4
        ]
        sid, voice = f"CA{number:032x}", f"CA{number:031x}f"
        caller = {"CallSid": sid, "From": f"+39081555{number:04}", "To": LINE}
        self.ask(paths.INCOMING, caller | {"CallStatus": "ringing"})
        call_id = self._id(sid)
        wait = paths.of_call(paths.WAIT, call_id)
        self.ask(wait, caller | {"QueueSid": "QU1", "QueuePosition": "1"})
        if ending != "gives up":
            with db.transaction() as session, queues.turn(session):
                answering.accept(session, calls.get_call(session, call_id), who)
        if ending.startswith("talks"):
            browser = {"CallSid": voice, "From": f"client:{who}", "call": str(call_id)}
            assert "<Conference" in self.ask(paths.OPERATOR, browser)
            self._in_time(*event(call_id, "participant-join", voice, 1))
            for _ in range(2):  # pulled twice, they are let in twice, and never back in the queue
                assert "<Conference" in self.ask(paths.of_call(paths.CONNECT, call_id), caller)
            self.tell(*event(call_id, "participant-join", sid, 2))
            self.tell(*event(call_id, "conference-start", "", 3))
        if ending == "talks and the line breaks":
            self.tell(*event(call_id, "participant-leave", voice, 4))
        if ending == "talks":
            self.tell(*event(call_id, "participant-leave", sid, 4))
        left = caller | {"QueueResult": "hangup", "CallStatus": "completed"}
        if ending.startswith("gives up"):
            self.tell(paths.of_call(paths.LEFT, call_id), left)
        self.tell(*status(sid, "completed", 0))
        if ending == "talks":
            self.tell(*event(call_id, "participant-leave", voice, 5))
        self.tell(*event(call_id, "conference-end", "", 6))

    def _in_time(self, path: str, form: dict[str, str]) -> None:
        """The caller is pulled because of this one, so what follows it proves that it came."""
        self.deliver(path, form)
        if self.disorder:
            self.late.append((path, form))

    def _id(self, sid: str) -> UUID:
        with db.transaction() as session:
            found = calls.by_sid(session, sid)
            assert found is not None
            return found.id


def left_behind() -> list[tuple[object, ...]]:
    with db.transaction() as session:
        wanted = select(Call).order_by(Call.sid)
        return [
            (
                call.sid,
                call.state,
                call.number,
                call.talking_at is not None,
                call.operator_id is not None,
                call.ended_because,
                call.offered_to,
            )
            for call in session.scalars(wanted)
        ]


def test_disorder_ends_like_order(office: TestClient) -> None:
    dice = random.Random(SEED)
    who = [hire(number) for number in range(CALLS)]
    storm = Storm(office, dice, disorder=True)
    for number in range(CALLS):
        storm.play(number, who[number])
    storm.settle()
    disordered = left_behind()
    legs_after_disorder = _legs()
    _forget_calls()

    order = Storm(office, random.Random(SEED), disorder=False)
    for number in range(CALLS):
        order.play(number, who[number])
    assert disordered == left_behind()
    assert legs_after_disorder == _legs()
    assert storm.refused > 0
    assert {row[1] for row in disordered} == {CallState.ABANDONED, CallState.ENDED}


def test_a_replay_of_everything_changes_nothing(office: TestClient) -> None:
    storm = Storm(office, random.Random(SEED), disorder=False)
    for number in range(8):
        storm.play(number, hire(number))
    before = left_behind()
    with db.transaction() as session:
        letters = list(session.scalars(select(Received).order_by(Received.id)))
    paths_of = {
        "incoming": paths.INCOMING,
        "wait": paths.WAIT,
        "connect": paths.CONNECT,
        "left": paths.LEFT,
        "operator": paths.OPERATOR,
        "status": paths.STATUS,
    }
    for letter in letters:
        path = paths_of.get(letter.event, paths.CONFERENCE)
        code, text = post(office, path, letter.fields, letter.token)
        assert code in {200, 204}
        if letter.answer:
            assert text == letter.answer
    assert left_behind() == before
    with db.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Received)) == len(letters)


def _legs() -> list[tuple[object, ...]]:
    with db.transaction() as session:
        found = session.scalars(select(CallLeg).order_by(CallLeg.sid))
        return [(leg.sid, leg.part, leg.inside, leg.joined_at is not None) for leg in found]


def _forget_calls() -> None:
    from sqlalchemy import text

    with db.engine().begin() as connection:
        connection.execute(text("TRUNCATE calls, call_legs, call_offers, inbox, deadlines CASCADE"))
