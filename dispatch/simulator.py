"""Simulated teams for the sample town: they answer, drive, work and close as people do.

They know only the HTTP API and a token each, so what they do any phone could do. They come on
duty when the rota says so.
"""

import random
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx2
import structlog

from dispatch.travel import Point

LOOK_EVERY = 2.0  # seconds
POSITION_EVERY = 15.0  # seconds
QUIET_AFTER_FAULT = 5.0  # seconds
# How a simulated hour compares with a real one: the sample town should not bore.
HASTE = 6.0
SHARE_DECLINED = 0.08
SHARE_SILENT = 0.04

# Seconds between one step and the next, before haste: people are neither clocks nor robots.
ANSWERS_IN = (4, 35)
SETS_OUT_IN = (40, 180)
DRIVES_AT_LEAST = (120, 420)
STAYS = (300, 1500)

OUTCOMES = (
    ("helped", 10, "Persona aiutata sul posto, ora è tranquilla."),
    ("accompanied", 3, "Accompagnata al centro di accoglienza."),
    ("handed_over", 2, "Affidata al 118 sul posto."),
    ("not_found", 3, "Nessuno risponde, i vicini non sanno."),
    ("refused", 2, "Non vuole aiuto; lasciato il numero della centrale."),
    ("moved_on", 1, "Si era già spostata."),
    ("already_known", 1, "Già seguita dal servizio sociale."),
    ("not_needed", 2, "Era caduto un mobile, nessun ferito."),
)

log = structlog.get_logger()


@dataclass
class SimulatedTeam:
    """One crew with its phone, its temper and what it means to do next."""

    http: httpx2.Client
    chance: random.Random
    now: Callable[[], float] = time.monotonic
    next_look: float = 0.0
    due: dict[str, float] = field(default_factory=dict)
    at: Point | None = None
    leg: tuple[Point, Point, float, float] | None = None
    position_due: float = 0.0

    def turn(self) -> None:
        """Look at the phone if it is time, and do what is due."""
        if self.now() < self.next_look:
            return
        self.next_look = self.now() + LOOK_EVERY * self.chance.uniform(0.8, 1.2)
        mine = self._get("/teams/me")
        if self.at is None and mine["base"]:
            self.at = Point(mine["base"]["latitude"], mine["base"]["longitude"])
        if mine["asked"]:
            self._answer(mine["asked"])
        elif mine["job"]:
            self._work(mine["job"])
        self._move()

    def _answer(self, asked: dict[str, Any]) -> None:
        offer = f"/offers/{asked['id']}"
        if asked["id"] not in self.due:
            self._post(f"{offer}/deliver")
        if not self._is_due(asked["id"], ANSWERS_IN):
            return
        temper = self.chance.random()
        if temper < SHARE_SILENT:
            self.due[asked["id"]] = float("inf")
        elif temper < SHARE_SILENT + SHARE_DECLINED:
            reason = self.chance.choice(("busy", "too_far", "vehicle"))
            self._post(f"{offer}/decline", {"reason": reason})
        else:
            self._post(f"{offer}/accept", {})

    def _work(self, job: dict[str, Any]) -> None:
        path = f"/interventions/{job['id']}"
        stage = f"{job['id']}:{job['state']}"
        match job["state"]:
            case "assigned" if self._is_due(stage, SETS_OUT_IN):
                self._post(f"{path}/set-out", {})
                self._head_for(job)
            case "en_route" if self._is_due(stage, DRIVES_AT_LEAST):
                self._post(f"{path}/arrive", {})
                self.at, self.leg = (self.leg[1], None) if self.leg else (self.at, None)
            case "on_scene" if self._is_due(stage, STAYS):
                codes = [each[0] for each in OUTCOMES]
                chosen = self.chance.choices(codes, [each[1] for each in OUTCOMES])[0]
                note = next(each[2] for each in OUTCOMES if each[0] == chosen)
                self._post(f"{path}/close", {"outcome": chosen, "note": note})

    def _is_due(self, what: str, between: tuple[float, float]) -> bool:
        """Whether the moment chosen when this was first seen has come."""
        if what not in self.due:
            self.due = {what: self.now() + self.chance.uniform(*between) / HASTE}
        return self.now() >= self.due[what]

    def _head_for(self, job: dict[str, Any]) -> None:
        place = job["place"]
        if place["latitude"] is None or self.at is None:
            return
        there = Point(place["latitude"], place["longitude"])
        lasts = self.chance.uniform(*DRIVES_AT_LEAST) / HASTE
        self.leg = (self.at, there, self.now(), self.now() + lasts)
        self.due[f"{job['id']}:en_route"] = self.now() + lasts

    def _move(self) -> None:
        if self.at is None or self.now() < self.position_due:
            return
        self.position_due = self.now() + POSITION_EVERY / HASTE
        if self.leg is not None:
            start, end, left, arrives = self.leg
            part = min(1.0, (self.now() - left) / max(1.0, arrives - left))
            self.at = Point(
                start.latitude + (end.latitude - start.latitude) * part,
                start.longitude + (end.longitude - start.longitude) * part,
            )
        fix = {"latitude": self.at.latitude, "longitude": self.at.longitude, "accuracy_m": 12.0}
        self._post("/teams/me/position", fix)

    def _get(self, path: str) -> dict[str, Any]:
        answer = self.http.get(path)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def _post(self, path: str, body: dict[str, Any] | None = None) -> None:
        """A refusal is part of the game: somebody else was quicker, or the room called it off."""
        answer = self.http.post(path, json=body or {}, headers={"Idempotency-Key": str(uuid4())})
        if answer.status_code == httpx2.codes.CONFLICT:
            log.info("simulated_team.refused", path=path.rpartition("/")[2])
        else:
            answer.raise_for_status()


def run(
    base_url: str,
    tokens: Iterable[str],
    seed: int,
    stop: threading.Event | None = None,
) -> None:
    """Be every team that has a token, until told to stop. The same seed takes the same choices."""
    stop = stop or threading.Event()
    crews = []
    for number, token in enumerate(tokens):
        http = httpx2.Client(
            base_url=f"{base_url}/api/v1",
            headers={"Authorization": f"Bearer {token}"},
            timeout=10,
        )
        crews.append(SimulatedTeam(http, random.Random(f"{seed}:{number}")))  # noqa: S311
    try:
        while not stop.is_set():
            for crew in crews:
                _guarded(crew)
            stop.wait(0.25)
    finally:
        for crew in crews:
            crew.http.close()


def _guarded(crew: SimulatedTeam) -> None:
    """A centre that does not answer is waited for, as a phone would."""
    try:
        crew.turn()
    except httpx2.HTTPError as error:
        log.warning("simulated_team.no_answer", reason=type(error).__name__)
        crew.next_look = crew.now() + QUIET_AFTER_FAULT
