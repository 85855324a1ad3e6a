"""Flushing the outbox: seal, sign, post and keep receipts, in order, so that nothing is lost or said twice.

What is sealed is written down before it is sent. So whatever a crash left sealed may be in the log: it is sent again as
the same bytes, before all else, and the hub gives its receipt for what it has. Only where the hub says that it has not
taken an envelope is the draft sealed anew: on another head, because another device of the node has posted, or under
another key. A draft that is refused right after it was sealed stops the queue.

Not every refusal is signed, and one that is not may be a lie about what was taken. So what it is about is sent again as
the same bytes by the next flush, too, until it is taken, refused under the log's signature, or dropped.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ledger.cohort.memorandum import Memorandum
from ledger.errors import ConflictError, LedgerError, RuleError, SignatureError, TamperedError, UnavailableError
from ledger.node.client import BATCH_BYTES_MAX, BATCH_MAX, Answered, NodeClient
from ledger.node.outbox import Outbox, UnderWay, Waiting, is_sealed
from ledger.node.receipts import ReceiptFolder
from ledger.node.rotation import StreamEnd
from ledger.operations.evidence import keep_refusal
from ledger.signing.envelope import Envelope
from ledger.signing.note import Verifier
from ledger.signing.refusal import read_refusal

Seal = Callable[[str, StreamEnd], Envelope]
_RACES_MAX = 10  # how often another device may be faster before we say so


def flush(
    outbox: Outbox,
    *,
    node: str,
    memorandum: Memorandum,
    seal: Seal,
    client: NodeClient,
    receipts: ReceiptFolder,
    refusals: Path,
) -> Iterator[list[Answered]]:
    """Post all that waits; yields what was taken after each post, with its receipts kept.

    seal: makes an envelope of a line that comes behind a stream's end, by the key in force there.

    Raises what the hub refused with, `draft` being the number of the draft that stops the queue; UnavailableError where
    it cannot be reached, TamperedError for a receipt that does not hold. All that was not taken waits on then. Raises
    SetupError where another process is at it.
    """
    with outbox.held():
        is_fresh = False  # whether what is under way was sealed by this run: else it may be in the log
        stopped: LedgerError | None = None
        unsigned: LedgerError | None = None  # the last refusal in this run that nobody signed
        races = 0
        while waiting := outbox.waiting():
            under_way = outbox.under_way()
            # 1. nothing is on its way: the next drafts are sealed, and are durable before they are sent
            if not under_way:
                if stopped is not None:
                    raise stopped
                doubted = outbox.doubted()
                if doubted and unsigned is None:
                    under_way, is_fresh = doubted, False
                else:
                    end = client.end_of(node)
                    receipts.check_head(end.head)
                    _check_not_there(doubted, end)
                    under_way, is_fresh = _sealed(outbox, waiting, end, seal), True
                    _check_anew(outbox, doubted, under_way, unsigned)
                outbox.put_under_way(under_way)
            # 2. they are posted; whatever fails here but a refusal leaves them to be sent again as they are
            try:
                taken = client.post_once([each.envelope for each in under_way])
            except LedgerError as error:
                # 3. refused: those before it are sent by themselves, it and those after it are drafts again
                refused = _refused(under_way, error)
                posted = [each.envelope for each in under_way if each.number <= refused]
                if _keep_evidence(error, posted, refusals, memorandum.log_key, receipts):
                    outbox.give_back(refused)
                else:
                    outbox.doubt(refused)
                    unsigned = error
                if not is_fresh:
                    continue
                races += isinstance(error, ConflictError)
                if isinstance(error, ConflictError) and races <= _RACES_MAX and not _is_envelope(waiting, refused):
                    continue
                outbox.refuse(refused, error)
                stopped = error.with_facts(draft=refused)
            else:
                # 4. receipts first: a crash before the next line only asks for them again
                receipts.keep([each.kept for each in taken])
                outbox.take([(each.number, each.envelope.claims.seq) for each in under_way])
                yield taken
        outbox.settle()


def repost(client: NodeClient, receipts: ReceiptFolder, seqs: Sequence[int]) -> list[Answered]:
    """Post again what was taken with these places in the node's stream, as the same bytes.

    Raises TamperedError where the hub does not have them where the receipts say; what it says now is kept beside them.
    """
    kept = receipts.of(seqs)
    answered = [each for part in client.post([each.envelope for each in kept]) for each in part]
    moved = [
        new.kept
        for new, old in zip(answered, kept, strict=True)
        if (new.kept.received, new.kept.receipt.index) != (old.received, old.receipt.index)
    ]
    if moved:
        receipts.keep(moved)
        raise TamperedError(
            "the hub has not where its receipt says what it took: both receipts are kept, and convict it",
            index=moved[0].receipt.index,
            seq=moved[0].envelope.claims.seq,
        )
    return answered


def _sealed(outbox: Outbox, waiting: Sequence[Waiting], end: StreamEnd, seal: Seal) -> list[UnderWay]:
    """As many as a post takes. A draft that cannot be sealed stops the queue once those before it are posted."""
    sealed: list[UnderWay] = []
    size = 0
    for each in waiting[:BATCH_MAX]:
        try:
            envelope = seal(each.text, end)
            end = end.behind(envelope)
        except LedgerError as error:
            if sealed:
                break
            outbox.refuse(each.number, error)
            raise error.with_facts(draft=each.number) from None
        size += len(envelope.text)
        if sealed and size > BATCH_BYTES_MAX:
            break
        sealed.append(UnderWay(each.number, envelope))
    return sealed


def _check_not_there(doubted: Sequence[UnderWay], end: StreamEnd) -> None:
    """Raises UnavailableError where the stream ends with what was refused: in other bytes it would be said twice."""
    if end.head is not None and any(each.envelope.hash == end.head.hash for each in doubted):
        raise UnavailableError("what answers there refuses what it has: it shows that as the end of the node's stream")


def _check_anew(
    outbox: Outbox, doubted: Sequence[UnderWay], anew: Sequence[UnderWay], unsigned: LedgerError | None
) -> None:
    """Check that what was refused again may be said in other bytes: for its key, and the node signs with another now.

    Raises the refusal where it may not.
    """
    if not doubted or unsigned is None:
        return
    if isinstance(unsigned, SignatureError) and _kid(doubted[0]) != _kid(anew[0]):
        return
    outbox.refuse(doubted[0].number, unsigned)
    raise unsigned.with_facts(draft=doubted[0].number)


def _kid(sealed: UnderWay) -> str:
    return sealed.envelope.jws.kid


def _refused(under_way: Sequence[UnderWay], error: LedgerError) -> int:
    """The number of the draft that the hub refused.

    Raises the error again where it is no refusal: nobody knows then what the log has.
    """
    place = error.facts.get("place")
    if not isinstance(place, int) or not 0 <= place < len(under_way):
        raise error
    return under_way[place].number


def _keep_evidence(
    error: LedgerError, envelopes: Sequence[Envelope], refusals: Path, log: Verifier, receipts: ReceiptFolder
) -> bool:
    """Keep the refusal that the log signed; False for one that nobody signs.

    Raises UnavailableError where the log ought to have signed it and has not, or not now.
    """
    refusal = error.facts.get("refusal")
    if not isinstance(refusal, str):
        if isinstance(error, ConflictError | RuleError):
            raise UnavailableError(f"what answers there refuses, and does not sign it as the log does: {error}")
        return False  # what the posting gate refuses is not signed, nor what has no good signature or form
    try:
        stated = read_refusal(refusal, log)
        if (*stated.before, stated.envelope) != tuple(each.hash for each in envelopes):
            raise SignatureError("it is of other envelopes than those that were posted")
        file = keep_refusal(refusals, refusal, envelopes, log)
    except LedgerError as fault:
        raise UnavailableError(f"what answers there refuses, and the log has not signed that: {fault}") from None
    # a refusal is made on all that the log has; one by a log with less is a lie, or an old one that somebody repeats
    proved = receipts.proved_size(log)
    if stated.size < proved:
        raise UnavailableError(
            f"what answers there refuses for a log of {stated.size} entries, and there are receipts for {proved}: "
            f"judge {file} with `cohort-ledger evidence check`"
        )
    return True


def _is_envelope(waiting: Sequence[Waiting], number: int) -> bool:
    return any(each.number == number and is_sealed(each.text) for each in waiting)
