"""Italian first, English second: catalogues, and the language a reader asked for."""

import gettext
from functools import lru_cache
from pathlib import Path

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


@lru_cache
def catalogue(language: str) -> gettext.NullTranslations:
    """The catalogue of `language`; sentences that it lacks stay in English."""
    return gettext.translation("centrale", CATALOGUES, languages=[language], fallback=True)
