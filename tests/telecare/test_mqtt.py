"""Signals through a real broker: acknowledged after the commit, and nothing lost on the way."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from registry.kit import db
from registry.kit.settings import Settings
from telecare import alarms, devices, ingest, signals
from telecare.protocols.base import Kind, Verdict
from telecare.receivers import broker as brokers
from telecare.receivers import mqtt, probes_json
from telecare.receivers.broker import MqttPlan
from telecare.receivers.mqtt import MqttDoor
from tests.telecare import mqtt_broker
from tests.telecare.doors import running
from tests.telecare.mqtt_broker import HERE, Broker, app
from tests.waiting import eventually

PRESS = {"id": "press-1", "kind": "personal"}
Doors = Callable[..., AbstractContextManager[list[MqttDoor]]]


@pytest.fixture(scope="module", autouse=True)
def _mosquitto() -> None:
    if mqtt_broker.MOSQUITTO is None:
        pytest.skip(mqtt_broker.MISSING)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    opened = Broker(tmp_path)
    yield opened
    opened.stop()


def door(broker: Broker, **more: Any) -> AbstractContextManager[list[MqttDoor]]:
    told = {"client_id": "centrale-test", "topic": "centrale/v1"} | more
    plan = MqttPlan(host=HERE, port=broker.port, **told)
    return running(lambda ingest, _: MqttDoor(plan, ingest))


def listening(opened: list[MqttDoor]) -> None:
    eventually(lambda: opened[0].figures()["mqtt_listening"])


def raised() -> list[alarms.Alarm]:
    with db.transaction() as session:
        return alarms.listed(session)


def stored() -> list[signals.Signal]:
    with db.transaction() as session:
        return signals.listed(session)


def test_a_press_is_stored_then_answered_and_a_repeat_is_no_second_alarm(
    database: None, broker: Broker
) -> None:
    with db.transaction() as session:
        devices.add(session, account="APP7", protocol="json", heartbeat_s=60)
    with door(broker, guarded=True) as opened, app(broker.port) as device:
        listening(opened)
        device.say(PRESS)
        assert device.answer()["type"] == "stored"
        (alarm,) = raised()
        assert (alarm.kind, alarm.account, alarm.trusted) == (Kind.PERSONAL, "APP7", True)
        assert alarm.device_id is not None
        device.say(PRESS)
        assert device.answer()["id"] == "press-1"
    (signal,) = stored()
    assert (signal.path, signal.repeats) == ("mqtt", 1)


def test_what_cannot_be_read_is_kept_counted_and_blocks_nobody(
    database: None, broker: Broker
) -> None:
    with door(broker) as opened, app(broker.port) as device:
        listening(opened)
        device.say(b"\xff nonsense")
        device.say(PRESS, topic="centrale/v1/no-account/signals")
        device.say(PRESS | {"account": "APP8"})
        device.say(PRESS)
        answers = [device.answer() for _ in range(3)]
        assert sorted(each.get("reason", "") for each in answers) == ["", "foreign", "not_json"]
        figures = opened[0].figures()
        assert figures["mqtt_refused_not_json"] == 1
        assert figures["mqtt_refused_no_sender"] == 1
        assert figures["mqtt_refused_foreign"] == 1
    assert [alarm.trusted for alarm in raised()] == [False]
    assert {each.verdict for each in stored()} == {Verdict.GOOD, Verdict.ODD}


def test_what_comes_while_we_are_away_is_there_when_we_are_back(
    database: None, broker: Broker
) -> None:
    with door(broker) as opened:
        listening(opened)
    with app(broker.port) as device:
        for number in range(20):
            device.say(PRESS | {"id": str(number)})
    assert stored() == []
    with door(broker):
        eventually(lambda: len(raised()) == 20)


def test_what_cannot_be_stored_is_tried_again_and_answered_only_then(
    database: None, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest, "PATIENCE", 0.2)
    with app(broker.port) as device, door(broker) as opened:
        listening(opened)
        with db.engine().connect() as other:
            other.execute(text("LOCK TABLE signals IN ACCESS EXCLUSIVE MODE"))
            device.say(PRESS)
            eventually(lambda: opened[0].figures().get("mqtt_tried_again"))
            assert device.heard.empty()
            other.rollback()
        assert device.answer()["type"] == "stored"
    assert len(raised()) == 1


def test_what_was_not_stored_when_we_ended_is_still_the_brokers(
    database: None, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest, "PATIENCE", 0.2)
    with app(broker.port) as device:
        with db.engine().connect() as other:
            with door(broker) as opened:
                listening(opened)
                other.execute(text("LOCK TABLE signals IN ACCESS EXCLUSIVE MODE"))
                device.say(PRESS)
                eventually(lambda: opened[0].figures().get("mqtt_tried_again"))
            other.rollback()
        assert raised() == []
        with door(broker) as opened:
            assert device.answer()["type"] == "stored"
            assert opened[0].figures()["mqtt_sent_again"] == 1
    assert len(raised()) == 1


def test_a_broker_that_falls_is_found_again(database: None, broker: Broker) -> None:
    with door(broker) as opened:
        listening(opened)
        broker.stop()
        eventually(lambda: not opened[0].figures()["mqtt_listening"])
        broker.start()
        with app(broker.port) as device:
            device.say(PRESS)
            eventually(lambda: len(raised()) == 1)
        assert opened[0].figures()["mqtt_connects"] == 2


def test_no_broker_keeps_no_other_door_shut(database: None, broker: Broker) -> None:
    broker.stop()
    with door(broker) as opened:
        assert opened[0].figures()["mqtt_listening"] == 0
        broker.start()
        listening(opened)


@pytest.mark.parametrize(("share", "together"), [("", 24), ("sala", 12)])
def test_receivers_of_one_share_take_turns_and_without_one_each_takes_all(
    database: None, broker: Broker, share: str, together: int
) -> None:
    first = door(broker, client_id="uno", share=share)
    second = door(broker, client_id="due", share=share)
    with first as one, second as two, app(broker.port) as device:
        listening(one)
        listening(two)
        for number in range(12):
            device.say(PRESS | {"id": str(number)})

        def received() -> list[float]:
            return [each.figures().get("mqtt_received", 0) for each in (*one, *two)]

        eventually(lambda: sum(received()) == together)
        assert all(received())
        eventually(lambda: len(raised()) == 12)


def test_a_name_a_password_and_topics_of_ones_own(database: None, tmp_path: Path) -> None:
    """What docs/signals_api.md tells an operator to write into mosquitto.conf."""
    words = tmp_path / "passwords"
    words.write_text("centrale:parola\nAPP7:sua\n")
    subprocess.run(["mosquitto_passwd", "-U", words], check=True)
    rules = tmp_path / "rules"
    rules.write_text(
        "user centrale\ntopic read centrale/v1/+/signals\ntopic write centrale/v1/+/answers\n"
        "topic readwrite centrale/v1/SELFTEST/#\n\n"
        "pattern write centrale/v1/%u/signals\npattern read centrale/v1/%u/answers\n"
    )
    for each in (words, rules):
        each.chmod(0o600)
    broker = Broker(
        tmp_path, "allow_anonymous false", f"password_file {words}", f"acl_file {rules}"
    )
    url = f"mqtt://centrale:parola@{HERE}:{broker.port}"
    plan = brokers.plan_of(Settings(mqtt_url=url, mqtt_guarded=True))
    assert plan is not None
    try:
        with (
            running(lambda ingest, _: MqttDoor(plan, ingest)) as opened,
            app(broker.port, user="APP7", password="sua") as device,
        ):
            listening(opened)
            device.say(PRESS)
            assert device.answer()["type"] == "stored"
            device.say(PRESS | {"id": "2"}, topic="centrale/v1/APP8/signals")
            probes_json.publish(plan)
        assert [alarm.account for alarm in raised()] == ["APP7"]
        wrong = MqttPlan(host=HERE, port=broker.port, topic="t", client_id="x", user="no")
        with running(lambda ingest, _: MqttDoor(wrong, ingest)) as shut:
            eventually(lambda: shut[0].figures().get("mqtt_connect_refused"))
    finally:
        broker.stop()


def test_the_settings_say_what_is_wrong() -> None:
    with pytest.raises(ValueError, match="mqtt:// or mqtts://"):
        Settings(mqtt_url="http://broker")
    assert mqtt.from_settings(Settings()) == []
    plan = MqttPlan(host="h", port=1, topic="a", client_id="c", share="sala")
    assert plan.subscription == "$share/sala/a/+/signals"
