"""Which team is sent: the nearest that can go, and every other with its reason."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.assignment import Fix, Need, Ranking, Team, Why, rank
from dispatch.travel import Mode, Point

NOW = datetime(2026, 11, 22, 3, 41, tzinfo=UTC)
HOME = Point(40.8440, 14.1960)
NEAR = Point(40.8450, 14.2000)
FAR = Point(40.8530, 14.3100)


def team(number: int, at: Point = NEAR, minutes_ago: int = 1) -> Team:
    return Team(
        id=UUID(int=number),
        name=f"Squadra {number}",
        mode=Mode.CITY_CAR,
        skills=frozenset({"elderly"}),
        on_duty_until=NOW + timedelta(hours=5),
        base=FAR,
        fix=Fix(at, NOW - timedelta(minutes=minutes_ago)),
    )


def names(ranking: Ranking) -> list[str]:
    return [each.team.name for each in ranking.candidates]


def reasons(ranking: Ranking) -> dict[str, tuple[Why, ...]]:
    return {each.team.name: each.why for each in ranking.excluded}


def test_the_nearest_suitable_team_is_suggested_first_coceso_95() -> None:
    ranking = rank([team(1, FAR), team(2, NEAR)], Need(HOME), NOW)

    assert names(ranking) == ["Squadra 2", "Squadra 1"]
    assert ranking.candidates[0].why is Why.FROM_POSITION


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"on_duty_until": None}, Why.OFF_DUTY),
        ({"busy": True}, Why.BUSY),
        ({"skills": frozenset()}, Why.LACKS_SKILLS),
        ({"crew": 1}, Why.TOO_FEW),
        ({"on_duty_until": NOW + timedelta(minutes=50)}, Why.SHIFT_ENDS),
    ],
)
def test_a_team_that_cannot_go_is_listed_with_its_reason(
    changed: dict[str, object], why: Why
) -> None:
    need = Need(HOME, skills=frozenset({"elderly"}), at_risk=True)

    ranking = rank([replace(team(1), **changed)], need, NOW)  # type: ignore[arg-type]

    assert names(ranking) == []
    assert reasons(ranking) == {"Squadra 1": (why,)}


def test_a_team_is_not_asked_twice_in_the_same_round() -> None:
    need = Need(HOME, already_asked=frozenset({UUID(int=1)}))

    assert reasons(rank([team(1)], need, NOW)) == {"Squadra 1": (Why.ALREADY_ASKED,)}


def test_the_skills_that_lack_are_named() -> None:
    ranking = rank([team(1)], Need(HOME, skills=frozenset({"elderly", "minors"})), NOW)

    assert ranking.excluded[0].lacking == {"minors"}


def test_stale_position_is_shown_and_not_trusted_ticketscad_71() -> None:
    ten_days_old = team(1, NEAR, minutes_ago=10 * 24 * 60)

    ranking = rank([ten_days_old, team(2, FAR)], Need(HOME), NOW)

    assert names(ranking) == ["Squadra 2", "Squadra 1"]
    assert ranking.candidates[1].why is Why.FROM_BASE_OLD_POSITION
    assert ranking.candidates[1].position_age == timedelta(days=10)


def test_a_team_without_position_is_estimated_from_its_base() -> None:
    unseen = replace(team(1), fix=None)

    candidate = rank([unseen], Need(HOME), NOW).candidates[0]

    assert candidate.why is Why.FROM_BASE_NO_POSITION
    assert candidate.way is not None


def test_a_place_that_is_not_on_the_map_still_finds_a_team() -> None:
    candidate = rank([team(1)], Need(None), NOW).candidates[0]

    assert candidate.why is Why.WAY_UNKNOWN
    assert candidate.way is None


def test_a_team_that_has_just_come_back_rests_unless_it_is_urgent() -> None:
    tired = replace(team(1, NEAR), free_since=NOW - timedelta(minutes=3), jobs_this_shift=3)
    rested = team(2, Point(40.8500, 14.2100))

    assert names(rank([tired, rested], Need(HOME), NOW)) == ["Squadra 2", "Squadra 1"]
    assert names(rank([tired, rested], Need(HOME, urgent=True), NOW))[0] == "Squadra 1"


teams = st.builds(
    Team,
    id=st.uuids(),
    name=st.text(min_size=1, max_size=8),
    mode=st.sampled_from(Mode),
    skills=st.frozensets(st.sampled_from(["elderly", "minors", "street"])),
    crew=st.integers(1, 4),
    on_duty_until=st.none() | st.just(NOW + timedelta(hours=6)),
    busy=st.booleans(),
    base=st.none() | st.just(FAR),
    fix=st.none() | st.just(Fix(NEAR, NOW)),
)


@given(st.lists(teams, max_size=12), st.integers(1, 4))
def test_no_team_is_ever_dropped_silently(given_teams: list[Team], best: int) -> None:
    need = Need(HOME, skills=frozenset({"minors"}), at_risk=True)

    everyone = rank(given_teams, need, NOW)
    shown = rank(given_teams, need, NOW, best=best)

    assert len(everyone.candidates) + len(everyone.excluded) == len(given_teams)
    assert all(each.why for each in everyone.excluded)
    assert shown.candidates == everyone.candidates[:best]
