"""Celery: slow and outside work. It carries ids only; each duty is also a row in PostgreSQL."""

from functools import lru_cache

import redis
import structlog
from celery import Celery
from kombu.exceptions import OperationalError

from registry.kit import live

log = structlog.get_logger()

SETTINGS = {
    "task_acks_late": True,
    "task_reject_on_worker_lost": True,
    "task_ignore_result": True,
    "task_serializer": "json",
    "accept_content": ["json"],
    "task_time_limit": 40,
    "task_soft_time_limit": 30,
    "task_default_queue": "centrale",
    "worker_prefetch_multiplier": 1,
    "worker_hijack_root_logger": False,
    "worker_redirect_stdouts": False,
    "broker_connection_retry_on_startup": True,
    "broker_transport_options": {
        # A dead Redis is noticed at once; the deadline that sent us comes again by itself.
        "max_retries": 1,
        "interval_start": 0,
        "interval_step": 0.1,
        "interval_max": 0.1,
        "visibility_timeout": 60,
        "unacked_restore_interval": 1,
        "unacked_restore_throttle": 1,
        "socket_timeout": 5,
        "socket_connect_timeout": 2,
        "socket_keepalive": True,
        "health_check_interval": 15,
    },
    "task_publish_retry": False,
    "broker_connection_timeout": 2,
    "timezone": "UTC",
}


@lru_cache(maxsize=1)
def app() -> Celery:
    """The process's Celery application."""
    made = Celery("centrale", broker=broker_url(), set_as_current=True)
    made.conf.update(SETTINGS)
    return made


def broker_url() -> str:
    """The broker's URL in Celery's spelling: a socket has another scheme and name for its db."""
    url = live.url()
    if not url.startswith("unix://"):
        return url
    return "redis+socket://" + url.removeprefix("unix://").replace("db=", "virtual_host=")


def send(task: str, *ids: str | int) -> bool:
    """Ask a worker; False when Redis does not answer, and then the row's deadline comes again."""
    try:
        app().send_task(task, args=ids)
    except (OperationalError, redis.RedisError, OSError) as error:
        log.warning("job.not_sent", task=task, reason=type(error).__name__)
        return False
    return True
