"""What of a post needs no state of the ledger: its bytes, its signatures, the posting gate.

That is most of the work, and each envelope's is apart from every other's, so it may be done in other processes: what is
found is plain, and good news is short. Under which key a signature had to hold, whether the event was taken before, and
what it corrects, whoever has the state decides.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal, NamedTuple, TypeAlias

from ledger.errors import GateError, LedgerError, MalformedError, SignatureError
from ledger.operations.gate import check_post
from ledger.signing import envelope as envelopes
from ledger.signing.envelope import REPLACEMENT, Envelope
from ledger.signing.keys import PublicKey

POST_ENVELOPES_MAX = 1_000
POST_BYTES_MAX = 8 * 1024 * 1024

Keys: TypeAlias = Mapping[str, Mapping[str, str]]  # JWK by thumbprint

_KINDS: Mapping[str, type[LedgerError]] = {
    "malformed": MalformedError,
    "forged": SignatureError,
    "gate": GateError,
}


class Verdict(NamedTuple):
    """What was found of an envelope.

    found: `good`: its signature holds under the key that it names, and the gate lets it pass; `unknown`: nobody here
    has that key; `ungated`: the signature holds, and the gate must know what the event corrects. Or what is wrong with
    it, `malformed`, `forged` or `gate`, with an error's words and facts.
    """

    found: Literal["good", "unknown", "ungated", "malformed", "forged", "gate"]
    message: str = ""
    facts: Mapping[str, str | int] = {}

    def error(self) -> LedgerError:
        """Of what is wrong."""
        return _KINDS[self.found](self.message, **self.facts)


GOOD = Verdict("good")


def judge(texts: Sequence[str], keys: Keys) -> list[Verdict]:
    """Judge envelopes, each for itself. keys: those that are known; under no other is anything verified."""
    opened = {thumbprint: PublicKey.from_jwk(jwk) for thumbprint, jwk in keys.items()}
    return [_judge(text, opened) for text in texts]


def _judge(text: str, keys: Mapping[str, PublicKey]) -> Verdict:
    try:
        envelope = envelopes.parse(text)
        key = keys.get(envelope.jws.kid)
        if key is None:
            return Verdict("unknown")
        envelopes.verify(envelope, key)
        if REPLACEMENT in envelope.claims.data:
            return Verdict("ungated")
        check_post(envelope)
    except MalformedError as error:
        return Verdict("malformed", str(error), error.facts)
    except SignatureError as error:
        return Verdict("forged", str(error), error.facts)
    except GateError as error:
        return Verdict("gate", str(error), error.facts)
    return GOOD


class Candidate:
    """An envelope of a post that can be read, and how far it is judged.

    jws: without its disclosures; disclosures: joined by `~`. is_verified, is_gated: False where that is to be done
    under the writer's lock, for an envelope before it may change what comes of it.
    """

    __slots__ = ("claims", "disclosures", "hash", "is_gated", "is_verified", "jws", "kid", "text", "verdict")

    def __init__(self, text: str, verdict: Verdict) -> None:
        self.text = text
        self.verdict = verdict
        self.jws, _, disclosures = text.partition("~")
        self.disclosures = disclosures[:-1]
        self.kid, self.hash, self.claims = envelopes.read_again(self.jws)
        self.is_verified = self.is_gated = True

    @property
    def envelope(self) -> Envelope:
        """All of it, read anew: few are asked for it."""
        return envelopes.parse(self.text)


@dataclass(frozen=True, slots=True)
class Begun:
    """A post whose judging has begun. verdicts: waits for what is found, envelope by envelope."""

    texts: Sequence[str]
    verdicts: Callable[[], list[Verdict]]


Post: TypeAlias = Sequence[str] | Begun


def read_posts(posts: Sequence[Post], judging: Callable[[Sequence[str]], Begun]) -> list[list[Candidate] | LedgerError]:
    """Each post's envelopes as they are judged, or the MalformedError that it is refused with.

    judging: begins what was not begun yet, of all posts together.
    """
    faults = [None if isinstance(post, Begun) else size_fault(post) for post in posts]
    fresh = [
        text
        for post, fault in zip(posts, faults, strict=True)
        if fault is None and not isinstance(post, Begun)
        for text in post
    ]
    verdicts = iter(judging(fresh).verdicts() if fresh else ())
    read: list[list[Candidate] | LedgerError] = []
    for post, fault in zip(posts, faults, strict=True):
        if isinstance(post, Begun):
            read.append(_read(post.texts, post.verdicts()))
        else:
            read.append(fault or _read(post, list(islice(verdicts, len(post)))))
    return read


def size_fault(post: Sequence[str]) -> MalformedError | None:
    if not 1 <= len(post) <= POST_ENVELOPES_MAX:
        return MalformedError(f"a post has 1 to {POST_ENVELOPES_MAX} envelopes, this one {len(post)}")
    if sum(map(len, post)) > POST_BYTES_MAX:
        return MalformedError(f"a post has at most {POST_BYTES_MAX} bytes: send it in parts")
    return None


def _read(post: Sequence[str], verdicts: Sequence[Verdict]) -> list[Candidate] | LedgerError:
    for place, verdict in enumerate(verdicts):
        if verdict.found == "malformed":
            return verdict.error().with_facts(place=place)
    return [Candidate(text, verdict) for text, verdict in zip(post, verdicts, strict=True)]
