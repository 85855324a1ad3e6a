"""Bearer tokens that a caller signs itself: that it holds a key, to one server, for a few minutes, once.

A token is a JWT (RFC 7519) in this ledger's one form of JWS, so what RFC 8725 asks holds by the grammar: `typ` says
what it is (3.11), the key alone says the algorithm and `none` is no name of one (3.1), header and payload have exactly
their members, the audience is compared as a whole (3.9), and a key is found by its thumbprint among those that are
known, never by an address in the token (3.10). Whether a `jti` came before is for the server to remember.
"""

from dataclasses import dataclass
from typing import NamedTuple

from ledger.errors import MalformedError, SignatureError
from ledger.signing import jws as signed
from ledger.signing.canonical import Json
from ledger.signing.encoding import from_base64url, to_base64url
from ledger.signing.jws import Jws
from ledger.signing.keys import PublicKey, SigningKey

TYP = "cohort-ledger-token+jwt"
LIFETIME_MAX_S = 300  # how far ahead a token may expire
CLOCKS_DIFFER_S = 60  # how far ahead of the server's a caller's clock may be
TOKEN_MAX = 8_000  # characters; one by ML-DSA-65 has about 4,900

_JTI_SIZE = 16  # bytes
_AUDIENCE_MAX = 500


class Uses(NamedTuple):
    """What a server remembers of a token. id: its `jti`. expires: seconds since the epoch."""

    id: str
    expires: int


@dataclass(frozen=True, slots=True)
class Token:
    """A token, well formed; `check` says whether it holds. times: seconds since the epoch, by the caller's clock."""

    jws: Jws
    audience: str
    issued: int
    expires: int
    id: str

    @property
    def kid(self) -> str:
        """The thumbprint of the key that it claims to be signed by."""
        return self.jws.kid


def sign_token(*, key: SigningKey, audience: str, issued: int, lifetime_s: int, drawn: bytes) -> str:
    """A token for a server. audience: its URL. issued: now. drawn: at least 16 random bytes, used for no other."""
    payload: Json = {
        "aud": audience,
        "exp": issued + lifetime_s,
        "iat": issued,
        "jti": to_base64url(drawn[:_JTI_SIZE]),
    }
    return signed.sign(payload, typ=TYP, key=key).text


def read_token(text: str) -> Token:
    """Read a token; neither signature nor times are checked yet. Raises MalformedError for what none is."""
    if len(text) > TOKEN_MAX:
        raise MalformedError(f"a token has at most {TOKEN_MAX} characters")
    jws = signed.parse(text, typ=TYP)
    match jws.payload:
        case {"aud": str(audience), "exp": exp, "iat": iat, "jti": str(jti), **rest} if not rest:
            if type(exp) is int and type(iat) is int and 0 < len(audience) <= _AUDIENCE_MAX:
                from_base64url(jti, size=_JTI_SIZE)
                return Token(jws, audience, iat, exp, jti)
    raise MalformedError("a token has aud, exp, iat and jti, and nothing else")


def check_token(token: Token, key: PublicKey, *, audience: str, now_s: int) -> Uses:
    """Check that a token holds, under the key that it names, at this server, now.

    Raises SignatureError, which says what is wrong. What is returned must not have been used before.
    """
    if token.audience != audience:
        raise SignatureError(f"the token is for another server: this one is {audience}", expected=audience)
    if not token.issued < token.expires <= token.issued + LIFETIME_MAX_S:
        raise SignatureError(f"a token expires after it was issued, by at most {LIFETIME_MAX_S} seconds")
    if token.expires <= now_s:
        raise SignatureError("the token has expired: sign another; or is your clock behind?")
    if token.issued > now_s + CLOCKS_DIFFER_S or token.expires > now_s + LIFETIME_MAX_S:
        raise SignatureError("the token is of a time to come: is your clock ahead?")
    signed.verify(token.jws, key)
    return Uses(token.id, token.expires)
