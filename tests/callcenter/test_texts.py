"""Reminders by text: neutral words, only where safe and wanted, never twice in silence."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from callcenter import lines, reminders, text_tasks, texts
from callcenter.carriers.base import MaybeDone, Refused, TryAgain
from callcenter.texts import Text, TextSent, TextState
from registry import bookings, calendars, deadlines, directory, no_texts, people
from registry.access import HOUSE
from registry.bookings import Booking, ReminderDue
from registry.directory import BodyKind, ServiceArea
from registry.kit import clock, db
from registry.people import Person
from registry.safe_contacts import SafeContact


def booked(session: Session, number: str = "333 555 0110", **facts: Any) -> Booking:
    """Nina, with an appointment in ten days whose reminder is due."""
    if lines.default(session) is None:
        lines.add(session, number="081 555 0100", name="Linea")
    body = directory.body(session, "Comune di prova", BodyKind.OWN)
    sheet = directory.add(session, body, name="Consultorio", area=ServiceArea.LISTENING)
    calendar = calendars.open_(session, sheet, name="Sportello")
    starts = clock.now() + timedelta(days=10)
    (slot,) = calendars.offer(session, calendar, starts_at=starts, minutes=30)
    nina = people.create(session, given_name="Nina", family_name="Prova", **facts)
    people.add_phone(session, nina, number)
    booking = bookings.book(session, HOUSE, slot.id, nina.id)
    bookings.remind(session, booking.id)
    return booking


def due(session: Session, booking: Booking) -> Text | None:
    reminders.due(session, ReminderDue(person_id=booking.person_id, booking_id=booking.id))
    return session.scalar(select(Text).where(Text.subject_id == booking.id))


def test_the_words_name_neither_the_person_nor_the_service(session: Session) -> None:
    booking = booked(session)
    wanted = due(session, booking)

    assert wanted is not None
    said = wanted.sealed_body.decode()
    assert "appuntamento" in said
    assert "081 555 0100" in said
    for word in ("Nina", "Prova", "Consultorio", "Comune", "Sportello"):
        assert word not in said
    stored = session.execute(text("SELECT number || body FROM texts")).scalar_one()
    assert b"555" not in bytes(stored)
    assert [each.kind for each in deadlines.of(session, wanted.id)] == [texts.SEND]
    due(session, booking)
    assert len(session.scalars(select(Text)).all()) == 1


@pytest.mark.parametrize(
    "why", ["landline", "reserved", "unwanted", "unsafe", "neutral", "unsafe for another"]
)
def test_where_it_is_not_safe_or_not_wanted_somebody_calls(session: Session, why: str) -> None:
    number = "081 555 0133" if why == "landline" else "333 555 0110"
    booking = booked(session, number, restricted=why == "reserved")
    nina = db.get(session, Person, booking.person_id)
    if why == "unwanted":
        no_texts.choose(session, nina, HOUSE, wanted=False)
    if why == "unsafe":
        nina.phones[0].safe = SafeContact(no_call_back=True)
    if why == "neutral":
        nina.phones[0].safe = SafeContact(neutral_sender=True)
    if why == "unsafe for another":
        ada = people.create(session, given_name="Ada", restricted=True)
        people.add_phone(session, ada, number).safe = SafeContact(neutral_sender=True)

    assert due(session, booking) is None
    assert bookings.to_remind(session, HOUSE) == ([] if why == "reserved" else [booking])


def test_who_changes_their_mind_gets_texts_again(session: Session) -> None:
    booking = booked(session)
    nina = db.get(session, Person, booking.person_id)
    for wanted in (False, False, True, True):
        no_texts.choose(session, nina, HOUSE, wanted=wanted)
        assert no_texts.wants(session, nina.id) is wanted
    assert due(session, booking) is not None


class Carrier:
    """A carrier that answers as it is told to."""

    def __init__(self, *answers: Exception | str) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    def send_text(self, text_id: UUID, *, to: str, from_: str, body: str) -> str:
        self.asked.append(to)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("answer", "state"),
    [
        ("SM1", TextState.SENT),
        (Refused("no"), TextState.REFUSED),
        (MaybeDone("late"), TextState.UNCERTAIN),
    ],
)
def test_a_text_is_sent_once_whatever_the_carrier_says(
    monkeypatch: pytest.MonkeyPatch, answer: Exception | str, state: TextState
) -> None:
    with db.transaction() as session:
        booking = booked(session)
        wanted = due(session, booking)
        assert wanted is not None
    carrier = Carrier(TryAgain("busy"), answer)
    monkeypatch.setattr(text_tasks, "carrier", lambda: carrier)
    with pytest.raises(TryAgain):
        text_tasks.send(wanted.id)
    text_tasks.send(wanted.id)
    text_tasks.send(wanted.id)

    assert carrier.asked == ["+393335550110"] * 2
    with db.transaction() as session:
        assert db.get(session, Text, wanted.id).state is state
        told = TextSent(text_id=wanted.id, subject_id=booking.id, purpose=reminders.PURPOSE)
        if state is TextState.SENT:
            reminders.sent(session, told)
        still = [each.id for each in bookings.to_remind(session, HOUSE)]
        assert still == ([] if state is TextState.SENT else [booking.id])


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("why", ["unwanted", "unsafe"])
def test_what_became_unsafe_after_the_decision_is_held_back(
    monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    with db.transaction() as session:
        booking = booked(session)
        wanted = due(session, booking)
        assert wanted is not None
        nina = db.get(session, Person, booking.person_id)
        if why == "unwanted":
            no_texts.choose(session, nina, HOUSE, wanted=False)
        else:
            nina.phones[0].safe = SafeContact(no_call_back=True)
    carrier = Carrier()
    monkeypatch.setattr(text_tasks, "carrier", lambda: carrier)

    text_tasks.send(wanted.id)

    assert carrier.asked == []
    with db.transaction() as session:
        assert db.get(session, Text, wanted.id).state is TextState.HELD_BACK
        assert [each.id for each in bookings.to_remind(session, HOUSE)] == [booking.id]


def test_no_text_is_wanted_for_a_number_that_is_not_safe(session: Session) -> None:
    booking = booked(session)
    nina = db.get(session, Person, booking.person_id)
    nina.phones[0].safe = SafeContact(neutral_sender=True)
    session.flush()
    line = lines.default(session)
    assert line is not None
    facts: dict[str, Any] = {"person_id": nina.id, "line": line, "body": "Chiamateci"}

    def want(number: str) -> Text | None:
        return texts.want(session, purpose="other", subject_id=booking.id, number=number, **facts)

    assert want(nina.phones[0].number) is None
    assert want("+393335550199") is not None


@pytest.mark.usefixtures("database")
def test_a_crash_while_sending_leaves_it_to_people(monkeypatch: pytest.MonkeyPatch) -> None:
    with db.transaction() as session:
        wanted = due(session, booked(session))
        assert wanted is not None
        wanted.state = TextState.SENDING
    carrier = Carrier()
    monkeypatch.setattr(text_tasks, "carrier", lambda: carrier)
    text_tasks.send(wanted.id)

    assert carrier.asked == []
    with db.transaction() as session:
        assert db.get(session, Text, wanted.id).state is TextState.UNCERTAIN
