"""What makes the alliance: its founding, and the resolutions that its members bring into force together."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from ledger.clinical.benefit import Endpoint
from ledger.clinical.two_stage import Design
from ledger.cohort import rows
from ledger.cohort.cells import Record, Set
from ledger.cohort.database import Database
from ledger.cohort.memorandum import Memorandum
from ledger.cohort.view import View, resolutions_in_force
from ledger.errors import LedgerError, MalformedError
from ledger.events.base import DatedEvent, Event, Need, put, refuse
from ledger.events.fields import Label, Payload, Slug, first_fault
from ledger.events.terms import Jwk, Terms, check_foreign
from ledger.names import is_slug
from ledger.signing.entry import format_time
from ledger.signing.keys import PublicKey
from ledger.signing.note import COSIGNATURES, Verifier
from ledger.signing.possession import check_possession


class MemorandumSigned(DatedEvent):
    """A founder, or a member that acceded, signs the founding document: the first event of its stream."""

    TYPE = "memorandum.signed"
    memorandum: dict[str, Any]

    def check(self, view: View) -> None:
        if view.node in view.database.streams:
            raise refuse(f"{view.node} has signed the memorandum already: it is the first event of a stream")
        if _hash_of(self.memorandum) != view.memorandum.hash:
            raise refuse("this is not the memorandum that the ledger was founded with: sign the one that it serves")

    def sets(self, view: View) -> Iterable[Set]:
        trial, country, key, in_parallel = _joining(view)
        yield from put(
            rows.Node,
            (view.node,),
            trial=trial,
            country=country,
            opens_in_parallel=in_parallel,
            signed_on=self.on.text,
        )
        yield from _brought(view, key)


class KeyRotated(Event):
    """A node brings a new key: the one before signs this event, the new one every later event of the stream."""

    TYPE = "key.rotated"
    key: dict[str, str]
    proof: str

    def check(self, view: View) -> None:
        try:
            _check_new_key(view, self.key, self.proof, node=view.node, prev=view.database.streams[view.node].hash)
        except MalformedError as error:
            raise refuse(f"no key to sign with: {error}") from None

    def sets(self, view: View) -> Iterable[Set]:
        return _brought(view, PublicKey.from_jwk(self.key))


class Accession(Payload):
    node: Slug
    trial: Label
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    key: dict[str, str]
    proof: str


class Witness(Payload):
    name: Label
    verifier: str


class Access(Terms):
    """A grant over what everybody contributed."""

    organisation: Label
    key: Jwk


class ResolutionProposed(Event):
    """A member proposes, and endorses with it. The membership that is asked is that of this moment."""

    TYPE = "resolution.proposed"
    resolution: Slug
    subject: Literal["access", "accession", "design", "endpoint", "witness"]
    content: dict[str, Any]

    def check(self, view: View) -> None:
        if view.resolution(self.resolution) is not None:
            raise refuse(f"a resolution named {self.resolution} was proposed before: choose another name")
        try:
            _CONTENT[self.subject](self.content, view)
        except ValidationError as error:
            raise refuse(f"not valid as the content of a {self.subject}: {first_fault(error)}") from None
        except MalformedError as error:
            raise refuse(f"not valid as the content of a {self.subject}: {error}") from None

    def sets(self, view: View) -> Iterable[Set]:
        members = view.members()
        yield from put(
            rows.Resolution,
            (self.resolution,),
            proposer=view.node,
            subject=self.subject,
            content=self.content,
            membership=list(members),
        )
        yield from _endorse(view, self.resolution, votes=1, members=len(members))


class ResolutionEndorsed(Event):
    """A member that was asked agrees; the one that completes the quorum brings the resolution into force."""

    TYPE = "resolution.endorsed"
    resolution: Slug

    def needs(self, view: View) -> Iterable[Need]:
        proposed = view.resolution(self.resolution)
        yield Need(f"a resolution {self.resolution}", proposed.root("subject") if proposed else None)

    def check(self, view: View) -> None:
        proposed = _proposed(view, self.resolution)
        if view.node not in _membership(proposed):
            raise refuse(f"{view.node} was no member when {self.resolution} was proposed")
        if view.database.row("endorsements", (self.resolution, view.node)) is not None:
            raise refuse(f"{view.node} has endorsed {self.resolution} already")
        if proposed.root("in_force_at") is not None:
            raise refuse(f"{self.resolution} is in force already")
        _check_not_overtaken(view, proposed)

    def sets(self, view: View) -> Iterable[Set]:
        votes = sum(1 for _ in view.database.under("endorsements", self.resolution)) + 1
        members = len(_membership(_proposed(view, self.resolution)))
        yield from _endorse(view, self.resolution, votes=votes, members=members)


def accession_of(database: Database, node: str) -> Accession | None:
    """The accession in force that admits a node."""
    for resolution in resolutions_in_force(database, "accession"):
        content = resolution.value("content")
        if isinstance(content, dict) and content.get("node") == node:
            return Accession.model_validate(content)
    return None


def first_key(memorandum: Memorandum, database: Database, node: str) -> PublicKey | None:
    """The key that a node's first event must be signed with: the memorandum's, or its accession's."""
    founder = memorandum.member(node)
    if founder is not None:
        return founder.public_key
    accession = accession_of(database, node)
    return PublicKey.from_jwk(accession.key) if accession else None


def _joining(view: View) -> tuple[str, str, PublicKey, bool]:
    founder = view.memorandum.member(view.node)
    if founder is not None:
        return founder.trial, founder.country, founder.public_key, founder.opens_in_parallel
    accession = accession_of(view.database, view.node)
    assert accession is not None
    return accession.trial, accession.country, PublicKey.from_jwk(accession.key), False


def _hash_of(content: Mapping[str, Any]) -> bytes | None:
    try:
        return Memorandum.of(content).hash
    except MalformedError:
        return None


def _check_not_overtaken(view: View, proposed: Record) -> None:
    """Two resolutions may be proposed that would do the same thing twice: the first in force is the one that does."""
    content = proposed.value("content")
    assert isinstance(content, dict)
    match proposed.value("subject"):
        case "accession":
            node = str(content["node"])
            if accession_of(view.database, node) is not None:
                raise refuse(f"another resolution has admitted {node} already")
        case "witness":
            _check_new_witness(view, str(content["verifier"]))


def _proposed(view: View, slug: str) -> Record:
    proposed = view.resolution(slug)
    assert proposed is not None
    return proposed


def _membership(proposed: Record) -> list[str]:
    membership = proposed.value("membership")
    assert isinstance(membership, list)
    return [str(node) for node in membership]


def _endorse(view: View, slug: str, *, votes: int, members: int) -> Iterable[Set]:
    now = format_time(view.received)
    yield from put(rows.Endorsement, (slug, view.node), endorsed_at=now)
    if votes >= view.memorandum.votes_needed(members):
        yield from put(rows.Resolution, (slug,), in_force_at=now)


def _check_accession(content: Mapping[str, Any], view: View) -> None:
    accession = Accession.model_validate(content)
    if view.memorandum.member(accession.node) is not None or accession_of(view.database, accession.node) is not None:
        raise refuse(f"{accession.node} is a member already")
    _check_new_key(view, accession.key, accession.proof, node=accession.node, prev=None)


def _check_new_key(view: View, jwk: Mapping[str, str], proof: str, *, node: str, prev: bytes | None) -> None:
    """Check that nobody has or had the key, and that the node proves, for this place in its stream, to hold it.

    Raises MalformedError where the JWK is none, RuleError for the rest.
    """
    key = PublicKey.from_jwk(jwk)
    brought = any(record.key[1] == key.thumbprint for record in view.database.rows(rows.Key.TABLE))
    named = any(member.public_key == key for member in view.memorandum.members)
    proposed = any(_key_in(record) == jwk for record in view.database.rows(rows.Resolution.TABLE))
    if brought or named or proposed:
        raise refuse("that key is known already: make a new one, that nobody has used before")
    try:
        check_possession(proof, key=key, node=node, origin=view.memorandum.origin, prev=prev)
    except LedgerError as error:
        raise refuse(f"the proof that {node} holds its key does not hold: {error}") from None


def _brought(view: View, key: PublicKey) -> Iterable[Set]:
    return put(rows.Key, (view.node, key.thumbprint), jwk=dict(key.jwk))


def _key_in(resolution: Record) -> object:
    """The JWK that a resolution names; a key has one spelling, so none need be parsed to be compared."""
    content = resolution.value("content")
    return content.get("key") if isinstance(content, dict) else None


def _check_access(content: Mapping[str, Any], view: View) -> None:
    check_foreign(view, Access.model_validate(content).key)


def _check_design(content: Mapping[str, Any], _view: View) -> None:
    Design.parse(content)


def _check_endpoint(content: Mapping[str, Any], _view: View) -> None:
    Endpoint.parse(content)


def _check_witness(content: Mapping[str, Any], view: View) -> None:
    witness = Witness.model_validate(content)
    verifier = Verifier.parse(witness.verifier)
    if not is_slug(witness.name.replace("/", "-").replace(".", "-")) or verifier.name != witness.name:
        raise MalformedError("a witness's name is that of its verifier key")
    if verifier.type not in COSIGNATURES:
        raise MalformedError("a witness's verifier key is of a type for cosignatures (0x04, 0x06)")
    _check_new_witness(view, witness.verifier)


def _check_new_witness(view: View, verifier: str) -> None:
    if any(_verifier_of(each) == verifier for each in resolutions_in_force(view.database, "witness")):
        raise refuse(f"{Verifier.parse(verifier).name} is a witness already")


def _verifier_of(resolution: Record) -> object:
    content = resolution.value("content")
    return content.get("verifier") if isinstance(content, dict) else None


_CONTENT = {
    "access": _check_access,
    "accession": _check_accession,
    "design": _check_design,
    "endpoint": _check_endpoint,
    "witness": _check_witness,
}


EVENTS: tuple[type[Event], ...] = (
    MemorandumSigned,
    KeyRotated,
    ResolutionProposed,
    ResolutionEndorsed,
)
