"""The way in through the body's own log-in, out to its page and back."""

from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

import structlog
from fastapi import APIRouter, Cookie, Form, Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from registry import (
    door,
    factors,
    handshakes,
    identities,
    left_there,
    proofs,
    provider,
    provider_leaving,
    sessions,
)
from registry.door import AtScreen
from registry.handshakes import Half
from registry.kit.db import transaction
from registry.kit.errors import NotAllowed, NotFound, NotSignedIn, Problem, Unavailable
from registry.kit.http import sentence, status_of
from registry.kit.settings import settings
from registry.provider import Arrived
from registry.sessions import Halfway
from webconsole import entering, rendering
from webconsole.entering import SECOND, SEE_OTHER

router = APIRouter(include_in_schema=False)
log = structlog.get_logger()
THERE, BACK, PROOF = "/entra/ente", "/entra/ente/ritorno", "/conferma/ente"
LEFT = "/entra/ente/uscita"
LONGEST = 20_000  # letters of a token
# Apart from the other halves: it alone comes back from another site.
AWAY = "__Host-centrale-ente"
Held = Annotated[str | None, Cookie(alias=AWAY)]


@router.get(THERE, dependencies=[door.public("the way to the body's log-in")])
def leave(request: Request, poi: str = "") -> Response:
    sessions.count_network(entering.network_of(request))
    return _leave(poi=entering.local(poi))


@router.get(PROOF, dependencies=[door.allow_at_screen()])
def leave_for_proof(signed: AtScreen, poi: str = "") -> Response:
    """It is still them: the provider asks for the password anew."""
    mine = str(signed.actor.staff_id)
    return _leave(poi=entering.local(poi), signed=str(signed.id), person=mine)


def _leave(**more: str) -> Response:
    if not provider.offered():
        raise NotFound("There is no such %(thing)s", thing="log-in")
    leaving = provider.leave(f"{settings().public_url.rstrip('/')}{BACK}", proof="signed" in more)
    with transaction() as session:
        secret = handshakes.begin(session, Half.PROVIDER, staff_id=None, **leaving.facts, **more)
    return entering.half_way(RedirectResponse(leaving.address, SEE_OTHER), secret, AWAY)


@router.get(BACK, dependencies=[door.public("the way back; state, nonce and PKCE guard it")])
def come_back(request: Request, held: Held = None) -> Response:
    try:
        with transaction() as session:
            facts = handshakes.take(session, Half.PROVIDER, held).facts
        arrived = provider.arrive(facts, request.query_params)
        go_on = _prove if facts["proof"] else _enter
        answer = go_on(request, facts, arrived)
    except Halfway as half:
        on = f"{SECOND}?{urlencode({'poi': facts['poi']})}"
        answer = entering.half_way(_onwards(request, on), half.secret)
    except (NotSignedIn, NotAllowed, Unavailable) as problem:
        answer = _refused(request, problem)
    answer.delete_cookie(AWAY, path="/", secure=True, httponly=True, samesite="lax")
    return answer


def _enter(request: Request, facts: dict[str, str], arrived: Arrived) -> Response:
    """A session of ours for whoever of the staff it is; with a factor of ours, that comes next."""
    with transaction() as session:
        person = identities.recognise(
            session, issuer=arrived.issuer, subject=arrived.subject, login=arrived.login
        )
        half = ""
        if not arrived.strong and factors.has(session, person.id):
            half = handshakes.begin(
                session,
                Half.SECOND_FACTOR,
                staff_id=person.id,
                means="provider",
                id_token=arrived.id_token,
                provider_session=arrived.session,
            )
        else:
            secret = sessions.start(
                session,
                person,
                browser=entering.browser_of(request),
                means="provider",
                strong=arrived.strong,
                id_token=arrived.id_token,
                provider_session=arrived.session,
            )
    if half:
        raise Halfway(half)
    on = facts["poi"] or entering.home_of(person.actor)
    return entering.let_in(_onwards(request, entering.first(person.actor, on)), secret)


def _prove(request: Request, facts: dict[str, str], arrived: Arrived) -> Response:
    with transaction() as session:
        person = identities.recognise(
            session, issuer=arrived.issuer, subject=arrived.subject, login=arrived.login
        )
        if str(person.id) != facts["person"]:
            raise NotAllowed("That is somebody else's log-in")
        proofs.proved(session, UUID(facts["signed"]))
    return _onwards(request, facts["poi"] or "/")


@router.post(LEFT, dependencies=[door.public("the provider signs what it says")])
def left(request: Request, logout_token: Annotated[str, Form(max_length=LONGEST)] = "") -> Response:
    """The provider says that somebody left there: 200 when done, 400 when it is no such word."""
    sessions.count_network(entering.network_of(request))
    try:
        word = provider_leaving.read(logout_token)
    except (NotAllowed, Unavailable) as problem:
        log.warning("provider.leaving_refused", reason=type(problem.__cause__ or problem).__name__)
        return JSONResponse({"error": "invalid_request"}, 400)
    with transaction() as session:
        left_there.end(session, word)
    return Response()


def _onwards(request: Request, then: str) -> Response:
    """A page of ours that leads on, as a redirect would still count as coming from over there.

    The browser would then keep our strict cookie to itself.
    """
    return rendering.page(request, "onwards.html", then=then)


def _refused(request: Request, problem: Problem) -> Response:
    if not isinstance(problem, Unavailable):
        sessions.refused(None)
    return rendering.page(
        request, "not_let_in.html", status=status_of(problem), error=sentence(request, problem)
    )
