"""A batch: what one commit writes for the frames that arrived together."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import uuid_utils
from psycopg import Cursor
from sqlalchemy.orm import Session

from registry import journal
from registry.journal import Event
from registry.kit import clock
from registry.kit.db import new_id
from telecare import (
    alarms,
    code_book,
    columns,
    devices,
    escalation,
    faults,
    refusals,
    rows,
    signals,
)
from telecare.alarms import AlarmRaised, AlarmState
from telecare.devices import Known
from telecare.protocols.base import AlarmProtocol, Cut, KeyOf, Kind, Message, Report, Verdict
from telecare.signals import SignalRepeated
from telecare.triage import Becomes, lane_of, sort

REFUSED = "refused"
FAULTY = frozenset({Becomes.FAULT, Becomes.FAULT_OVER})
Account = tuple[str, str]
Book = dict[Account, Known]


@dataclass(slots=True, eq=False)
class Received:
    """A frame on its way from the socket to the archive, and back as an answer."""

    protocol: AlarmProtocol
    cut: Cut
    message: Message
    path: str
    peer: str
    at: datetime
    # Where the answer goes: the receivers' own business.
    line: Any = None
    id: UUID = field(default_factory=new_id)
    digest: bytes = b""
    account: Account = field(init=False)

    def __post_init__(self) -> None:
        self.account = self.protocol.name, self.message.account.upper()


@dataclass(slots=True)
class Batch:
    """What one statement writes, as rows, and what follows from it."""

    signals: list[rows.Row] = field(default_factory=list)
    alarms: list[rows.Row] = field(default_factory=list)
    facts: list[rows.Row] = field(default_factory=list)
    deadlines: list[rows.Row] = field(default_factory=list)
    told: list[tuple[UUID, faults.Told]] = field(default_factory=list)
    # The signal of each alarm.
    raised: list[UUID] = field(default_factory=list)


@dataclass(slots=True)
class Stored:
    """What a commit did: for the figures and the signs of life."""

    alarms: int
    repeats: int
    heard: dict[UUID, datetime]


def store(session: Session, group: Sequence[Received], book: Book) -> Stored:
    """Write a group: signals, alarms, faults, journal and deadlines, in the caller's transaction.

    Storing the same objects again, after a commit of which nobody knows whether it took place,
    changes nothing.
    """
    cursor = signals.cursor_of(session)
    _know(session, group, book)
    code_book.read(session, [(each.protocol.name, each.message) for each in group])
    first, repeats = _once_each(group)
    raised = 0
    while first:
        batch = Batch()
        for each in first:
            device = book.get(each.account)
            batch.signals.append(_row(each, device, _weigh(each, device, batch)))
        new, first = _insert(cursor, batch, first, repeats)
        raised += sum(each in new for each in batch.raised)
        told = [each for signal_id, each in batch.told if signal_id in new]
        _record(session, faults.tell(cursor, told))
    if repeats:
        signals.count_repeats(cursor, repeats, clock.now())
        _record(session, _repeated(cursor, repeats))
    raised += _after_refusals(session, cursor, group, book)
    return Stored(raised, sum(repeats.values()), _heard(group, book))


def _know(session: Session, group: Sequence[Received], book: Book) -> None:
    """Look up accounts the book lacks, and open sealed frames with a key that may be new."""
    sealed = [each for each in group if each.message.verdict is Verdict.SEALED]
    doubtful = {each.account[1] for each in group if each.account not in book}
    doubtful |= {each.account[1] for each in sealed}
    doubtful.discard("")
    if not doubtful:
        return
    book.update(devices.known(session, accounts=doubtful))
    for each in sealed:
        found = book.get(each.account)
        if found is not None and found.key is not None:
            each.message = each.protocol.decode(each.cut, _always(found.key), each.at)
            each.digest = b""


def _always(key: bytes) -> KeyOf:
    return lambda _: key


def _once_each(group: Sequence[Received]) -> tuple[list[Received], dict[UUID, int]]:
    """The group without its own twins, and how often each was repeated within it."""
    first: dict[bytes, Received] = {}
    repeats: dict[UUID, int] = {}
    for each in group:
        each.digest = each.digest or signals.digest(each.protocol.name, each.message, each.cut.raw)
        same = first.setdefault(each.digest, each)
        if same is not each:
            repeats[same.id] = repeats.get(same.id, 0) + 1
    return list(first.values()), repeats


def _insert(
    cursor: Cursor[Any], batch: Batch, first: Sequence[Received], repeats: dict[UUID, int]
) -> tuple[set[UUID], list[Received]]:
    """Store what is new; returns the ids stored now, and what has to be tried once more.

    Repeats are counted. What was sent so long ago that it is news again lets go of its digest.
    """
    new = rows.store(
        cursor,
        signals=batch.signals,
        alarms=batch.alarms,
        facts=batch.facts,
        deadlines=batch.deadlines,
    )
    if len(new) == len(first):
        return new, []
    earlier = signals.earlier(cursor, [each.digest for each in first if each.id not in new])
    again: list[Received] = []
    too_old: set[UUID] = set()
    for each in first:
        known = earlier.get(each.digest)
        if each.id in new or (known is not None and known.id == each.id):
            continue  # the latter: committed by an attempt whose answer we never saw
        if known is None:
            again.append(each)  # whoever stored the same has just let go of it
        elif each.at - known.arrived_at >= signals.same_within(each.message):
            too_old.add(known.id)
            again.append(each)
        else:
            repeats[known.id] = repeats.get(known.id, 0) + 1 + repeats.pop(each.id, 0)
    if too_old:
        signals.let_go(cursor, too_old)
    return new, again


def _weigh(each: Received, device: Known | None, batch: Batch) -> str:
    """Turn the reports of a frame into alarms, faults and marks; returns what it became."""
    if each.message.verdict is not Verdict.GOOD:
        if each.message.verdict is Verdict.CLOCK_OFF and device is not None:
            batch.told.append((each.id, faults.Told(device.id, Kind.CLOCK, each.at, over=False)))
        return REFUSED
    reports = each.message.reports
    called_off = False
    for number, report in enumerate(reports):
        becomes = sort(report).becomes
        called_off = called_off or becomes is Becomes.CALLED_OFF
        if becomes is Becomes.ALARM:
            raise_(batch, each, number, report, device)
        elif becomes in FAULTY and device is not None:
            over = becomes is Becomes.FAULT_OVER
            batch.told.append((each.id, faults.Told(device.id, report.kind, each.at, over)))
    if called_off:
        signal = columns.key(each.id)
        batch.deadlines.append(rows.deadline(signal, escalation.CALLED_OFF, signal, each.at))
    return sort(_weightiest(reports)).becomes.value if reports else Becomes.KEPT.value


def _weightiest(reports: list[Report]) -> Report:
    if len(reports) == 1:
        return reports[0]
    return min(reports, key=lambda report: sort(report).weight)


def raise_(batch: Batch, each: Received, number: int, report: Report, device: Known | None) -> None:
    """One alarm, with its fact in the journal (alarms.AlarmRaised) and its first deadline."""
    alarm_id = uuid_utils.uuid7()
    signal, alarm = columns.key(each.id), columns.key(alarm_id)  # type: ignore[arg-type]
    message = each.message
    kind, lane, at = report.kind.value, lane_of(report.kind).value, columns.moment(each.at)
    device_id, person_id = _ids(device)
    north, east = message.position or (None, None)
    batch.raised.append(each.id)
    batch.alarms.append(
        (
            signal,
            alarm,
            columns.whole(number),
            columns.text(each.account[1]),
            device_id,
            person_id,
            columns.word(kind),
            columns.word(lane),
            columns.text(report.code),
            columns.text(report.zone),
            columns.flag(value=message.encrypted),
            columns.number_or_null(north),
            columns.number_or_null(east),
            columns.word(AlarmState.WAITING.value),
            at,
        )
    )
    facts = f'{{"alarm_id": "{alarm_id}", "alarm_kind": "{kind}", "lane": "{lane}"}}'
    raised = columns.word(AlarmRaised.kind)
    batch.facts.append((signal, at, raised, person_id, columns.document(facts)))
    due_at = each.at + alarms.ANSWER_WITHIN
    batch.deadlines.append(rows.deadline(signal, alarms.UNANSWERED, alarm, due_at))


def _ids(device: Known | None) -> tuple[bytes, bytes]:
    """Of the unit and of whoever lives with it."""
    if device is None:
        return columns.NULL, columns.NULL
    return columns.key(device.id), columns.key_or_null(device.person_id)


def _row(each: Received, device: Known | None, became: str) -> rows.Row:
    message = each.message
    return (
        columns.key(each.id),
        columns.moment(each.at),
        columns.word(each.protocol.name),
        columns.word(each.path),
        columns.text(each.peer),
        columns.octets(each.cut.raw),
        columns.word(message.verdict.value),
        columns.text(message.reason),
        columns.text(each.account[1]),
        columns.text(message.sequence),
        columns.flag(value=message.encrypted),
        columns.NULL if device is None else columns.key(device.id),
        columns.word(_weightiest(message.reports).kind.value if message.reports else ""),
        columns.word(became),
        columns.document(rows.decoded(message)),
        columns.octets(each.digest),
    )


def _heard(group: Sequence[Received], book: Book) -> dict[UUID, datetime]:
    """When each known unit last gave a trusted sign of life."""
    return {
        book[each.account].id: each.at
        for each in group
        if each.message.verdict is Verdict.GOOD and each.account in book
    }


def _after_refusals(
    session: Session, cursor: Cursor[Any], group: Sequence[Received], book: Book
) -> int:
    """Refused again and again, a unit may be a press we cannot read: an operator has to know."""
    refused = {each.account: each for each in group if refusals.may_be_a_press(each.message)}
    raised = 0
    for account, each in sorted(refused.items()):
        found = refusals.too_many(cursor, *account, each.at)
        if found is not None:
            number, signal_id = found
            device = book.get(account)
            alarms.raise_(
                session,
                signal_id=signal_id,
                position=number,
                account=account[1],
                device_id=device.id if device is not None else None,
                person_id=device.person_id if device is not None else None,
                kind=Kind.UNREADABLE,
                code=each.message.reason,
            )
            raised += 1
    # Screens are told by a thread of its own: a dead Redis must not delay an answer.
    session.info.pop("rang", None)
    return raised


def _record(session: Session, events: Sequence[Event]) -> None:
    journal.record_many(session, events)
    session.info.pop("rang", None)


def _repeated(cursor: Cursor[Any], repeats: dict[UUID, int]) -> list[Event]:
    """A fact for each press sent again; repeated heartbeats are no news."""
    cursor.execute(
        "SELECT signal_id, id, case_id, person_id FROM alarms WHERE signal_id = ANY(%b)",
        (list(repeats),),
    )
    return [
        SignalRepeated(signal_id=row[0], alarm_id=row[1], case_id=row[2], person_id=row[3])
        for row in cursor
    ]
