"""A desk in a storm: the board, a subscriber's page, and the sweep of the escalation ladder.

    python bench/desk.py [--faults 10000] [--presses 500] [--due 10000] [--asked 200] [--runs 3]

The whole application answers in this process, over a durable archive of its own: 10,000 open
technical faults in some areas, 500 presses that wait, an operator who holds one. Then 10,000
alarms are due for a step of the ladder at once, and one sweeper keeps them as it does in service.
"""

import argparse
import os
import platform
import random
import statistics
import sys
import time
from pathlib import Path
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

sys.path.insert(0, str(Path(__file__).parents[1]))

from starlette.testclient import TestClient

from registry import journal, people, staff, sweeper, tokens
from registry.access import Role
from registry.kit import clock, db, engines
from registry.kit.db import transaction
from telecare import absences, alarms, devices, escalated_together, escalation, outages, subscribers
from telecare.devices import Device
from telecare.protocols.base import Kind
from webconsole import migrate
from webconsole.app import app

SEED = 20261122
HOMES = 600
WANTED_BOARD, WANTED_PAGE, WANTED_SWEEP = 1.0, 0.150, 5.0  # seconds

FAULTS = """
WITH made AS (
    INSERT INTO devices (id, protocol, account, heartbeat_s, label, changed_at, carrier, area,
        test_every_s)
    SELECT gen_random_uuid(), 'sia-dc09', 'F' || n, 3600, '', now(), 'Rete ' || n % 4,
        'Zona ' || n % 40, 0
    FROM generate_series(1, :faults) AS n RETURNING id
)
INSERT INTO faults (id, device_id, cause, began_at, told_at, times)
SELECT gen_random_uuid(), id, 'mains', now(), now(), 1 FROM made
"""
DUE = """
WITH made AS (
    INSERT INTO alarms (id, signal_id, position, account, kind, lane, code, zone, trusted, state,
        raised_at, level, note)
    SELECT gen_random_uuid(), gen_random_uuid(), 0, 'D' || n, 'personal', 'emergency', 'E101', '',
        true, 'waiting', now() - interval '31 seconds', 0, ''
    FROM generate_series(1, :due) AS n RETURNING id
)
INSERT INTO deadlines (id, kind, subject_id, due_at, version, attempts)
SELECT gen_random_uuid(), :kind, id, now() - interval '1 second', 1, 0 FROM made
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, size in (("faults", 10_000), ("presses", 500), ("due", 10_000), ("asked", 200)):
        parser.add_argument(f"--{name}", type=int, default=size)
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    print(f"machine   {platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print(f"python    {platform.python_version()}, seed {SEED}", flush=True)
    with engines.temporary(durable=True) as running:
        os.environ["CENTRALE_DATABASE_URL"] = running.database_url
        os.environ["CENTRALE_REDIS_URL"] = running.redis_url
        migrate.up()
        with db.engine().connect() as connection:
            print(
                f"archive   PostgreSQL {connection.execute(text('SHOW server_version')).scalar()}"
            )
        secret, person_id = fill(given.faults, given.presses)
        looks(secret, person_id, given.asked, given.runs)
        sweeps(given.due, given.runs)
        db.engine().dispose()


def fill(faults: int, presses: int) -> tuple[str, UUID]:
    """The storm in the archive; a token of the operator, and somebody with a whole file."""
    chance = random.Random(SEED)
    with transaction() as session:
        anna = staff.add(session, login="anna", name="Anna Riva", roles={Role.OPERATOR})
        secret = tokens.issue(session, anna, "bench")
        homes = [_home(session, number) for number in range(HOMES)]
        session.execute(text("SET LOCAL statement_timeout = 0"))
        session.execute(text(FAULTS), {"faults": faults})
        for number in range(presses):
            _press(session, homes[number % HOMES], number)
        held = alarms.waiting(session, limit=1)[0]
        alarms.claim(session, held, anna.id)
        person_id = chance.choice(homes).person_id
    with transaction() as session:
        outages.look(session)
    with db.engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
    if person_id is None:
        raise RuntimeError("Every home has a person")
    print(f"filled    {faults:,} faults, {presses:,} presses, {HOMES} homes", flush=True)
    return secret, person_id


def _home(session: Session, number: int) -> Device:
    person = people.create(session, given_name="Prova", family_name=f"Banco {number}")
    people.add_phone(session, person, f"081 556 {number:04d}")
    people.add_address(session, person, street=f"via Finta {number}", town="Pozzuoli")
    for rung in range(3):
        people.add_contact(session, person, name=f"Vicino {rung}", phone=f"081 557 {number:04d}")
    people.add_alert(session, person, kind="hearing", text="udito debole")
    subscribers.write(session, person.id, way_in="cassetta", doctor="Dott. Finto")
    absences.end(session, absences.declare(session, person, reason=absences.Reason.HOLIDAY))
    area = f"Zona {number % 40}"
    return devices.add(session, account=f"H{number}", area=area, person_id=person.id)


def _press(session: Session, device: Device, number: int) -> None:
    alarms.raise_(
        session,
        signal_id=db.new_id(),
        position=0,
        account=device.account,
        device_id=device.id,
        person_id=device.person_id,
        kind=Kind.PERSONAL if number % 5 else Kind.FALL,
        code="E101",
    )


def looks(secret: str, person_id: UUID, asked: int, runs: int) -> None:
    """The board and a subscriber's page through the whole application, one after the other."""
    head = {"Authorization": f"Bearer {secret}", "Accept": "text/html"}
    with TestClient(app, base_url="https://testserver", headers=head) as client:
        for name, address, wanted, part in (
            ("board", "/api/v1/board", WANTED_BOARD, 0.99),
            ("page", f"/teleassistenza/{person_id}", WANTED_PAGE, 0.99),
            ("storm", "/guasti-diffusi", WANTED_BOARD, 0.99),
        ):
            found = [_times(client, address, asked) for _ in range(runs)]
            middle = statistics.median(statistics.median(each) for each in found)
            worst = statistics.median(_percentile(each, part) for each in found)
            print(
                f"{name:9} median {1000 * middle:,.0f} ms, p99 {1000 * worst:,.0f} ms"
                f" (wanted < {1000 * wanted:,.0f} ms), {runs} runs of {asked}",
                flush=True,
            )


def _get(client: TestClient, address: str) -> None:
    answer = client.get(address)
    if answer.status_code != 200:
        raise RuntimeError(f"{address}: {answer.status_code} {answer.text[:200]}")


def _times(client: TestClient, address: str, asked: int) -> list[float]:
    _get(client, address)
    found = []
    for _ in range(asked):
        began = time.perf_counter()
        _get(client, address)
        found.append(time.perf_counter() - began)
    return found


def _percentile(found: list[float], part: float) -> float:
    return sorted(found)[min(len(found) - 1, int(part * len(found)))]


def sweeps(due: int, runs: int) -> None:
    """As a sweeper keeps them: together by the thousand, then one by one what is left."""
    inside = {alarms.UNANSWERED: escalation.unanswered}
    found = []
    for _ in range(runs):
        with transaction() as session:
            session.execute(text("SET LOCAL statement_timeout = 0"))
            session.execute(text("DELETE FROM deadlines"))
            session.execute(text(DUE), {"due": due, "kind": alarms.UNANSWERED})
        began = time.perf_counter()
        rounds = 0
        while _late():
            escalated_together.go_round()
            sweeper.sweep(inside, ())
            rounds += 1
        found.append(time.perf_counter() - began)
        _all_told(due)
    print(
        f"sweep     median {statistics.median(found):.2f} s for {due:,} due rows"
        f" (wanted < {WANTED_SWEEP} s), {runs} runs, the last in {rounds} rounds"
    )


def _late() -> bool:
    with transaction() as session:
        wanted = text("SELECT count(*) FROM deadlines WHERE due_at <= :now")
        return bool(session.scalar(wanted, {"now": clock.now()}))


def _all_told(due: int) -> None:
    """Each alarm has taken one step, and the journal says so."""
    with transaction() as session:
        entry = journal.Entry
        told = len(
            session.scalars(select(entry.id).where(entry.kind == "telecare.alarm_escalated")).all()
        )
        session.execute(text("UPDATE alarms SET state = 'closed' WHERE account LIKE 'D%'"))
    if told % due:
        raise RuntimeError(f"{told} steps were told of {due} alarms")


if __name__ == "__main__":
    main()
