"""The relay hands each fact to each listener once, in order, and parks what nobody can take."""

from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from registry import journal, relay
from registry.journal import Entry
from registry.kit.db import transaction
from registry.relay import Cursor, Parked, Relay
from tests.waiting import eventually


@dataclass(frozen=True, kw_only=True)
class LampLit(journal.Event):
    lamp_id: UUID


@dataclass(frozen=True, kw_only=True)
class LampBroke(journal.Event):
    lamp_id: UUID


heard: list[UUID] = []
broken = uuid4()


def hear(session: Session, event: journal.Event) -> None:
    assert isinstance(event, LampLit)
    if event.lamp_id == broken:
        raise RuntimeError("this lamp is broken")
    heard.append(event.lamp_id)


@pytest.fixture(autouse=True)
def _silence(database: None) -> None:
    heard.clear()


def light(*lamps: UUID) -> None:
    with transaction() as session:
        journal.record_many(session, [LampLit(lamp_id=each) for each in lamps])


def test_each_fact_is_heard_once_in_order() -> None:
    lamps = [uuid4() for _ in range(5)]
    light(*lamps)

    passing = Relay({LampLit: [hear]})
    eventually(lambda: passing.pass_on() == 0 and len(heard) == len(lamps))
    assert heard == lamps


def test_a_long_way_behind_everybody_is_told_what_concerns_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(journal, "LONG_WAY", 2)
    broke: list[UUID] = []

    def count(session: Session, event: journal.Event) -> None:
        assert isinstance(event, LampBroke)
        broke.append(event.lamp_id)

    lamps, others = [uuid4() for _ in range(3)], [uuid4() for _ in range(3)]
    passing = Relay({LampLit: [hear], LampBroke: [count]})
    light(*lamps)
    with transaction() as session:
        journal.record_many(session, [LampBroke(lamp_id=each) for each in others])
    eventually(lambda: passing.pass_on() == 0 and len(broke) == len(others))
    assert (heard, broke) == (lamps, others)
    light(late := uuid4())
    eventually(lambda: passing.pass_on() == 0 and heard[-1] == late)
    assert len(broke) == len(others)


def test_what_nobody_listens_to_is_read_past_once_and_what_comes_then_is_heard() -> None:
    lamp = uuid4()
    light(lamp)
    passing = Relay({LampLit: [hear]})
    eventually(lambda: passing.pass_on() == 0 and heard)
    with transaction() as session:
        journal.record_many(session, [LampBroke(lamp_id=uuid4()) for _ in range(3)])
        last = session.scalars(select(Entry.id).order_by(Entry.id.desc())).first()

    def reads_from() -> int | None:
        passing.pass_on()
        with transaction() as session:
            assert session.scalars(select(Cursor.failures)).one() == 0
        return passing.quiet.id

    eventually(lambda: reads_from() == last)
    another = uuid4()
    light(another)
    eventually(lambda: passing.pass_on() == 0 and len(heard) == 2)
    assert heard == [lamp, another]
    with transaction() as session:
        assert session.scalars(select(Cursor.entry_id)).one() > (last or 0)


def test_a_fact_nobody_can_take_is_parked_and_the_next_ones_go_on() -> None:
    after = uuid4()
    light(broken, after)

    passing = Relay({LampLit: [hear]})
    eventually(lambda: passing.pass_on() == 0 and heard)

    assert heard == [after]
    with transaction() as session:
        parked = session.scalars(select(Parked)).one()
    assert (parked.error, parked.listener) == ("RuntimeError", relay.name_of(hear))
