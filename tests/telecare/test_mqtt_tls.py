"""MQTT in TLS: whom we trust as the broker, what is said of a stranger, and who we say we are."""

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from structlog.testing import capture_logs

from registry.kit import db
from registry.kit.errors import Unavailable
from registry.kit.settings import Settings
from telecare import alarms, signals
from telecare.receivers import broker as brokers
from telecare.receivers import probes_json
from telecare.receivers.broker import MqttPlan
from telecare.receivers.mqtt import MqttDoor
from tests.telecare import mqtt_broker
from tests.telecare.certificates import Authority
from tests.telecare.doors import running
from tests.telecare.mqtt_broker import HERE, Broker, app
from tests.waiting import eventually


class Trust(NamedTuple):
    """Our authority, one of somebody else, and the broker's certificate by ours."""

    ours: Authority
    strange: Authority
    chain: Path
    key: Path

    def listener(self) -> tuple[str, ...]:
        """What docs/signals_api.md tells an operator to write into mosquitto.conf."""
        files = (f"certfile {self.chain}", f"keyfile {self.key}")
        return (*files, f"cafile {self.ours.certificate}", "allow_anonymous true")


@pytest.fixture(scope="module")
def trust(tmp_path_factory: pytest.TempPathFactory) -> Trust:
    if mqtt_broker.MOSQUITTO is None:
        pytest.skip(mqtt_broker.MISSING)
    folder = tmp_path_factory.mktemp("trust")
    ours = Authority(folder, "ours")
    return Trust(ours, Authority(folder, "strange"), *ours.vouch("broker"))


@pytest.fixture
def broker(tmp_path: Path, trust: Trust) -> Iterator[Broker]:
    opened = Broker(tmp_path, *trust.listener())
    yield opened
    opened.stop()


def plan(broker: Broker, authority: Authority, **more: Any) -> MqttPlan:
    """As the operator's settings make it."""
    told = {"mqtt_url": f"mqtts://{HERE}:{broker.port}", "mqtt_ca": authority.certificate}
    found = brokers.plan_of(Settings.model_validate(told | more))
    assert found is not None
    return found


def test_a_press_comes_through_tls_and_so_does_our_own_test(
    database: None, broker: Broker, trust: Trust
) -> None:
    ours = plan(broker, trust.ours)
    with (
        running(lambda ingest, _: MqttDoor(ours, ingest)) as opened,
        app(broker.port, ca=trust.ours.certificate) as device,
    ):
        eventually(lambda: opened[0].figures()["mqtt_listening"])
        device.say({"id": "press-1", "kind": "personal"})
        assert device.answer()["type"] == "stored"
        probes_json.publish(ours)
    with db.transaction() as session:
        assert [each.account for each in alarms.listed(session)] == ["APP7"]
        assert {each.became for each in signals.listed(session)} == {"alarm", "kept"}


def test_a_broker_that_a_stranger_vouches_for_hears_nothing_and_the_log_says_what_to_do(
    database: None, broker: Broker, trust: Trust
) -> None:
    wrong = plan(broker, trust.strange)
    with capture_logs() as said, running(lambda ingest, _: MqttDoor(wrong, ingest)) as opened:
        eventually(lambda: opened[0].figures().get("mqtt_connect_failed"))
        assert opened[0].figures()["mqtt_listening"] == 0
    (first, *_) = [each["trouble"] for each in said if each["event"] == "mqtt.unreachable"]
    assert first.startswith(
        f"The broker at {HERE}:{broker.port} shows a certificate that we do not"
    )
    assert first.endswith(
        "Set CENTRALE_MQTT_CA to the certificate (PEM) of the authority that signed it, and name "
        "the broker in CENTRALE_MQTT_URL as it does"
    )
    with pytest.raises(ssl.SSLCertVerificationError):
        probes_json.publish(wrong)


def test_a_broker_that_wants_to_know_who_we_are_is_shown_our_certificate(
    database: None, tmp_path: Path, trust: Trust
) -> None:
    broker = Broker(tmp_path, *trust.listener(), "require_certificate true")
    chain, key = trust.ours.vouch("centrale")
    shown = plan(broker, trust.ours, mqtt_certificate=chain, mqtt_key=key)
    silent = plan(broker, trust.ours, mqtt_client_id="nobody")
    try:
        with running(
            lambda ingest, _: MqttDoor(shown, ingest), lambda ingest, _: MqttDoor(silent, ingest)
        ) as (known, unknown):
            eventually(lambda: known.figures()["mqtt_listening"])
            assert unknown.figures()["mqtt_listening"] == 0
    finally:
        broker.stop()


def test_a_port_without_tls_and_one_where_nobody_is_are_told_apart(
    database: None, tmp_path: Path, trust: Trust, free_port: int
) -> None:
    plain = Broker(tmp_path)
    no_tls = plan(plain, trust.ours)
    nobody = plan(plain, trust.ours, mqtt_url=f"mqtts://{HERE}:{free_port}")
    try:
        with (
            capture_logs() as said,
            running(
                lambda ingest, _: MqttDoor(no_tls, ingest),
                lambda ingest, _: MqttDoor(nobody, ingest),
            ) as doors,
        ):
            eventually(lambda: all(each.figures().get("mqtt_connect_failed") for each in doors))
    finally:
        plain.stop()
    troubles = {each["trouble"] for each in said if each["event"] == "mqtt.unreachable"}
    assert any(f":{plain.port} and we found no common TLS" in each for each in troubles)
    assert any(f"No broker is reached at {HERE}:{free_port}" in each for each in troubles)


def test_files_that_cannot_be_read_are_named(tmp_path: Path, trust: Trust) -> None:
    settings = {"mqtt_url": "mqtts://broker.example", "mqtt_ca": tmp_path / "none.pem"}
    with pytest.raises(Unavailable, match="no certificate in PEM form") as told:
        brokers.plan_of(Settings.model_validate(settings))
    assert told.value.params["setting"] == "CENTRALE_MQTT_CA"
    settings |= {"mqtt_ca": trust.ours.certificate, "mqtt_certificate": trust.ours.certificate}
    with pytest.raises(Unavailable) as told:
        brokers.plan_of(Settings.model_validate(settings | {"mqtt_key": tmp_path / "none"}))
    assert "CENTRALE_MQTT_KEY" in told.value.params["setting"]
