"""Digest authentication (RFC 7616, RFC 8760): a unit proves its password without sending it."""

import hashlib
import hmac
import re
import secrets
from enum import StrEnum

REALM = "centrale"
NONCE_LIVES = 300.0  # seconds
MOST_NONCES = 100_000
# What the older units read first, or alone, comes first: a unit that cannot answer cannot call.
ALGORITHMS = ("MD5", "SHA-256")

_PARAMETER = re.compile(r'([a-z]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))', re.IGNORECASE)


class Proof(StrEnum):
    GOOD = "good"
    MISSING = "missing"
    STALE = "stale"
    WRONG = "wrong"


class Digest:
    """Nonces carry their own age and mark; only how often each was used is remembered."""

    def __init__(self, realm: str = REALM) -> None:
        self._realm = realm
        self._secret = secrets.token_bytes(32)
        self._counts: dict[str, int] = {}

    def challenge(self, now: float, *, stale: bool = False) -> list[tuple[str, str]]:
        """The headers of a 401, one for each algorithm."""
        nonce = self._nonce(f"{int(now):x}.{secrets.token_hex(6)}")
        tail = ", stale=true" if stale else ""
        head = f'Digest realm="{self._realm}", nonce="{nonce}", qop="auth", algorithm='
        return [("WWW-Authenticate", head + algorithm + tail) for algorithm in ALGORITHMS]

    def check(
        self, written: str | None, method: str, account: str, password: bytes, now: float
    ) -> Proof:
        """What the Authorization header of a request of this account proves."""
        if not written or not written.lower().startswith("digest "):
            return Proof.MISSING
        said = {
            found[1].lower(): found[2] if found[2] is not None else found[3]
            for found in _PARAMETER.finditer(written)
        }
        if not self._is_fresh(said.get("nonce", ""), now):
            return Proof.STALE
        if said.get("username", "").upper() != account or said.get("realm") != self._realm:
            return Proof.WRONG
        wanted = response(said, method, password)
        if not hmac.compare_digest(wanted, said.get("response", "").lower().encode()):
            return Proof.WRONG
        return Proof.GOOD if self._counts_up(said) else Proof.STALE

    def _nonce(self, head: str) -> str:
        return f"{head}.{hmac.digest(self._secret, head.encode(), 'sha256').hex()[:24]}"

    def _is_fresh(self, nonce: str, now: float) -> bool:
        head = nonce.rpartition(".")[0]
        if not head or not hmac.compare_digest(self._nonce(head).encode(), nonce.encode()):
            return False
        return 0 <= now - int(head.partition(".")[0], 16) <= NONCE_LIVES + 1

    def _counts_up(self, said: dict[str, str]) -> bool:
        """Whether the nonce count is new: an overheard request is worth nothing a second time."""
        nonce, written = said["nonce"], said.get("nc", "1")
        count = int(written, 16) if re.fullmatch(r"[0-9a-fA-F]{1,8}", written) else 0
        if count <= self._counts.get(nonce, 0):
            return False
        self._counts.pop(nonce, None)
        self._counts[nonce] = count
        while len(self._counts) > MOST_NONCES:
            self._counts.pop(next(iter(self._counts)))
        return True


def answer(challenge: str, method: str, uri: str, account: str, password: bytes) -> str:
    """The Authorization header with which a unit takes up a challenge."""
    offered = {found[1].lower(): found[2] or found[3] for found in _PARAMETER.finditer(challenge)}
    said = {
        "username": account,
        "realm": offered["realm"],
        "nonce": offered["nonce"],
        "uri": uri,
        "algorithm": offered.get("algorithm", "MD5"),
        "qop": "auth",
        "nc": "00000001",
        "cnonce": secrets.token_hex(4),
    }
    said["response"] = response(said, method, password).decode()
    bare = {"algorithm", "qop", "nc"}
    words = [f"{key}={text}" if key in bare else f'{key}="{text}"' for key, text in said.items()]
    return "Digest " + ", ".join(words)


def response(said: dict[str, str], method: str, password: bytes) -> bytes:
    """The response that these parameters ask for, in hexadecimal."""
    algorithm = said.get("algorithm", "MD5").upper()

    def mark(data: bytes) -> bytes:
        if algorithm == "SHA-256":
            return hashlib.sha256(data).hexdigest().encode()
        return hashlib.md5(data, usedforsecurity=False).hexdigest().encode()

    def part(name: str) -> bytes:
        return said.get(name, "").encode()

    secret = mark(b":".join([part("username"), part("realm"), password]))
    asked = mark(b":".join([method.encode(), part("uri")]))
    if "qop" not in said:
        return mark(b":".join([secret, part("nonce"), asked]))
    middle = [part("nonce"), part("nc"), part("cnonce"), part("qop")]
    return mark(b":".join([secret, *middle, asked]))
