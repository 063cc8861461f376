"""Codes in words: what alarms, calls, interventions and journal lines are called on a screen."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from dispatch import words as dispatch_words
from registry.journal import Entry
from registry.kit import i18n
from webconsole import (
    case_words,
    directory_words,
    language_words,
    log_in_words,
    privacy_words,
    telecare_words,
)


def N_(sentence: str) -> str:  # noqa: N802 - gettext's own name for "mark, translate later"
    return sentence


KINDS = dict(dispatch_words.KINDS) | {
    "personal": N_("Call button"),
    "fall": N_("Fall"),
    "inactivity": N_("No sign of life"),
    "smoke": N_("Smoke or fire"),
    "gas": N_("Gas"),
    "water": N_("Water leak"),
    "temperature": N_("Too cold or too hot"),
    "wandering": N_("Gone from home"),
    "medication": N_("Medicine not taken"),
    "intrusion": N_("Somebody broke in"),
    "unknown": N_("Unknown signal"),
    "unreadable": N_("Unreadable signal"),
}

ALARM_OUTCOMES = {
    "helped_by_voice": N_("Helped by voice"),
    "pressed_by_mistake": N_("Pressed by mistake"),
    "wanted_company": N_("Wanted company"),
    "near_person_went": N_("A near person went"),
    "team_sent": N_("Team sent"),
    "ambulance_called": N_("Ambulance called (118)"),
    "fire_or_police_called": N_("Fire brigade or police called"),
    "nobody_answered": N_("Nobody answered"),
    "technical": N_("Technical fault"),
    "test": N_("Test"),
}

CALL_OUTCOMES = {
    "information": N_("Information given"),
    "listening": N_("Listening"),
    "referred": N_("Sent to the right service"),
    "intervention": N_("Team sent"),
    "emergency": N_("Passed to the emergency number"),
    "called_back": N_("Called back"),
    "to_call_back": N_("To be called back"),
    "reached": N_("Spoken with"),
    "not_reached": N_("Nobody answered"),
    "silent": N_("Silent call"),
    "wrong_number": N_("Wrong number"),
    "nuisance": N_("Nuisance call"),
}

STATES = {
    "waiting": N_("waiting"),
    "claimed": N_("in hand"),
    "escalated": N_("escalated"),
    "closed": N_("closed"),
    "wanted": N_("about to be dialled"),
    "placing": N_("dialling"),
    "uncertain": N_("uncertain: check before calling again"),
    "ringing": N_("ringing"),
    "offered": N_("offered"),
    "answered": N_("connecting"),
    "talking": N_("in conversation"),
    "abandoned": N_("abandoned"),
    "ended": N_("outcome to be written"),
    "open": N_("open"),
}
CALL_STATES = STATES | {"closed": N_("written up")}

JOB_STATES = dispatch_words.STATES
JOB_OUTCOMES = dispatch_words.OUTCOMES
STANDINGS = dispatch_words.STANDINGS

HAPPENED = {
    **telecare_words.HAPPENED,
    **case_words.HAPPENED,
    **directory_words.HAPPENED,
    **log_in_words.HAPPENED,
    **privacy_words.HAPPENED,
    "registry.person_created": N_("File opened"),
    "registry.person_changed": N_("File changed"),
    "registry.person_identified": N_("The person has a name now"),
    "registry.people_merged": N_("Two files became one"),
    "registry.merge_undone": N_("Merge undone"),
    "registry.household_changed": N_("Household changed"),
    "registry.import_moved": N_("Import of another registry"),
    "registry.person_read": N_("File read"),
    "registry.name_added": N_("Another name written down"),
    "registry.identifier_added": N_("Code written down"),
    "registry.told_apart": N_("Told apart from somebody with a similar name"),
    "registry.person_named": N_("The person became known"),
    "callcenter.caller_named": N_("The caller became known"),
    "registry.opening_seen": N_("Opening of a reserved file seen by the coordinator"),
    "registry.journal_checked": N_("Journal checked against its seals"),
    "registry.people_searched": N_("People searched"),
    "registry.staff_added": N_("Staff added"),
    "registry.staff_left": N_("Staff left"),
    "registry.staff_changed": N_("Staff changed"),
    "registry.staff_returned": N_("Staff came back"),
    "registry.staff_invited": N_("Code for a new password made"),
    "registry.office_opened": N_("Office added"),
    "registry.office_changed": N_("Whose an office is was changed"),
    "registry.qualification_recorded": N_("Qualification recorded"),
    "registry.qualification_ended": N_("Qualification ended"),
    "registry.case_opened": N_("Case opened"),
    "registry.case_closed": N_("Case closed"),
    "registry.case_reopened": N_("Case reopened"),
    "registry.contact_recorded": N_("Contact written down"),
    "registry.request_received": N_("Request received"),
    "registry.request_changed": N_("Request looked at again"),
    "registry.request_triaged": N_("Need understood"),
    "registry.request_answered": N_("Request answered"),
    "registry.request_withdrawn": N_("Request withdrawn by the person"),
    "registry.booking_made": N_("Appointment booked"),
    "registry.booking_moved_up": N_("Place found from the waiting list"),
    "registry.booking_ended": N_("Appointment over"),
    "registry.reminder_due": N_("Reminder of the appointment to be given"),
    "registry.reminder_given": N_("Reminded of the appointment"),
    "callcenter.call_arrived": N_("Call came in"),
    "callcenter.call_placed": N_("Call asked for"),
    "callcenter.call_offered": N_("Call offered"),
    "callcenter.call_answered": N_("Call answered"),
    "callcenter.call_connected": N_("In conversation with the operator"),
    "callcenter.call_passed_on": N_("Call passed on to a colleague"),
    "callcenter.call_waits_long": N_("Call waits long: more people told"),
    "callcenter.call_uncertain": N_("Nobody knows whether the call went out"),
    "callcenter.call_still_open": N_("The outcome of the call is missing"),
    "callcenter.call_abandoned": N_("Caller hung up while waiting"),
    "callcenter.line_added": N_("Line added"),
    "callcenter.operator_chose": N_("Operator changed status"),
    "callcenter.operator_paused": N_("Operator put on a break by a rule"),
    "callcenter.operator_absent": N_("Operator's station does not answer"),
    "callcenter.operator_back": N_("Operator's station answers again"),
    "callcenter.call_ended": N_("Conversation over"),
    "callcenter.call_closed": N_("Call closed"),
    "telecare.alarm_raised": N_("Alarm raised"),
    "telecare.alarm_claimed": N_("Alarm taken"),
    "telecare.alarm_handed_back": N_("Alarm put back in the queue"),
    "telecare.alarm_escalated": N_("Nobody had taken the alarm: more people told"),
    "telecare.alarm_called_off": N_("The unit took the alarm back"),
    "telecare.alarm_closed": N_("Alarm closed"),
    "telecare.signal_repeated": N_("Signal repeated"),
    "telecare.devices_silent": N_("Devices silent"),
    "telecare.outage_began": N_("Many devices in the same trouble"),
    "telecare.outage_ended": N_("The trouble of many devices is over"),
    "telecare.absence_declared": N_("Absence written down"),
    "telecare.absence_ended": N_("Back from an absence"),
    "telecare.device_added": N_("Device added"),
    "telecare.device_changed": N_("Device changed"),
    "telecare.door_failed": N_("A receiver does not take our own test"),
    "telecare.door_works_again": N_("A receiver works again"),
    "telecare.device_token_issued": N_("Token of a device issued"),
    "telecare.device_token_revoked": N_("Token of a device revoked"),
    "telecare.fault_opened": N_("Device fault"),
    "telecare.fault_ended": N_("Device fault over"),
    "dispatch.intervention_requested": N_("Team asked for"),
    "dispatch.intervention_escalated": N_("No team found yet: coordinator told"),
    "dispatch.intervention_cancelled": N_("Intervention cancelled"),
    "dispatch.intervention_closed": N_("Intervention closed"),
    "dispatch.team_offered": N_("Request sent to a team"),
    "dispatch.offer_accepted": N_("Team accepted"),
    "dispatch.offer_declined": N_("Team declined"),
    "dispatch.offer_expired": N_("Team did not answer in time"),
    "dispatch.offer_delivered": N_("Request seen by the team"),
    "dispatch.offer_withdrawn": N_("Request withdrawn"),
    "dispatch.job_given_back": N_("Team gave the intervention back"),
    "dispatch.team_silent": N_("No news from the team"),
    "dispatch.team_formed": N_("Team formed"),
    "dispatch.team_signed_on": N_("Team on duty"),
    "dispatch.team_signed_off": N_("Team off duty"),
    "dispatch.team_set_out": N_("Team on the way"),
    "dispatch.team_arrived": N_("Team on the scene"),
}

AREAS = {
    "helpline": N_("Helpline"),
    "emergency": N_("Emergency"),
    "telecare": N_("Telecare"),
    "guardianship": N_("Guardianship"),
    "social_services": N_("Social services"),
}

ADDRESSES = {
    "residence": N_("Residence"),
    "domicile": N_("Domicile"),
    "fictitious": N_("Registered address, not a place"),
    "found_at": N_("Usually found at"),
    "hidden": N_("Hidden address"),
}

CHANNELS = {
    "phone": N_("By phone"),
    "telecare": N_("From a telecare unit"),
    "desk": N_("At the desk"),
    "street": N_("In the street"),
    "visit": N_("On a visit"),
    "web": N_("On the web"),
    "mail": N_("By letter or e-mail"),
}

ASKERS = {
    "self": N_("The person concerned"),
    "family": N_("A relative"),
    "neighbour": N_("A neighbour or friend"),
    "professional": N_("A professional or another service"),
    "guardian": N_("A guardian or legal representative"),
    "other": N_("Somebody else"),
    "anonymous": N_("Somebody who does not say who they are"),
}

REQUEST_STATES = {
    "received": N_("to be looked at"),
    "simple": N_("simple: to be answered"),
    "answered": N_("solved here"),
    "taken_on": N_("taken on with a case"),
    "withdrawn": N_("withdrawn"),
}

BOOKING_STATES = {
    "booked": N_("booked"),
    "waiting": N_("on the waiting list"),
    "cancelled": N_("cancelled"),
    "kept": N_("came"),
    "no_show": N_("did not come"),
}

TRIAGES = {"simple": N_("Simple need"), "complex": N_("Complex need")}

ICONS = {"callcenter": "phone", "telecare": "alarm", "dispatch": "team", "registry": "case"}

# The fact of a journal line that says more than its kind, and the words for its codes.
DETAILS: dict[str, tuple[str, Mapping[str, str]]] = {
    "telecare.alarm_raised": ("alarm_kind", KINDS),
    "telecare.alarm_closed": ("outcome", ALARM_OUTCOMES),
    "callcenter.call_closed": ("outcome", CALL_OUTCOMES),
    "dispatch.intervention_closed": ("outcome", JOB_OUTCOMES),
    "dispatch.intervention_requested": ("what", KINDS),
    "registry.case_opened": ("area", AREAS),
    "registry.request_received": ("channel", CHANNELS),
    "registry.request_triaged": ("decision", TRIAGES),
    "registry.booking_made": ("state", BOOKING_STATES),
    "registry.booking_ended": ("state", BOOKING_STATES),
    **telecare_words.DETAILS,
    **case_words.DETAILS,
}


class Words:
    """The words of one language."""

    def __init__(self, language: str) -> None:
        self._say = i18n.catalogue(language).gettext

    def say(self, sentence: str, **values: Any) -> str:
        said = self._say(sentence)
        return said % values if values else said

    def of(self, table: Mapping[str, str], code: str) -> str:
        """The word for a code; one that has none yet is shown as it is, without its underscores."""
        return self._say(table[code]) if code in table else code.replace("_", " ")

    def kind(self, code: str) -> str:
        return self.of(KINDS, code)

    def state(self, code: str) -> str:
        return self.of(STATES, code)

    def job_state(self, code: str) -> str:
        return self.of(JOB_STATES, code)

    def job_outcome(self, code: str) -> str:
        return self.of(JOB_OUTCOMES, code)

    def alarm_outcome(self, code: str) -> str:
        return self.of(ALARM_OUTCOMES, code)

    def call_outcome(self, code: str) -> str:
        return self.of(CALL_OUTCOMES, code)

    def area(self, code: str) -> str:
        return self.of(AREAS, code)

    def address(self, code: str) -> str:
        return self.of(ADDRESSES, code)

    def absence(self, code: str) -> str:
        return self.of(telecare_words.ABSENCES, code)

    def why_in(self, code: str) -> str:
        return self.of(telecare_words.WHY_IN, code)

    def step(self, code: str) -> str:
        return self.of(telecare_words.STEPS, code)

    def step_outcome(self, code: str) -> str:
        return self.of(telecare_words.STEP_OUTCOMES, code)

    def round_state(self, code: str) -> str:
        return self.of(telecare_words.ROUND_STATES, code)

    def round_whom(self, code: str) -> str:
        return self.of(telecare_words.WHOM, code)

    def target_clock(self, code: str) -> str:
        return self.of(telecare_words.CLOCKS, code)

    def stretch(self, seconds: int) -> str:
        """A promised time in the unit in which one says it: 60 s, 45 min, 48 h."""
        for unit, sentence in ((3600, "%(n)s h"), (60, "%(n)s min")):
            if seconds > 2 * unit and seconds % unit == 0:
                return self.say(sentence, n=seconds // unit)
        return self.say("%(n)s s", n=seconds)

    def went(self, code: str) -> str:
        return self.of(telecare_words.WENT, code)

    def stock_state(self, code: str) -> str:
        return self.of(telecare_words.STOCK_STATES, code)

    def tech_job(self, code: str) -> str:
        return self.of(telecare_words.TECH_JOBS, code)

    def tech_job_state(self, code: str) -> str:
        return self.of(telecare_words.TECH_JOB_STATES, code)

    def why_first(self, code: str) -> str:
        return self.of(telecare_words.WHY_FIRST, code)

    def purpose(self, code: str) -> str:
        return self.of(telecare_words.PURPOSES, code)

    def called_by(self, code: str) -> str:
        return self.of(telecare_words.BY, code)

    def planned_state(self, code: str) -> str:
        return self.of(telecare_words.PLANNED_STATES, code)

    def result(self, code: str) -> str:
        return self.of(telecare_words.RESULTS, code)

    def weekday(self, code: str) -> str:
        return self.of(telecare_words.WEEKDAYS, code)

    def channel(self, code: str) -> str:
        return self.of(CHANNELS, code)

    def asker(self, code: str) -> str:
        return self.of(ASKERS, code)

    def booking_state(self, code: str) -> str:
        return self.of(BOOKING_STATES, code)

    def request_state(self, code: str) -> str:
        return self.of(REQUEST_STATES, code)

    @staticmethod
    def icon(kind: str) -> str:
        """The icon of a journal line: its package's."""
        return ICONS.get(kind.partition(".")[0], "note")

    def language(self, code: str) -> str:
        return self.of(language_words.LANGUAGES, code)

    def happened(self, entry: Entry) -> str:
        """One line of a story: what happened, and the code that tells more."""
        said = self.of(HAPPENED, entry.kind)
        fact, table = DETAILS.get(entry.kind, ("", {}))
        code = entry.facts.get(fact)
        return f"{said}: {self.of(table, str(code)).lower()}" if code else said


@lru_cache
def words(language: str) -> Words:
    return Words(language)
