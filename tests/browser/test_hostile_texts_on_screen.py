"""Hostile texts through the doors of devices and of the carrier, seen by a real browser.

All of them: .venv/bin/pytest tests/browser/test_hostile_texts_on_screen.py -n0 -s --hostile 500
"""

import json
import os
import random
import socket
from collections.abc import Iterator
from contextlib import closing, suppress
from xml.sax.saxutils import escape

import httpx2
import pytest
from playwright.sync_api import Page
from playwright.sync_api import TimeoutError as BrowserTimeout
from sqlalchemy import func, select

from callcenter.calls import Call
from callcenter.carriers.account import account
from callcenter.carriers.simulated_town import Town
from callcenter.carriers.simulated_wire import signature
from registry.access import Role
from registry.kit import db
from telecare import device_tokens, devices
from telecare.signals import Signal
from tests import hostile
from tests.browser.conftest import LINE
from tests.browser.console import crc, sign_in
from tests.browser.policy import Watch
from tests.conftest import somebody
from tests.hostile import MARK
from tests.stories.conftest import House, free_port
from tests.telecare import mqtt_broker
from tests.telecare.mqtt_broker import Broker
from tests.waiting import apart, eventually
from tests.webconsole import matrix

pytestmark = pytest.mark.browser

UNIT = "7301"
PAGES = (
    "/",
    "/allarmi",
    "/chiamate",
    "/parete",
    "/ricevitori",
    f"/segnali?apparecchio={UNIT}",
    "/guasti",
    "/apparecchi",
    "/teleassistenza-oggi",
    f"/persone?q={MARK}",
)
# Every door of the carrier, and what it may say at them.
CARRIER = sorted(
    name.split()[1] for name, let_in in matrix.written().items() if "carrier" in let_in
)
CARRIER_SAYS = (
    "CallStatus", "ConferenceSid", "StatusCallbackEvent", "ParticipantLabel", "Digits",
    "SpeechResult", "QueueResult", "QueueTime", "DialCallStatus", "RecordingUrl", "MessageSid",
    "MessageStatus", "ErrorCode", "Body", "SmsStatus",
)  # fmt: skip
PORTS = {"lines": "CENTRALE_RECEIVER_LINES_PORT", "sos": "CENTRALE_SOS_ACCESS_PORT"}


@pytest.fixture(scope="module", autouse=True)
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker | None]:
    """The doors that are closed by default are open in this house, that of the broker too."""
    opened = Broker(tmp_path_factory.mktemp("broker")) if mqtt_broker.MOSQUITTO else None
    told = {name: str(free_port()) for name in PORTS.values()}
    if opened is None:
        print(mqtt_broker.MISSING)  # noqa: T201 - and the other doors are tried all the same
    else:
        told["CENTRALE_MQTT_URL"] = f"mqtt://{mqtt_broker.HERE}:{opened.port}"
    os.environ.update(told)
    yield opened
    for name in told:
        os.environ.pop(name, None)
    if opened is not None:
        opened.stop()


def say(port: int, data: bytes) -> None:
    """Over TCP; what the door answers, and whether it hangs up, is its own business."""
    with closing(socket.create_connection(("127.0.0.1", port), timeout=10)) as line:
        line.settimeout(0.3)
        with suppress(OSError):
            line.sendall(data)
            line.recv(500)


def as_dc09(text: bytes, number: int) -> bytes:
    body = b'"ADM-CID"%04dL0#%s[#%s|1101 00 001][I%s]' % (
        number % 10_000, UNIT.encode(), UNIT.encode(), text[:900],
    )  # fmt: skip
    value = crc(body)
    return b"\n" + f"{value:04X}0{len(body):03X}".encode() + body + b"\r"


def as_sip(text: str, port: int, number: int) -> bytes:
    words = escape("".join(letter for letter in text[:500] if letter.isprintable()))
    body = (
        f"<mrq><ref>{number:x}</ref><cid>{UNIT}</cid><dty>3</dty><stc>10</stc>"
        f"<ite>{words}</ite></mrq>"
    ).encode(errors="replace")
    name = words.replace('"', "'")[:80]
    head = (
        f"MESSAGE sip:centrale@127.0.0.1 SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{number}\r\n"
        f'From: "{name}" <sip:{UNIT}@127.0.0.1>;tag={number}\r\nTo: <sip:centrale@127.0.0.1>\r\n'
        f"Call-ID: {number}@127.0.0.1\r\nCSeq: 1 MESSAGE\r\nMax-Forwards: 70\r\n"
        f"Content-Type: application/scaip+xml\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode(errors="replace") + body


def as_sos(text: str, number: int) -> bytes:
    words = escape(text[:500])
    return (
        '<?xml version="1.0" encoding="UTF-8"?><alarmrequest>'
        f"<authentication>x</authentication><reference>{number}</reference>"
        f"<transmittercode>{UNIT}</transmittercode><transmittertype>{words[:40]}</transmittertype>"
        f"<alarmtype>PA</alarmtype><additionalinfo>{words}</additionalinfo></alarmrequest>"
    ).encode(errors="replace")


def through_the_broker(broker: Broker | None, texts: list[str]) -> int:
    """As an app that writes what it likes, and as one whose message is no JSON; how many."""
    if broker is None:
        return 0
    with mqtt_broker.app(broker.port, UNIT) as device:
        for number, text in enumerate(texts, start=1):
            device.say({"id": f"m-{number}", "kind": "personal", "text": text[:500]})
            device.say(text.encode(errors="replace")[:2_000])
            device.answer()
    return len(texts)


def through_every_door(house: House, texts: list[str], token: str) -> None:
    sip = int(house.environment["CENTRALE_SIP_PORT"])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams, httpx2.Client() as http:
        datagrams.bind(("127.0.0.1", 0))
        for number, text in enumerate(texts, start=1):
            raw = text.encode(errors="replace")
            say(house.dc09[1], as_dc09(raw, number))
            say(int(os.environ[PORTS["lines"]]), b"5011 18" + raw[:200] + b"E10001003\x14")
            say(int(os.environ[PORTS["sos"]]), as_sos(text, number))
            datagrams.sendto(as_sip(text, datagrams.getsockname()[1], number), ("127.0.0.1", sip))
            told = {"id": f"h-{number}", "kind": "personal", "text": text[:500]}
            http.post(
                f"{house.url}/api/v1/signals",
                content=json.dumps(told),
                headers={"authorization": f"Bearer {token}", "content-type": "application/json"},
            )
            _ring(http, house, text, number)


def _ring(http: httpx2.Client, house: House, text: str, number: int) -> None:
    """A call whose every word is somebody else's, what the carrier says of it, and of a text."""
    clean = text.encode(errors="replace").decode()[:500]
    form = {"AccountSid": account().sid, "CallSid": f"CA{number:032x}", "To": LINE}
    form |= {"From": clean, "CallerName": clean, "FromCity": clean, "CallStatus": "ringing"}
    _say(http, house, "/twilio/voice/incoming", form)
    told = dict.fromkeys(CARRIER_SAYS, clean)
    for path in ("/twilio/text/status", CARRIER[number % len(CARRIER)]):
        _say(http, house, path, form | told)


def _say(http: httpx2.Client, house: House, path: str, form: dict[str, str]) -> None:
    """Signed as the carrier signs."""
    url = f"{house.url}{path}"
    signed = {"X-Twilio-Signature": signature(account().tokens[0], url, form)}
    answer = http.post(url, data=form, headers=signed)
    assert (path, answer.status_code < 500) == (path, True)
    assert MARK not in str(answer.headers)


def test_nothing_runs_nothing_breaks_and_nothing_is_forged(
    page: Page,
    town: Town,
    house: House,
    broker: Broker | None,
    request: pytest.FixtureRequest,
) -> None:
    assert town.url
    seed = request.config.getoption("--hostile-seed") or random.randrange(10**9)
    count = request.config.getoption("--hostile")
    print(f"--hostile {count} --hostile-seed {seed}")  # noqa: T201 - to repeat the run
    with db.transaction() as session:
        somebody(session, "tutta", "Tutta Campione", *(set(Role) - {Role.TEAM}))
        unit = devices.add(session, account=UNIT, protocol="json", label=f"{MARK} <b>casa</b>")
        _, token = device_tokens.issue(session, unit)
    texts = hostile.texts(count, seed)
    through_every_door(house, texts, token)
    by_broker = through_the_broker(broker, texts)
    eventually(lambda: apart(stored)[0] > count + by_broker, within=60)
    assert apart(stored)[1] > 0, "calls came in too"

    watch = Watch(page)
    watch.begin()
    sign_in(page, "tutta")
    shown = 0
    for address in PAGES:
        watch.look(address)
        settle(page)
        shown += MARK in page.content()
        assert (address, page.evaluate(f"window.{MARK}")) == (address, None)
    assert watch.seen == []
    assert shown > 0, "else nothing was there to run"
    for log in house.logs.iterdir():
        for line in log.read_bytes().splitlines():
            assert MARK.encode() not in line, log.name
            assert isinstance(json.loads(line), dict), log.name


def settle(page: Page) -> None:
    """Until nothing is fetched any more; a board with hundreds of calls never is so far."""
    with suppress(BrowserTimeout):
        page.wait_for_load_state("networkidle", timeout=10_000)


def stored() -> tuple[int, int]:
    with db.transaction() as session:
        counted = [
            session.scalar(select(func.count()).select_from(each)) for each in (Signal, Call)
        ]
    return counted[0] or 0, counted[1] or 0
