"""The guard of webhooks: they go to public addresses over TLS, and nowhere inside the house.

A name is looked up once, every address it has is judged, and the connection goes to the one that
was judged: a name that answers otherwise a moment later leads nowhere else.
"""

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from registry.kit.errors import Invalid
from registry.kit.settings import settings

LONGEST = 2_000
TLS, PLAIN = 443, 80
# IPv6 that carries an IPv4 address within: NAT64 and 6to4.
CARRYING = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("2002::/16"))


class Forbidden(Invalid):
    """The address is one to which nothing is sent."""


@dataclass(frozen=True)
class Goal:
    """Where a webhook goes, taken apart."""

    tls: bool
    host: str
    port: int
    path: str

    @property
    def netloc(self) -> str:
        """What the Host header says."""
        shown = f"[{self.host}]" if ":" in self.host else self.host
        return shown if self.port == (TLS if self.tls else PLAIN) else f"{shown}:{self.port}"


def goal(url: str) -> Goal:
    """The address taken apart; Forbidden unless it is https without a password in it."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Forbidden("This is no address that can be reached", field="url") from None
    schemes = {"https", "http"} if settings().webhooks_inside else {"https"}
    if parts.scheme not in schemes:
        raise Forbidden("A webhook goes to an address that begins with https://", field="url")
    named = parts.hostname and not (parts.username or parts.password or parts.fragment)
    if not named or len(url) > LONGEST or not url.isprintable() or " " in url:
        raise Forbidden("This is no address that can be reached", field="url")
    tls = parts.scheme == "https"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Goal(tls, str(parts.hostname), port or (TLS if tls else PLAIN), path)


def look_up(to: Goal) -> str:
    """An address of the host. Forbidden when any of its addresses is inside; OSError when none."""
    found = socket.getaddrinfo(to.host, to.port, type=socket.SOCK_STREAM)
    addresses = [str(each[4][0]) for each in found]
    if not settings().webhooks_inside and not all(outside(each) for each in addresses):
        raise Forbidden("This address is inside the house or its network", field="url")
    return addresses[0]


def outside(address: str) -> bool:
    """Whether it is an address of the public Internet, seen through what may wrap it."""
    seen = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(seen, ipaddress.IPv6Address):
        if seen.ipv4_mapped is not None:
            seen = seen.ipv4_mapped
        elif any(seen in network for network in CARRYING):
            return False
    return seen.is_global and not seen.is_multicast
