"""The verb `web`: pages, API and live feed, in any number of processes behind a balancer."""

from threading import Thread

import structlog
import uvicorn
from sqlalchemy.exc import SQLAlchemyError

from registry.kit import db
from registry.kit.errors import Unavailable
from registry.kit.settings import Settings, settings
from registry.vocabulary import VOCABULARY
from webconsole import house, self_check

log = structlog.get_logger()

BACKLOG = 2048
SHUTDOWN = 5  # seconds a request may still take after the order to stop
LARGEST_MESSAGE = 65_536  # bytes a console may send at once
PING_EVERY, PING_WITHIN = 5.0, 10.0  # seconds: a frozen console is noticed in 15


def web() -> None:
    """Serve pages, API and live feed."""
    with house.open_():
        chosen = settings()
        _look_around(chosen)
        Thread(target=_know_the_words, name="vocabulary", daemon=True).start()
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
            ws_max_size=LARGEST_MESSAGE,
            ws_ping_interval=PING_EVERY,
            ws_ping_timeout=PING_WITHIN,
            ws_per_message_deflate=False,
        )


def _look_around(chosen: Settings) -> None:
    """Grave things are said in a sentence instead of serving; the others are in the log."""
    try:
        with db.transaction() as session:
            found = self_check.findings(session, chosen)
    except (SQLAlchemyError, Unavailable) as error:
        # /readyz waits for the archive and says so; there is nothing else to look at yet.
        log.warning("check_up.no_database", reason=type(error).__name__)
        return
    for each in found:
        if each.grave:
            raise Unavailable(each.says)
        log.warning("check_up.found", says=each.says)


def _know_the_words() -> None:
    """So that nobody's first search waits for a whole registry's names to be arranged."""
    try:
        with db.transaction() as session:
            VOCABULARY.refresh(session)
    except (SQLAlchemyError, Unavailable) as error:
        # The first search will read them; /readyz says what is wrong with the archive.
        log.warning("vocabulary.cold", reason=type(error).__name__)
