"""Two protocols may use the same account for two homes: neither speaks for the other."""

from datetime import timedelta

from sqlalchemy.orm import Session

from registry.kit import clock
from telecare import alarms, batch, escalation, refusals, signals
from telecare.protocols.base import AlarmProtocol, Cut, Kind, Message, Phase, Report, Verdict
from telecare.protocols.scaip import Scaip
from telecare.protocols.sia_dc09 import SiaDc09

DC09, SCAIP = SiaDc09(), Scaip()


def said(
    protocol: AlarmProtocol, kind: Kind, number: int, verdict: Verdict = Verdict.GOOD
) -> batch.Received:
    """One frame of account 4711, as the door of `protocol` hands it to the writer."""
    message = Message(
        verdict,
        account="4711",
        sequence=f"{number:04}",
        reports=[Report(kind, Phase.NEW, "")],
        content=b"%d" % number,
        reason="" if verdict is Verdict.GOOD else "wrong_key",
    )
    return batch.Received(protocol, Cut(b"frame", b""), message, "tcp", "here", clock.now())


def test_a_cancel_by_one_protocol_leaves_the_alarms_of_the_other(session: Session) -> None:
    press, other = said(DC09, Kind.PERSONAL, 1), said(SCAIP, Kind.PERSONAL, 1)
    cancel = said(SCAIP, Kind.CANCEL, 2)
    batch.store(session, [press, other, cancel], {})

    escalation.called_off(session, cancel.id)

    off = {alarm.signal_id: alarm.called_off_at is not None for alarm in alarms.listed(session)}
    assert off == {press.id: False, other.id: True}


def test_refusals_are_counted_by_protocol(session: Session) -> None:
    first = [said(DC09, Kind.PERSONAL, number, Verdict.SEALED) for number in (1, 2)]
    batch.store(session, [*first, said(SCAIP, Kind.PERSONAL, 1, Verdict.SEALED)], {})
    assert alarms.listed(session) == []

    batch.store(session, [said(DC09, Kind.PERSONAL, 3, Verdict.SEALED)], {})

    (alarm,) = alarms.listed(session)
    assert alarm.kind is Kind.UNREADABLE
    cursor = signals.cursor_of(session)
    later = clock.now() + timedelta(seconds=1)
    assert refusals.too_many(cursor, DC09.name, "4711", later) is None, "one is open already"
    batch.store(session, [said(SCAIP, Kind.PERSONAL, n, Verdict.SEALED) for n in (2, 3)], {})
    assert len(alarms.listed(session)) == 2, "the other unit is not hidden by the first"
