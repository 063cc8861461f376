"""Codes of a person's file in words: parts, names, codes, alerts, how to ring safely."""

from datetime import datetime

from registry.safe_contacts import SafeContact
from webconsole.words import N_

# What somebody else has changed in the meantime.
PARTS = {
    "facts": N_("names, birth, languages"),
    "phones": N_("phones"),
    "addresses": N_("addresses"),
    "alerts": N_("alerts"),
    "near_people": N_("people nearby"),
    "near": N_("people nearby"),
    "names": N_("other names"),
    "identifiers": N_("codes"),
    "household": N_("household"),
    "picture": N_("photo"),
    "picture_of_the_door": N_("photo of the door"),
}

NAME_KINDS = {
    "birth": N_("Name at birth"),
    "married": N_("Married name"),
    "former": N_("Former name"),
    "alias": N_("Also known as"),
    "transliteration": N_("Written in another way"),
    "nickname": N_("Nickname"),
}

CODE_KINDS = {
    "tax_code": N_("Tax code"),
    "stp": N_("STP code"),
    "eni": N_("ENI code"),
    "residence_permit": N_("Residence permit"),
    "passport": N_("Passport"),
    "identity_card": N_("Identity card"),
    "protected_code": N_("Protected code"),
    "other": N_("Another code"),
}

DOUBTS = {
    "shape": N_("unusual shape"),
    "surname": N_("does not fit the family name"),
    "given_name": N_("does not fit the given name"),
    "birth": N_("does not fit the date of birth"),
    "omocodia": N_("one of several with the same code"),
}

AUDIENCES = {
    "everyone": N_("Everybody"),
    "desk": N_("Operations room"),
    "social_workers": N_("Social workers"),
    "teams": N_("Operations room and teams"),
}

PLACES = {
    "reference": N_("reference person"),
    "partner": N_("spouse or partner"),
    "child": N_("son or daughter"),
    "parent": N_("parent"),
    "sibling": N_("brother or sister"),
    "relative": N_("other relative"),
    "other": N_("no relative"),
}

# The four services of one timeline: the kinds of journal lines that begin so.
SERVICES = {
    "calls": ("callcenter.",),
    "alarms": ("telecare.",),
    "interventions": ("dispatch.",),
    "desk": ("registry.request", "registry.booking", "registry.case", "registry.contact"),
}
SERVICE_NAMES = {
    "calls": N_("Calls"),
    "alarms": N_("Alarms"),
    "interventions": N_("Interventions"),
    "desk": N_("Requests and appointments"),
}

IMPORT_STATES = {
    "uploaded": N_("columns to be said"),
    "checking": N_("being tried"),
    "checked": N_("tried: ready to be taken in"),
    "running": N_("being taken in"),
    "stopped": N_("stopped"),
    "done": N_("taken in"),
}

FIELDS = {
    "code": N_("Code in the other registry"),
    "family_name": N_("Family name"),
    "given_name": N_("Given name"),
    "birth_date": N_("Date of birth"),
    "birth_year": N_("Year of birth"),
    "tax_code": N_("Tax code"),
    "phone": N_("Phone"),
    "second_phone": N_("Second phone"),
    "street": N_("Street and number"),
    "town": N_("Town"),
    "language": N_("Language"),
}

CAUTIONS = {
    "no_call_back": N_("never call back"),
    "no_voicemail": N_("no voicemail"),
    "neutral_sender": N_("never say who we are"),
    "outside_hours": N_("not at this hour"),
    "code_word": N_("ask for the code word"),
}


def cautions(safe: SafeContact | None, at: datetime) -> list[str]:
    """What to mind before ringing this number, as codes of CAUTIONS."""
    return [each.value for each in safe.against_machine(at)] if safe else []
