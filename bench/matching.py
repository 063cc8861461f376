"""How fast and how well people are found: N invented people, each kind of slip, one core.

    .venv/bin/python -m bench.matching --people 1000000 --questions 100

Wanted at 1,000,000: 95 of 100 answers under 50 ms, and who is meant among the first ten in at
least 96 of 100 questions that name a year. The time is of the whole search: reading the question,
the vocabulary, PostgreSQL, the scores and the line in the journal.
"""

import argparse
import os
import platform
import random
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import rapidfuzz
import sqlalchemy
from sqlalchemy import text

from bench.population import DAMAGES, SEED, Population, Someone, load, questions
from registry import search, vocabulary
from registry.access import Actor, Role
from registry.kit import db, engines
from registry.kit.settings import settings
from webconsole import migrate

WHO = Actor(staff_id=None, login="carla", name="Carla", roles=frozenset({Role.COORDINATOR}))
WANTED_MS, WANTED_RECALL = 50, 0.96
OPERATORS = 20
THINKING = 2.0  # seconds between two questions of an operator


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    reader.add_argument("--people", type=int, default=200_000)
    reader.add_argument("--questions", type=int, default=100, help="of each kind")
    chosen = reader.parse_args()
    with tempfile.TemporaryDirectory() as home, engines.temporary() as running:
        os.environ["CENTRALE_DATABASE_URL"] = running.database_url
        os.environ["CENTRALE_REDIS_URL"] = running.redis_url
        os.environ["CENTRALE_HOME"] = home
        settings.cache_clear()
        migrate.up()
        people = prepare(chosen.people)
        slow = one_after_the_other(people, chosen.questions)
        together(people)
        db.engine().dispose()
    print("\nall as wanted" if not slow else f"\nnot as wanted: {', '.join(slow)}")


def prepare(size: int) -> list[Someone]:
    processor = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    began = time.perf_counter()
    people = Population(size).people
    made = time.perf_counter()
    with db.transaction() as session:
        load(session, people)
        version = session.scalar(text("SHOW server_version"))
    loaded = time.perf_counter()
    with db.transaction() as session:
        search.find(session, "prova prova", WHO)
    print(f"{processor}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print(
        f"Python {platform.python_version()}, PostgreSQL {version}, "
        f"SQLAlchemy {sqlalchemy.__version__}, psycopg {psycopg.__version__}, "
        f"rapidfuzz {rapidfuzz.__version__}"
    )
    surnames = len(vocabulary.VOCABULARY.family.known)
    print(
        f"{size:,} people, seed {SEED}: made in {made - began:.0f} s, copied with indexes in "
        f"{loaded - made:.0f} s, vocabulary of {surnames:,} surnames "
        f"read in {time.perf_counter() - loaded:.1f} s\n"
    )
    return people


def one_after_the_other(people: list[Someone], count: int) -> list[str]:
    """One operator on one core (the client's); returns what was not as wanted."""
    pin = getattr(os, "sched_setaffinity", None)
    if pin is not None:
        pin(0, {min(os.sched_getaffinity(0))})
    slow = []
    print(f"{'':24}{'p50 ms':>8}{'p95 ms':>8}{'cpu ms':>8}{'first':>8}{'in 10':>8}")
    for kind, damage in DAMAGES.items():
        spent, cpu, first, found = [], 0.0, 0, 0
        for said, meant in questions(people, damage, count):
            began, worked = time.perf_counter(), time.thread_time()
            with db.transaction() as session:
                shown = [
                    (each.given_name, each.family_name, each.birth_year)
                    for each in search.find(session, said, WHO).persons
                ]
            spent.append(1000 * (time.perf_counter() - began))
            cpu += 1000 * (time.thread_time() - worked)
            first += shown[:1] == [meant]
            found += meant in shown
        middle, late = percentile(spent, 0.5), percentile(spent, 0.95)
        print(
            f"{kind:24}{middle:8.1f}{late:8.1f}{cpu / count:8.1f}{first / count:8.2f}"
            f"{found / count:8.2f}"
        )
        if late >= WANTED_MS:
            slow.append(f"{kind} {late:.0f} ms")
        if "no year" not in kind and found / count < WANTED_RECALL:
            slow.append(f"{kind} found {found / count:.2f}")
    return slow


def together(people: list[Someone]) -> None:
    """Twenty operators in one process on that core: thinking between questions, then never."""
    asked = [
        said
        for kind in ("typo in surname", "nickname", "no year", "spoken age")
        for said, _ in questions(people, DAMAGES[kind], 100, seed=SEED + 1)
    ]
    random.Random(SEED).shuffle(asked)
    print()
    for pause, each_asks in ((THINKING, 5), (0.0, 10)):
        began = time.perf_counter()
        with ThreadPoolExecutor(OPERATORS) as pool:
            spent = [
                each
                for answers in pool.map(
                    operator,
                    [asked[at::OPERATORS][:each_asks] for at in range(OPERATORS)],
                    [pause] * OPERATORS,
                )
                for each in answers
            ]
        print(
            f"{OPERATORS} operators, {pause:.0f} s between questions: "
            f"{len(spent) / (time.perf_counter() - began):.0f} answers/s, "
            f"p50 {percentile(spent, 0.5):.0f} ms, p95 {percentile(spent, 0.95):.0f} ms"
        )


def operator(asks: list[str], pause: float) -> list[float]:
    """How long each answer took, in milliseconds."""
    draw = random.Random(asks[0])
    spent = []
    for said in asks:
        time.sleep(draw.uniform(0, 2 * pause))
        began = time.perf_counter()
        with db.transaction() as session:
            search.find(session, said, WHO)
        spent.append(1000 * (time.perf_counter() - began))
    return spent


def percentile(spent: list[float], part: float) -> float:
    ordered = sorted(spent)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


if __name__ == "__main__":
    main()
