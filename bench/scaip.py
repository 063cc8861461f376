"""SCAIP presses a second over UDP, stored before they are answered, against Kamailio storing none.

    python bench/scaip.py [--runs 5] [--presses 20000] [--units 200] [--steady 1000] [--seed N]

SIPp plays the home units for both, one after the other, several times: as many MESSAGEs at once as
there are units, then so many a second. For Centrale every one is a press: durable (fsync on), with
its alarm, journal and deadline, before its 200, and the unit is told `snu 0` in a MESSAGE of its
own; Kamailio answers 200 from two processes and does nothing else. Without Kamailio
(apt-get install kamailio) or SIPp (apt-get install sip-tester) it says so.
"""

import argparse
import csv
import os
import platform
import secrets
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench import sip_peers, verdicts
from bench.ingest import in_words
from bench.sip_peers import HERE
from registry.kit import db, engines

NAMES = ("kamailio", "centrale")
WANTED_RATIO, WANTED_P99 = 0.2, 50.0
MEGABYTE = 2**20
SCENARIO = Path(__file__).with_name("scaip_press.xml")
TOLD = Path(__file__).parents[1] / "tests/telecare/sipp/told.xml"

Figures = dict[str, float]
Serve = Callable[[Path, int], AbstractContextManager[subprocess.Popen[bytes]]]
SERVE: dict[str, Serve] = {"kamailio": sip_peers.kamailio, "centrale": sip_peers.centrale}


def main() -> None:
    given = arguments()
    if shutil.which("sipp") is None:
        sys.exit("SIPp is not installed (apt-get install sip-tester): nothing can be measured")
    names = [each for each in NAMES if given.only in {None, each}]
    if "kamailio" in names and shutil.which("kamailio") is None:
        print("LOUD: Kamailio is not installed (apt-get install kamailio): no ratio is measured")
        names.remove("kamailio")
    print(f"machine   {platform.machine()}, {os.cpu_count()} cores, {platform.system()}")
    print(f"software  Python {platform.python_version()}, {sip_peers.versions()}")
    print(f"seed      {given.seed}; {given.units} units, {given.runs} runs of {given.presses}")
    with engines.temporary(durable=True) as running, tempfile.TemporaryDirectory() as folder:
        os.environ["CENTRALE_DATABASE_URL"] = running.database_url
        os.environ["CENTRALE_REDIS_URL"] = running.redis_url
        sip_peers.prepare(given.units)
        report(measure(given, names, Path(folder)), given.steady)
    sys.exit(verdicts.end())


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--presses", type=int, default=20_000)
    parser.add_argument("--units", type=int, default=200)
    parser.add_argument("--steady", type=int, default=1000, help="presses a second")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    parser.add_argument("--only", choices=NAMES)
    return parser.parse_args()


def measure(given: argparse.Namespace, names: list[str], folder: Path) -> dict[str, list[Figures]]:
    found: dict[str, list[Figures]] = {}
    for number in range(given.runs):
        for name in names:
            own = folder / f"{number}-{name}"
            own.mkdir()
            figures = one_run(SERVE[name], given, own, f"{given.seed}R{number}")
            found.setdefault(name, []).append(figures)
            print(f"run {number + 1}  {name:9}{in_words(figures)}", flush=True)
    db.engine().dispose()
    return found


def one_run(serve: Serve, given: argparse.Namespace, folder: Path, mark: str) -> Figures:
    """Start a receiver, send as fast as it answers, then at a steady pace, and stop it."""
    steady = min(given.presses, 5 * given.steady)
    port = sip_peers.free_port()
    with serve(folder, port) as process:
        fast = play(given, folder, port, f"{mark}F", given.presses, 0)
        family = [psutil.Process(process.pid), *psutil.Process(process.pid).children()]
        spent = sum(sum(each.cpu_times()[:2]) for each in family)
        even = play(given, folder, port, f"{mark}S", steady, given.steady)
        resident = sum(each.memory_info().rss for each in family) / MEGABYTE
    pace = f"at {given.steady}/s"
    return {
        "presses/s": fast["rate"],
        "CPU ms a press": 1000 * spent / given.presses,
        f"p50 ms {pace}": even["p50"],
        f"p99 ms {pace}": even["p99"],
        "sent again": fast["again"] + even["again"],
        "RSS MB": resident,
    }


def play(
    given: argparse.Namespace, folder: Path, port: int, mark: str, presses: int, rate: int
) -> Figures:
    """SIPp: each MESSAGE has a reference of its own. Raises RuntimeError if one is unanswered."""
    rows = folder / f"{mark}.csv"
    accounts = [sip_peers.account(number % given.units) for number in range(presses)]
    lines = (f"{account};{mark}{number};" for number, account in enumerate(accounts))
    rows.write_text("\n".join(["SEQUENTIAL", *lines, ""]))
    command = ["sipp", f"{HERE}:{port}", "-i", HERE, "-sf", SCENARIO, "-oocsf", TOLD, "-t", "u1"]
    command += ["-inf", rows, "-m", presses, "-r", rate or 50_000, "-nostdin", "-timeout", "300s"]
    command += ["-l", max(given.units, rate), "-timeout_error", "-trace_rtt", "-rtt_freq", "100"]
    command += ["-trace_stat", "-fd", "1", "-buff_size", "8388608"]
    done = subprocess.run(
        [str(word) for word in command], cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"sipp ended with {done.returncode}: {done.stdout[-1500:]}")
    return read(folder)


def read(folder: Path) -> Figures:
    """What SIPp wrote down, and then forget it."""
    (times,) = folder.glob("*_rtt.csv")
    (totals,) = (each for each in folder.glob("*_.csv"))
    with times.open() as file:
        answered = [
            (float(row["Date_ms"]), float(row["response_time_ms"]))
            for row in csv.DictReader(file, delimiter=";")
        ]
    with totals.open() as file:
        *_, last = csv.DictReader(file, delimiter=";")
    times.unlink()
    totals.unlink()
    delays = sorted(delay for _, delay in answered)
    seconds = max(at for at, _ in answered) - min(at - delay for at, delay in answered)
    return {
        "rate": 1000 * len(answered) / max(seconds, 1.0),
        "p50": delays[len(delays) // 2],
        "p99": delays[int(0.99 * len(delays))],
        "again": float(last["Retransmissions(C)"]),
    }


def report(found: dict[str, list[Figures]], steady: int) -> None:
    medians = {
        name: {what: statistics.median(run[what] for run in runs) for what in runs[0]}
        for name, runs in found.items()
    }
    print("medians")
    for name, values in medians.items():
        print(f"  {name:9}{in_words(values)}")
    if "centrale" not in medians:
        return
    ours = medians["centrale"]
    p99 = ours[f"p99 ms at {steady}/s"]
    verdicts.say(
        f"SCAIP p99 {p99:.0f} ms at {steady}/s (wanted < {WANTED_P99:.0f} at 1000/s)",
        met=p99 < WANTED_P99,
    )
    if "kamailio" in medians:
        ratio = ours["presses/s"] / medians["kamailio"]["presses/s"]
        verdicts.say(
            f"SCAIP over UDP ratio {ratio:.2f} (wanted ≥ {WANTED_RATIO})", met=ratio >= WANTED_RATIO
        )


if __name__ == "__main__":
    main()
