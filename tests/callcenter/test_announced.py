"""The system calls by itself: a sentence, a key, and silence is never a yes."""

from collections.abc import Iterator
from uuid import UUID

import pytest

from callcenter import announced
from callcenter.announced import Reply
from callcenter.call_states import CallState, Outcome
from callcenter.calls import Call
from registry.journal import Entry
from registry.kit import db
from tests.callcenter import house
from tests.callcenter.house import MARIA, House

SAID = "Qui la centrale. Prema 1."


@pytest.fixture
def town(database: None) -> Iterator[House]:
    with house.running() as running:
        yield running
    assert running.double.cloud.wire.errors == []


def placed(town: House, **manners: str) -> UUID:
    town.town.behave(MARIA, **manners)
    with db.transaction() as session:
        return announced.place(session, to=MARIA, purpose="ladder_contact", sentence=SAID).id


def line_of(town: House, call_id: UUID) -> str:
    """The sid, once the sentence is heard."""

    def heard() -> str | None:
        legs = [leg for leg in town.double.cloud.legs.values() if SAID in leg.heard]
        return legs[0].sid if legs else None

    return house.until(heard, lambda: town.by_id(call_id))


def closed(town: House, call_id: UUID) -> Call:
    def done() -> Call | None:
        call = town.by_id(call_id)
        return call if call.state is CallState.CLOSED else None

    return house.until(done, lambda: town.by_id(call_id))


@pytest.mark.parametrize(
    ("keys", "reply", "outcome"),
    [
        ("1", Reply.AGREED, Outcome.REACHED),
        ("2", Reply.DECLINED, Outcome.REACHED),
        ("91", Reply.AGREED, Outcome.REACHED),
        ("", "", Outcome.NOT_REACHED),
    ],
)
def test_what_the_key_says(town: House, keys: str, reply: str, outcome: Outcome) -> None:
    call_id = placed(town, answers_after="0")
    sid = line_of(town, call_id)
    for key in keys:
        heard = len(town.double.cloud.legs[sid].heard)
        town.town.press(sid, key)
        house.until(
            lambda heard=heard: len(town.double.cloud.legs[sid].heard) > heard or None,  # type: ignore[misc]
            lambda: town.double.cloud.legs[sid].heard,
        )
    call = closed(town, call_id)
    assert (call.reply, call.outcome, call.operator_id) == (reply, outcome, None)
    assert call.answered_at is not None
    with db.transaction() as session:
        told = [each for each in session.query(Entry) if each.kind == "callcenter.call_replied"]
    assert [each.facts["reply"] for each in told] == ([reply] if reply else [])


def test_a_busy_line_is_over_at_once_and_rings_once(town: House) -> None:
    call = closed(town, placed(town, outcome="busy"))
    assert (call.ended_because, call.outcome, call.reply) == ("busy", Outcome.NOT_REACHED, "")
    assert len([leg for leg in town.double.cloud.legs.values() if leg.to == MARIA]) == 1


@pytest.mark.parametrize(
    ("key", "purpose", "thanks"),
    [
        ("1", "planned", "Thank you. It has been written down. Goodbye."),
        ("2", "planned", "All right. An operator calls you as soon as possible. Goodbye."),
        ("2", "ladder_contact", "All right. We ask somebody else. Goodbye."),
    ],
)
def test_it_speaks_and_thanks_in_the_language_of_the_call(
    town: House, key: str, purpose: str, thanks: str
) -> None:
    town.town.behave(MARIA, answers_after="0")
    with db.transaction() as session:
        placed = announced.place(session, to=MARIA, purpose=purpose, sentence=SAID, language="en")
    sid = line_of(town, placed.id)
    town.town.press(sid, key)
    closed(town, placed.id)
    assert thanks in town.double.cloud.legs[sid].heard
