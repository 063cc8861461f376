"""The one table of who listens to what, and of who keeps which deadline."""

from collections.abc import Callable, Iterable

from callcenter import (
    afterwards,
    announced,
    answering,
    call_events,
    calls,
    operators,
    queues,
    reminders,
    text_tasks,
    texts,
    tone_tasks,
    tones,
)
from callcenter import offers as call_offers
from callcenter import tasks as call_tasks
from callcenter.queues import in_turn
from dispatch import commands, interventions, offers, response, search
from registry import (
    attachments,
    audit,
    bookings,
    candidates,
    checks,
    disposals,
    hook_deliveries,
    hook_sender,
    importing,
    imports,
    once,
    received,
    referrals,
    scanning,
    seal_exports,
    sealing,
    sent_forms,
    still_needed,
    subject_access,
    tasks,
    transfers,
    unusual_reports,
)
from registry.journal import Event
from registry.kit.settings import settings
from registry.relay import Listener
from registry.sweeper import Inside, Outside
from telecare import (
    alarms,
    escalated_together,
    escalation,
    holding,
    outages,
    planned,
    reassurance,
    ringing,
    rounds,
    served,
    storm_voice,
    subscribers,
    taken,
    tech_jobs,
    unit_calls,
)
from telecare.receivers import probes
from telecare.receivers.prober import Prober
from webconsole import doors, erasing

# Facts that go up. A listener is (session, event), runs in its own transaction, safe to run twice.
LISTENERS: dict[type[Event], Iterable[Listener]] = {
    operators.OperatorAbsent: [holding.holder_left],
    announced.CallReplied: [ringing.heard, reassurance.heard],
    call_events.CallClosed: [ringing.heard, taken.call_closed, reassurance.heard],
    call_events.CallArrived: [unit_calls.arrived, storm_voice.rings],
    unit_calls.HomeOnTheLine: [storm_voice.rings],
    outages.OutageBegan: [storm_voice.began],
    call_events.CallAnswered: [unit_calls.answered],
    alarms.AlarmRaised: [unit_calls.raised],
    alarms.AlarmHandedBack: [unit_calls.changed_hands],
    alarms.AlarmClaimed: [ringing.alarm_taken, unit_calls.changed_hands],
    bookings.ReminderDue: [reminders.due],
    texts.TextSent: [reminders.sent],
    alarms.AlarmClosed: [ringing.alarm_closed],
}

# Deadlines kept by the sweeper itself, in the transaction that retires them: no Redis needed.
INSIDE: dict[str, Inside] = {
    call_offers.DUE: in_turn(answering.offer_due),
    call_offers.JOINS: in_turn(answering.operator_joins),
    answering.REJOINS: in_turn(answering.operator_rejoins),
    calls.WAITS: in_turn(answering.call_waits),
    calls.WRAP_UP: in_turn(afterwards.wrap_up),
    calls.CALL_BACK: in_turn(afterwards.call_back),
    operators.ABSENT: in_turn(queues.operator_absent),
    operators.BACK: in_turn(queues.operator_back),
    bookings.REMIND: bookings.remind,
    referrals.EXPECTED: referrals.overdue,
    offers.FIND_TEAM: search.look,
    offers.UNANSWERED: offers.unanswered,
    interventions.NOBODY_FOUND: search.look,
    interventions.NO_NEWS: response.no_news,
    alarms.UNANSWERED: escalation.unanswered,
    escalation.CALLED_OFF: escalation.called_off,
    alarms.HELD: holding.still_held,
    rounds.NEXT: ringing.next_,
    taken.CALL_AGAIN: taken.call_again,
    planned.PREPARE: planned.prepare,
    planned.RING: reassurance.ring,
    planned.MISSED: planned.missed,
    tech_jobs.LATE: tech_jobs.late,
}

# Deadlines that reach outside: kept by a worker, perhaps twice.
OUTSIDE: dict[str, Outside] = {
    calls.PLACE: call_tasks.place_call,
    calls.CHECK: call_tasks.check_call,
    calls.HANG_UP: call_tasks.hang_up,
    calls.SOFTPHONE: call_tasks.softphone,
    tones.SEND: tone_tasks.send,
    answering.PULL: call_tasks.pull_caller,
    answering.REQUEUE: call_tasks.requeue_caller,
    checks.VERIFY: checks.verify,
    disposals.EXECUTE: disposals.execute,
    candidates.FIND: candidates.find,
    imports.RUN: importing.run,
    attachments.SCAN: scanning.scan,
    texts.SEND: text_tasks.send,
    hook_deliveries.DELIVER: hook_sender.deliver,
    unusual_reports.REPORT: unusual_reports.report,
}

# What the sweeper keeps by the hundred, before it keeps the rest one by one.
FIRST: list[Callable[[], object]] = [escalated_together.go_round]

# What the sweeper does in every round besides.
CHORES: list[Callable[[], object]] = [
    sealing.seal_new,
    seal_exports.Exporter(lambda: settings().seals_path).look,
    commands.forget_old,
    once.forget_old,
    sent_forms.forget_old,
    hook_deliveries.gather,
    candidates.begin,
    unusual_reports.begin,
    Prober(lambda: probes.of(settings(), doors.local_host(settings()))).look,
]


def wire() -> None:
    """Tell tasks what they keep, disposals what stays and how it goes, audit what a look is."""
    tasks.wire(OUTSIDE)
    disposals.ERASE[:] = [erasing.erase]
    still_needed.MORE[:] = [served.served]
    audit.counts_as_look(
        subscribers.WayInShown.kind,
        attachments.AttachmentRead.kind,
        subject_access.ExportTaken.kind,
        transfers.FilePacked.kind,
        received.ReferralRead.kind,
    )
