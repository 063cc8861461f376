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
