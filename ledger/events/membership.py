"""Who is admitted, and with which key: what the alliance's founding and its resolutions both ask."""

from collections.abc import Iterable, Mapping
from typing import Annotated

from pydantic import Field

from ledger.cohort import rows
from ledger.cohort.cells import Record, Set
from ledger.cohort.database import Database
from ledger.cohort.memorandum import Memorandum
from ledger.cohort.view import View, resolutions_in_force
from ledger.errors import LedgerError
from ledger.events.base import put, refuse
from ledger.events.fields import Label, Payload, Slug
from ledger.signing.keys import PublicKey
from ledger.signing.possession import check_possession


class Accession(Payload):
    """Who is to be a member, and the key of its first event. proof: by that key, of a stream that is yet empty."""

    node: Slug
    trial: Label
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    key: dict[str, str]
    proof: str


def accession_of(database: Database, node: str) -> Accession | None:
    """The accession in force that admits a node: the last one, for a key that is lost before its first event is in no
    stream yet, and another accession names another key.
    """
    in_force = sorted(resolutions_in_force(database, "accession"), key=lambda each: each.root("in_force_at") or 0)
    contents = [each.value("content") for each in in_force]
    found = [each for each in contents if isinstance(each, dict) and each.get("node") == node]
    return Accession.model_validate(found[-1]) if found else None


def first_key(memorandum: Memorandum, database: Database, node: str) -> PublicKey | None:
    """The key that a node's first event must be signed with: the memorandum's, or its accession's."""
    founder = memorandum.member(node)
    if founder is not None:
        return founder.public_key
    accession = accession_of(database, node)
    return PublicKey.from_jwk(accession.key) if accession else None


def check_new_key(view: View, jwk: Mapping[str, str], proof: str, *, node: str, prev: bytes | None) -> None:
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


def brought(node: str, key: PublicKey) -> Iterable[Set]:
    """The cells of a key that is a node's from the next event of its stream on."""
    return put(rows.Key, (node, key.thumbprint), jwk=dict(key.jwk))


def _key_in(resolution: Record) -> object:
    """The JWK that a resolution names; a key has one spelling, so none need be parsed to be compared."""
    content = resolution.value("content")
    return content.get("key") if isinstance(content, dict) else None
