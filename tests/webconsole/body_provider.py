"""The log-in of an invented body, as a process: pyop over HTTPS, for the tests of OpenID Connect.

.venv/bin/python tests/webconsole/body_provider.py CERTIFICATE KEY REDIRECT-URI CLIENT SECRET
"""

import html
import itertools
import json
import ssl
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

from Cryptodome.PublicKey import RSA
from joserfc import jwt
from joserfc.jwk import RSAKey as JoseKey
from jwkest.jwk import RSAKey
from oic.oic.message import EndSessionRequest
from pyop.authz_state import AuthorizationState
from pyop.exceptions import InvalidTokenRequest
from pyop.provider import Provider
from pyop.subject_identifier import HashBasedSubjectIdentifierFactory
from pyop.userinfo import Userinfo
from typing_extensions import override

# Whoever is in the directory of the body: what it says of each.
PEOPLE = {
    "a.riva": {"sub": "s-0001", "preferred_username": "anna", "acr": "loa2"},
    "b.costa": {"sub": "s-0002", "preferred_username": "bruno", "acr": "loa1"},
    "new.riva": {"sub": "s-0003", "preferred_username": "anna", "acr": "loa2"},
    "nobody": {"sub": "s-0004", "preferred_username": "nessuno", "acr": "loa2"},
}
COUNT = itertools.count(1)


def provider(base: str, back: str, client: str, secret: str) -> Provider:
    """Its client is Centrale, which may come back to one address alone."""
    key = RSAKey(key=RSA.generate(2048), alg="RS256", use="sig", kid="k1")
    known = {
        "client_id": client,
        "client_secret": secret,
        "redirect_uris": [back],
        "response_types": ["code"],
        "token_endpoint_auth_method": "client_secret_basic",
        "post_logout_redirect_uris": [back.replace("/ente/ritorno", "")],
    }
    said = {
        "issuer": base,
        "authorization_endpoint": f"{base}/authorize",
        "token_endpoint": f"{base}/token",
        "userinfo_endpoint": f"{base}/userinfo",
        "jwks_uri": f"{base}/jwks",
        "end_session_endpoint": f"{base}/logout",
        "scopes_supported": ["openid", "profile"],
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
    }
    Pages.signs_with = JoseKey.import_key(key.key.export_key(), {"kid": "k1"})
    subjects = AuthorizationState(HashBasedSubjectIdentifierFactory("salt"))
    return Provider(key, said, subjects, {client: known}, Userinfo(PEOPLE))


class Pages(BaseHTTPRequestHandler):
    """A form that asks who it is, and what the protocol wants."""

    op: Provider
    signs_with: JoseKey

    def do_GET(self) -> None:
        match urlsplit(self.path).path:
            case "/.well-known/openid-configuration":
                self._json(self.op.provider_configuration.to_dict())
            case "/jwks":
                self._json(self.op.jwks)
            case "/authorize":
                self.op.parse_authentication_request(urlsplit(self.path).query)
                there = html.escape(self.path)
                self._page(
                    f"<form method=post action='{there}'><label>Account <input name=who></form>"
                )
            case "/userinfo":
                self._json(self.op.handle_userinfo_request(None, dict(self.headers)).to_dict())
            case "/logout":
                asked = EndSessionRequest(**dict(parse_qsl(urlsplit(self.path).query)))  # type: ignore[no-untyped-call]
                self._go(self.op.do_post_logout_redirect(asked) or "/nowhere")
            case _:
                self.send_error(404)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
        if urlsplit(self.path).path == "/token":
            try:
                told = self.op.handle_token_request(body, dict(self.headers), extra)
            except InvalidTokenRequest as wrong:
                self._json({"error": wrong.oauth_error or "invalid_request"}, 400)
            else:
                self._json(told.to_dict())
            return
        if urlsplit(self.path).path == "/sign":
            said = json.loads(body)
            signed = jwt.encode({"alg": "RS256", "kid": "k1"} | said["header"], said["claims"],
                                self.signs_with)  # fmt: skip
            self._json(signed)
            return
        who = parse_qs(body)["who"][0]
        asked = self.op.parse_authentication_request(urlsplit(self.path).query)
        self._go(self.op.authorize(asked, who).request(asked["redirect_uri"]))

    def _json(self, said: Any, status: int = 200) -> None:
        self._answer(json.dumps(said).encode(), "application/json", status)

    def _page(self, body: str) -> None:
        self._answer(f"<!doctype html><title>Ente</title>{body}".encode(), "text/html", 200)

    def _go(self, address: str) -> None:
        self.send_response(303)
        self.send_header("Location", address)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _answer(self, body: bytes, kind: str, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    @override
    def log_message(self, *_: Any) -> None:
        """Its errors are answers; nobody reads a log of it."""


def extra(who: str, _client: str) -> dict[str, Any]:
    """When the password was asked, and how sure that makes us."""
    said = {"auth_time": int(time.time()), "acr": PEOPLE[who]["acr"]}
    # Not every provider names its sessions: this one only some.
    return said | ({"sid": f"{who} {next(COUNT)}"} if who == "a.riva" else {})


def main() -> None:
    certificate, key, back, client, secret = sys.argv[1:]
    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    base = f"https://127.0.0.1:{server.server_address[1]}"
    Pages.op = provider(base, back, client, secret)
    shielded = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    shielded.load_cert_chain(certificate, key)
    server.socket = shielded.wrap_socket(server.socket, server_side=True)
    print(base, flush=True)  # noqa: T201 - how the test learns the port
    server.serve_forever()


if __name__ == "__main__":
    main()
