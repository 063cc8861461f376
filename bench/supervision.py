"""A sweep over a million devices, of which one carrier's have fallen silent together.

    python bench/supervision.py [--devices 1000000] [--silent 20000] [--runs 5]

What a receiver does every ten seconds, as it does it: silence, missed tests, outages. Before each
run the same units are made silent again; the first figure of a run is a sweep that finds nothing.
"""

import argparse
import os
import platform
import statistics
import sys
import time
from pathlib import Path

from sqlalchemy import text

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench import verdicts
from registry.kit import db, engines
from telecare import outages, supervision
from webconsole import migrate

WANTED = 5.0  # seconds
CARRIERS, AREAS = 10, 500

FILL = """
INSERT INTO devices (id, protocol, account, heartbeat_s, label, changed_at, last_seen_at, silent_at,
    carrier, area, test_every_s, test_due_at)
SELECT gen_random_uuid(), 'sia-dc09', 'T' || n, 90, '', now(), now(), now() + interval '1 hour',
    'Rete ' || n % :carriers, 'Comune ' || n % :areas, 86400, now() + interval '1 day'
FROM generate_series(1, :devices) AS n
"""
QUIET = """
UPDATE devices SET silent_at = now() - interval '1 second', silent_since = NULL
WHERE id IN (SELECT id FROM devices WHERE carrier = 'Rete 1' LIMIT :silent)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--devices", type=int, default=1_000_000)
    parser.add_argument("--silent", type=int, default=20_000)
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    print(f"machine   {platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print(f"software  Python {platform.python_version()}; nothing is drawn, so there is no seed")
    with engines.temporary(durable=True) as running:
        os.environ["CENTRALE_DATABASE_URL"] = running.database_url
        os.environ["CENTRALE_REDIS_URL"] = running.redis_url
        migrate.up()
        fill(given.devices)
        with db.engine().connect() as connection:
            said = connection.exec_driver_sql("SHOW server_version").scalar()
            print(f"database  PostgreSQL {said}", flush=True)
        report([one_run(given.silent) for _ in range(given.runs)])
        db.engine().dispose()
    sys.exit(verdicts.end())


def fill(devices: int) -> None:
    began = time.monotonic()
    with db.engine().begin() as connection:
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        given = {"devices": devices, "carriers": CARRIERS, "areas": AREAS}
        connection.execute(text(FILL), given)
    with db.engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SET statement_timeout = 0"))
        connection.execute(text("VACUUM ANALYZE devices"))
    db.engine().dispose()
    took = time.monotonic() - began
    print(f"devices   {devices:,} with {CARRIERS} carriers, made in {took:.0f} s", flush=True)


def one_run(silent: int) -> tuple[float, float]:
    """Seconds of a round that finds nothing, and of the rounds until all are found."""
    with db.engine().begin() as connection:
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("TRUNCATE faults, outages CASCADE"))
    calm, found = rounds()
    if found:
        raise RuntimeError(f"{found} units were silent before the run")
    with db.engine().begin() as connection:
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        silenced = connection.execute(text(QUIET), {"silent": silent}).rowcount
    storm, found = rounds()
    with db.transaction() as session:
        lines = [f"{each.by} {each.name}: {each.devices}" for each in outages.open_(session)]
        connection = session.connection()
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(
            text(
                "UPDATE devices SET silent_since = NULL, silent_at = now() + interval '1 hour'"
                " WHERE silent_since IS NOT NULL"
            )
        )
    if found != silenced:
        raise RuntimeError(f"{found} of {silenced} silent units were found")
    print(f"run       calm {calm:.3f} s, {found:,} silent {storm:.2f} s; {lines}", flush=True)
    return calm, storm


def rounds() -> tuple[float, int]:
    """Go round until nothing is left to find."""
    began, silent = time.monotonic(), 0
    while True:
        found = supervision.go_round(listening_s=float("inf"))
        silent += found
        if found < supervision.AT_ONCE:
            return time.monotonic() - began, silent


def report(runs: list[tuple[float, float]]) -> None:
    calm = statistics.median(each[0] for each in runs)
    storm = statistics.median(each[1] for each in runs)
    print(f"median    calm {calm:.3f} s, with the silent ones {storm:.2f} s")
    verdicts.say(f"calm sweep {calm:.3f} s (wanted < {WANTED} s)", met=calm < WANTED)
    verdicts.say(f"sweep with silent ones {storm:.2f} s (wanted < {WANTED} s)", met=storm < WANTED)


if __name__ == "__main__":
    main()
