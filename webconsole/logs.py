"""Logs: one JSON line per event on standard error; an exception leaves its kind and its way.

The words of an exception are left out, because a database quotes the values it refuses and those
may be somebody's name or number.
"""

import logging
import sys
import traceback
from typing import Any

import structlog
from structlog.typing import EventDict, WrappedLogger

from registry.kit.settings import Settings

FRAMES = 12  # the innermost ones; the outer ones are the framework's


def configure(chosen: Settings) -> None:
    """Set up structlog and the standard library's logging alike."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        without_words,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
    renderer = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if chosen.log_json
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    sink = logging.StreamHandler(sys.stderr)
    sink.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [sink]
    root.setLevel(chosen.log_level)
    # Each request of a library's own client is not news.
    for chatty in ("httpx", "httpx2", "httpcore", "twilio.http_client", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def without_words(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Replace an exception by its kind and the places it passed."""
    given = event.pop("exc_info", None)
    if given is True:
        given = sys.exc_info()
    if isinstance(given, tuple):
        given = given[1]
    if isinstance(given, BaseException):
        event["error"] = type(given).__name__
        event["way"] = [
            f"{frame.filename}:{frame.lineno} {frame.name}"
            for frame in traceback.extract_tb(given.__traceback__)[-FRAMES:]
        ]
    return event
