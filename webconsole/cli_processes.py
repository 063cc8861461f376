"""The verbs that run one process of the house each, any number of times on any machine."""

import signal
import sys
import threading

import uvicorn
from celery import signals
from celery.app.utils import find_app

from callcenter.carriers import simulated
from callcenter.carriers.account import account
from registry import sweeper
from registry.kit.settings import settings
from webconsole import house, logs, wiring

BACKLOG = 2048
SHUTDOWN = 5  # seconds a request may still take after the order to stop


def web() -> None:
    """Serve pages, API and live feed."""
    with house.open_():
        chosen = settings()
        uvicorn.run(
            "webconsole.app:app",
            host=chosen.bind,
            port=chosen.http_port,
            log_config=None,
            access_log=False,
            backlog=BACKLOG,
            server_header=False,
            forwarded_allow_ips=chosen.trusted_proxies,
            timeout_graceful_shutdown=SHUTDOWN,
            ws_max_size=65_536,
            ws_ping_interval=5.0,
            ws_ping_timeout=10.0,
            ws_per_message_deflate=False,
        )


def work() -> None:
    """Do slow and outside work."""
    # Our logging stays as it is.
    signals.setup_logging.connect(_leave_logging, weak=False)
    with house.open_():
        alone = ("--without-mingle", "--without-gossip")
        processes = str(settings().worker_processes)
        # Found only now: it wants to know where Redis is.
        find_app("webconsole.worker").worker_main(
            ["--quiet", "worker", *alone, "--concurrency", processes]
        )


def _leave_logging(**_: object) -> None:
    """Stand in Celery's place, which would set up logging anew."""


def sweep() -> None:
    """Keep deadlines and pass events on until told to stop."""
    stop = threading.Event()
    for order in (signal.SIGTERM, signal.SIGINT):
        signal.signal(order, lambda *_: stop.set())
    with house.open_():
        wiring.wire()
        sweeper.run(wiring.INSIDE, wiring.OUTSIDE, wiring.LISTENERS, wiring.CHORES, stop)


def carrier() -> None:
    """Be the telephone network that the built-in carrier speaks to, on this machine alone."""
    logs.configure(settings())
    simulated.serve(account(), host="127.0.0.1", port=settings().simulated_carrier_port)


def receive() -> None:
    """Receive alarms until told to stop."""
    sys.exit("pending")
