"""What we send to Twilio is what its published OpenAPI description accepts."""

import base64
import json
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

import httpx2
import pytest

from callcenter.carriers import simulated
from callcenter.carriers.account import Account, of
from callcenter.carriers.base import LegState, MaybeDone, Refused, TryAgain
from callcenter.carriers.twilio import TRIES, Twilio
from registry.kit.errors import Unavailable
from registry.kit.settings import Settings
from tests.callcenter.office import SID, account, open_office

SPEC = json.loads((Path(__file__).parents[1] / "frames" / "twilio_api_v2010.json").read_text())
CALL = UUID("0192f5a0-0000-7000-8000-000000000001")
LEG, ROOM, QUEUE = "CA" + "1" * 32, "CF" + "2" * 32, "QU" + "3" * 32
TO, FROM = "+390815550101", "+390815550000"
AT = datetime(2026, 11, 22, 3, 42, tzinfo=UTC)

VERBS: dict[str, Callable[[Twilio], Any]] = {
    "CreateCall": lambda c: c.place(CALL, to=TO, from_=FROM),
    "CreateParticipant": lambda c: c.add(ROOM, CALL, to="+39112", from_=FROM, label="112"),
    "UpdateMember": lambda c: c.pull(CALL, sid=LEG, queue_sid=QUEUE),
    "UpdateCall": lambda c: c.requeue(CALL, sid=LEG),
    "UpdateCall ": lambda c: c.hang_up(LEG),
    "UpdateConference": lambda c: c.end_conference(ROOM),
    "UpdateParticipant": lambda c: c.hold(ROOM, LEG, on=True),
    "UpdateConference ": lambda c: c.announce(ROOM, CALL),
    "CreateMessage": lambda c: c.send_text(CALL, to=TO, from_=FROM, body="Arriviamo"),
    "FetchCall": lambda c: c.look(LEG),
    "ListCall": lambda c: c.find(to=TO, from_=FROM, since=AT),
}


class Line:
    """Stands in for the network: keeps what was sent, answers as told."""

    def __init__(self) -> None:
        self.sent: list[httpx2.Request] = []
        self.answers: list[httpx2.Response | Exception] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.sent.append(request)
        if not self.answers:
            body = {"sid": LEG, "call_sid": LEG, "status": "queued"}
            if request.method == "GET" and request.url.path.endswith("/Calls.json"):
                return httpx2.Response(200, json={"calls": [], "next_page_uri": None})
            return httpx2.Response(201 if request.method == "POST" else 200, json=body)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def over(line: Line, account: Account) -> Twilio:
    carrier = Twilio(account)
    carrier.close()
    carrier.wire.client = httpx2.Client(transport=httpx2.MockTransport(line))
    return carrier


@pytest.fixture
def line() -> Line:
    return Line()


@pytest.fixture
def carrier(line: Line) -> Iterator[Twilio]:
    with closing(over(line, account())) as made:
        yield made


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Pauses between tries, kept and not slept."""
    taken: list[float] = []
    monkeypatch.setattr("callcenter.carriers.twilio.time.sleep", taken.append)
    return taken


def matches(template: str, path: str) -> bool:
    pattern = re.sub(r"\\{\w+\\}", r"[^/]+", re.escape(template))
    return re.fullmatch(pattern, path) is not None


@pytest.mark.parametrize("verb", VERBS)
def test_every_request_fits_the_published_description(
    carrier: Twilio, line: Line, verb: str
) -> None:
    VERBS[verb](carrier)

    (request,) = line.sent
    operation = SPEC["operations"][verb.strip()]
    assert request.method.lower() == operation["method"]
    assert matches(operation["path"], request.url.path)
    assert request.url.host == "api.twilio.com"
    fields = parse_qs(request.content.decode(), strict_parsing=bool(request.content))
    assert set(operation.get("required", [])) <= set(fields)
    for name, values in fields.items():
        fits(name, values, operation["fields"][name])
    for name in request.url.params:
        assert name in operation["query"]


def fits(name: str, values: list[str], schema: dict[str, Any]) -> None:
    if schema["type"] != "array":
        assert len(values) == 1, name
    for value in values:
        if "enum" in schema:
            assert value in schema["enum"], name
        if schema["type"] == "boolean":
            assert value in {"true", "false"}, name
        if schema["type"] == "integer":
            assert value.isdecimal(), name
        if schema.get("format") == "uri":
            assert value.startswith("https://centrale.example/twilio/"), name
            # An apostrophe is signed in one spelling and sent in another.
            assert "'" not in value
        if schema.get("format") in {"endpoint", "phone-number"}:
            assert re.fullmatch(r"\+\d{4,15}", value), name


def test_progress_is_asked_for_as_repeated_fields(carrier: Twilio, line: Line) -> None:
    carrier.place(CALL, to=TO, from_=FROM)
    events = parse_qs(line.sent[0].content.decode())["StatusCallbackEvent"]
    assert events == ["initiated", "ringing", "answered", "completed"]


def test_nobody_ends_a_conference_by_leaving_it(carrier: Twilio, line: Line) -> None:
    carrier.add(ROOM, CALL, to="+39112", from_=FROM, label="112")
    assert parse_qs(line.sent[0].content.decode())["EndConferenceOnExit"] == ["false"]


@pytest.mark.parametrize(
    ("region", "edge", "host"),
    [
        (None, None, "api.twilio.com"),
        ("ie1", None, "api.ie1.twilio.com"),
        ("ie1", "dublin", "api.dublin.ie1.twilio.com"),
    ],
)
def test_region_and_edge_choose_the_host(
    line: Line, region: str | None, edge: str | None, host: str
) -> None:
    ours = Account(
        sid=SID,
        tokens=("t",),
        public_url="https://centrale.example",
        api_key="SK" + "b" * 32,
        api_secret="secret",
        region=region,
        edge=edge,
    )
    with closing(over(line, ours)) as carrier:
        carrier.hang_up(LEG)
    assert line.sent[0].url.host == host
    login = base64.b64decode(line.sent[0].headers["authorization"].removeprefix("Basic "))
    assert login == b"SK" + b"b" * 32 + b":secret"
    assert f"/Accounts/{SID}/" in line.sent[0].url.path


def test_too_many_requests_are_repeated_with_growing_pauses(
    carrier: Twilio, line: Line, naps: list[float]
) -> None:
    line.answers = [httpx2.Response(429, json={"code": 20429})] * 2
    carrier.hang_up(LEG)
    assert len(line.sent) == 3
    assert 0.09 <= naps[0] <= 0.11
    assert 0.18 <= naps[1] <= 0.22


def test_what_stays_too_many_may_be_asked_again_later(
    carrier: Twilio, line: Line, naps: list[float]
) -> None:
    line.answers = [httpx2.Response(429, json={"code": 20429, "message": "slow"})] * TRIES
    with pytest.raises(TryAgain):
        carrier.place(CALL, to=TO, from_=FROM)
    assert len(line.sent) == len(naps) + 1 == TRIES


@pytest.mark.parametrize(
    ("answer", "meaning"),
    [
        (httpx2.ReadTimeout("slow"), MaybeDone),
        (httpx2.RemoteProtocolError("cut"), MaybeDone),
        (httpx2.Response(503, text="<html>"), MaybeDone),
        (httpx2.Response(400, json={"code": 21211, "message": "invalid"}), Refused),
        (httpx2.Response(401, json={"code": 20003, "message": "no"}), Refused),
    ],
)
def test_a_call_that_may_have_been_placed_is_never_placed_again(
    carrier: Twilio, line: Line, answer: httpx2.Response | Exception, meaning: type[Exception]
) -> None:
    line.answers = [answer]
    with pytest.raises(meaning):
        carrier.place(CALL, to=TO, from_=FROM)
    assert len(line.sent) == 1


def test_a_leg_is_read_with_its_state(carrier: Twilio, line: Line) -> None:
    body = {"sid": LEG, "status": "no-answer", "to": TO, "from": FROM, "start_time": None}
    line.answers = [httpx2.Response(200, json=body), httpx2.Response(500, text="")]
    found = carrier.look(LEG)
    assert found is not None
    assert (found.state, found.from_) == (LegState.NO_ANSWER, FROM)
    with pytest.raises(MaybeDone):
        carrier.look(LEG)


def test_a_refusal_that_is_not_about_the_past_is_told(carrier: Twilio, line: Line) -> None:
    refusal = httpx2.Response(403, json={"code": 20003, "message": "no"})
    for ask in (
        lambda: carrier.hang_up(LEG),
        lambda: carrier.look(LEG),
        lambda: carrier.pull(CALL, sid=LEG, queue_sid=QUEUE),
    ):
        line.answers = [refusal]
        with pytest.raises(Refused):
            ask()  # type: ignore[no-untyped-call]


def test_the_softphone_token_names_the_operator_the_app_and_the_region(line: Line) -> None:
    ours = Account(
        sid=SID,
        tokens=("t",),
        public_url="https://centrale.example",
        api_key="SK" + "b" * 32,
        api_secret="a secret that is long enough for HMAC",
        app_sid="AP" + "c" * 32,
        region="ie1",
        edge="dublin",
    )
    with closing(over(line, ours)) as carrier:
        phone = carrier.softphone("0192f5a0")
    header, payload, _ = (base64.urlsafe_b64decode(part + "==") for part in phone.token.split("."))
    claims = json.loads(payload)
    assert json.loads(header)["twr"] == "ie1"
    assert claims["grants"]["identity"] == "0192f5a0"
    assert claims["grants"]["voice"]["outgoing"]["application_sid"] == "AP" + "c" * 32
    assert 3590 <= claims["exp"] - int(claims["jti"].rpartition("-")[2]) <= 3600
    assert (phone.mode, phone.edge) == ("twilio", "dublin")


def test_without_a_key_there_is_no_softphone_and_that_is_said() -> None:
    bare = Account(sid=SID, tokens=("t",), public_url="https://centrale.example")
    with closing(Twilio(bare)) as carrier, pytest.raises(Unavailable, match="TwiML App"):
        carrier.softphone("0192f5a0")


def test_an_account_says_what_cannot_work() -> None:
    assert account().faults() == []
    wrong = Account(sid="AC1", tokens=(), public_url="http://x", api_key="SK1", edge="dublin")
    assert len(wrong.faults()) == 5


def test_the_settings_make_the_account(tmp_path: Path) -> None:
    given = Settings(
        home=tmp_path,
        carrier="twilio",
        public_url="https://centrale.example",
        twilio_account_sid=SID,
        twilio_auth_token="new,old",
        twilio_region="ie1",
    )
    assert of(given).tokens == ("new", "old")
    assert of(given).url("/twilio/x") == "https://centrale.example/twilio/x"
    built_in = of(Settings(home=tmp_path, simulated_carrier_port=8123))
    assert built_in.api_base == "http://127.0.0.1:8123"
    assert len(built_in.tokens[0]) == 64


def test_the_double_answers_with_fields_of_the_description() -> None:
    """Each answer of the built-in carrier, against the same published description."""
    with (
        open_office() as office,
        simulated.running(account(office.url), pace=60) as double,
        httpx2.Client(base_url=double.url, auth=account().login) as client,
    ):
        root = f"/2010-04-01/Accounts/{SID}"
        office.documents["/dial"] = "<Response><Dial><Conference>r</Conference></Dial></Response>"
        office.documents["/queue"] = "<Response><Enqueue>q</Enqueue></Response>"
        form = {"To": TO, "From": FROM, "Url": office.url + "/dial"}
        made = client.post(f"{root}/Calls.json", data=form)
        described("CreateCall", made)
        described("FetchCall", client.get(f"{root}/Calls/{made.json()['sid']}.json"))
        other = client.post(f"{root}/Calls.json", data=form | {"Url": office.url + "/queue"})
        office.wait_for("/dial")
        office.wait_for("/queue")
        described("CreateMessage", client.post(f"{root}/Messages.json", data={"To": TO}))
        inside = client.post(f"{root}/Conferences/r/Participants.json", data=form)
        described("CreateParticipant", inside)
        room = inside.json()["conference_sid"]
        described("FetchConference", client.get(f"{root}/Conferences/{room}.json"))
        someone = f"{root}/Conferences/{room}/Participants/{made.json()['sid']}.json"
        described("FetchParticipant", client.get(someone))
        described("UpdateParticipant", client.post(someone, data={"Muted": "true"}))
        listed = client.get(f"{root}/Conferences/{room}/Participants.json").json()["participants"]
        assert made.json()["sid"] in {each["call_sid"] for each in listed}
        (queue,) = client.get(f"{root}/Queues.json").json()["queues"]
        where = f"{root}/Queues/{queue['sid']}/Members"
        (waits,) = client.get(f"{where}.json").json()["queue_members"]
        assert waits["call_sid"] == other.json()["sid"]
        moved = client.post(f"{where}/Front.json", data={"Url": office.url + "/dial"})
        described("UpdateMember", moved)
        told = client.post(
            f"{root}/Conferences/{room}.json", data={"AnnounceUrl": office.url + "/said"}
        )
        described("UpdateConference", told)
        assert client.delete(someone).status_code == 204
        for refused in (
            client.post(f"{root}/Calls.json", data={"To": "0815550101", "From": FROM}),
            client.post(f"{root}/Calls.json", data={"To": TO}),
            client.post(f"{root}/Calls.json", data={"To": TO, "From": FROM}),
            client.post(f"{root}/Messages.json", data={"To": "x"}),
        ):
            assert refused.status_code == 400
            assert refused.json()["code"] in {21205, 21211, 21213}
        for missing in (
            client.post(f"{where}/{LEG}.json", data={"Url": "x"}),
            client.get(f"{root}/Queues/{QUEUE}/Members.json"),
            client.post(f"{root}/Conferences/{ROOM}.json", data={"Status": "completed"}),
            client.get(f"{root}/Conferences/{room}/Participants/{LEG}.json"),
            client.get(f"{root}/Calls/{LEG}.json"),
        ):
            assert missing.status_code == 404
            assert missing.json()["code"] == 20404


def described(operation: str, answer: httpx2.Response) -> None:
    known = SPEC["operations"][operation]
    assert answer.status_code == known["status"], answer.text
    for name, value in answer.json().items():
        schema = known["answer"][name]
        if value is not None and "enum" in schema:
            assert value in schema["enum"], (operation, name)
        if value is not None and schema.get("type") == "boolean":
            assert isinstance(value, bool), (operation, name)
        if value is not None and "pattern" in schema:
            assert re.search(schema["pattern"], value), (operation, name, value)
