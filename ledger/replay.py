"""The fold: what an entry means, decided in one place for a live event, a rebuild and an audit.

`step` takes one entry or refuses it. It sees claims, never a signature, a disclosure, a clock or a file: whoever calls
it has verified the signature under the key that `key_of` names, and two callers with the same entries get the same
database and the same digest, whatever was withheld or erased.
"""

from collections.abc import Iterable, Iterator, Mapping

from ledger.cohort.database import Database, Head, Registered, Taken
from ledger.cohort.memorandum import Memorandum
from ledger.cohort.view import View
from ledger.errors import ConflictError, LedgerError, RuleError, SignatureError
from ledger.events.alliance import MemorandumSigned
from ledger.events.amending import amend
from ledger.events.base import Event, Recorded
from ledger.events.catalog import decode
from ledger.events.general import check_day, check_needs
from ledger.events.membership import first_key
from ledger.signing.canonical import dump_known
from ledger.signing.encoding import to_base64url
from ledger.signing.envelope import Claims, clear_of
from ledger.signing.keys import PublicKey


def replay(memorandum: Memorandum, entries: Iterable[Recorded], database: Database) -> Iterator[Taken]:
    """Fold entries into a database, one by one; stops at the first that does not hold, and names its index."""
    for entry in entries:
        try:
            yield step(memorandum, database, entry)
        except LedgerError as error:
            raise error.with_facts(index=entry.index, node=entry.claims.node) from None


def step(memorandum: Memorandum, database: Database, entry: Recorded) -> Taken:
    """Take the next entry. Raises SignatureError, ConflictError or RuleError, and leaves the database untouched."""
    claims = entry.claims
    view = View(database, memorandum, entry.index, entry.received, claims.node, claims.event_id)
    # 1. its place: the key in force, and the next place of its stream
    in_force = key_in_force(memorandum, database, claims.node)
    if entry.kid != in_force:
        raise SignatureError(f"that key of {claims.node} is not in force: sign with the one that is, {in_force}")
    check_place(database, claims)
    # 2. its schema
    event = decode(claims)
    # 3. the general rules
    _check_alliance(view, event)
    check_day(event, entry.received)
    # 4. the events that it needs
    stands_on = check_needs(view, event)
    # 5. its own rule
    event.check(view)
    event.check_at_index(view)
    # 6. what it does to the event that it corrects or retracts, where it does
    amended = amend(view, event)
    # 7. its cells, and with them the digest
    when = event.happened_on()
    registered = Registered(
        index=entry.index,
        event_id=claims.event_id,
        node=claims.node,
        type=claims.type,
        received=entry.received,
        on=when.text if when else None,
        synthetic=event.synthetic is not None,
        stands_on=tuple(sorted({*stands_on, *(amended.stands_on if amended else ())})),
        case=amended.root.case if amended else getattr(event, "case", None),
        corrects=amended.root.index if amended else None,
        retracts=amended is not None and amended.retracts,
        meaning=claims.actor.meaning if amended else None,
        version=claims.version,
        said=bytes(
            memoryview(dump_known(clear_of(claims.data, event.commitments)))
        ),  # a copy: the encoder's own buffer is far larger
    )
    head = Head(claims.seq, entry.hash)
    return database.take(registered, tuple(event.sets(view)), head=head, replacement=amended.sets if amended else ())


def key_of(memorandum: Memorandum, database: Database, node: str, kid: str) -> PublicKey:
    """The key of a node that a thumbprint names, whether still in force or not: to check a signature with.

    Before the node's first event: the key that the memorandum, or its accession, names. Raises SignatureError where
    the node has brought no such key.
    """
    record = database.row("keys", (node, kid))
    if record is not None:
        jwk = record.value("jwk")
        assert isinstance(jwk, dict)
        return PublicKey.from_jwk(jwk)
    first = _admitted(memorandum, database, node)
    if first.thumbprint != kid:
        raise SignatureError(f"that is no key of {node}: sign with the one that is in force")
    return first


def known_keys(memorandum: Memorandum, database: Database) -> dict[str, Mapping[str, str]]:
    """The founders' keys, and those that nodes have brought, as JWK by thumbprint."""
    keys: dict[str, Mapping[str, str]] = {member.public_key.thumbprint: member.key for member in memorandum.members}
    for record in database.rows("keys"):
        jwk = record.value("jwk")
        assert isinstance(jwk, dict)
        keys[record.key[1]] = {name: str(value) for name, value in jwk.items()}
    return keys


def key_in_force(memorandum: Memorandum, database: Database, node: str) -> str:
    """Thumbprint of the key that a node's next envelope must be signed with: the one that was brought last, by its
    stream or by a resolution that replaced its key.

    Raises SignatureError where the node has none: nothing admits it.
    """
    brought = [record.key[1] for record in database.under("keys", node)]
    return brought[-1] if brought else _admitted(memorandum, database, node).thumbprint


def _admitted(memorandum: Memorandum, database: Database, node: str) -> PublicKey:
    first = first_key(memorandum, database, node)
    if first is None:
        raise SignatureError(f"{node} has no key here: it is in neither the memorandum nor an accession in force")
    return first


def check_place(database: Database, claims: Claims) -> None:
    """Raises ConflictError, which names the stream's head, unless the envelope is the next one of its stream."""
    head = database.streams.get(claims.node)
    next_seq = head.seq + 1 if head else 0
    prev = head.hash if head else None
    facts = {"next_seq": next_seq, "prev": to_base64url(prev) if prev else None}
    if claims.seq != next_seq:
        raise ConflictError(f"the next envelope of {claims.node} has seq {next_seq}, not {claims.seq}", **facts)
    if claims.prev != prev:
        raise ConflictError(f"prev is not the hash of the last envelope of {claims.node}", **facts)
    if database.index_of(claims.event_id) is not None:
        raise ConflictError(f"the event id {claims.event_id} is taken", **facts)


def _check_alliance(view: View, event: Event) -> None:
    if isinstance(event, MemorandumSigned):
        return
    missing = [member.node for member in view.memorandum.members if member.node not in view.database.streams]
    if missing:
        raise RuleError(f"the alliance is not in force: {', '.join(missing)} must sign the memorandum first")
    if view.was_removed(view.node):
        if not event.AFTER_REMOVAL:
            raise RuleError(f"{view.node} is no member any more: it may withdraw consents and erase, and nothing else")
        return
    if not view.is_member():
        raise RuleError(f"the first event of {view.node} must be memorandum.signed")
