"""Logging in with an OpenID issuer: the authorization code flow (OpenID Connect Core 1.0, 3.1) with PKCE (RFC 7636).

An attempt is known by a secret in a cookie of the browser that began it: `state`, `nonce` and the code verifier are
made from it, so an answer fits no other browser, no other attempt, and nothing of it is stored. Of the ID token the
signature, under a key that the issuer publishes now, issuer, audience, times and nonce are checked (Core, 3.1.3.7); the
algorithm is one of those below, all with public keys, and must be the key's own. What is taken from it is the subject.

Refused are redirects, other schemes than https (but on loopback), and answers of more than a megabyte.
"""

import hmac
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from ipaddress import ip_address
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode, urlsplit

import httpx2 as httpx
from joserfc import jws, jwt
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey, OKPKey, RSAKey

from ledger.errors import ForbiddenError, MalformedError, SetupError, UnavailableError
from ledger.signing.encoding import from_base64url, to_base64url

RETURNED = "/login/oidc/done"  # where the browser comes back to; issuers add parameters of their own to it
_DISCOVERY = "/.well-known/openid-configuration"  # OpenID Connect Discovery 1.0, 4
_TIMEOUT_S = 10.0
_ANSWER_MAX = 1024 * 1024  # bytes
_CLOCKS_DIFFER_S = 60
_SUBJECT_MAX = 255  # Core, 2: "sub"
_RSA_BITS_MIN = 2048
_CODE_MAX = 4096

Key = RSAKey | ECKey | OKPKey

# alg -> the one kind of key that it is taken under
_ALGORITHMS: Mapping[str, tuple[type[Key], str | None]] = {
    "RS256": (RSAKey, None),
    "ES256": (ECKey, "P-256"),
    "EdDSA": (OKPKey, "Ed25519"),
    "Ed25519": (OKPKey, "Ed25519"),
}
_KINDS: Mapping[str, type[Key]] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}


@dataclass(frozen=True)
class Client:
    """What the issuer knows this server as. issuer: its identifier, to the letter. secret: None for a public client."""

    issuer: str
    client_id: str
    secret: str | None = field(repr=False)


class Attempt(NamedTuple):
    """One attempt to log in, of one browser."""

    state: str
    nonce: str
    verifier: str

    @classmethod
    def of(cls, secret: bytes) -> "Attempt":
        """secret: 32 random bytes that only the browser has."""
        return cls(*(to_base64url(hmac.digest(secret, b"oidc " + name, "sha256")) for name in _PARTS))

    @property
    def challenge(self) -> str:
        return to_base64url(sha256(self.verifier.encode()).digest())


_PARTS = (b"state", b"nonce", b"verifier")


class _Endpoints(NamedTuple):
    authorization: str
    token: str
    jwks: str


class Issuer:
    """connect: makes an HTTP client.

    Raises SetupError for an issuer that cannot be one. Everything else raises UnavailableError where the issuer cannot
    be reached or answers what no issuer does, ForbiddenError where it does not vouch for anybody.
    """

    def __init__(self, client: Client, *, connect: Callable[..., httpx.Client] = httpx.Client) -> None:
        if not _is_safe(client.issuer):
            raise SetupError("oidc_issuer: it is an address like https://login.example, without query")
        self._client = client
        self._connect = connect

    @property
    def name(self) -> str:
        return self._client.issuer

    def login_url(self, attempt: Attempt, *, redirect_uri: str) -> str:
        """Where the browser is sent."""
        asked = {
            "response_type": "code",
            "scope": "openid",
            "client_id": self._client.client_id,
            "redirect_uri": redirect_uri,
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": attempt.challenge,
            "code_challenge_method": "S256",
        }
        with self._connected() as client:
            address = self._endpoints(client).authorization
        return f"{address}{'&' if '?' in address else '?'}{urlencode(asked)}"

    def subject(self, answer: Mapping[str, str], attempt: Attempt, *, redirect_uri: str, now_s: int) -> str:
        """Whom the issuer vouches for. answer: the parameters that the browser came back with, each once."""
        # 1. the answer is to this attempt, and of this issuer (RFC 9207, where it says so)
        if not hmac.compare_digest(answer.get("state", "").encode(), attempt.state.encode()):
            raise ForbiddenError("this is not the answer to a login that this browser began: log in again")
        if answer.get("iss", self.name) != self.name:
            raise ForbiddenError("the answer is of another issuer than this server asks")
        code = answer.get("code", "")
        if "error" in answer or not 0 < len(code) <= _CODE_MAX:
            raise ForbiddenError("the issuer did not log you in: log in again, or ask whoever runs it")
        with self._connected() as client:
            # 2. the code becomes an ID token, for whoever began
            endpoints = self._endpoints(client)
            token = self._exchange(client, endpoints.token, code, attempt, redirect_uri)
            keys = _get(client, endpoints.jwks)
        # 3. the ID token holds
        return self._check(token, keys, nonce=attempt.nonce, now_s=now_s)

    def _connected(self) -> httpx.Client:
        return self._connect(timeout=_TIMEOUT_S)

    def _endpoints(self, client: httpx.Client) -> _Endpoints:
        told = _get(client, self.name.rstrip("/") + _DISCOVERY)
        match told:
            case {
                "issuer": self.name,
                "authorization_endpoint": str(authorization),
                "token_endpoint": str(token),
                "jwks_uri": str(jwks),
            } if all(map(_is_safe_or_query, (authorization, token, jwks))):
                return _Endpoints(authorization, token, jwks)
        raise UnavailableError("the issuer's discovery document is not that of the issuer that is set as oidc_issuer")

    def _exchange(self, client: httpx.Client, url: str, code: str, attempt: Attempt, redirect_uri: str) -> str:
        content = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": attempt.verifier,
        }
        secret, auth = self._client.secret, None
        if secret is None:
            content["client_id"] = self._client.client_id
        else:  # RFC 6749, 2.3.1: each encoded as in a form
            auth = httpx.BasicAuth(quote(self._client.client_id, safe=""), quote(secret, safe=""))
        status, told = _ask(client, "POST", url, data=content, auth=auth)
        match told:
            case {"id_token": str(token)} if status == httpx.codes.OK:
                return token
        if httpx.codes.BAD_REQUEST <= status < httpx.codes.INTERNAL_SERVER_ERROR:
            raise ForbiddenError("the issuer did not take the code: it was used before, or is too old; log in again")
        raise UnavailableError("the issuer answered no ID token")

    def _check(self, token: str, jwks: object, *, nonce: str, now_s: int) -> str:
        claims = _verified(token, jwks)
        match claims:
            case {"iss": self.name, "aud": audience, "exp": int(exp), "iat": int(iat), "sub": str(subject)}:
                audiences = audience if isinstance(audience, list) else [audience]
                is_ours = self._client.client_id in audiences
                is_for_us = claims.get("azp", self._client.client_id) == self._client.client_id
                is_now = exp > now_s - _CLOCKS_DIFFER_S and iat <= now_s + _CLOCKS_DIFFER_S
                is_this = hmac.compare_digest(str(claims.get("nonce", "")).encode("utf-8", "replace"), nonce.encode())
                if is_ours and is_for_us and is_now and is_this and 0 < len(subject) <= _SUBJECT_MAX:
                    return subject
        raise ForbiddenError("the issuer's ID token is for another server, another login or another time: log in again")


def _verified(token: str, jwks: object) -> Mapping[str, Any]:
    """The claims of an ID token whose signature holds under a published key."""
    refusal = ForbiddenError("the issuer's ID token is not signed by a key that the issuer publishes")
    try:
        header = jws.extract_compact(token.encode()).headers()
        algorithm = header.get("alg")
        kind, curve = _ALGORITHMS[str(algorithm)]
        for published in _published(jwks, header.get("kid")):
            is_of_it = _KINDS[published["kty"]] is kind and published.get("alg", algorithm) == algorithm
            if is_of_it and published.get("crv") == curve and _is_strong(published):
                # the name that issuers publish; joserfc would have the one of RFC 9864
                warnings.filterwarnings("ignore", "EdDSA is deprecated", SecurityWarning)
                return jwt.decode(token, kind.import_key(published), algorithms=[str(algorithm)]).claims
    except (JoseError, MalformedError, AttributeError, KeyError, TypeError, ValueError):
        raise refusal from None
    raise refusal


def _published(jwks: object, kid: object) -> list[dict[str, Any]]:
    """The public keys that may be meant: of that id; without one, all, where it is the only one."""
    match jwks:
        case {"keys": list(listed)}:
            keys = [
                each
                for each in listed
                if isinstance(each, dict) and each.get("kty") in _KINDS and each.get("use", "sig") == "sig"
            ]
            if kid is None:
                return keys if len(keys) == 1 else []
            return [each for each in keys if each.get("kid") == kid]
    return []


def _is_strong(key: Mapping[str, Any]) -> bool:
    """Whether a modulus has bits enough: the other kinds have one size."""
    return key["kty"] != "RSA" or len(from_base64url(key["n"])) * 8 >= _RSA_BITS_MIN


def _get(client: httpx.Client, url: str) -> object:
    status, told = _ask(client, "GET", url)
    if status != httpx.codes.OK:
        raise UnavailableError(f"the issuer answered with status {status}")
    return told


def _ask(client: httpx.Client, method: str, url: str, **more: Any) -> tuple[int, object]:
    data = bytearray()
    try:
        with client.stream(method, url, headers={"Accept": "application/json"}, follow_redirects=False, **more) as got:
            for part in got.iter_bytes():
                data += part
                if len(data) > _ANSWER_MAX:
                    raise UnavailableError("the issuer's answer is too long")
    except httpx.HTTPError as error:
        raise UnavailableError(f"the issuer cannot be reached: {type(error).__name__}") from None
    try:
        return got.status_code, httpx.Response(200, content=bytes(data)).json()
    except (ValueError, RecursionError):
        return got.status_code, None


def _is_safe(url: str) -> bool:
    return _is_safe_or_query(url) and "?" not in url


def _is_safe_or_query(url: str) -> bool:
    """Whether it is https, or on loopback, and carries neither a fragment nor somebody's name."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    if not host or parts.fragment or "@" in parts.netloc:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host))


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
