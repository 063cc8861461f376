"""Coded lists: words and days change, periods never overlap, what was in use keeps its word."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from registry import code_lists, codes
from registry.access import Role
from registry.codes import Code, CodeList
from registry.kit import clock, db
from registry.kit.errors import Conflict, Invalid, Problem

TODAY = date(2026, 11, 22)
NEED = CodeList.NEED


def add(session: Session, code: str, first: date, last: date | None = None) -> Code:
    return code_lists.add(
        session, NEED, code=code, italian="Parola", english="", valid_from=first, valid_to=last
    )


def test_a_code_ends_and_returns_in_a_later_plan(session: Session) -> None:
    today = clock.now().date()
    first = add(session, "prova", today - timedelta(days=9))
    with pytest.raises(Conflict):
        add(session, "prova", today + timedelta(days=5))
    code_lists.end(session, first, last_day=today)
    add(session, "prova", today + timedelta(days=5))
    code_lists.reword(session, first, italian="Altra parola", english="")

    assert codes.check(session, NEED, ["prova"], today) == ["prova"]
    with pytest.raises(Invalid):
        codes.check(session, NEED, ["prova"], today + timedelta(days=3))
    assert (first.italian, first.english) == ("Altra parola", "Altra parola")


@pytest.mark.parametrize("code", ["", "Con Spazi", "è", "9x", "a", "x" * 41])
def test_a_code_is_written_for_programs(session: Session, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        add(session, code, TODAY)
    assert refused.value.field == "code"


def test_the_past_is_not_undone(session: Session) -> None:
    today = clock.now().date()
    code = add(session, "prova", today - timedelta(days=100))
    with pytest.raises(Invalid):
        code_lists.end(session, code, last_day=today - timedelta(days=30))
    with pytest.raises(Invalid):
        code_lists.end(session, code, last_day=today - timedelta(days=101))


@given(
    periods=st.lists(
        st.tuples(st.integers(0, 30), st.none() | st.integers(-2, 12)), min_size=1, max_size=6
    )
)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_on_no_day_is_a_code_in_force_twice(
    session: Session, periods: list[tuple[int, int | None]]
) -> None:
    """REQUIREMENTS 1.G: codes are valid at the event date."""
    point = session.begin_nested()
    for begins, lasts in periods:
        first = TODAY + timedelta(days=begins)
        try:
            add(session, "prova", first, None if lasts is None else first + timedelta(days=lasts))
        except Problem:
            continue
    for day in range(50):
        found = codes.in_force(session, NEED, TODAY + timedelta(days=day))
        assert sum(each.code == "prova" for each in found) <= 1
    point.rollback()


def test_a_coordinator_changes_the_lists_on_a_page_and_an_operator_does_not(
    signed_in: Callable[..., TestClient],
) -> None:
    with db.transaction() as session:
        codes.settle(session)
    boss = signed_in("carla", Role.COORDINATOR, name="Carla Esempio")
    boss.headers["accept"] = "text/html"
    sent = {"code": "con spazi", "italian": "Gioco d’azzardo", "valid_from": "2026-01-01"}
    refused = boss.post("/amministrazione/elenchi/need", data=sent)
    assert refused.status_code == 422
    assert "Gioco d’azzardo" in refused.text
    assert 'id="wrong-code"' in refused.text
    page = boss.post("/amministrazione/elenchi/need", data=sent | {"code": "gambling"})
    assert page.status_code == 200
    told = {"italian": "Azzardo", "english": "Gambling", "last_day": "2099-12-31"}
    page = boss.post("/amministrazione/elenchi/need/gambling/2026-01-01", data=told)
    assert "31/12/2099" in page.text
    with db.transaction() as session:
        kept = session.scalars(select(Code).where(Code.code == "gambling")).one()
        assert (kept.italian, kept.valid_to) == ("Azzardo", date(2099, 12, 31))

    assert signed_in("anna", Role.OPERATOR).get("/amministrazione/elenchi").status_code == 403
