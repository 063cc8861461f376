"""The Celery worker: `celery -A webconsole.worker worker`."""

import callcenter.tasks  # noqa: F401 - registers its tasks
from celery import Celery

from registry.kit import jobs
from webconsole import wiring

app: Celery = jobs.app()
wiring.wire()
