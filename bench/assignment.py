"""How long it takes to rank 10,000 teams for one intervention, in processor time.

python bench/assignment.py [--teams 10000] [--repeats 200] [--seed N]
"""

import argparse
import platform
import random
import secrets
import statistics
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

sys.path.insert(0, str(Path(__file__).parents[1]))

from dispatch.assignment import Fix, Need, Team, rank
from dispatch.travel import Mode, Point

WANTED_P95 = 15.0  # milliseconds, when few of the teams can go, as in a real shift
SKILLS = ("elderly", "minors", "street", "mental_health", "women", "languages", "nurse")
NOW = datetime(2026, 11, 22, 3, 41, tzinfo=UTC)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--teams", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=200)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    given = parser.parse_args()
    print(f"machine   {platform.machine()}, Python {platform.python_version()}")
    print(f"seed      {given.seed}; {given.teams:,} teams, {given.repeats} repeats")
    chance = random.Random(given.seed)
    shift = [team(number, chance, free=0.1) for number in range(given.teams)]
    everyone = [team(number, chance, free=1.0) for number in range(given.teams)]
    measure(
        "a shift: one in ten free", shift, Need(somewhere(chance), frozenset({"elderly"})), given
    )
    measure("worst case: all can go", everyone, Need(somewhere(chance)), given)
    print(f"wanted    p95 < {WANTED_P95:.0f} ms for a shift")


def team(number: int, chance: random.Random, free: float) -> Team:
    return Team(
        id=UUID(int=number),
        name=f"Squadra {number}",
        mode=chance.choice(list(Mode)),
        skills=frozenset(chance.sample(SKILLS, 3)),
        on_duty_until=NOW + timedelta(hours=6),
        busy=chance.random() > free,
        base=somewhere(chance),
        fix=Fix(somewhere(chance), NOW - timedelta(minutes=chance.uniform(0, 40))),
    )


def somewhere(chance: random.Random) -> Point:
    return Point(chance.uniform(40.7, 41.0), chance.uniform(13.9, 14.6))


def measure(what: str, teams: list[Team], need: Need, given: argparse.Namespace) -> None:
    took = []
    for _ in range(given.repeats):
        began = time.thread_time()
        rank(teams, need, NOW, best=20)
        took.append(1000 * (time.thread_time() - began))
    took.sort()
    p95 = took[int(len(took) * 0.95)]
    print(f"{what:26} p50 {statistics.median(took):6.1f} ms   p95 {p95:6.1f} ms")


if __name__ == "__main__":
    main()
