"""Simulated SCAIP homes call the real door, prove themselves, and are told."""

import threading
import time
from collections import Counter

from registry.kit.db import transaction
from telecare import devices, simulator_scaip
from telecare.alarms import Alarm
from telecare.devices import SCAIP
from telecare.receivers.sip import SipPlan
from telecare.signals import Signal
from telecare.simulator_scaip import Home
from tests.telecare.sip_centre import HERE, running, stored


def test_homes_register_live_and_call(database: None) -> None:
    homes = [Home(account=str(7000 + number), password=f"parola{number}") for number in range(5)]
    with transaction() as session:
        for home in homes:
            devices.add(session, account=home.account, protocol=SCAIP, key=home.password)
    stop = threading.Event()
    counted: list[Counter[str]] = []

    with running(SipPlan(port=0)) as door:

        def live() -> None:
            counted.append(
                simulator_scaip.run(
                    homes, HERE, door.port, stop=stop, mean_pause=0.05, heartbeat=1.0
                )
            )

        thread = threading.Thread(target=live)
        thread.start()
        until = time.monotonic() + 30
        while time.monotonic() < until and len(stored(Alarm)) < 3:
            time.sleep(0.1)
        stop.set()
        thread.join(30)
        assert door.figures()["sip_registered"] == 5

    signals = stored(Signal)
    assert {signal.kind for signal in signals} >= {"heartbeat", "personal"}
    assert all(signal.device_id and signal.encrypted for signal in signals)
    assert counted[0]["snu_0"] > 5
    assert counted[0]["answer_200"] > 5
    assert counted[0]["unreadable"] == counted[0]["answer_403"] == 0
