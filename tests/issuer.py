"""An OpenID issuer for tests: a small real server with keys of its own, that can be told to lie."""

import hmac
import json
import threading
from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote, urlsplit

from joserfc import jws
from joserfc.jwk import ECKey, OKPKey, RSAKey

from ledger.signing.encoding import from_base64url, to_base64url

CLIENT_ID, CLIENT_SECRET = "cohort ledger", "a secret: of %s"
Key = RSAKey | ECKey | OKPKey


@dataclass
class IssuerAtWork:
    """url: its identifier. keys: published, by algorithm. signs: the algorithm that it signs with. claims, header, key,
    secret, discovery: what is told, and signed with, instead of what would be right. codes: that may be exchanged yet,
    with what was asked for them. asked: the paths that it was asked for.
    """

    url: str
    now_s: int
    keys: dict[str, Key]
    signs: str = "ES256"
    subject: str = "anna-karin-4711"
    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    key: Key | None = None
    secret: bytes | None = None
    discovery: dict[str, Any] = field(default_factory=dict)
    codes: dict[str, Mapping[str, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def log_in(self, login_url: str) -> dict[str, str]:
        """What the browser of somebody who logs in there is sent back with."""
        query = dict(parse_qsl(urlsplit(login_url).query, strict_parsing=True))
        assert (query["response_type"], query["code_challenge_method"]) == ("code", "S256")
        code = f"code-{len(self.codes)}"
        self.codes[code] = query
        return {"code": code, "state": query["state"], "iss": self.url}

    def token(self, nonce: str) -> str:
        header = {"alg": self.signs, "kid": self.signs, **self.header}
        claims = {
            "iss": self.url,
            "aud": CLIENT_ID,
            "sub": self.subject,
            "iat": self.now_s,
            "exp": self.now_s + 300,
            "nonce": nonce,
            **self.claims,
        }
        payload = json.dumps({name: value for name, value in claims.items() if value is not None}).encode()
        if header["alg"] == "none":
            return f"{to_base64url(json.dumps(header).encode())}.{to_base64url(payload)}."
        signed = f"{to_base64url(json.dumps(header).encode())}.{to_base64url(payload)}"
        if self.secret is not None:
            signature = hmac.digest(self.secret, signed.encode(), "sha256")
        else:  # past the registry, which refuses what a liar would send
            algorithm = jws.JWSRegistry.algorithms[header["alg"]]
            signature = algorithm.sign(signed.encode(), self.key or self.keys[self.signs])
        return f"{signed}.{to_base64url(signature)}"


@contextmanager
def issuer(now_s: int) -> Iterator[IssuerAtWork]:
    keys: dict[str, Key] = {
        "RS256": RSAKey.generate_key(2048, {"kid": "RS256"}),
        "ES256": ECKey.generate_key("P-256", {"kid": "ES256"}),
        "EdDSA": OKPKey.generate_key("Ed25519", {"kid": "EdDSA"}),
    }
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        at_work = IssuerAtWork(f"http://127.0.0.1:{server.server_address[1]}", now_s, keys)
        server.at_work = at_work  # type: ignore[attr-defined]  # where the handler finds it
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield at_work
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    @property
    def _issuer(self) -> IssuerAtWork:
        at_work = self.server.at_work  # type: ignore[attr-defined]  # put there by `issuer`
        assert isinstance(at_work, IssuerAtWork)
        return at_work

    def do_GET(self) -> None:
        told = self._issuer
        told.asked.append(self.path)
        if self.path == "/.well-known/openid-configuration":
            url = told.url
            self._answer(
                200,
                {
                    "issuer": url,
                    "authorization_endpoint": f"{url}/authorize",
                    "token_endpoint": f"{url}/token",
                    "jwks_uri": f"{url}/jwks",
                    **told.discovery,
                },
            )
        elif self.path == "/jwks":
            published = [{**key.as_dict(private=False), "use": "sig"} for key in told.keys.values()]
            self._answer(200, {"keys": published})
        else:
            self._answer(404, {})

    def do_POST(self) -> None:
        told = self._issuer
        told.asked.append(self.path)
        form = {name: value for name, (value,) in parse_qs(self._body(), strict_parsing=True).items()}
        asked = told.codes.pop(form["code"], None)  # once
        challenge = to_base64url(sha256(form["code_verifier"].encode()).digest())
        if self._client() != (CLIENT_ID, CLIENT_SECRET):
            self._answer(401, {"error": "invalid_client"})
        elif asked is None or (challenge, form["redirect_uri"]) != (asked["code_challenge"], asked["redirect_uri"]):
            self._answer(400, {"error": "invalid_grant"})
        else:
            self._answer(200, {"access_token": "x", "token_type": "Bearer", "id_token": told.token(asked["nonce"])})

    def _client(self) -> tuple[str, str]:
        name, _, secret = b64decode(self.headers["Authorization"].partition(" ")[2]).decode().partition(":")
        return unquote(name), unquote(secret)

    def _body(self) -> str:
        return self.rfile.read(int(self.headers["Content-Length"])).decode()

    def _answer(self, status: int, content: object) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """It has nothing to say."""


def public_bytes(key: Key) -> bytes:
    """What a forger knows of a key, as a secret: the public half, in PEM."""
    return key.as_pem(private=False)


def changed(token: str) -> str:
    """A token whose subject is another's, under the signature that it had."""
    header, payload, signature = token.split(".")
    claims = json.loads(from_base64url(payload))
    return f"{header}.{to_base64url(json.dumps({**claims, 'sub': 'somebody-else'}).encode())}.{signature}"
