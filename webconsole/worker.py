"""The Celery worker: `celery -A webconsole.worker worker`."""

from celery import Celery

import callcenter.tasks  # noqa: F401 - registers its tasks
from registry.kit import jobs
from webconsole import wiring

app: Celery = jobs.app()
wiring.wire()
