"""Our account with the carrier, from the settings: who we are, where it is, what it signs with."""

import re
from dataclasses import dataclass
from functools import cache
from urllib.parse import urlsplit

from registry.kit.crypto import key_file
from registry.kit.settings import Settings, settings

SID = re.compile(r"(AC|AP|SK)[0-9a-f]{32}")
# The built-in carrier's account: plainly not a real one. Its token is made per installation.
SIMULATED_SID = "AC" + "0" * 28 + "c051"


@dataclass(frozen=True, kw_only=True)
class Account:
    """`tokens` are the auth tokens that may have signed a webhook: two while one is replaced."""

    sid: str
    tokens: tuple[str, ...]
    public_url: str
    api_key: str | None = None
    api_secret: str | None = None
    app_sid: str | None = None
    region: str | None = None
    edge: str | None = None
    api_base: str | None = None
    simulated: bool = False

    @property
    def login(self) -> tuple[str, str]:
        """API key and secret where there is one, else the account itself."""
        if self.api_key and self.api_secret:
            return self.api_key, self.api_secret
        return self.sid, self.tokens[0]

    def url(self, path: str) -> str:
        """The address of ours that the carrier calls, and signs."""
        return self.public_url.rstrip("/") + path

    def faults(self) -> list[str]:
        """What cannot work, in sentences; empty when all is well."""
        found = []
        if not SID.fullmatch(self.sid) or not self.sid.startswith("AC"):
            found.append("The account sid is AC and 32 hexadecimal digits")
        if bool(self.api_key) != bool(self.api_secret):
            found.append("The API key and its secret are set together")
        # Another base address is a mock or a compatible provider, with rules of its own.
        real = not self.simulated and self.api_base is None
        if real and urlsplit(self.public_url).scheme != "https":
            found.append("The carrier signs and calls https addresses: set CENTRALE_PUBLIC_URL")
        if real and not (self.api_key and self.app_sid):
            found.append("The softphone needs an API key and a TwiML App")
        if self.edge and not self.region:
            found.append("An edge without its region answers from us1: set both or none")
        return found


@cache
def account() -> Account:
    """The account of this installation."""
    return of(settings())


def of(given: Settings) -> Account:
    if given.carrier == "simulated":
        return Account(
            sid=SIMULATED_SID,
            tokens=(key_file("simulated_carrier").hex(),),
            public_url=given.public_url,
            api_base=given.twilio_api_base or f"http://127.0.0.1:{given.simulated_carrier_port}",
            simulated=True,
        )
    token, secret = given.twilio_auth_token, given.twilio_api_secret
    return Account(
        sid=given.twilio_account_sid or "",
        tokens=tuple(token.get_secret_value().split(",")) if token else (),
        public_url=given.public_url,
        api_key=given.twilio_api_key,
        api_secret=secret.get_secret_value() if secret else None,
        app_sid=given.twilio_app_sid,
        region=given.twilio_region,
        edge=given.twilio_edge,
        api_base=given.twilio_api_base,
    )
