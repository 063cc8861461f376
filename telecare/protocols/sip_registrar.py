"""The registrar: on which way a unit can be reached, and until when (RFC 3261, section 10)."""

import re
from dataclasses import dataclass

from telecare.protocols.sip_messages import Request, contact
from telecare.protocols.sip_transactions import Flow

USUAL = 3600  # seconds
SHORTEST = 60
LONGEST = 7200
MOST = 200_000

_EXPIRES = re.compile(r";\s*expires\s*=\s*\"?(\d{1,9})", re.IGNORECASE)


@dataclass(slots=True)
class Registration:
    contact: str
    flow: Flow
    ends: float


class Registrar:
    """One registration for each unit: the last one counts."""

    def __init__(self) -> None:
        self._known: dict[str, Registration] = {}

    def __len__(self) -> int:
        return len(self._known)

    def register(self, request: Request, account: str, flow: Flow, now: float) -> int:
        """Keep, renew or end a registration; returns the seconds granted (0: none is left).

        Raises TooBrief for a time too short to be worth it.
        """
        contacts = request.headers.getlist("Contact")
        if not contacts:
            known = self._known.get(account)
            return max(0, int(known.ends - now)) if known else 0
        wanted = _seconds(contacts[0], request.headers.get("Expires"))
        if wanted == 0:
            self._known.pop(account, None)
            return 0
        if wanted < SHORTEST:
            raise TooBrief
        granted = min(wanted, LONGEST)
        self._known.pop(account, None)
        self._known[account] = Registration(contact(contacts[0]), flow, now + granted)
        if len(self._known) > MOST:
            self._known.pop(next(iter(self._known)))
        return granted

    def find(self, account: str, now: float) -> Registration | None:
        known = self._known.get(account)
        return known if known is not None and known.ends > now else None

    def forget(self, now: float) -> None:
        for account in [key for key, known in self._known.items() if known.ends <= now]:
            del self._known[account]


class TooBrief(ValueError):  # noqa: N818 - the name of the answer, 423
    """The time asked for is shorter than SHORTEST."""


def _seconds(contact: str, header: str | None) -> int:
    found = _EXPIRES.search(contact)
    if found:
        return int(found[1])
    written = (header or "").strip()
    return int(written) if written.isdecimal() and len(written) <= 9 else USUAL  # noqa: PLR2004 - digits
