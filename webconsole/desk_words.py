"""Codes of the directory and of bookings in words, and conditions as people say them."""

from collections.abc import Mapping

from registry.eligibility import Fact, Rule
from webconsole.words import N_, Words

SERVICE_AREAS = {
    "socio_health": N_("Health and social care"),
    "home_care": N_("Care at home"),
    "economic": N_("Economic help"),
    "housing": N_("Housing"),
    "residential": N_("Residential care"),
    "day": N_("Day services"),
    "education": N_("School and training"),
    "work": N_("Work"),
    "sport": N_("Sport"),
    "culture": N_("Culture and company"),
    "transport": N_("Transport"),
    "listening": N_("Listening"),
    "rights": N_("Rights and papers"),
}

BODY_KINDS = {
    "own": N_("Municipality or district"),
    "public": N_("Other public body"),
    "third_sector": N_("Third sector"),
    "private": N_("Private"),
}

OUTLOOKS = {
    "likely": N_("The conditions seem to be met"),
    "unlikely": N_("A condition is not met"),
    "ask": N_("Something is still to be asked"),
}

VERDICTS = {"met": N_("met"), "not_met": N_("not met"), "unknown": N_("to be asked")}

FACTS = {
    "age": N_("Age"),
    "isee": N_("ISEE in euro"),
    "children": N_("Children under 18"),
    "town": N_("Town of residence"),
    "lives_alone": N_("Lives alone"),
    "disability": N_("Disability"),
    "homeless": N_("Homeless"),
    "pregnant": N_("Pregnant"),
}

POINT_KINDS = {
    "desk": N_("Desk"),
    "line": N_("Phone line"),
    "street": N_("Street team"),
    "web": N_("Web"),
    "mail": N_("Mail"),
}


# Why somebody was found, and what to ask when namesakes abound.
WHY = {
    "phone": N_("phone number"),
    "identifier": N_("code"),
    "case": N_("case number"),
    "family": N_("family name"),
    "family_alike": N_("similar family name"),
    "given": N_("given name"),
    "given_alike": N_("similar given name"),
    "nickname": N_("nickname"),
    "other_name": N_("another name"),
    "birth_date": N_("date of birth"),
    "year": N_("year"),
    "year_near": N_("year close by"),
    "place": N_("place"),
}

ASK_FOR = {
    "given_name": N_("Many have this name. Ask for the given name."),
    "birth_year": N_("Many have this name. Ask for the year of birth or the age."),
    "place": N_("Many have this name. Ask for the town they live in."),
    "phone": N_("Many have this name. Ask for the phone number."),
}


SLIPS = {
    "check_character": N_(
        "This codice fiscale has a slip: the last character does not belong to the others. "
        "Read it again from the card."
    ),
    "short": N_("Two letters are too few: write at least three, or the whole name."),
}


def condition(words: Words, rule: Rule) -> str:
    """One rule as a line: "Age: at least 65"."""
    said = words.of(FACTS, rule.fact)
    ends: Mapping[str, float | None] = {
        N_("at least %(n)s"): rule.at_least,
        N_("at most %(n)s"): rule.at_most,
    }
    parts = [words.say(text, n=f"{end:g}") for text, end in ends.items() if end is not None]
    if rule.fact is Fact.TOWN:
        parts = [", ".join(rule.one_of)]
    return f"{said}: {', '.join(parts)}" if parts else said
