"""Publishing: sign a checkpoint over what is stored, and prove places under it.

A hub never signs a checkpoint before it has checked it against the last one that it signed: a database restored from
an older copy, or changed by hand, gets no signature.
"""

from collections.abc import Callable, Sequence

from ledger.cohort.memorandum import Memorandum
from ledger.errors import NotFoundError, TamperedError
from ledger.merkle.proofs import prover
from ledger.merkle.tree import NodeReader, root_at
from ledger.operations.log_keys import signers_at
from ledger.operations.signed import SignedFile
from ledger.signing.checkpoint import Checkpoint, database_origin, read_checkpoint, sign_checkpoint
from ledger.signing.note import NoteSigner
from ledger.signing.receipt import Receipt
from ledger.store import head as heads
from ledger.store.engine import Connection, Engine, reading, writing
from ledger.store.entries import find_entry
from ledger.store.head import Head, read_head
from ledger.store.tiles import node_reader


def publish(engine: Engine, memorandum: Memorandum, signer: NoteSigner, signed: SignedFile) -> Checkpoint:
    """Bring everything stored under a signed checkpoint, and the database's digest under a signed note.

    signed: where the last checkpoint that this hub signed is kept, apart from the database. Returns the checkpoint in
    force. Raises TamperedError where the stored log does not extend what was signed, SetupError where the hub lacks a
    log key that is in force: nothing is signed then.
    """
    with writing(engine) as connection:
        head, nodes, published = _check_signed(connection, memorandum, signed)
        if published is not None and published.size == head.size:
            return published
        if published is None and head.size > 0:
            raise TamperedError(
                f"{head.size} entries are stored and no checkpoint: it was taken out; nothing is signed"
            )
        checkpoint = Checkpoint(memorandum.origin, head.size, root_at(head.size, nodes))
        digest = Checkpoint(database_origin(memorandum.origin), head.size, _digest(connection, head.size))
        signers = signers_at(connection, signer, head.size)
        note = sign_checkpoint(checkpoint, *signers).encode()
        signed.write(note)  # a crash from now on is healed: the log is stored, and extends it
        heads.publish(connection, checkpoint=note, digest_note=sign_checkpoint(digest, *signers).encode())
        return checkpoint


def check_publishable(engine: Engine, memorandum: Memorandum, signer: NoteSigner, signed: SignedFile) -> None:
    """Raises as `publish` would for what was signed before, and for a key that is missing; signs nothing."""
    with reading(engine) as connection:
        head, _, _ = _check_signed(connection, memorandum, signed)
        signers_at(connection, signer, head.size)


def _check_signed(
    connection: Connection, memorandum: Memorandum, signed: SignedFile
) -> tuple[Head, NodeReader, Checkpoint | None]:
    """Hold what is stored against both places that remember what was signed. Returns the checkpoint in force.

    The two notes differ where a crash came between them, and by the cosignatures that the database's has.
    """
    head = read_head(connection)
    nodes = node_reader(connection, head.size)
    published = check_extends(head, head.checkpoint, memorandum, nodes)
    note = signed.read()
    if note != head.checkpoint:
        check_extends(head, note, memorandum, nodes)
    return head, nodes, published


def check_extends(head: Head, note: bytes | None, memorandum: Memorandum, nodes: NodeReader) -> Checkpoint | None:
    """A checkpoint that was signed, once it is shown that the stored tree extends it; None where there is none yet.

    Raises TamperedError where it does not, SignatureError where the log never signed it.
    """
    if note is None:
        return None
    last, _ = read_checkpoint(note, memorandum.log_key)
    if last.size > head.size:
        raise TamperedError(
            f"a checkpoint over {last.size} entries is signed, and {head.size} are stored: entries were lost or taken "
            "out; restore the newer database, and sign nothing with this one",
            index=head.size,
        )
    if root_at(last.size, nodes) != last.root:
        raise TamperedError(
            f"the stored tree is not the one that the checkpoint at {last.size} was signed over; nothing is signed"
        )
    return last


def receipts(engine: Engine, memorandum: Memorandum, indexes: Sequence[int]) -> list[Receipt]:
    """A receipt for each place, all under one published checkpoint that has them: the newest that enough witnesses
    cosigned, where that has them all, else the newest.

    Raises NotFoundError for a place that is not published.
    """
    (given,) = receipts_each(engine, memorandum, [indexes])
    return given


def receipts_each(engine: Engine, memorandum: Memorandum, posts: Sequence[Sequence[int]]) -> list[list[Receipt]]:
    """The same of several posts' places, each post under one checkpoint; what the proofs share is read once."""
    with reading(engine) as connection:
        head = read_head(connection)
        if head.checkpoint is None:
            raise NotFoundError("nothing is published here yet")
        witnessed_size = head.witnessed_size
        provers: dict[bytes, Callable[[int], tuple[bytes, ...]]] = {}

        def receipt(index: int, note: bytes) -> Receipt:
            prove = provers.get(note)
            if prove is None:
                published, _ = read_checkpoint(note, memorandum.log_key)
                prove = provers[note] = prover(published.size, node_reader(connection, published.size))
            return Receipt(index, prove(index), note)

        notes = [
            (head.witnessed if max(post, default=0) < witnessed_size else None) or head.checkpoint for post in posts
        ]
        return [[receipt(index, note) for index in post] for post, note in zip(posts, notes, strict=True)]


def _digest(connection: Connection, size: int) -> bytes:
    last = find_entry(connection, index=size - 1)
    return last.digest if last else bytes(32)
