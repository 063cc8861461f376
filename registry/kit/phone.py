"""Phone numbers in E.164, the only form in which they are stored and compared."""

import phonenumbers

from registry.kit.errors import Invalid

HOME_REGION = "IT"
SHORTEST = 5


def e164(text: str, *, field: str = "phone") -> str:
    """The number as +39…, or Invalid when nobody could dial it."""
    try:
        number = phonenumbers.parse(text, HOME_REGION)
    except phonenumbers.NumberParseException:
        raise Invalid("“%(text)s” is not a phone number", field=field, text=text) from None
    if not phonenumbers.is_possible_number(number):
        raise Invalid("“%(text)s” is not a phone number", field=field, text=text)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def e164_or_none(text: str | None) -> str | None:
    """The same for what a network sends us: withheld and broken numbers become None."""
    if not text or len(text) < SHORTEST:
        return None
    try:
        return e164(text)
    except Invalid:
        return None


def spoken(number: str) -> str:
    """A number as people read it aloud: 081 555 0101 at home, +44 20 … from abroad."""
    try:
        parsed = phonenumbers.parse(number, HOME_REGION)
    except phonenumbers.NumberParseException:
        return number
    home = parsed.country_code == phonenumbers.country_code_for_region(HOME_REGION)
    style = phonenumbers.PhoneNumberFormat
    return phonenumbers.format_number(parsed, style.NATIONAL if home else style.INTERNATIONAL)
