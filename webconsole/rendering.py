"""Pages from Jinja2 templates in the reader's language, and problems as pages."""

import inspect
import json
import secrets
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fastapi import FastAPI
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.ext import Extension
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from typing_extensions import override

from registry.access import Actor
from registry.door import ONCE_FIELD, OWN_WAYS, FactorOwed, ProofWanted
from registry.kit import clock, i18n
from registry.kit.errors import Locked, NotSignedIn, Problem
from registry.kit.http import sentence, status_of
from registry.kit.phone import spoken
from registry.sent_forms import SentAlready
from webconsole.dress import dress, theme_of

TEMPLATES = Path(__file__).parent / "templates"
MISSING = 404


class Nonced(Extension):
    """Every script that a template writes bears the nonce; one smuggled in by a value does not."""

    @override
    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        return source.replace("<script ", '<script nonce="{{ nonce }}" ')


class Keyed(Extension):
    """Every form that proves it is ours gets a key as well: sent twice, it is done once."""

    @override
    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        field = '<input type="hidden" name="csrf" value="{{ csrf }}">'
        key = f'<input type="hidden" name="{ONCE_FIELD}" value="{{{{ once }}}}">'
        return source.replace(field, field + key)


@lru_cache
def environment(language: str) -> Environment:
    """One environment per language: gettext is fixed when a template is compiled."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do", Nonced, Keyed],
    )
    made.install_gettext_translations(i18n.catalogue(language), newstyle=True)  # type: ignore[attr-defined]
    made.filters["spoken"] = spoken
    dress(made, language)
    return made


def page(
    request: Request, template: str, *, me: Actor | None = None, status: int = 200, **facts: Any
) -> HTMLResponse:
    """The template filled in; it always has `me`, `csrf`, `language`, `theme`, `nonce`, `now`."""
    language = i18n.language_of(request)
    text = (
        environment(language)
        .get_template(template)
        .render(
            request=request,
            me=me,
            csrf=getattr(request.state, "csrf", ""),
            once=secrets.token_urlsafe(12),
            language=language,
            theme=theme_of(request),
            nonce=request.state.nonce,
            now=clock.now(),
            page_kind=template.removesuffix(".html"),
            shown_people=" ".join(sorted(getattr(request.state, "shown", ()))),
            **facts,
        )
    )
    return HTMLResponse(text, status)


@lru_cache
def kinds() -> frozenset[str]:
    """What `page_kind` may be."""
    return frozenset(
        str(each.relative_to(TEMPLATES).with_suffix("")) for each in TEMPLATES.rglob("*.html")
    )


def wants_page(request: Request) -> bool:
    """Whether a person looks at the answer, rather than a program."""
    return "text/html" in request.headers.get("accept", "") and not request.url.path.startswith(
        "/api/"
    )


def answer_problems(app: FastAPI) -> None:
    """Where a person looks, a problem is a page; a lost session leads to the way in and back."""
    for kind, answer in list(app.exception_handlers.items()):
        if not inspect.iscoroutinefunction(answer):
            app.add_exception_handler(kind, _as_page(answer))


def _confirm(request: Request, wanted: ProofWanted) -> Response:
    """A page that asks for the proof, and sends what was asked for again together with it."""
    there = f"{request.url.path}?{request.url.query}".removesuffix("?")
    reads = request.method == "GET"
    return page(
        request,
        "confirm.html",
        status=status_of(wanted.refused or wanted),
        action="/conferma" if reads else there,
        # By way of another site only an address can be carried along, and no words.
        back=there if reads else "",
        fields=(("poi", there),) if reads else wanted.asked.fields,
        ways=wanted.ways,
        error=sentence(request, wanted.refused) if wanted.refused else "",
        wrong=wanted.refused.field if wanted.refused else "",
    )


def _back(request: Request) -> str:
    """Where to go once signed in: what was asked for, and what lay behind a locked screen."""
    if request.url.path == "/blocco":
        return request.query_params.get("poi", "/")
    return request.url.path if request.method == "GET" else "/"


def _as_page(answer: Callable[..., Any]) -> Callable[[Request, Exception], Response]:
    """The same answer, for eyes: its sentence on a page."""

    def as_page(request: Request, problem: Exception) -> Response:
        said: Response = answer(request, problem)
        if not wants_page(request):
            return said
        if isinstance(problem, NotSignedIn):
            way_in = "/blocco" if isinstance(problem, Locked) else "/entra"
            return RedirectResponse(f"{way_in}?{urlencode({'poi': _back(request)})}", 303)
        if isinstance(problem, FactorOwed):
            return RedirectResponse(OWN_WAYS, 303)
        if isinstance(problem, SentAlready) and problem.led_to:
            return RedirectResponse(problem.led_to, 303)
        if isinstance(problem, ProofWanted):
            return _confirm(request, problem)
        missing = said.status_code == MISSING and not isinstance(problem, Problem)
        say = i18n.catalogue(i18n.language_of(request)).gettext
        words = (
            say("There is no such page: the address may be old, or mistyped.")
            if missing
            else str(json.loads(bytes(said.body))["detail"])
        )
        shown = page(request, "problem.html", status=said.status_code, sentence=words)
        if "retry-after" in said.headers:
            shown.headers["retry-after"] = said.headers["retry-after"]
        return shown

    return as_page
