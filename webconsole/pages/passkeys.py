"""Passkeys in the browser: making one, signing in with it, showing that it is still you."""

import json
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Cookie, Form, Request
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session
from starlette.responses import JSONResponse, RedirectResponse, Response

from registry import door, factors, handshakes, passkeys, proofs, sessions
from registry.door import OWN_WAYS, AtScreen, Me, allow, fresh
from registry.handshakes import Half
from registry.kit.db import get, transaction
from registry.kit.errors import NotAllowed
from registry.kit.http import InTransaction
from registry.passkeys import Question
from registry.staff import Staff
from webconsole import entering
from webconsole.entering import SEE_OTHER

router = APIRouter(include_in_schema=False)
CAREFULLY = [allow(), fresh()]
# Apart from the half of a log-in by password, which stays good when the passkey is not at hand.
QUESTION = "__Host-centrale-chiave"
Held = Annotated[str | None, Cookie(alias=QUESTION)]
Name = Annotated[str, Form(max_length=200)]


class Answer(BaseModel):
    """What the browser brings: the answer of the passkey, in the JSON of WebAuthn."""

    credential: dict[str, Any]
    name: Annotated[str, Field(max_length=200)] = ""
    poi: Annotated[str, Field(max_length=256)] = ""

    @property
    def text(self) -> str:
        return json.dumps(self.credential)


@router.post("/entra/passkey/inizio", dependencies=[door.public("the way in; Origin guards it")])
def begin_entering(request: Request) -> Response:
    door.require_own_page(request)
    sessions.count_network(entering.network_of(request))
    with transaction() as session:
        return _ask(session, Half.PASSKEY, passkeys.to_sign(entering.site_of(request)))


@router.post("/entra/passkey", dependencies=[door.public("the way in; the signature guards it")])
def enter(request: Request, answer: Answer, held: Held = None) -> Response:
    """Somebody is there with a passkey of theirs: two factors in one, and no password."""
    door.require_own_page(request)
    question = _asked(Half.PASSKEY, held)
    try:
        with transaction() as session:
            key = passkeys.recognise(session, entering.site_of(request), question, answer.text)
            person = get(session, Staff, key.staff_id)
            browser = entering.browser_of(request)
            secret = sessions.start(session, person, browser=browser, means="passkey", strong=True)
    except NotAllowed:
        with transaction() as session:
            tried = passkeys.whose(session, answer.text)
        sessions.refused(tried)
        raise
    on = entering.local(answer.poi) or entering.home_of(person.actor)
    return entering.let_in(JSONResponse({"then": entering.first(person.actor, on)}), secret)


@router.post("/conferma/passkey/inizio", dependencies=[door.allow_at_screen()])
def begin_proof(request: Request, session: InTransaction, signed: AtScreen) -> Response:
    mine = signed.actor.staff_id
    those = passkeys.of(session, mine) if mine else []
    if not those:
        raise NotAllowed("You have no passkey yet")
    question = passkeys.to_sign(entering.site_of(request), those)
    return _ask(session, Half.PASSKEY, question, mine)


@router.post("/conferma/passkey", dependencies=[door.allow_at_screen()])
def prove(
    request: Request, session: InTransaction, signed: AtScreen, answer: Answer, held: Held = None
) -> dict[str, Any]:
    """It is still them: opens a locked screen, and whatever asks for a fresh proof."""
    question = _asked(Half.PASSKEY, held)
    site, mine = entering.site_of(request), signed.actor.staff_id
    try:
        passkeys.recognise(session, site, question, answer.text, owner_id=mine)
    except NotAllowed:
        sessions.refused(mine)
        raise
    proofs.proved(session, signed.id, strong=True)
    return {}


@router.post(f"{OWN_WAYS}/passkey/inizio", dependencies=CAREFULLY)
def begin_enrolment(request: Request, session: InTransaction, me: Me) -> Response:
    person = get(session, Staff, me.staff_id)
    question = passkeys.to_enrol(session, person, entering.site_of(request))
    return _ask(session, Half.ENROLMENT, question, person.id)


@router.post(f"{OWN_WAYS}/passkey", dependencies=CAREFULLY)
def enrol(
    request: Request,
    session: InTransaction,
    me: Me,
    signed: AtScreen,
    answer: Answer,
    held: Held = None,
) -> dict[str, Any]:
    question = _asked(Half.ENROLMENT, held)
    person = get(session, Staff, me.staff_id)
    site = entering.site_of(request)
    passkeys.enrol(session, person, site, question, answer.text, answer.name)
    proofs.proved(session, signed.id, strong=True)
    return {"then": OWN_WAYS}


@router.post(f"{OWN_WAYS}/passkey/{{passkey_id}}/nome", dependencies=CAREFULLY)
def rename(passkey_id: UUID, session: InTransaction, me: Me, name: Name = "") -> Response:
    if me.staff_id is not None:
        passkeys.rename(session, me.staff_id, passkey_id, name)
    return RedirectResponse(OWN_WAYS, SEE_OTHER)


@router.post(f"{OWN_WAYS}/passkey/{{passkey_id}}/fine", dependencies=CAREFULLY)
def revoke(passkey_id: UUID, session: InTransaction, me: Me) -> Response:
    if me.staff_id is not None:
        passkeys.revoke(session, me.staff_id, passkey_id)
        factors.keep_one(session, me)
    return RedirectResponse(OWN_WAYS, SEE_OTHER)


def _ask(
    session: Session, half: Half, question: Question, staff_id: UUID | None = None
) -> Response:
    """The question for the browser, and in a cookie the proof that it was asked here."""
    secret = handshakes.begin(session, half, staff_id=staff_id, challenge=question.challenge)
    answer = Response(question.options, media_type="application/json")
    return entering.half_way(answer, secret, QUESTION)


def _asked(half: Half, held: str | None) -> str:
    """The question that this browser holds; used up whatever the answer is worth."""
    with transaction() as session:
        return str(handshakes.take(session, half, held).facts["challenge"])
