"""Passwords as NIST SP 800-63B-4 wants them: long, not composed, not guessable, argon2id."""

from collections.abc import Iterable
from functools import lru_cache

from pwdlib import PasswordHash
from zxcvbn import zxcvbn

from registry.kit.errors import Invalid

SHORTEST = 15  # characters, for a password that stands alone
LONGEST = 256
# Words of this place; zxcvbn knows the passwords that were stolen most, and what people do to them.
GUESSED = (
    "centrale",
    "operativa",
    "operatore",
    "sociale",
    "assistenza",
    "telesoccorso",
    "comune",
    "amministratore",
    "administrator",
)
FEWEST_LETTERS = 5  # different characters beside words of this place and of whoever chooses
# Of its scores from 0 to 4: below, fewer than 10^8 guesses find it.
SAFE = 3
# It looks at no more: what comes after makes nothing worse.
LOOKED_AT = 72  # characters


@lru_cache(maxsize=1)
def _hasher() -> PasswordHash:
    return PasswordHash.recommended()


@lru_cache(maxsize=1)
def _decoy() -> str:
    return _hasher().hash("nobody signs in with this")


def hash_(password: str) -> str:
    return _hasher().hash(password)


def right(password: str, stored: str | None) -> bool:
    """Whether it matches; an account without a password takes as long to say no."""
    matches = _hasher().verify(password[:LONGEST], stored or _decoy())
    return matches and stored is not None


def check(password: str, *, about: Iterable[str] = ()) -> None:
    """Raise Invalid with the reason when the password would be guessed."""
    if len(password) < SHORTEST:
        raise Invalid(
            "A password has at least %(shortest)s characters: a short sentence is easy to remember",
            field="password",
            shortest=SHORTEST,
        )
    if len(password) > LONGEST:
        raise Invalid(
            "A password has at most %(longest)s characters", field="password", longest=LONGEST
        )
    ours = [*GUESSED, *(part.lower() for each in about for part in each.split())]
    plain = password.lower()
    for word in ours:
        plain = plain.replace(word, "") if len(word) > 2 else plain  # noqa: PLR2004
    tried_early = zxcvbn(password[:LOOKED_AT], user_inputs=ours)["score"] < SAFE
    if tried_early or len(set(plain)) < FEWEST_LETTERS:
        raise Invalid("This password would be guessed at once: choose another", field="password")
