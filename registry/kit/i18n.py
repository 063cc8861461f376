"""Italian first, English second: catalogues, and the language a reader asked for."""

import gettext
import io
from functools import lru_cache
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from starlette.requests import HTTPConnection

LANGUAGES = ("it", "en")
COOKIE = "centrale-language"
CATALOGUES = Path(__file__).parents[2] / "webconsole" / "locale"


def language_of(request: HTTPConnection) -> str:
    """The reader's choice, else the first language of the browser that we speak, else Italian."""
    chosen = request.cookies.get(COOKIE)
    if chosen in LANGUAGES:
        return str(chosen)
    for part in request.headers.get("accept-language", "").split(","):
        code = part.split(";")[0].strip()[:2].lower()
        if code in LANGUAGES:
            return code
    return LANGUAGES[0]


def spoken(*languages: str) -> str:
    """The first of somebody's languages that we speak, else Italian."""
    return next((each for each in languages if each in LANGUAGES), LANGUAGES[0])


@lru_cache
def catalogue(language: str) -> gettext.NullTranslations:
    """The catalogue of `language`; sentences that it lacks stay in English, as in the code."""
    translations = _read(language)
    if translations is None:
        return gettext.NullTranslations()
    compiled = io.BytesIO()
    write_mo(compiled, translations)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


@lru_cache
def browser_strings(language: str) -> dict[str, str | list[str]]:
    """The sentences that the console's modules say: a plural is a list of its forms."""
    translations = _read(language)
    if translations is None:
        return {}
    found: dict[str, str | list[str]] = {}
    for message in translations:
        if not any(place.endswith(".mjs") for place, _ in message.locations):
            continue
        if isinstance(message.id, (list, tuple)):
            found[message.id[0]] = list(message.string or ())
        elif message.string:
            found[message.id] = str(message.string)
    return found


def _read(language: str) -> Catalog | None:
    """Catalogues are read as their translators write them, so nothing has to be compiled."""
    path = CATALOGUES / language / "LC_MESSAGES" / "centrale.po"
    if not path.exists():
        return None
    with path.open("rb") as source:
        return read_po(source, locale=language)
