"""The two that answer SIP MESSAGEs in a bench: Kamailio on a config of ours, and Centrale."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from registry import people
from registry.kit import db
from telecare import devices

HERE = "127.0.0.1"
READY = "ready"
START_WITHIN = 60.0  # seconds

# All that is needed to answer 200, by two processes as this house uses two cores.
KAMAILIO = """
debug=0
log_stderror=yes
children=2
disable_tcp=yes
listen=udp:{here}:{port}
{modules}
loadmodule "pv.so"
loadmodule "sl.so"
request_route {{
    if (method == "MESSAGE") {{ sl_send_reply("200", "OK"); exit; }}
    sl_send_reply("405", "Method Not Allowed");
}}
"""


def versions() -> str:
    return ", ".join((_version("kamailio", "-v"), _version("sipp", "-v")))


def _version(program: str, asked: str) -> str:
    try:
        said = subprocess.run([program, asked], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return f"no {program}"
    found = re.search(r"v?\d+\.\d+[.\d]*", said.stdout + said.stderr)
    return f"{program} {found[0] if found else '?'}"


def free_port() -> int:
    with socket.socket(type=socket.SOCK_DGRAM) as probe:
        probe.bind((HERE, 0))
        return int(probe.getsockname()[1])


def account(number: int) -> str:
    return f"7{number:06d}"


def prepare(units: int) -> None:
    """The schema, and the units of SIPp in the homes of as many people."""
    import_module("webconsole.migrate").up()
    with db.transaction() as session:
        said = session.connection().exec_driver_sql("SHOW server_version").scalar()
        print(f"database  PostgreSQL {said}, fsync and synchronous_commit on", flush=True)
        for number in range(units):
            person = people.create(session, given_name="Prova", family_name=f"Numero {number}")
            devices.add(session, account=account(number), protocol="scaip", person_id=person.id)
    db.engine().dispose()


@contextmanager
def kamailio(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Kamailio as our own process, stopped by its own number."""
    paths = sorted(Path("/usr/lib").glob("*/kamailio/modules"))
    modules = f'mpath="{paths[0]}/"' if paths else ""
    config = folder / "kamailio.cfg"
    config.write_text(KAMAILIO.format(here=HERE, port=port, modules=modules))
    command = ["kamailio", "-f", str(config), "-DD", "-E", "-Y", str(folder), "-m", "64", "-M", "8"]
    with (folder / "kamailio.log").open("wb") as log:
        process = subprocess.Popen(command, stderr=log, stdout=log)
    with _stopped(process):
        _wait(process, lambda: _answers(port))
        yield process


@contextmanager
def centrale(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """The receiving process with its SCAIP door."""
    with (folder / "centrale.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, __file__, str(port)], stderr=log, stdout=log, env=os.environ
        )
    with _stopped(process):
        _wait(process, lambda: READY in (folder / "centrale.log").read_text())
        yield process


@contextmanager
def _stopped(process: subprocess.Popen[bytes]) -> Iterator[None]:
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def _wait(process: subprocess.Popen[bytes], true: Any) -> None:
    limit = time.monotonic() + START_WITHIN
    while not true():
        if process.poll() is not None or time.monotonic() > limit:
            raise RuntimeError(f"{process.args!r} did not start")
        time.sleep(0.05)


def _answers(port: int) -> bool:
    """Whether a method that nobody wants is refused: then somebody is there."""
    with socket.socket(type=socket.SOCK_DGRAM) as line:
        line.settimeout(0.3)
        line.connect((HERE, port))
        own = f"{HERE}:{line.getsockname()[1]}"
        try:
            line.send(
                f"PUBLISH sip:a@{HERE}:{port} SIP/2.0\r\nVia: SIP/2.0/UDP {own};branch=z9hG4bKx\r\n"
                f"From: <sip:a@{own}>;tag=1\r\nTo: <sip:a@{HERE}>\r\nCall-ID: x\r\n"
                "CSeq: 1 PUBLISH\r\nMax-Forwards: 1\r\nContent-Length: 0\r\n\r\n".encode()
            )
            return line.recv(2048).startswith(b"SIP/2.0 405")
        except OSError:
            return False


async def _serve(port: int) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    main, sip = import_module("telecare.receivers.main"), import_module("telecare.receivers.sip")

    def door(*given: Any) -> Any:
        return sip.SipDoor(sip.SipPlan(port=port), *given)

    def ready(dc09_port: int) -> None:
        main.keep(dc09_port)
        print(READY, flush=True)

    await main.receive(HERE, 0, stop, ready, more=[door])


if __name__ == "__main__":
    import_module("uvloop").run(_serve(int(sys.argv[1])))
