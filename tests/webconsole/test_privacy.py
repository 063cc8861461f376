"""Privacy as data: consents where they are the basis, retention in three steps, own data."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
import time_machine
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from registry import (
    case_holds,
    cases,
    consents,
    contacts,
    disposals,
    identifiers,
    people,
    purposes,
    requests,
    retention,
    search,
    staff,
    subject_access,
    triage,
)
from registry.access import HOUSE, Actor, Role
from registry.cases import Area
from registry.consents import Way
from registry.contacts import Channel
from registry.disposals import DisposalState, ItemState
from registry.identifiers import IdentifierKind
from registry.journal import Entry
from registry.kept_figures import KeptFigure
from registry.kit import clock, db
from registry.kit.errors import Invalid, NotAllowed, WrongState
from registry.people import Person
from registry.purposes import LegalBasis, Purpose
from registry.retention import Disposition, RetentionRule, Trigger
from registry.starting_register import STARTING
from telecare import subscribers
from tests.conftest import somebody
from webconsole import app, erasing, gathering, personal, privacy_words

CANARIES = (
    "Zqnome",
    "Zqcognome",
    "0825551944",
    "zqcaso",
    "zqnota",
    "zqvia",
    "zqchiavi",
    "zqvicina",
)


@pytest.fixture(autouse=True)
def _wired() -> None:
    disposals.ERASE[:] = [erasing.erase]
    assert app.app is not None


def coordinator(session: Session, login: str = "clara") -> Actor:
    return somebody(session, login, "Clara Prova", Role.COORDINATOR).actor


def somebody_known(session: Session) -> Person:
    """With something in many places, each word a canary; everything is ended."""
    person = people.create(
        session, given_name=CANARIES[0], family_name=CANARIES[1], birth_year=1934
    )
    people.add_phone(session, person, CANARIES[2])
    people.add_address(session, person, street="zqvia 3", town="Borgo", how_to_get_in="zqchiavi")
    people.add_alert(session, person, kind="health", text="zqnota di salute")
    people.add_contact(session, person, name="zqvicina Rosa", phone="0825551945")
    subscribers.write(session, person.id, way_in="zqchiavi sotto il vaso", health="zqnota")
    case = cases.open_(session, area=Area.EMERGENCY, person_id=person.id, title="zqcaso")
    contacts.record(
        session,
        channel=Channel.DESK,
        outcome="listening",
        case_id=case.id,
        person_id=person.id,
        note="zqnota: dice la zqvicina che cade",
    )
    asked = requests.receive(
        session, HOUSE, channel=Channel.DESK, expressed="zqnota chiede", person_id=person.id
    )
    triage.withdraw(session, asked, HOUSE, reason="zqnota non serve")
    cases.close(session, case, reason="zqcaso finito")
    session.flush()
    return person


def rule(session: Session, actor: Actor) -> RetentionRule:
    return retention.write(
        session,
        actor,
        name="Fascicoli sociali",
        trigger=Trigger.LAST_CASE_CLOSED,
        years=10,
        disposition=Disposition.ANONYMISE,
        source="Piano di conservazione, titolo VII",
    )


def everything(session: Session) -> str:
    """All of the database that can be read, sealed columns opened."""
    session.flush()
    session.expire_all()
    said = []
    for mapper in db.Base.registry.mappers:
        said += [
            str([getattr(row, each.key) for each in mapper.column_attrs])
            for row in session.scalars(select(mapper.class_))
        ]
    return "\n".join(said)


def test_consent_is_taken_only_where_it_is_the_basis(session: Session) -> None:
    me = coordinator(session)
    person = somebody_known(session)
    lines = [purposes.write(session, me, **each) for each in STARTING]
    task = next(each for each in lines if each.basis is LegalBasis.PUBLIC_TASK)
    choice = next(each for each in lines if each.basis is LegalBasis.CONSENT)

    with pytest.raises(Invalid, match="no consent is asked"):
        consents.consent(session, person, task, me, way=Way.PAPER)
    given = consents.consent(session, person, choice, me, way=Way.SPOKEN)
    with pytest.raises(WrongState, match="stands already"):
        consents.consent(session, person, choice, me, way=Way.SPOKEN)
    consents.withdraw(session, given)
    consents.withdraw(session, given)

    assert consents.standing(session, person.id, choice.id) is None
    assert [(each.until is not None) for each, _ in consents.consents_of(session, person.id)] == [
        True
    ]
    kinds = session.scalars(select(Entry.kind).where(Entry.person_id == person.id)).all()
    assert kinds.count("registry.consent_withdrawn") == 1


def test_a_line_of_the_register_names_its_law(session: Session) -> None:
    me = coordinator(session)
    with pytest.raises(Invalid) as problem:
        purposes.write(session, me, name="Statistica", why="Contare", source=" ")
    assert problem.value.field == "source"
    with pytest.raises(NotAllowed):
        purposes.write(session, HOUSE, **STARTING[0])
    assert session.scalars(select(Purpose)).all() == []


def test_only_what_is_due_is_proposed_and_a_hold_keeps_it_off(session: Session) -> None:
    me = coordinator(session)
    held, due = somebody_known(session), somebody_known(session)
    alive = somebody_known(session)
    cases.open_(session, area=Area.EMERGENCY, person_id=alive.id, title="ancora")
    (case,) = cases.of_person(session, held.id)
    case_holds.hold(session, case, me, reason="causa in corso")
    by = rule(session, me)
    with pytest.raises(Invalid, match="No file is due"):
        disposals.propose(session, by, me)

    with time_machine.travel(clock.now() + timedelta(days=3660)):
        disposal = disposals.propose(session, by, me)
        assert [each.person_id for each in disposals.files(session, disposal.id)] == [due.id]
        with pytest.raises(Invalid, match="No file is due"):
            disposals.propose(session, by, me)


def test_a_rule_is_for_its_class_and_the_longest_keeps_a_file(session: Session) -> None:
    me = coordinator(session)
    plain, telecared = somebody_known(session), somebody_known(session)
    case = cases.open_(session, area=Area.TELECARE, person_id=telecared.id, title="teleassistenza")
    cases.close(session, case, reason="finito")
    short = rule(session, me)
    of_class = retention.write(
        session,
        me,
        name="Teleassistenza",
        area=Area.TELECARE,
        trigger=Trigger.LAST_CASE_CLOSED,
        years=20,
        disposition=Disposition.ANONYMISE,
        source="Piano di conservazione, titolo VII",
    )

    def due(of: RetentionRule, years: int) -> list[UUID]:
        with time_machine.travel(clock.now() + timedelta(days=366 * years)):
            return [person_id for person_id, _ in retention.due(session, of)]

    assert due(short, 11) == [plain.id]
    assert due(of_class, 11) == []
    assert due(of_class, 21) == [telecared.id]
    for_good = retention.write(
        session,
        me,
        name="Pronto intervento",
        area=Area.EMERGENCY,
        trigger=Trigger.LAST_CONTACT,
        years=None,
        disposition=Disposition.KEEP,
        source="Archivio storico",
    )
    assert (due(short, 11), due(of_class, 21)) == ([], [])
    retention.end(session, for_good, me)
    assert due(short, 11) == [plain.id]


def test_who_proposes_does_not_authorise_and_a_number_is_wanted(session: Session) -> None:
    me, other = coordinator(session), coordinator(session, "dora")
    somebody_known(session)
    by = rule(session, me)
    with time_machine.travel(clock.now() + timedelta(days=3660)):
        disposal = disposals.propose(session, by, me)
        with pytest.raises(NotAllowed, match="Somebody else"):
            disposals.authorise(session, disposal, me, number="12/2036")
        disposals.refuse(session, disposal, other)
        with pytest.raises(WrongState):
            disposals.authorise(session, disposal, other, number="12/2036")
        again = disposals.propose(session, by, me)
        with pytest.raises(Invalid, match="number of the authorisation"):
            disposals.authorise(session, again, other, number=" ")


@pytest.mark.usefixtures("database")
def test_an_authorised_list_is_carried_out_and_nothing_names_anybody_any_more() -> None:
    with db.transaction() as session:
        me, other = coordinator(session), coordinator(session, "dora")
        gone, saved = somebody_known(session).id, somebody_known(session).id
        by = rule(session, me).id
    with time_machine.travel(clock.now() + timedelta(days=3660)):
        with db.transaction() as session:
            disposal = disposals.propose(session, db.get(session, RetentionRule, by), me)
            disposals.authorise(session, disposal, other, number="12/2036")
        with db.transaction() as session:
            # After the authorisation a court asks for one of them.
            (case,) = cases.of_person(session, saved)
            case_holds.hold(session, case, me, reason="richiesta del tribunale")
        disposals.execute(disposal.id)
        disposals.execute(disposal.id)

    with db.transaction() as session:
        assert disposals.counts(session, disposal.id) == {ItemState.ERASED: 1, ItemState.KEPT: 1}
        done = db.get(session, disposals.Disposal, disposal.id)
        assert (done.state, done.authorisation) == (DisposalState.EXECUTED, "12/2036")
        assert session.scalars(select(KeptFigure.born_from)).all() == [1930]
        assert people.by_phone(session, "+390825551944", me)[0].id == saved
        found = search.find(session, "Zqcognome", me).people
        assert [each.person.id for each in found] == [saved]
        for place in personal.PLACES:
            for row in personal.rows(session, place, gone):
                said = str([getattr(row, name, "") for name in place.fields])
                assert not [each for each in CANARIES if each in said], (place.table, said)
    with db.transaction() as session:
        session.execute(text("SET LOCAL session_replication_role = replica"))
        held_person = db.get(session, Person, saved)
        erasing.erase(session, held_person)
        assert [each for each in CANARIES if each in everything(session)] == []


def test_every_table_about_somebody_is_named() -> None:
    """Of a new one say in webconsole/personal.py what becomes of it."""
    hanging = {
        table.name
        for table in db.Base.metadata.sorted_tables
        for key in table.foreign_keys
        if key.column.table.name in {"people", "cases"}
    }
    named = {each.table for each in personal.PLACES} | personal.WITHOUT_WORDS
    assert hanging - named == set()
    for place in personal.PLACES:
        mapper = personal.mapper_of(place.table)
        assert mapper is not None, place.table
        assert set(place.fields) <= set(mapper.attrs.keys()), place.table
        told = {each.removeprefix("sealed_") for each in place.fields}
        assert place.inner or told <= privacy_words.FIELDS.keys(), place.table


def test_a_persons_own_data_are_gathered_and_others_are_marked(session: Session) -> None:
    me = coordinator(session)
    person = somebody_known(session)
    identifiers.add(session, person.id, kind=IdentifierKind.OTHER, value="ZQ-77", issuer="Prova")
    pieces = gathering.pieces(session, person)
    made = subject_access.draft(session, person.id, me, pieces)

    said = {(each.table, each.field): each for each in pieces}
    assert said["people", "family_name"].said == "Zqcognome"
    assert not said["people", "family_name"].others
    assert said["near_people", "name"].others
    assert said["contacts", "note"].others
    assert said["subscribers", "way_in"].said == "zqchiavi sotto il vaso"
    assert "zqvicina" not in " ".join(each.said for each in made.shown)


def test_what_is_left_out_needs_a_reason_and_a_person(session: Session) -> None:
    me = coordinator(session)
    person = somebody_known(session)
    made = subject_access.draft(session, person.id, me, gathering.pieces(session, person))
    hidden = set(made.hidden)

    with pytest.raises(Invalid, match="why something is left out"):
        subject_access.hand_over(session, made, me, hidden=hidden, reason="")
    with pytest.raises(Invalid):
        subject_access.hand_over(session, made, me, hidden={"9999"}, reason="terzi")
    subject_access.hand_over(session, made, me, hidden=hidden, reason="riguarda la vicina")
    with pytest.raises(WrongState):
        subject_access.discard(session, made, me)
    assert len(made.shown) == len(made.pieces) - len(hidden)
    kinds = session.scalars(select(Entry.kind).where(Entry.person_id == person.id)).all()
    assert "registry.export_handed_over" in kinds


def test_words_about_others_are_blacked_out_and_nothing_else_is_changed(session: Session) -> None:
    me = coordinator(session)
    person = somebody_known(session)
    made = subject_access.draft(session, person.id, me, gathering.pieces(session, person))
    place, note = next(
        (str(place), each.said)
        for place, each in enumerate(made.pieces)
        if (each.table, each.field) == ("contacts", "note")
    )
    hidden = set(made.hidden) - {place}
    left = note.replace("zqvicina", subject_access.OMISSIS)
    assert left != note

    for forged in ("tutto bene", f"{subject_access.OMISSIS} sta bene", note + "!"):
        with pytest.raises(Invalid, match="not otherwise changed"):
            subject_access.hand_over(
                session, made, me, hidden=hidden, reason="terzi", said={place: forged}
            )
    subject_access.hand_over(session, made, me, hidden=hidden, reason="terzi", said={place: left})

    shown = [each.said for each in made.shown]
    assert left in shown
    assert "zqvicina" not in " ".join(shown)
    sealed = session.scalar(text("SELECT blacked_out FROM subject_exports"))
    assert b"omissis" not in bytes(sealed or b"")


@pytest.mark.parametrize(
    ("left", "fits"),
    [
        ("[omissis]", True),
        ("Anna e [omissis] sono qui", True),
        ("[omissis] e [omissis] qui", True),
        ("Anna e Maria sono qui", False),
        ("Anna e [omissis] sono lì", False),
        ("[omissis]Anna e Maria sono qui qui", False),
        ("qui[omissis]", False),
    ],
)
def test_what_counts_as_blacked_out(left: str, fits: bool) -> None:
    assert subject_access._only_blacked_out("Anna e Maria sono qui", left) is fits


def test_a_discarded_export_keeps_nothing(session: Session) -> None:
    me = replace(coordinator(session))
    person = somebody_known(session)
    made = subject_access.draft(session, person.id, me, gathering.pieces(session, person))
    subject_access.discard(session, made, me)
    session.expire(made)
    assert (made.pieces, made.hidden) == ([], [])
    assert staff.by_login(session, "clara") is not None
