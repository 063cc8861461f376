"""The door: who is asking, by cookie or by token, and whether they may."""

import hashlib
import hmac
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from fastapi.params import Depends as Dependency
from starlette.requests import HTTPConnection

from registry import access, factors, listed, proofs, sent_forms, sessions, tokens
from registry.access import Actor, Right
from registry.kit.errors import Locked, NotAllowed, Problem
from registry.kit.http import InTransaction
from registry.kit.settings import settings
from registry.sessions import Signed

COOKIE = "__Host-centrale"
CSRF_HEADER = "X-CSRF-Token"
CSRF_FIELD = "csrf"
# The key of a form: sent again with the same content it is not done again (sent_forms.py).
ONCE_FIELD, ONCE_HEADER = "once", "X-Form-Key"
ONCE_LONGEST = 64
READING = frozenset({"GET", "HEAD", "OPTIONS"})
# Sent by scripts that look by themselves, so that polling does not keep a screen unlocked.
BACKGROUND_HEADER = "X-Background"
# The pages on which somebody sets up their second factor: open to whoever owes us one.
OWN_WAYS = "/accesso"
PASSWORD_FIELD, CODE_FIELD = "prova_password", "prova_codice"
NOT_CARRIED = frozenset({CSRF_FIELD, ONCE_FIELD, PASSWORD_FIELD, CODE_FIELD})


class FactorOwed(NotAllowed):
    """Nothing opens before they have a second factor."""


class ProofWanted(NotAllowed):
    """It has to be shown again that this is the same person; then what was asked is done."""

    def __init__(
        self, message: str, *, asked: "Asked", ways: frozenset[str], refused: Problem | None
    ) -> None:
        super().__init__(message)
        self.asked = asked
        self.ways = ways
        self.refused = refused
        self.more = {"proof": "/conferma"}


@dataclass(frozen=True)
class Asked:
    """What a form said, the proof apart: it is sent again with the proof, so nothing is lost."""

    password: str
    code: str
    fields: tuple[tuple[str, str], ...]


def _has_form(request: Request) -> bool:
    return request.headers.get("content-type", "").startswith(
        ("application/x-www-form-urlencoded", "multipart/form-data")
    )


async def _sent_csrf(request: Request) -> str:
    """The token a page sends back: in a header from scripts, in a field from forms."""
    sent = request.headers.get(CSRF_HEADER)
    if sent is None and _has_form(request):
        sent = str((await request.form()).get(CSRF_FIELD, ""))
    return sent or ""


async def _sent_once(request: Request) -> bytes | None:
    """Key, place and content of a form in one digest; None for whatever has no key."""
    if request.method in READING:
        return None
    form = await request.form() if _has_form(request) else None
    key = str(form.get(ONCE_FIELD, "")) if form else request.headers.get(ONCE_HEADER, "")
    if not 0 < len(key) <= ONCE_LONGEST:
        return None
    said = hashlib.sha256(f"{request.url.path} {key}".encode())
    if form is None:
        said.update(await request.body())
    for name, value in form.multi_items() if form else ():
        # Of a file its name and size are enough to tell it from another choice.
        content = value if isinstance(value, str) else f"{value.filename} {value.size}"
        said.update(f"\0{name}\0{content}".encode())
    return said.digest()


async def _asked(request: Request) -> Asked:
    """A form's words, and the proof that came with them."""
    form = (await request.form()).multi_items() if _has_form(request) else []
    said = [(name, value) for name, value in form if isinstance(value, str)]
    proof = dict(said)
    return Asked(
        proof.get(PASSWORD_FIELD, "")[: sessions.LONGEST],
        proof.get(CODE_FIELD, "")[: sessions.LONGEST],
        tuple(each for each in said if each[0] not in NOT_CARRIED),
    )


def _signed(
    request: Request, session: InTransaction, csrf: Annotated[str, Depends(_sent_csrf)]
) -> Signed:
    """The session of this browser, locked or not; unsafe requests must prove they are ours."""
    background = BACKGROUND_HEADER in request.headers
    signed = sessions.check(session, request.cookies.get(COOKIE), active=not background)
    if request.method not in READING and not hmac.compare_digest(
        signed.csrf.encode(), csrf.encode()
    ):
        raise NotAllowed("The page was out of date. Reload it and try again")
    session.info["actor"] = signed.actor
    request.state.asker = signed.actor.staff_id
    return signed


# Locked or not: only for the pages that lock, unlock and sign out.
AtScreen = Annotated[Signed, Depends(_signed)]


def _me(
    request: Request,
    session: InTransaction,
    csrf: Annotated[str, Depends(_sent_csrf)],
    once: Annotated[bytes | None, Depends(_sent_once)],
) -> Actor:
    # Whom the page shows: known when it is rendered, and said again when it is printed.
    request.state.shown = session.info.setdefault("shown", set())
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        actor = tokens.check(session, secret.strip())
        session.info["actor"] = actor
        request.state.asker = actor.staff_id
        return actor
    signed = _signed(request, session, csrf)
    if signed.locked:
        raise Locked("The screen is locked: write your password to go on")
    request.state.csrf = signed.csrf
    request.state.signed = signed
    if signed.owes_factor and not request.url.path.startswith(OWN_WAYS):
        raise FactorOwed("Your role needs a second factor: set it up first")
    if once is not None:
        request.state.sent_form = sent_forms.take(session, signed.actor.login, once)
    return signed.actor


Me = Annotated[Actor, Depends(_me)]


def allow(*rights: Right) -> Dependency:
    """A dependency: the asker has at least one of these rights. With none: is signed in."""

    def check(me: Me) -> None:
        if rights:
            access.require_any(me, rights)

    return Dependency(check)


def fresh() -> Dependency:
    """A dependency: whoever sits there has shown in the last five minutes that it is them.

    Else they show it now, on a page that carries along all they had asked. A program with a token
    has nobody to ask: what it may do was decided when it got its token.
    """

    def check(
        request: Request, me: Me, session: InTransaction, asked: Annotated[Asked, Depends(_asked)]
    ) -> None:
        signed: Signed | None = getattr(request.state, "signed", None)
        if signed is None or proofs.fresh(signed):
            return
        refused = None
        if asked.password or asked.code:
            try:
                proofs.prove(session, signed, asked.password, asked.code)
            except Problem as problem:
                refused = problem
            else:
                return
        assert me.staff_id is not None  # noqa: S101 - a session is somebody's
        raise ProofWanted(
            "Confirm that it is you, then it goes on",
            asked=asked,
            ways=factors.ways(session, me.staff_id),
            refused=refused,
        )

    return Dependency(check)


def exports(what: str) -> Dependency:
    """A dependency: who takes this file along is written in the journal."""

    def check(me: Me, session: InTransaction) -> None:
        assert me is session.info["actor"]  # noqa: S101 - as whom the journal writes it
        listed.exported(session, what)

    return Dependency(check)


def allow_at_screen() -> Dependency:
    """A dependency: a session of any kind, locked ones too."""

    def check(signed: AtScreen) -> None:
        """`AtScreen` has already refused whoever is not signed in."""

    return Dependency(check)


def public(reason: str) -> Dependency:
    """Marks a route that anybody may ask, and why; a test looks for one mark on every route."""

    def check() -> str:
        return reason

    return Dependency(check)


def same_origin(connection: HTTPConnection) -> bool:
    """Whether a WebSocket comes from one of our own pages."""
    origin = connection.headers.get("origin")
    if not origin:
        return False
    ours = {urlsplit(settings().public_url).netloc, connection.headers.get("host", "")}
    return urlsplit(origin).netloc in ours


def require_own_page(request: HTTPConnection) -> None:
    """Raise NotAllowed when a browser says that a form was sent from elsewhere."""
    if request.headers.get("origin") and not same_origin(request):
        raise NotAllowed("Sign in from this page, not from another site")
