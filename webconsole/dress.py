"""What every page wears: the theme, the times as people write them, the words for the browser."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, format_time
from jinja2 import Environment
from markupsafe import Markup
from starlette.requests import Request

from registry import access, audiences, drawing, places
from registry.access import Actor, Right
from registry.kit import clock, i18n
from registry.people import Alert
from registry.places import Address
from webconsole.staff_words import COMPARTMENTS

ZONE = ZoneInfo("Europe/Rome")
THEME_COOKIE = "centrale-theme"
THEMES = ("light", "dark")


def dress(environment: Environment, language: str) -> None:
    """Give the templates of one language their filters and menus."""
    say = i18n.catalogue(language).gettext
    environment.filters["people_time"] = lambda at: people_time(at, language)
    environment.filters["to_the_second"] = lambda at: people_time(at, language, "HH:mm:ss")
    environment.filters["exactly"] = lambda at: exactly(at, language)
    environment.filters["day"] = lambda at: day(at, language)
    environment.filters["inline"] = inline
    environment.filters["when"] = lambda at: when(at, language)
    environment.globals["strings"] = island(i18n.browser_strings(language))
    environment.globals["languages"] = lambda: (("it", "Italiano"), ("en", "English"))
    environment.globals["themes"] = lambda: (
        ("auto", "settings", say("Colours of the system")),
        ("light", "sun", say("Light colours")),
        ("dark", "moon", say("Dark colours")),
    )
    environment.globals["may"] = may
    environment.filters["from_iso"] = datetime.fromisoformat
    environment.globals["alert_text"] = lambda alert, me: _alert(alert, me, say)
    environment.globals["alerts_for"] = lambda person, me: audiences.heard(me, person.alerts)
    environment.globals["address_text"] = lambda address, me: _address(address, me, say)
    environment.globals["nav"] = lambda me: _pages(me, say)


def _alert(alert: Alert, me: Actor, say: Callable[[str], str]) -> str:
    """What an alert says, or that there is one in a compartment that is not the reader's."""
    if alert.compartment is None or access.sees(me, alert.compartment):
        return alert.text
    return say("reserved part: %(part)s") % {"part": say(COMPARTMENTS[alert.compartment])}


def _address(address: Address, me: Actor, say: Callable[[str], str]) -> str:
    """Street and town, or that there is an address that is not for the reader."""
    if not places.told_to(me, address):
        return say("reserved part: %(part)s") % {"part": say(COMPARTMENTS["violence"])}
    return ", ".join(part for part in (address.street, address.town) if part)


def inline(picture: bytes) -> str:
    """A small picture as an address that holds it: looking at a page is one look, not two."""
    return f"data:{drawing.MEDIA_TYPE};base64,{base64.b64encode(picture).decode()}"


def theme_of(request: Request) -> str:
    """Light, dark, or empty for whatever the system prefers."""
    chosen = request.cookies.get(THEME_COOKIE, "")
    return chosen if chosen in THEMES else ""


def may(me: Actor | None, right: str) -> bool:
    return me is not None and access.can(me, Right(right))


def _pages(me: Actor | None, say: Any) -> list[tuple[str, str, str]]:
    """Address, word and letter of each page that this person may open."""
    everywhere = (
        ("/", say("Room"), "s", Right.ANSWER_CALLS),
        ("/allarmi", say("Alarms"), "a", Right.ANSWER_ALARMS),
        ("/chiamate", say("Calls"), "c", Right.ANSWER_CALLS),
        ("/interventi", say("Interventions"), "i", Right.REQUEST_TEAM),
        ("/persone", say("People"), "p", Right.READ_PEOPLE),
        ("/richieste", say("Requests"), "r", Right.READ_CASES),
        ("/elenco", say("Directory"), "e", Right.READ_CASES),
        ("/prenotazioni", say("Bookings"), "b", Right.READ_CASES),
        ("/teleassistenza", say("Telecare"), "t", Right.ANSWER_ALARMS),
        ("/casi", say("Cases"), "k", Right.READ_CASES),
        ("/invii", say("Referrals"), "j", Right.READ_CASES),
        ("/ricevuti", say("Referred to us"), "o", Right.ANSWER_REFERRALS),
        ("/revisione", say("Revision"), "v", Right.READ_JOURNAL),
        ("/privacy", say("Privacy"), "y", Right.READ_JOURNAL),
        ("/amministrazione", say("Administration"), "m", Right.MANAGE_STAFF),
        ("/amministrazione/elenchi", say("Coded lists"), "l", Right.MANAGE_CODES),
        ("/amministrazione/punti", say("Access points"), "u", Right.COORDINATE),
        ("/amministrazione/webhook", "Webhook", "w", Right.MANAGE_WEBHOOKS),
        ("/ricevitori", say("Doors"), "d", Right.MANAGE_DEVICES),
    )
    # Whoever reads cases finds the same, and more, among all referrals.
    twice = {"/ricevuti"} if may(me, Right.READ_CASES) else set()
    return [
        (to, word, key) for to, word, key, right in everywhere if may(me, right) and to not in twice
    ]


def island(facts: object) -> Markup:
    """JSON for a script element that is data: nothing in it can end the element."""
    text = json.dumps(facts, ensure_ascii=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c"))  # noqa: S704 - escaped on this line


def people_time(at: datetime, language: str, hours: str = "HH:mm") -> str:
    """Today "03:12", this year "21/11 03:12", else with the year."""
    local, today = at.astimezone(ZONE), clock.now().astimezone(ZONE)
    hour = format_time(local, hours, locale=language)
    if local.date() == today.date():
        return hour
    pattern = "dd/MM" if local.year == today.year else "dd/MM/yyyy"
    return f"{format_date(local, pattern, locale=language)} {hour}"


def day(at: datetime, language: str) -> str:
    """A day as it is said: "lunedì 23 novembre"."""
    return format_date(at.astimezone(ZONE), "EEEE d MMMM", locale=language)


def when(at: datetime, language: str) -> str:
    """The day and the minute of an appointment: "lunedì 23 novembre 2026, 09:00"."""
    return format_datetime(
        at.astimezone(UTC), "EEEE d MMMM yyyy, HH:mm", tzinfo=ZONE, locale=language
    )


def exactly(at: datetime, language: str) -> str:
    """The whole moment, for hover and print."""
    return format_datetime(
        at.astimezone(UTC), "EEEE d MMMM yyyy, HH:mm:ss", tzinfo=ZONE, locale=language
    )
