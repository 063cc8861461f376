"""A batch: what one commit writes for the frames that arrived together."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Cursor
from sqlalchemy.orm import Session

from registry import journal
from registry.journal import Event
from registry.kit import clock
from registry.kit.db import new_id
from telecare import alarms, devices, escalation, faults, refusals, signals
from telecare.alarms import AlarmRaised, AlarmState
from telecare.devices import Known
from telecare.protocols.base import AlarmProtocol, Cut, KeyOf, Kind, Message, Report, Verdict
from telecare.protocols.sia_dc09 import position
from telecare.signals import SignalRepeated
from telecare.triage import Becomes, lane_of, sort

REFUSED = "refused"
# Which of several reports speaks for the frame in lists.
WEIGHT = [Becomes.ALARM, Becomes.CALLED_OFF, Becomes.FAULT, Becomes.FAULT_OVER, Becomes.KEPT]
JOURNAL = "COPY journal (at, kind, actor_id, case_id, person_id, facts) FROM STDIN"
DEADLINES = "COPY deadlines (id, kind, subject_id, due_at) FROM STDIN"

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

    @property
    def account(self) -> Account:
        return self.protocol.name, self.message.account.upper()


@dataclass(slots=True)
class Batch:
    """Rows gathered for one commit."""

    at: datetime = field(default_factory=clock.now)
    signals: list[Sequence[Any]] = field(default_factory=list)
    alarms: list[Sequence[Any]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    deadlines: list[Sequence[Any]] = field(default_factory=list)
    told: list[faults.Told] = field(default_factory=list)
    repeats: dict[UUID, int] = field(default_factory=dict)


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
    batch = Batch()
    for each in _news(cursor, group, batch):
        device = book.get(each.account)
        batch.signals.append(_row(each, device, _weigh(each, device, batch)))
    _write(cursor, batch)
    stored = Stored(len(batch.alarms), sum(batch.repeats.values()), _heard(group, book))
    _write(cursor, _after_refusals(cursor, group, book))
    return stored


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


def _news(cursor: Cursor[Any], group: Sequence[Received], batch: Batch) -> list[Received]:
    """Those of the group that are not repeats; repeats are counted in the batch."""
    for each in group:
        each.digest = each.digest or signals.digest(each.protocol.name, each.message, each.cut.raw)
    earlier = signals.earlier(cursor, [each.digest for each in group])
    too_old: set[UUID] = set()
    first: dict[bytes, Received] = {}
    for each in group:
        known = earlier.get(each.digest)
        if known is not None and known.id == each.id:
            continue  # committed by an attempt whose answer we never saw
        if known is not None and each.at - known.arrived_at >= signals.same_within(each.message):
            too_old.add(known.id)
            known = None
        same = known or first.get(each.digest)
        if same is None:
            first[each.digest] = each
        else:
            batch.repeats[same.id] = batch.repeats.get(same.id, 0) + 1
    if too_old:
        signals.let_go(cursor, too_old)
    return list(first.values())


def _weigh(each: Received, device: Known | None, batch: Batch) -> str:
    """Turn the reports of a frame into alarms, faults and marks; returns what it became."""
    if each.message.verdict is Verdict.CLOCK_OFF and device is not None:
        batch.told.append(faults.Told(device.id, Kind.CLOCK, each.at, over=False))
    if each.message.verdict is not Verdict.GOOD:
        return REFUSED
    became = {sort(report).becomes for report in each.message.reports}
    for number, report in enumerate(each.message.reports):
        becomes = sort(report).becomes
        if becomes is Becomes.ALARM:
            raise_(batch, each, number, report, device)
        elif becomes in {Becomes.FAULT, Becomes.FAULT_OVER} and device is not None:
            over = becomes is Becomes.FAULT_OVER
            batch.told.append(faults.Told(device.id, report.kind, each.at, over))
    if Becomes.CALLED_OFF in became:
        batch.deadlines.append((new_id(), escalation.CALLED_OFF, each.id, each.at))
    return min(became, key=WEIGHT.index, default=Becomes.KEPT).value


def raise_(batch: Batch, each: Received, number: int, report: Report, device: Known | None) -> None:
    """One alarm, with its fact in the journal and its first deadline."""
    alarm_id = new_id()
    lane = lane_of(report.kind)
    person_id = device.person_id if device is not None else None
    at = each.message.position or position(each.message.extras)
    batch.alarms.append(
        (
            alarm_id,
            each.id,
            number,
            each.account[1],
            device.id if device is not None else None,
            person_id,
            report.kind.value,
            lane.value,
            report.code,
            report.zone,
            each.message.encrypted,
            at[0] if at else None,
            at[1] if at else None,
            AlarmState.WAITING.value,
            each.at,
            0,
            "",
        )
    )
    batch.events.append(
        AlarmRaised(
            person_id=person_id, alarm_id=alarm_id, alarm_kind=report.kind.value, lane=lane.value
        )
    )
    batch.deadlines.append((new_id(), alarms.UNANSWERED, alarm_id, each.at + alarms.ANSWER_WITHIN))


def _row(each: Received, device: Known | None, became: str) -> Sequence[Any]:
    message = each.message
    reports = message.reports
    weightiest = min(reports, key=lambda one: WEIGHT.index(sort(one).becomes), default=None)
    return (
        each.id,
        each.at,
        each.protocol.name,
        each.path,
        each.peer,
        each.cut.raw,
        message.verdict.value,
        message.reason,
        each.account[1],
        message.sequence,
        message.encrypted,
        device.id if device is not None else None,
        weightiest.kind.value if weightiest is not None else "",
        became,
        signals.decoded(message),
        each.digest,
        0,
        None,
    )


def _heard(group: Sequence[Received], book: Book) -> dict[UUID, datetime]:
    """When each known unit last gave a trusted sign of life."""
    return {
        book[each.account].id: each.at
        for each in group
        if each.message.verdict is Verdict.GOOD and each.account in book
    }


def _after_refusals(cursor: Cursor[Any], group: Sequence[Received], book: Book) -> Batch:
    """Refused again and again, a unit may be a press we cannot read: an operator has to know."""
    more = Batch()
    refused = {each.account: each for each in group if refusals.may_be_a_press(each.message)}
    for account, each in sorted(refused.items()):
        number = refusals.too_many(cursor, account[1], each.at)
        if number is not None:
            report = Report(Kind.UNREADABLE, refusals.PHASE, each.message.reason)
            raise_(more, each, number, report, book.get(account))
    return more


def _write(cursor: Cursor[Any], batch: Batch) -> None:
    if batch.signals:
        signals.store(cursor, batch.signals)
    if batch.alarms:
        alarms.raise_many(cursor, batch.alarms)
    if batch.told:
        batch.events += faults.tell(cursor, batch.told)
    if batch.repeats:
        signals.count_repeats(cursor, batch.repeats, batch.at)
        batch.events += _repeated(cursor, batch.repeats)
    _copy(cursor, JOURNAL, [_line(event) for event in batch.events])
    _copy(cursor, DEADLINES, batch.deadlines)


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


def _copy(cursor: Cursor[Any], into: str, rows: Sequence[Sequence[Any]]) -> None:
    if rows:
        with cursor.copy(into) as copy:
            for row in rows:
                copy.write_row(row)


def _line(event: Event) -> Sequence[Any]:
    row = journal.row(event)
    facts = json.dumps(row["facts"], default=str)
    return (row["at"], row["kind"], None, row["case_id"], row["person_id"], facts)
