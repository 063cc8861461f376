"""The body's own log-in: OpenID Connect, authorization code with PKCE and nonce.

Nothing here touches the database: who it is there becomes somebody of ours in `identities`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

import requests
import structlog
from authlib.common.errors import AuthlibBaseError
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from registry.kit import clock
from registry.kit.errors import NotAllowed, Unavailable
from registry.kit.settings import settings

PATIENCE = 5  # seconds for each answer
LEEWAY = 60  # seconds that the clocks may differ
DISCOVERED_FOR = 3_600  # seconds
ASKED_AGAIN_AFTER = 60  # seconds, for keys that we do not know
PROOF_WITHIN = 300  # seconds since the password was asked there
LETTERS = 48  # of state, nonce and verifier; RFC 7636 wants 43 or more
# Signatures that a public key can check: never `none`, never a shared secret.
SIGNED = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]


log = structlog.get_logger()


@dataclass(frozen=True)
class Leaving:
    """Where the browser goes now, and what must fit when it comes back."""

    address: str
    facts: dict[str, str]


@dataclass(frozen=True)
class Arrived:
    """Who it is there. `strong`: by as much as the house wants, so no second factor of ours."""

    issuer: str
    subject: str
    login: str
    strong: bool
    id_token: str
    # The name of the log-in there (`sid`), by which the provider may say that it ended; or nothing.
    session: str


def offered() -> bool:
    return bool(settings().oidc_issuer)


def leave(back: str, *, proof: bool = False) -> Leaving:
    """Begin; `back` is the address of ours to come back to. A proof asks for the password anew."""
    facts = {name: generate_token(LETTERS) for name in ("state", "nonce", "verifier")}
    facts |= {"back": back, "proof": "yes" if proof else ""}
    wanted = {"nonce": facts["nonce"], "redirect_uri": back}
    if settings().oidc_acr:
        wanted["acr_values"] = settings().oidc_acr
    if proof:
        wanted |= {"prompt": "login", "max_age": "0"}
    with _client() as client:
        address, _ = client.create_authorization_url(
            _found()["authorization_endpoint"],
            state=facts["state"],
            code_verifier=facts["verifier"],
            **wanted,
        )
    return Leaving(address, facts)


def arrive(facts: Mapping[str, str], answer: Mapping[str, str]) -> Arrived:
    """What the provider says of whoever came back with `answer`, the words of the address.

    NotAllowed when it does not fit what was asked, Unavailable when the provider does not answer.
    """
    if answer.get("state") != facts["state"] or answer.get("iss", _issuer()) != _issuer():
        raise NotAllowed("This took too long, or was used already: begin again")
    if not answer.get("code"):
        raise NotAllowed("The log-in of the body let nobody in. Try again")
    try:
        with _client() as client:
            told = client.fetch_token(
                _found()["token_endpoint"],
                code=answer["code"],
                code_verifier=facts["verifier"],
                redirect_uri=facts["back"],
                timeout=PATIENCE,
                verify=_trusted(),
            )
            claims = check(told["id_token"], facts, told.get("access_token", ""))
            login = claims.get(settings().oidc_claim) or _asked(client, claims["sub"])
    except (AuthlibBaseError, JoseError, KeyError, ValueError) as wrong:
        raise NotAllowed("The log-in of the body let nobody in. Try again") from wrong
    except requests.RequestException as silent:
        raise _silent() from silent
    strong = bool(settings().oidc_acr)
    return Arrived(
        issuer=claims["iss"],
        subject=claims["sub"],
        login=str(login or ""),
        strong=strong,
        id_token=told["id_token"],
        session=str(claims.get("sid") or ""),
    )


def check(id_token: str, facts: Mapping[str, str], access_token: str = "") -> CodeIDToken:
    """Its claims, when it is signed by the provider, for us, now, and answers our question."""
    token = decoded(id_token)
    wanted = {
        "iss": {"essential": True, "value": _issuer()},
        "aud": {"essential": True, "value": settings().oidc_client_id},
    }
    if settings().oidc_acr:
        wanted["acr"] = {"essential": True, "values": settings().oidc_acr.split()}
    asked = {
        "nonce": facts["nonce"],
        "client_id": settings().oidc_client_id,
        "access_token": access_token,
    }
    claims = CodeIDToken(token.claims, token.header, wanted, asked)
    now = int(clock.now().timestamp())
    claims.validate(now=now, leeway=LEEWAY)
    if facts["proof"] and now - int(claims["auth_time"]) > PROOF_WITHIN:
        raise NotAllowed("The log-in of the body did not ask who you are. Try again")
    return claims


def leave_there(id_token: str) -> str:
    """The address at which somebody signs out of the provider too; empty when it has none.

    A provider that does not answer keeps nobody from leaving.
    """
    try:
        end = _found().get("end_session_endpoint") if offered() else None
    except Unavailable as silent:
        log.warning("provider.silent", reason=type(silent).__name__)
        end = None
    back = f"{settings().public_url.rstrip('/')}/entra"
    words = urlencode({"id_token_hint": id_token, "post_logout_redirect_uri": back})
    return f"{end}?{words}" if end else ""


def _silent() -> Unavailable:
    return Unavailable("The log-in of the body does not answer. Sign in with your password")


def decoded(token: str) -> jwt.Token:
    """With the keys as we know them, or as they are now when the provider has changed them.

    Whoever sends us nonsense makes us ask it at most once a minute.
    """
    try:
        return jwt.decode(token, _keys(_since(DISCOVERED_FOR)), algorithms=SIGNED)
    except (JoseError, ValueError):
        return jwt.decode(token, _keys(_since(ASKED_AGAIN_AFTER)), algorithms=SIGNED)


def _asked(client: OAuth2Session, subject: str) -> str:
    """The claim that we want, when the token has it not; it must speak of the same subject."""
    there = _found()["userinfo_endpoint"]
    answer = client.get(there, timeout=PATIENCE, verify=_trusted(), allow_redirects=False)
    answer.raise_for_status()
    said = answer.json()
    if said.get("sub") != subject:
        raise ValueError("it speaks of somebody else")
    return str(said.get(settings().oidc_claim) or "")


def _client() -> OAuth2Session:
    chosen = settings()
    secret = chosen.oidc_client_secret
    return OAuth2Session(
        chosen.oidc_client_id,
        secret.get_secret_value() if secret else None,
        scope=chosen.oidc_scopes,
        code_challenge_method="S256",
        token_endpoint_auth_method="client_secret_basic" if secret else "none",
    )


def _trusted() -> str | bool:
    """Said with each request: what the environment says would win over the session."""
    return str(settings().oidc_ca) if settings().oidc_ca else True


def _issuer() -> str:
    return settings().oidc_issuer


def _since(seconds: int) -> tuple[int, int]:
    """Another one each so many seconds: what is kept under it is as old as that."""
    return seconds, int(clock.now().timestamp()) // seconds


def _found() -> dict[str, Any]:
    found = _discovered(_issuer(), _since(DISCOVERED_FOR))
    if found.get("issuer") != _issuer():
        raise _silent()
    return found


@lru_cache(maxsize=1)
def _discovered(issuer: str, _: tuple[int, int]) -> dict[str, Any]:
    return _fetched(f"{issuer.rstrip('/')}/.well-known/openid-configuration")


@lru_cache(maxsize=2)
def _keys(_: tuple[int, int]) -> KeySet:
    return KeySet.import_key_set(_fetched(_found()["jwks_uri"]))  # type: ignore[arg-type]


def _fetched(address: str) -> dict[str, Any]:
    try:
        answer = requests.get(address, timeout=PATIENCE, verify=_trusted(), allow_redirects=False)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
    except (requests.RequestException, ValueError) as wrong:
        raise _silent() from wrong
    return found
