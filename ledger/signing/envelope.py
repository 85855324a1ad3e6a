"""Envelopes: what a node says, signed once, with fields that can be shown or withheld (SD-JWT, RFC 9901).

An envelope is `<JWS>~<disclosure>~...~`, issuer-signed, without key binding. A sealed field stands in the signed claims
as an array of one commitment, `[{"...": digest}]`; its disclosure is base64url of `[salt, value]` and opens it. The JWS
alone is what the log keeps, and it says nothing about a sealed value but that there is one.

Of RFC 9901 this takes array-element commitments with SHA-256, as direct members of `data` or of `data.replacement`.
It refuses `_sd`, decoys, nesting, and any hash but that. What an event's fields mean is not known here.
"""

import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from operator import itemgetter
from typing import Literal, cast, get_args

from ledger.errors import MalformedError
from ledger.names import UUID_V7, is_slug
from ledger.signing import jws as signed
from ledger.signing.canonical import Json, dump, load, load_known
from ledger.signing.encoding import digests_as_text, from_base64url, to_base64url
from ledger.signing.jws import Jws
from ledger.signing.keys import PublicKey, SigningKey

TYP = "cohort-event+sd-jwt"
JWS_MAX = 60_000  # bytes; with the time of receipt before it, it fits an entry's 16-bit length
ENVELOPE_MAX = 256 * 1024  # bytes, with disclosures
SALT_SIZE = 16

Meaning = Literal["authored", "reviewed", "approved"]

_MEANINGS = frozenset[str](get_args(Meaning))
_HASH_SIZE = 32
_COMMITMENT = "..."
_RESERVED = frozenset({_COMMITMENT, "_sd", "_sd_alg"})
REPLACEMENT = "replacement"
_DIGEST = re.compile(r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]")  # 32 bytes leave the last two bits 0
_SALT = re.compile(r"[A-Za-z0-9_-]{21}[AQgw]")  # 16 bytes leave the last four
# what nearly all disclosures open to: canonical as it stands, for nothing in it has a second spelling
_PLAIN = re.compile(rb'\["[A-Za-z0-9_-]{21}[AQgw]",(?:null|true|false|0|-?[1-9][0-9]{0,14}|"[ !#-\[\]-~]*+")\]')
_PSEUDONYM = re.compile(r"[A-Za-z0-9._-]{1,64}")
_TYPE = re.compile(r"[a-z][a-z0-9_]{0,39}\.[a-z][a-z0-9_]{0,39}")
_members = itemgetter("iss", "jti", "iat", "seq", "type", "v", "actor", "data", "_sd_alg")
_ACTOR_SIZE = 3
_actor_members = itemgetter("user", "role", "meaning")
_KINDS = (str, str, int, int, str, int, dict)  # exactly: in Python a bool is an int
_YEAR_10000 = 253_402_300_800  # seconds since the epoch; no calendar here goes on


@dataclass(frozen=True, slots=True)
class Actor:
    """Who at the node said it (a pseudonym, whose person the node alone knows), as what, and what the signature means.

    user, role: 1 to 64 of `[A-Za-z0-9._-]`.
    """

    user: str
    role: str
    meaning: Meaning


@dataclass(frozen=True, slots=True)
class Claims:
    """The signed claims. `sign` and `parse` check their grammar; a Claims made by hand may still be malformed.

    event_id: UUID version 7, lower case. issued_at: seconds since the epoch by the node's clock. seq: 0-based place in
    the node's stream. prev: hash of the envelope before, None where seq is 0. version: of the type's schema, from 1.
    data: clear values and commitments.
    """

    node: str
    event_id: str
    issued_at: int
    seq: int
    prev: bytes | None
    type: str
    version: int
    actor: Actor
    data: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Disclosure:
    """The salt and value that open a commitment. It prints as its digest: a value never gets into a log by accident.

    text: as it travels, base64url. digest: base64url SHA-256 of that text.
    """

    digest: str
    text: str = field(repr=False)
    value: Json = field(compare=False, repr=False)

    @classmethod
    def make(cls, salt: bytes, value: Json) -> "Disclosure":
        """Seal a value (null for one that there is none of) under a salt that is used for nothing else.

        Raises MalformedError for another length of salt, a value without canonical spelling, or one with a member
        named `_sd`, `_sd_alg` or `...` anywhere in it.
        """
        return cls.parse(to_base64url(dump([to_base64url(salt), value])))

    @classmethod
    def parse(cls, text: str) -> "Disclosure":
        """Read a disclosure (RFC 9901, 4.2.2). Raises MalformedError for what `make` would not print."""
        (disclosure,) = read_disclosures((text,))
        return disclosure

    @property
    def salt(self) -> str:
        """As it stands in it: 16 bytes in base64url."""
        opened = load_known(from_base64url(self.text))
        assert isinstance(opened, list)
        return str(opened[0])


def read_disclosures(texts: Sequence[str]) -> tuple[Disclosure, ...]:
    """As `Disclosure.parse`, of many at one go."""
    values = [_disclosed_value(from_base64url(text)) for text in texts]
    digests = digests_as_text(sha256(text.encode("ascii")).digest() for text in texts)
    return tuple(map(Disclosure, digests, texts, values))


def _disclosed_value(data: bytes) -> Json:
    if _PLAIN.fullmatch(data):
        return load_known(data)[1]  # type: ignore[index]  # two members, so it says
    match load(data):
        case [str(salt), value] if _SALT.fullmatch(salt) and not _has_reserved_name(value):
            return value
    raise MalformedError(
        f"a disclosure is a salt of {SALT_SIZE} bytes and a value, and no member in it is named _sd, _sd_alg or ..."
    )


def commitment(digest: str) -> Json:
    """How a sealed field stands among the claims (RFC 9901, 4.2.4.2)."""
    return [{_COMMITMENT: digest}]


def read_commitment(value: Json) -> str | None:
    """The digest of a commitment, None for a clear value. Raises MalformedError for a digest of another shape."""
    if type(value) is not list or len(value) != 1:
        return None
    member = value[0]
    if type(member) is not dict or len(member) != 1:
        return None
    digest = member.get(_COMMITMENT)
    if type(digest) is not str:
        return None
    if not _DIGEST.fullmatch(digest):
        raise MalformedError("a commitment's digest is 32 bytes in base64url")
    return digest


def parted(data: Mapping[str, Json]) -> tuple[dict[str, Json], dict[str, str]]:
    """The fields of `data` that are clear, and the commitments of those that are sealed."""
    clear: dict[str, Json] = {}
    sealed: dict[str, str] = {}
    for name, value in data.items():
        digest = read_commitment(value) if type(value) is list else None
        if digest is None:
            clear[name] = value
        else:
            sealed[name] = digest
    return clear, sealed


def clear_of(data: Mapping[str, Json], sealed: Container[str] | None = None) -> dict[str, Json]:
    """The fields of `data` that are not sealed, and of its replacement those that are not. sealed: those of `data` that
    are, where somebody has looked.
    """
    known = parted(data)[1] if sealed is None else sealed
    clear = {name: value for name, value in data.items() if name not in known}
    replacement = clear.get(REPLACEMENT)
    return {**clear, REPLACEMENT: clear_of(replacement)} if isinstance(replacement, dict) else clear


def seal(
    clear: Mapping[str, Json], sealed: Mapping[str, Json], salts: Iterable[bytes]
) -> tuple[dict[str, Json], tuple[Disclosure, ...]]:
    """The `data` of an event, and what opens its sealed fields, in their order.

    salts: random, 16 bytes each, one for each sealed field, never used again; more are left where they are.

    Raises MalformedError for a field that is both clear and sealed, or too few salts.
    """
    if not clear.keys().isdisjoint(sealed):
        raise MalformedError("a field is either clear or sealed")
    disclosures = tuple(Disclosure.make(salt, value) for value, salt in zip(sealed.values(), salts, strict=False))
    if len(disclosures) != len(sealed):
        raise MalformedError("each sealed field takes a salt of its own")
    committed = {name: commitment(each.digest) for name, each in zip(sealed, disclosures, strict=True)}
    return {**clear, **committed}, disclosures


@dataclass(frozen=True, slots=True)
class Envelope:
    """An event as its node signed it, with as many of its disclosures as are at hand. Made by `sign` and `parse`.

    commitments: the digest of each sealed field, named by its path in `data`: `response`, or `replacement.response`.
    """

    jws: Jws
    claims: Claims = field(compare=False)
    disclosures: tuple[Disclosure, ...]
    commitments: Mapping[str, str] = field(compare=False, repr=False)

    @property
    def text(self) -> str:
        """`<JWS>~<disclosure>~...~`, with a trailing `~` always."""
        return "~".join([self.jws.text, *(each.text for each in self.disclosures), ""])

    @property
    def hash(self) -> bytes:
        """SHA-256 of the JWS, the same whatever is disclosed: what the stream's next envelope has as `prev`."""
        return self.jws.hash

    @property
    def missing(self) -> tuple[str, ...]:
        """The sealed fields whose disclosures are not here: withheld, or erased."""
        digests = {each.digest for each in self.disclosures}
        return tuple(name for name, digest in self.commitments.items() if digest not in digests)

    def opened(self) -> dict[str, Json]:
        """The value of each sealed field whose disclosure is here."""
        values = {each.digest: each.value for each in self.disclosures}
        return {name: values[digest] for name, digest in self.commitments.items() if digest in values}

    def with_disclosures(self, disclosures: Iterable[Disclosure]) -> "Envelope":
        """The same envelope with these disclosures in place of those it has.

        Raises MalformedError for one that opens no commitment, or one that is given twice.
        """
        return _disclosed(self.jws, self.claims, self.commitments, tuple(disclosures))


def sign(claims: Claims, disclosures: Iterable[Disclosure], key: SigningKey) -> Envelope:
    """Sign an event. Raises MalformedError for what `parse` would not take."""
    payload: dict[str, Json] = {
        "_sd_alg": "sha-256",
        "actor": {"meaning": claims.actor.meaning, "role": claims.actor.role, "user": claims.actor.user},
        "data": dict(claims.data),
        "iat": claims.issued_at,
        "iss": claims.node,
        "jti": claims.event_id,
        "seq": claims.seq,
        "type": claims.type,
        "v": claims.version,
    }
    if claims.prev is not None:
        payload["prev"] = to_base64url(claims.prev)
    jws = signed.sign(payload, typ=TYP, key=key)
    _check_jws_size(jws.text)
    envelope = _envelope(jws, _claims(jws.payload), tuple(disclosures))  # as `parse` would read it
    if len(envelope.text) > ENVELOPE_MAX:
        raise _too_long(len(envelope.text))
    return envelope


def parse(text: str) -> Envelope:
    """Read an envelope; its signature is not checked yet, and disclosures may be missing.

    Raises MalformedError for what `sign` would not print, above all: a JWS over 60,000 bytes, more than 256 KiB with
    disclosures, other claims than those above, a disclosure that opens no commitment or comes twice.
    """
    if len(text) > ENVELOPE_MAX:
        raise _too_long(len(text))
    jws, *disclosures = text.split("~")
    if not disclosures or disclosures.pop():
        raise MalformedError("an envelope ends with ~, and holds no key binding")
    return _envelope(*_statement(jws), read_disclosures(disclosures))


def parse_jws(text: str) -> Envelope:
    """Read an envelope as the log keeps it: the JWS alone, no `~`, every sealed field missing."""
    return _envelope(*_statement(text), ())


def read_again(text: str) -> tuple[str, bytes, Claims]:
    """The key that a JWS names, its hash, and its claims, where `parse` has read the very same text before: that it is
    canonical is not checked again.
    """
    kid, payload = signed.read_again(text, typ=TYP)
    return kid, sha256(text.encode("ascii")).digest(), _claims(payload)


def verify(envelope: Envelope, key: PublicKey) -> None:
    """Check the node's signature. Raises SignatureError where it is another key's, or does not hold."""
    signed.verify(envelope.jws, key)


def _statement(text: str) -> tuple[Jws, Claims]:
    _check_jws_size(text)  # before anything that costs
    jws = signed.parse(text, typ=TYP)
    return jws, _claims(jws.payload)


def _check_jws_size(text: str) -> None:
    if len(text) > JWS_MAX:
        raise MalformedError(f"an envelope's JWS has at most {JWS_MAX} bytes", actual=len(text))


def _envelope(jws: Jws, claims: Claims, disclosures: tuple[Disclosure, ...]) -> Envelope:
    """RFC 9901, 7.1: each disclosure opens exactly one commitment, and no digest stands twice."""
    commitments = dict(_commitments(claims.data))
    if len(set(commitments.values())) < len(commitments):
        raise _twice()
    return _disclosed(jws, claims, commitments, disclosures)


def _disclosed(
    jws: Jws, claims: Claims, commitments: Mapping[str, str], disclosures: tuple[Disclosure, ...]
) -> Envelope:
    shown = {each.digest for each in disclosures}
    if len(shown) < len(disclosures):
        raise _twice()
    if not shown.issubset(commitments.values()):
        raise MalformedError("a disclosure opens none of the envelope's commitments")
    return Envelope(jws, claims, disclosures, commitments)


def _twice() -> MalformedError:
    return MalformedError("a digest stands twice: every sealed field has a salt of its own")


def _too_long(size: int) -> MalformedError:
    return MalformedError(f"an envelope has at most {ENVELOPE_MAX} bytes", actual=size)


def _claims(payload: Json) -> Claims:
    try:
        claimed = _members(payload)  # type: ignore[arg-type]  # what is no object has no such members
    except (KeyError, TypeError):
        raise _misshapen() from None
    node, event_id, issued_at, seq, type_, version, user_as, data, hash_name = claimed
    kinds = (type(node), type(event_id), type(issued_at), type(seq), type(type_), type(version), type(data))
    if kinds != _KINDS or hash_name != "sha-256":
        raise _misshapen()
    if not (_are_names(node, type_) and UUID_V7.fullmatch(event_id)):
        raise MalformedError("iss is a slug, jti a UUID of version 7, type two names joined by a dot, all lower case")
    if not (0 <= issued_at < _YEAR_10000 and seq >= 0 and version >= 1):
        raise MalformedError("iat is in seconds and seq is 0-based, neither below 0, and v counts from 1")
    assert isinstance(payload, dict)
    if len(payload) != len(claimed) + (seq > 0):
        raise MalformedError("an event has prev, and nothing that is not named here, unless it is the stream's first")
    prev = _prev(payload.get("prev")) if seq else None
    return Claims(node, event_id, issued_at, seq, prev, type_, version, _actor(user_as), data)


@lru_cache(maxsize=1024)  # as few as there are nodes, times what they can say
def _are_names(node: str, type_: str) -> bool:
    return is_slug(node) and _TYPE.fullmatch(type_) is not None


def _misshapen() -> MalformedError:
    return MalformedError("an event's claims lack a member, or have one too many, or of another type")


def _prev(prev: Json) -> bytes:
    if not isinstance(prev, str):
        raise _misshapen()
    return from_base64url(prev, size=_HASH_SIZE)


def _actor(stated: Json) -> Actor:
    try:
        user, role, meaning = _actor_members(stated)  # type: ignore[arg-type]  # what is no object has no such members
        if len(stated) == _ACTOR_SIZE:  # type: ignore[arg-type]  # as above
            return _known_actor(user, role, meaning)
    except (KeyError, TypeError):  # a member that is no text is none that the grammar takes, or that can be looked up
        pass
    raise _misshapen()


@lru_cache(maxsize=1024)  # a log has few of them, and each says much
def _known_actor(user: str, role: str, meaning: str) -> Actor:
    if not (_PSEUDONYM.fullmatch(user) and _PSEUDONYM.fullmatch(role) and meaning in _MEANINGS):
        raise MalformedError("an actor has a user, a role, and a meaning: authored, reviewed or approved")
    return Actor(user, role, cast("Meaning", meaning))


def _commitments(data: Mapping[str, Json], path: str = "") -> Iterator[tuple[str, str]]:
    """Each sealed field's path and digest. Raises MalformedError where a name that SD-JWT reserves stands elsewhere."""
    for name, value in data.items():
        digest = read_commitment(value) if type(value) is list else None
        if digest is not None and "." not in name and name not in _RESERVED:
            yield path + name, digest
        elif name == REPLACEMENT and not path and isinstance(value, dict):
            yield from _commitments(value, f"{REPLACEMENT}.")
        elif name in _RESERVED or _has_reserved_name(value):
            raise MalformedError("a commitment stands alone in an array, as a field of data or of its replacement")


def _has_reserved_name(value: Json) -> bool:
    if isinstance(value, dict):
        return not _RESERVED.isdisjoint(value) or any(map(_has_reserved_name, value.values()))
    return isinstance(value, list) and any(map(_has_reserved_name, value))
