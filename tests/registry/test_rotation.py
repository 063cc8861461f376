"""The keys of encrypted columns: rotated, killed at any moment, and nothing is lost."""

import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from uuid import UUID

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import text

from registry import people, rotation
from registry.access import Compartment
from registry.kit import crypto, db, dumps, engine_postgres
from registry.kit.settings import settings
from registry.people import Alert
from telecare import devices, subscribers
from telecare.subscribers import Subscriber

CANARY = "zqcanarino"
KEY = bytes(range(32)).hex()


@pytest.fixture(autouse=True)
def _first_key(database: None) -> Iterator[None]:
    """Other tests begin with the first key again."""
    yield
    for path in settings().keys.glob("fields-*.key"):
        if path.name != "fields-1.key":
            path.unlink()
    crypto._newest.cache_clear()
    crypto.house_cipher.cache_clear()


def town(number: int) -> list[UUID]:
    """People of whom something is written that only this installation reads."""
    made = []
    with db.transaction() as session:
        for each in range(number):
            person = people.create(session, given_name="Prova", family_name="Inventata")
            people.add_alert(
                session, person, kind="health", text=said(each), compartment=Compartment.HEALTH
            )
            subscribers.write(session, person.id, way_in=said(each), health=said(each))
            made.append(person.id)
        devices.add(session, account=f"{number:04}", key=KEY)
    return made


def said(number: int) -> str:
    return f"{CANARY} è nel cassetto {number}"


def read(made: list[UUID]) -> int:
    """How many of all values read as they were written."""
    right = 0
    with db.transaction() as session:
        for number, person_id in enumerate(made):
            alert = session.query(Alert).filter_by(person_id=person_id).one()
            file = session.query(Subscriber).filter_by(person_id=person_id).one()
            right += (alert.text, file.way_in, file.health).count(said(number))
            right += file.way_in == said(number).encode()
    return right


def test_a_rotation_leaves_nothing_under_the_older_key() -> None:
    made = town(7)
    number = crypto.next_version()
    with db.transaction() as session:
        waiting = sum(rotation.left(session).values())
    told: list[str] = []

    assert rotation.rotate(lambda name, _: told.append(name)) == waiting == 8
    assert set(told) == {"devices.key", "subject_keys.wrapped"}
    assert rotation.rotate() == 0
    (settings().keys / "fields-1.key").rename(settings().keys / "aside")
    crypto.house_cipher.cache_clear()
    try:
        assert number == 2
        assert read(made) == 21
    finally:
        (settings().keys / "aside").rename(settings().keys / "fields-1.key")


def test_what_was_written_before_rows_were_bound_is_read_and_then_bound() -> None:
    (one,) = town(1)
    nonce = os.urandom(crypto.NONCE)
    key = crypto.key_file("fields-1.key")
    body = AESGCM(key).encrypt(nonce, said(0).encode(), b"subscribers.way_in")
    with db.engine().begin() as connection:
        connection.execute(
            text("UPDATE subscribers SET way_in = :old"), {"old": b"\x01" + nonce + body}
        )

    assert read([one]) == 3
    assert rotation.rotate() == 1
    assert read([one]) == 3


@pytest.mark.parametrize("column", ["alerts.text", "subscribers.health", "subscribers.way_in"])
def test_values_that_change_places_are_refused(column: str) -> None:
    made = town(2)
    table, name = column.split(".")
    with db.engine().begin() as connection:
        connection.execute(
            text(
                f"UPDATE {table} AS mine SET {name} = other.{name} "
                f"FROM {table} AS other WHERE other.id <> mine.id"
            )
        )

    with pytest.raises(InvalidTag):
        read(made)


def test_a_rotation_carries_nothing_along_that_was_moved() -> None:
    town(1)
    with db.engine().begin() as connection:
        connection.execute(
            text("UPDATE devices SET key = :moved"), {"moved": crypto.seal(b"x", "devices.key", 1)}
        )
    crypto.next_version()
    with pytest.raises(InvalidTag):
        rotation.rotate()


def test_a_dump_of_the_database_says_none_of_it() -> None:
    town(3)
    url = settings().database_url
    assert url is not None
    tool = engine_postgres.tool(
        "pg_dump", None, at_least=dumps.server_version(url.get_secret_value())
    )
    dumped = subprocess.run(
        [tool, "--inserts"],
        env=os.environ | dumps._told(url.get_secret_value()),
        capture_output=True,
        check=True,
    ).stdout
    assert b"Inventata" in dumped
    for hidden in (CANARY.encode(), CANARY.encode().hex().encode()):
        assert hidden not in dumped


def test_a_rotation_killed_again_and_again_loses_nothing(pytestconfig: pytest.Config) -> None:
    """`--rotations 50` is the proof: kill -9 at any moment, and every value reads at the end."""
    made = town(100)
    dice = random.Random(11)
    for _ in range(pytestconfig.getoption("--rotations")):
        with db.transaction() as session:
            if not rotation.left(session):
                crypto.next_version()
        process = _rotating()
        time.sleep(dice.uniform(0, 0.3))  # any moment of the work will do
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
    assert read(made) == 300

    rotation.rotate()
    with db.transaction() as session:
        assert rotation.left(session) == {}
    assert read(made) == 300


def _rotating() -> int:
    """A rotation in a process of its own, which has read the code already; its number."""
    process = os.fork()
    if process == 0:
        db.engine().dispose(close=False)  # the connections are the other process's
        rotation.rotate()
        os._exit(0)
    return process
