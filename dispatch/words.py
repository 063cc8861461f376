"""What people read for each code of dispatch; the codes themselves never change."""

from collections.abc import Callable, Mapping

from starlette.requests import HTTPConnection

from dispatch.assignment import Why
from dispatch.interventions import InterventionState, Outcome
from dispatch.offers import Decline
from dispatch.standing import Standing
from dispatch.travel import Mode
from registry.kit import i18n

Say = Callable[[str], str]


def N_(sentence: str) -> str:  # noqa: N802 - the mark that gathers sentences for translation
    """Mark a sentence that is translated later."""
    return sentence


STATES: Mapping[str, str] = {
    InterventionState.REQUESTED: N_("Looking for a team"),
    InterventionState.SEARCHING: N_("Looking for a team"),
    InterventionState.ESCALATED: N_("No team found"),
    InterventionState.ASSIGNED: N_("Accepted, not yet on the way"),
    InterventionState.EN_ROUTE: N_("On the way"),
    InterventionState.ON_SCENE: N_("On the scene"),
    InterventionState.CLOSED: N_("Closed"),
    InterventionState.CANCELLED: N_("Called off"),
}
STANDINGS: Mapping[str, str] = {
    Standing.OFF_DUTY: N_("Off duty"),
    Standing.FREE: N_("Free"),
    Standing.OFFERED: N_("Asked, no answer yet"),
    Standing.ASSIGNED: N_("Accepted, not yet on the way"),
    Standing.EN_ROUTE: N_("On the way"),
    Standing.ON_SCENE: N_("On the scene"),
}
OUTCOMES: Mapping[str, str] = {
    Outcome.HELPED: N_("Helped on the spot"),
    Outcome.ACCOMPANIED: N_("Accompanied to a service or shelter"),
    Outcome.HANDED_OVER: N_("Handed over to another body"),
    Outcome.NOT_FOUND: N_("Nobody found"),
    Outcome.REFUSED: N_("Help refused"),
    Outcome.MOVED_ON: N_("The person had moved on"),
    Outcome.ALREADY_KNOWN: N_("Already followed by the services"),
    Outcome.NOT_NEEDED: N_("No help was needed"),
}
DECLINES: Mapping[str, str] = {
    Decline.BUSY: N_("We are busy"),
    Decline.TOO_FAR: N_("We are too far"),
    Decline.NOT_SUITED: N_("We lack what it takes"),
    Decline.NOT_SAFE: N_("It is not safe for us alone"),
    Decline.VEHICLE: N_("The vehicle cannot go"),
    Decline.OTHER: N_("Another reason"),
}
WHYS: Mapping[str, str] = {
    Why.OFF_DUTY: N_("off duty"),
    Why.BUSY: N_("on another intervention"),
    Why.ALREADY_ASKED: N_("already asked"),
    Why.LACKS_SKILLS: N_("lacks: %(skills)s"),
    Why.TOO_FEW: N_("two people are needed"),
    Why.SHIFT_ENDS: N_("the shift ends too soon"),
    Why.FROM_POSITION: N_("%(minutes)s min, estimated from where it is"),
    Why.FROM_BASE_OLD_POSITION: N_("%(minutes)s min from its base; old position, %(age)s min ago"),
    Why.FROM_BASE_NO_POSITION: N_("%(minutes)s min from its base; position unknown"),
    Why.WAY_UNKNOWN: N_("travel time unknown: the place is not on the map"),
}
KINDS: Mapping[str, str] = {
    "personal": N_("Call for help at home"),
    "help": N_("Call for help"),
    "fall": N_("Fall"),
    "inactivity": N_("No movement at home"),
    "smoke": N_("Smoke"),
    "gas": N_("Gas"),
    "water": N_("Water leak"),
    "temperature": N_("Dangerous temperature"),
    "wandering": N_("Left home, may be lost"),
    "medication": N_("Medicine not taken"),
    "intrusion": N_("Intrusion"),
    "silent": N_("No sign from the device"),
    "unknown": N_("Alarm of an unknown kind"),
    "homeless": N_("Person without a home"),
    "minor": N_("Minor in difficulty"),
    "violence": N_("Violence"),
    "eviction": N_("Without a place for tonight"),
    "check": N_("Nobody answers: go and see"),
    "other": N_("Intervention"),
}
SKILLS: Mapping[str, str] = {
    "elderly": N_("Old people"),
    "minors": N_("Minors"),
    "street": N_("Life on the street"),
    "mental_health": N_("Mental health"),
    "women": N_("Violence against women"),
    "languages": N_("Other languages"),
    "nurse": N_("Nurse"),
    "two_people": N_("Two people"),
}
MODES: Mapping[str, str] = {
    Mode.FOOT: N_("on foot"),
    Mode.BIKE: N_("by bicycle"),
    Mode.CITY_CAR: N_("by car"),
    Mode.COUNTRY_CAR: N_("by car, outside town"),
}


def said(words: Mapping[str, str], code: str, say: Say) -> str:
    """The words for a code in the reader's language; a code we do not know speaks for itself."""
    known = words.get(code)
    return say(known) if known else code.replace("_", " ").capitalize()


def sayer(request: HTTPConnection) -> Say:
    """Sentences in the language of whoever asks."""
    return i18n.catalogue(i18n.language_of(request)).gettext
