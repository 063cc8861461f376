"""A call from its first ring: whose file opens, and what news of it changes."""

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from callcenter import calls, legs
from callcenter.calls import CallState
from callcenter.carriers.base import LegState
from callcenter.legs import Part
from registry import people
from registry.journal import Entry
from registry.staff import Staff
from tests.callcenter import room
from tests.callcenter.room import state_of


def test_the_callers_file_opens_with_the_call(session: Session) -> None:
    maria = people.create(session, given_name="Maria", family_name="Esposito")
    people.add_phone(session, maria, "081 555 0101")
    call = room.ring(session, "CA1", room.MARIA)
    assert call.person_id == maria.id
    assert call.number == room.MARIA
    assert room.facts(session, "call_arrived")[0]["call_id"] == str(call.id)


def test_a_number_that_two_share_opens_nobodys_file(session: Session) -> None:
    for name in ("Maria", "Carmela"):
        someone = people.create(session, given_name=name)
        people.add_phone(session, someone, room.MARIA)
    assert room.ring(session, "CA1", room.MARIA).person_id is None


def test_a_restricted_person_is_not_named_by_the_house(session: Session) -> None:
    hidden = people.create(session, given_name="Nives", restricted=True)
    people.add_phone(session, hidden, room.MARIA)
    assert room.ring(session, "CA1", room.MARIA).person_id is None


@pytest.mark.parametrize("number", ["", "anonymous", "+", "client:x"])
def test_a_withheld_number_is_no_number(session: Session, number: str) -> None:
    assert room.ring(session, "CA1", number).number is None


def test_naming_the_caller_names_the_case(session: Session, anna: Staff) -> None:
    room.at_desk(session, anna)
    call = room.ring(session, "CA1")
    room.accepts(session, call, anna.id)
    maria = people.create(session, given_name="Maria")
    calls.name_caller(session, call, maria.id)
    assert call.person_id == maria.id
    told = session.scalars(select(Entry.kind).where(Entry.case_id == call.case_id))
    assert "registry.person_named" in list(told)


def test_news_of_strangers_changes_nothing(session: Session) -> None:
    call = room.ring(session, "CA1")
    room.line(session, call, "CA7", LegState.COMPLETED)
    room.told(session, call, "join", "CA7", 1)
    assert state_of(call) is CallState.WAITING
    assert session.scalar(select(func.count()).select_from(legs.CallLeg)) == 1
    legs.add(session, call.id, "CA1", Part.CALLER)
