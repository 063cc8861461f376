"""The word of the body's log-in that somebody has left there (Back-Channel Logout 1.0)."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwt import ClaimsOption

from registry import provider
from registry.kit import clock
from registry.kit.errors import NotAllowed
from registry.kit.settings import settings

KIND = "logout+jwt"
EVENT = "http://schemas.openid.net/event/backchannel-logout"


@dataclass(frozen=True)
class Left:
    """Who left: everywhere, or out of one `session` there; a subject, a session, or both."""

    issuer: str
    subject: str
    session: str
    at: datetime


def read(logout_token: str) -> Left:
    """What it says, when the provider signed it, for us, now, and as a word of leaving.

    NotAllowed when anything is amiss (section 2.6; ASVS 10.5.5): a token of log-in is not one of
    leaving, however well it is signed.
    """
    if not provider.offered():
        raise NotAllowed("No log-in of a body is set here")
    try:
        token = provider.decoded(logout_token)
        _check(token.header, token.claims)
        said = token.claims
        at = datetime.fromtimestamp(float(said["iat"]), UTC)
    except (JoseError, ValueError, OverflowError, OSError) as wrong:
        raise NotAllowed("This is no word of leaving from the log-in of the body") from wrong
    return Left(said["iss"], str(said.get("sub") or ""), str(said.get("sid") or ""), at)


def _check(header: dict[str, Any], said: dict[str, Any]) -> None:
    must: ClaimsOption = {"essential": True}
    jwt.JWTClaimsRegistry(
        now=int(clock.now().timestamp()),
        leeway=provider.LEEWAY,
        iss={"essential": True, "value": settings().oidc_issuer},
        aud={"essential": True, "value": settings().oidc_client_id},
        iat=must,
        exp=must,
        jti=must,
    ).validate(said)
    if str(header.get("typ", "")).lower().removeprefix("application/") != KIND:
        raise ValueError("it is a token of another kind")
    events = said.get("events")
    speaks_of_leaving = isinstance(events, dict) and isinstance(events.get(EVENT), dict)
    if not speaks_of_leaving or "nonce" in said:
        raise ValueError("it does not speak of leaving")
    if not said.get("sub") and not said.get("sid"):
        raise ValueError("it does not say who left")
