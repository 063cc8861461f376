"""Health: whether the process turns, whether the house is ready, and figures for Prometheus."""

from collections.abc import Iterator
from functools import cache

import structlog
from fastapi import APIRouter
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import JSONResponse, Response

from registry import deadlines, door
from registry.kit import beats
from registry.kit.db import transaction
from registry.kit.errors import Problem
from registry.relay import Parked
from telecare import door_tests
from webconsole import reports, versions

NEEDED = ("receive", "sweep")

router = APIRouter(tags=["health"])
log = structlog.get_logger()


@router.get("/healthz", dependencies=[door.public("a watchdog has no account")])
def healthz() -> dict[str, str]:
    """The process turns; nothing else is looked at."""
    return {"status": "ok"}


@router.get("/readyz", dependencies=[door.public("a watchdog has no account")])
def readyz() -> Response:
    """200 when the database is writable and migrated and every needed process is heard."""
    try:
        with transaction() as session:
            beats.beat(session, "web")
            heard = {each.kind for each in beats.alive(session)}
            found = set(session.scalars(text("SELECT version_num FROM alembic_version")))
    except (SQLAlchemyError, Problem) as error:
        log.warning("ready.no_database", reason=type(error).__name__)
        return JSONResponse({"status": "waiting", "for": ["database"]}, 503)
    missing = [kind for kind in NEEDED if kind not in heard]
    if found != newest_version():
        missing.insert(0, "migrations")
    if missing:
        return JSONResponse({"status": "waiting", "for": missing}, 503)
    with transaction() as session:
        deaf = [each.door for each in door_tests.broken(session)]
    # One door that does not work is no reason to take the pages away as well.
    return JSONResponse({"status": "ready"} | ({"deaf": deaf} if deaf else {}))


@cache
def newest_version() -> set[str]:
    """The revision that this code expects; read once, as the files are those we started with."""
    return versions.newest()


class House:
    """Figures read from the database when Prometheus asks."""

    def collect(self) -> Iterator[Metric]:
        with transaction() as session:
            late = deadlines.most_overdue(session).total_seconds()
            parked = session.scalar(
                select(func.count()).select_from(Parked).where(Parked.looked_at_by.is_(None))
            )
            tests = [(each.door, each.took_ms) for each in door_tests.all_(session)]
            deaf = {each.door for each in door_tests.broken(session)}
            alive = [(each.kind, each.process, each.figures) for each in beats.alive(session)]
        yield GaugeMetricFamily(
            "centrale_deadlines_overdue_seconds", "How late the latest deadline is", late
        )
        yield GaugeMetricFamily(
            "centrale_journal_parked", "Facts no listener could take", parked or 0
        )
        works = GaugeMetricFamily("centrale_door_works", "The test came through", labels=["door"])
        took = GaugeMetricFamily(
            "centrale_door_test_seconds", "How long the last test took", labels=["door"]
        )
        for door_name, took_ms in tests:
            works.add_metric([door_name], float(door_name not in deaf))
            if took_ms is not None:
                took.add_metric([door_name], took_ms / 1000)
        yield from (works, took)
        figures = GaugeMetricFamily(
            "centrale_process", "Counters of each process", labels=["kind", "process", "figure"]
        )
        for kind, process, counted in alive:
            figures.add_metric([kind, process, "up"], 1)
            for name, value in counted.items():
                figures.add_metric([kind, process, name], float(value))
        yield figures


@router.get("/metrics", dependencies=[door.public("figures only; the bind address guards it")])
def metrics() -> Response:
    """Prometheus text."""
    registry = CollectorRegistry()
    registry.register(House())
    figures = generate_latest(registry) + generate_latest(reports.figures)
    return Response(figures, media_type="text/plain; version=0.0.4")
