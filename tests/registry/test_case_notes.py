"""Notes: read by the circle that the author chose; the others see that there is one."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session

from registry import case_notes, cases, circles
from registry.access import Actor, Compartment, Role
from registry.cases import Area, Case
from registry.circles import Circle, Guarded
from registry.kit.db import new_id
from registry.kit.errors import Invalid

OFFICES = [new_id(), new_id()]
AUTHOR = new_id()


def actor(role: Role, office: int | None, *parts: Compartment, author: bool = False) -> Actor:
    return Actor(
        staff_id=AUTHOR if author else new_id(),
        login="prova",
        name="Prova",
        roles=frozenset({role}),
        office_id=OFFICES[office] if office is not None else None,
        compartments=frozenset(parts),
    )


@pytest.fixture
def case(session: Session) -> Case:
    return cases.open_(session, area=Area.SOCIAL_SERVICES)


def test_a_note_is_kept_encrypted_and_not_in_the_journal(session: Session, case: Case) -> None:
    me = actor(Role.SOCIAL_WORKER, None)
    me = Actor(staff_id=None, login=me.login, name=me.name, roles=me.roles)
    note = case_notes.write(session, case, me, text="Piange al telefono")

    stored = session.execute(text("SELECT text FROM case_notes")).scalar_one()
    assert b"Piange" not in bytes(stored)
    assert note.text == "Piange al telefono"
    assert "Piange" not in str([each.facts for each in cases.timeline(session, case.id)])


@pytest.mark.parametrize("words", ["", " \n", "\0"])
def test_an_empty_note_is_refused(session: Session, case: Case, words: str) -> None:
    with pytest.raises(Invalid):
        case_notes.write(session, case, actor(Role.OPERATOR, None), text=words)


def test_an_author_chooses_only_circles_of_their_own(session: Session, case: Case) -> None:
    me = actor(Role.OPERATOR, None)
    for readers in (
        {"circle": Circle.OFFICE},
        {"circle": Circle.ROLE},
        {"role": Role.OPERATOR},
        {"compartment": Compartment.HEALTH},
    ):
        with pytest.raises(Invalid):
            case_notes.write(session, case, me, text="Parole", **readers)


@given(
    circle=st.sampled_from(Circle),
    role=st.sampled_from(Role),
    part=st.sampled_from([None, *Compartment]),
    reader_role=st.sampled_from(Role),
    office=st.sampled_from([None, 0, 1]),
    parts=st.frozensets(st.sampled_from(Compartment)),
    author=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_nobody_reads_what_their_compartments_or_the_circle_keep_from_them(
    circle: Circle,
    role: Role,
    part: Compartment | None,
    reader_role: Role,
    office: int | None,
    parts: frozenset[Compartment],
    author: bool,
) -> None:
    thing = Guarded()
    thing.author_id, thing.office_id, thing.circle = AUTHOR, OFFICES[0], circle
    thing.role, thing.compartment = (role if circle is Circle.ROLE else None), part
    reader = actor(reader_role, office, *parts, author=author)

    inside = {
        Circle.EVERYONE: True,
        Circle.ROLE: author or reader_role is role,
        Circle.OFFICE: author or office == 0,
        Circle.AUTHOR: author,
    }[circle]
    assert circles.reads(reader, thing) is (inside and (part is None or part in parts))
