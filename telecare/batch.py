"""A batch: what one commit writes for the frames that arrived together."""

import json
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
from telecare import alarms, devices, escalation, faults, refusals, rows, signals
from telecare.alarms import AlarmRaised
from telecare.devices import Known
from telecare.protocols.base import AlarmProtocol, Cut, KeyOf, Kind, Message, Report, Verdict
from telecare.protocols.sia_dc09 import position
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
    """Rows gathered for one commit, as lines for COPY."""

    at: datetime = field(default_factory=clock.now)
    signals: list[str] = field(default_factory=list)
    alarms: list[str] = field(default_factory=list)
    facts: list[str] = field(default_factory=list)
    deadlines: list[str] = field(default_factory=list)
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
        batch.signals.append(_line(each, device, _weigh(each, device, batch)))
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
    if each.message.verdict is not Verdict.GOOD:
        if each.message.verdict is Verdict.CLOCK_OFF and device is not None:
            batch.told.append(faults.Told(device.id, Kind.CLOCK, each.at, over=False))
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
            batch.told.append(faults.Told(device.id, report.kind, each.at, over))
    if called_off:
        batch.deadlines.append(rows.deadline(escalation.CALLED_OFF, str(each.id), each.at))
    return sort(_weightiest(reports)).becomes.value if reports else Becomes.KEPT.value


def _weightiest(reports: list[Report]) -> Report:
    if len(reports) == 1:
        return reports[0]
    return min(reports, key=lambda report: sort(report).weight)


def raise_(batch: Batch, each: Received, number: int, report: Report, device: Known | None) -> None:
    """One alarm, with its fact in the journal (alarms.AlarmRaised) and its first deadline."""
    alarm_id = str(uuid_utils.uuid7())
    message = each.message
    kind, lane, at = report.kind.value, lane_of(report.kind).value, str(each.at)
    device_id, person_id = (rows.NULL, rows.NULL) if device is None else _ids(device)
    north, east = message.position or position(message.extras) or (None, None)
    batch.alarms.append(
        f"{alarm_id}\t{each.id}\t{number}\t{rows.text(each.account[1])}\t{device_id}\t{person_id}"
        f"\t{kind}\t{lane}\t{rows.text(report.code)}\t{rows.text(report.zone)}"
        f"\t{message.encrypted}\t{rows.or_null(north)}\t{rows.or_null(east)}"
        f"\twaiting\t{at}\t0\t\n"
    )
    facts = f'{{"alarm_id": "{alarm_id}", "alarm_kind": "{kind}", "lane": "{lane}"}}'
    batch.facts.append(rows.fact(at, AlarmRaised.kind, person_id, rows.NULL, facts))
    due_at = each.at + alarms.ANSWER_WITHIN
    batch.deadlines.append(rows.deadline(alarms.UNANSWERED, alarm_id, due_at))


def _ids(device: Known) -> tuple[str, str]:
    return str(device.id), rows.or_null(device.person_id)


def _line(each: Received, device: Known | None, became: str) -> str:
    message = each.message
    kind = _weightiest(message.reports).kind.value if message.reports else ""
    return (
        f"{each.id}\t{each.at}\t{each.protocol.name}\t{each.path}\t{rows.text(each.peer)}"
        f"\t{rows.bytes_of(each.cut.raw)}\t{message.verdict.value}\t{rows.text(message.reason)}"
        f"\t{rows.text(each.account[1])}\t{rows.text(message.sequence)}\t{message.encrypted}"
        f"\t{rows.NULL if device is None else device.id}\t{kind}\t{became}"
        f"\t{rows.json_of(rows.decoded(message))}\t{rows.bytes_of(each.digest)}\t0\n"
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
    rows.write(cursor, rows.SIGNALS, batch.signals)
    rows.write(cursor, rows.ALARMS, batch.alarms)
    if batch.told:
        batch.facts += [_fact(event) for event in faults.tell(cursor, batch.told)]
    if batch.repeats:
        signals.count_repeats(cursor, batch.repeats, batch.at)
        batch.facts += [_fact(event) for event in _repeated(cursor, batch.repeats)]
    rows.write(cursor, rows.JOURNAL, batch.facts)
    rows.write(cursor, rows.DEADLINES, batch.deadlines)


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


def _fact(event: Event) -> str:
    row = journal.row(event)
    facts = json.dumps(row["facts"], default=str)
    person_id, case_id = rows.or_null(row["person_id"]), rows.or_null(row["case_id"])
    return rows.fact(str(row["at"]), row["kind"], person_id, case_id, facts)
