"""Beats: each process says every few seconds that it is alive, and how much it has done."""

import os
import socket
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from registry.kit import clock
from registry.kit.db import Base

FRESH = timedelta(seconds=15)
FORGOTTEN = timedelta(hours=1)


class Beat(Base):
    """One process of a kind: web, work, sweep, receive."""

    __tablename__ = "process_beats"

    kind: Mapped[str] = mapped_column(primary_key=True)
    process: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    # Counters since the process started, by name: numbers only.
    figures: Mapped[dict[str, Any]]


def beat(session: Session, kind: str, figures: dict[str, float] | None = None) -> None:
    """Say that this process is alive."""
    said = insert(Beat).values(
        kind=kind,
        process=f"{socket.gethostname()}:{os.getpid()}",
        at=clock.now(),
        figures=figures or {},
    )
    session.execute(
        said.on_conflict_do_update(
            index_elements=["kind", "process"],
            set_={"at": said.excluded.at, "figures": said.excluded.figures},
        )
    )


def alive(session: Session) -> list[Beat]:
    """Those heard within FRESH; the long silent ones are forgotten on the way."""
    now = clock.now()
    session.execute(delete(Beat).where(Beat.at < now - FORGOTTEN))
    return list(session.scalars(select(Beat).where(Beat.at >= now - FRESH)))
