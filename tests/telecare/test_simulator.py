"""The sample town's home units are real diallers: what they send arrives and is understood."""

import threading

from registry.kit import db
from telecare import alarms, devices, signals, simulator
from telecare.protocols.base import Verdict
from telecare.simulator import Home, Unit

KEY = b"0123456789ABCDEF"


def test_the_town_sends_heartbeats_and_alarms_plain_and_encrypted(port: int) -> None:
    with db.transaction() as session:
        devices.add(session, account="1001", heartbeat_s=1)
        devices.add(session, account="1002", key=KEY.decode(), heartbeat_s=1)
    homes = [
        Home(account="1001", heartbeat_s=1),
        Home(account="1002", key=KEY, heartbeat_s=1),
    ]
    stop = threading.Event()
    town = threading.Thread(
        target=simulator.run,
        args=(homes, "127.0.0.1", port, 7),
        kwargs={"stop": stop, "mean_pause": 0.05},
    )
    town.start()
    try:
        for _ in range(200):
            with db.transaction() as session:
                found = signals.listed(session, limit=200)
                waiting = alarms.waiting(session)
            if {each.encrypted for each in found} == {True, False} and len(waiting) > 2:
                break
            stop.wait(0.05)
    finally:
        stop.set()
        town.join(10)
    assert {each.verdict for each in found} == {Verdict.GOOD}
    assert {each.kind for each in found} & {"heartbeat", "personal"}
    assert waiting


def test_an_event_is_repeated_until_it_is_acknowledged(port: int, free_port: int) -> None:
    unit = Unit(Home(account="1001"))
    stop = threading.Event()
    stop.set()  # no waiting between repeats: the first failure ends it
    assert not simulator.deliver("127.0.0.1", free_port, unit, "1101", stop)
    assert simulator.deliver("127.0.0.1", port, unit, "1101", stop)
    with db.transaction() as session:
        (alarm,) = alarms.waiting(session)
    assert alarm.account == "1001"
