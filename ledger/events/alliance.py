"""What makes the alliance: its founding, and the keys that its members speak with."""

from collections.abc import Iterable, Mapping
from typing import Any

from ledger.cohort import rows
from ledger.cohort.cells import Set
from ledger.cohort.memorandum import Memorandum
from ledger.cohort.view import View
from ledger.errors import MalformedError
from ledger.events.base import DatedEvent, Event, put, refuse
from ledger.events.membership import accession_of, brought, check_new_key
from ledger.signing.keys import PublicKey


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
        yield from brought(view.node, key)


class KeyRotated(Event):
    """A node brings a new key: the one before signs this event, the new one every later event of the stream."""

    TYPE = "key.rotated"
    key: dict[str, str]
    proof: str

    def check(self, view: View) -> None:
        try:
            check_new_key(view, self.key, self.proof, node=view.node, prev=view.database.streams[view.node].hash)
        except MalformedError as error:
            raise refuse(f"no key to sign with: {error}") from None

    def sets(self, view: View) -> Iterable[Set]:
        return brought(view.node, PublicKey.from_jwk(self.key))


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


EVENTS: tuple[type[Event], ...] = (MemorandumSigned, KeyRotated)
