"""Pages from Jinja2 templates, in the reader's language; and problems as pages where people look."""

from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from registry.access import Actor
from registry.kit import clock, i18n
from registry.kit.phone import spoken

TEMPLATES = Path(__file__).parent / "templates"


@lru_cache
def environment(language: str) -> Environment:
    """One environment per language: gettext is fixed when a template is compiled."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
    )
    made.install_gettext_translations(i18n.catalogue(language), newstyle=True)  # type: ignore[attr-defined]
    made.filters["spoken"] = spoken
    return made


def page(
    request: Request, template: str, *, me: Actor | None = None, status: int = 200, **facts: Any
) -> HTMLResponse:
    """The template filled in. `me`, `csrf`, `language`, `request` and `now` are always there."""
    language = i18n.language_of(request)
    text = (
        environment(language)
        .get_template(template)
        .render(
            request=request,
            me=me,
            csrf=getattr(request.state, "csrf", ""),
            language=language,
            now=clock.now(),
            **facts,
        )
    )
    return HTMLResponse(text, status)


def wants_page(request: Request) -> bool:
    """Whether a person looks at the answer, rather than a program."""
    return "text/html" in request.headers.get("accept", "") and not request.url.path.startswith(
        "/api/"
    )
