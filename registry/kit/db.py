"""The database: one engine, one session factory, and the only place that commits."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from enum import Enum, StrEnum
from typing import Annotated, Any, TypeVar
from uuid import UUID

import uuid_utils.compat
from sqlalchemy import ARRAY, Connection, DateTime, Engine, Text, create_engine
from sqlalchemy import Enum as EnumColumn
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column, sessionmaker

from registry.kit import live, sealed
from registry.kit.errors import NotFound, Unavailable
from registry.kit.settings import settings
from registry.kit.single import Single

T = TypeVar("T", bound="Base")

# Short enough that a stuck request never holds back the alarms behind it (milliseconds).
TIMEOUTS = {
    "statement_timeout": "5000",
    "lock_timeout": "2000",
    "idle_in_transaction_session_timeout": "10000",
}


def new_id() -> UUID:
    """A UUID version 7: unique everywhere, and nearly in order of time."""
    return uuid_utils.compat.uuid7()


Id = Annotated[UUID, mapped_column(primary_key=True, default=new_id)]
Moment = Annotated[datetime, mapped_column(DateTime(timezone=True))]


def _values(states: type[Enum]) -> list[str]:
    return [str(state.value) for state in states]


class Base(DeclarativeBase):
    """The root of every model. States are text, moments have a time zone, dicts are JSONB."""

    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it as a class attribute
        str: Text(),
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB(),
        list[str]: ARRAY(Text()),
        StrEnum: EnumColumn(StrEnum, native_enum=False, values_callable=_values, length=40),
    }


sealed.bind_rows(Base)


def connect(url: str, **options: Any) -> Engine:
    """An engine with our time-outs; `options` go to SQLAlchemy."""
    parameters = " ".join(f"-c {name}={value}" for name, value in TIMEOUTS.items())
    return create_engine(
        url,
        pool_pre_ping=True,
        pool_timeout=5,
        json_serializer=lambda value: json.dumps(value, default=str),
        connect_args={"options": parameters, "connect_timeout": 5, "application_name": "centrale"},
        **{"pool_size": 12, "max_overflow": 28} | options,
    )


@Single
def engine() -> Engine:
    """The process's engine, made at first use from CENTRALE_DATABASE_URL."""
    url = settings().database_url
    if url is None:
        raise Unavailable("No database is set: start with `./centrale up`, or set its URL")
    return connect(url.get_secret_value())


factory = sessionmaker(expire_on_commit=False)


@contextmanager
def transaction() -> Iterator[Session]:
    """One unit of work: committed at the end, rolled back by any exception."""
    with factory(bind=engine()) as session:
        yield session
        session.commit()
        if session.info.pop("rang", False):
            live.ring()


class OwnLine:
    """A connection kept by a thread that commits all the time; after any trouble, a new one.

    A connection from the pool is asked first whether it still stands, which is a round trip.
    """

    def __init__(self) -> None:
        self._connection: Connection | None = None

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """As `transaction`, but nobody is rung."""
        if self._connection is None:
            self._connection = engine().connect()
        try:
            with factory(bind=self._connection) as session:
                yield session
                session.commit()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let it go; the next transaction opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.invalidate()
            connection.close()


def get(session: Session, model: type[T], key: Any) -> T:
    """The row with this key; NotFound when there is none."""
    found = session.get(model, key)
    if found is None:
        raise _missing(model)
    return found


def locked(session: Session, model: type[T], key: Any) -> T:
    """The row with this key, held and freshly read until the transaction ends."""
    found = session.get(model, key, with_for_update=True, populate_existing=True)
    if found is None:
        raise _missing(model)
    return found


def _missing(model: type[Base]) -> NotFound:
    return NotFound("There is no such %(thing)s", thing=model.__name__.lower())
