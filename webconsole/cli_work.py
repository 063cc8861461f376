"""The verb `work`: slow and outside work, in any number of processes."""

import warnings

from celery import signals
from celery.app.utils import find_app
from celery.exceptions import SecurityWarning

from registry.kit.settings import settings
from webconsole import house


def work() -> None:
    """Do slow and outside work."""
    # Messages are JSON with ids alone, so the warning for root, about pickled ones, says nothing.
    warnings.simplefilter("ignore", SecurityWarning)
    signals.setup_logging.connect(_leave_logging, weak=False)
    with house.open_():
        alone = ("--without-mingle", "--without-gossip")
        processes = str(settings().worker_processes)
        # Found only now: it wants to know where Redis is.
        worker = find_app("webconsole.worker")
        worker.worker_main(["--quiet", "worker", *alone, "--concurrency", processes])


def _leave_logging(**_: object) -> None:
    """Stand in Celery's place, which would set up logging anew."""
