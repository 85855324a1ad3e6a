"""What an evidence file proves to whoever believes nobody: that the log is convicted, or not, and why.

Everything is checked anew, under the log's key. The one thing that a file cannot say of itself is whether that key is
the one that the reader's alliance founded its ledger with: the memorandum does.
"""

from dataclasses import dataclass
from typing import Literal

from ledger.cohort.memorandum import Memorandum
from ledger.errors import LedgerError, MalformedError
from ledger.operations.evidence import Evidence, Fork, RefusedPost, Rollback, WitnessRequest
from ledger.operations.folding import Progress
from ledger.operations.forks import SignedHead, check_fork, prove_fork
from ledger.operations.refused import check_statement, replay_refusal
from ledger.operations.source import Source
from ledger.signing.add_checkpoint import AddCheckpoint
from ledger.signing.note import Verifier

Ruling = Literal["convicts", "nothing wrong", "proves nothing"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """ruling: it *convicts* the log, whoever shows it; it was checked and *nothing wrong* is proved; or it *proves
    nothing*, to others at least. finding: what was found, in words.
    """

    ruling: Ruling
    finding: str


def judge(
    evidence: Evidence,
    *,
    memorandum: Memorandum | None = None,
    log: Source | None = None,
    progress: Progress = lambda _done, _of: None,
) -> Verdict:
    """Judge what an evidence file holds.

    memorandum: names the log's key that the reader trusts; without it the file's own word is taken for the key. log: a
    source of the log, which a refusal is judged by, and what a request or rollback leaves open; its memorandum must be
    that one.

    Raises TamperedError where that log does not hold itself, NotFoundError where it does not reach as far as the
    refusal, and what the source raises where it cannot be reached.
    """
    if memorandum is not None and memorandum.log_key != evidence.log:
        return Verdict("proves nothing", f"the file names another log's key than the memorandum of {memorandum.origin}")
    match evidence:
        case Fork():
            return _fork(evidence)
        case RefusedPost():
            return _refusal(evidence, memorandum, log, progress)
        case WitnessRequest():
            verdict, notes = _request(evidence), _notes_of(evidence)
        case Rollback():
            verdict, notes = _rollback(evidence), (evidence.remembered, evidence.shown)
    if verdict.ruling == "proves nothing" and log is not None:
        return _held_against(log, notes, evidence.log) or verdict
    return verdict


def _fork(fork: Fork) -> Verdict:
    try:
        return Verdict("convicts", check_fork(fork))
    except MalformedError as error:
        return Verdict("proves nothing", str(error))


def _refusal(evidence: RefusedPost, memorandum: Memorandum | None, log: Source | None, progress: Progress) -> Verdict:
    try:
        refusal, envelopes = check_statement(evidence)
    except LedgerError as error:
        return Verdict("proves nothing", str(error))
    if memorandum is None or log is None:
        told = f"the log refused it at {refusal.size} entries; whether the rules asked for that, the log itself shows"
        return Verdict("nothing wrong", f"{told}: name it with --log")
    replayed = replay_refusal(refusal, envelopes, memorandum=memorandum, log=log, progress=progress)
    if replayed.is_false:
        return Verdict("convicts", f"the log signed a false refusal: {replayed.words} (its reason: {refusal.reason})")
    return Verdict("nothing wrong", f"the refusal was right: {replayed.words}")


def _request(evidence: WitnessRequest) -> Verdict:
    if evidence.cosigned is None:
        return Verdict("proves nothing", "the witness had cosigned nothing that the request could contradict")
    try:
        asked = AddCheckpoint.parse(evidence.request)
        new = SignedHead.read(asked.note.encode(), evidence.log)
        cosigned = SignedHead.read(evidence.cosigned, evidence.log)
    except LedgerError as error:
        return Verdict("proves nothing", f"the request or what was cosigned is not the log's: {error}")
    old_size, size = cosigned.checkpoint.size, new.checkpoint.size
    if size < old_size:
        return _fork(Fork(evidence.log, new.note, cosigned.note, ()))
    # the hashes stand for themselves, whatever old size the request states
    proof = asked.proof if old_size < size else ()
    return _fork(Fork(evidence.log, cosigned.note, new.note, proof))


def _rollback(evidence: Rollback) -> Verdict:
    try:
        sizes = [SignedHead.read(note, evidence.log).checkpoint.size for note in (evidence.remembered, evidence.shown)]
    except LedgerError as error:
        return Verdict("proves nothing", f"one of the two checkpoints is not the log's: {error}")
    told = f"the log signed checkpoints over {sizes[0]} and {sizes[1]} entries, as every log does that grows"
    return Verdict("proves nothing", f"{told}: that the smaller was shown later is the word of whoever saw it")


def _notes_of(evidence: WitnessRequest) -> tuple[bytes, ...]:
    try:
        asked = AddCheckpoint.parse(evidence.request).note.encode()
    except MalformedError:
        return ()
    return (asked,) if evidence.cosigned is None else (evidence.cosigned, asked)


def _held_against(log: Source, notes: tuple[bytes, ...], key: Verifier) -> Verdict | None:
    """What a file does not prove by itself, it may beside the log: a checkpoint in it that the log does not extend."""
    shown = SignedHead.of(log, key)
    for note in notes:
        try:
            seen = SignedHead.read(note, key)
        except LedgerError:
            continue
        if seen.checkpoint.size <= shown.checkpoint.size:
            fork = prove_fork(key, seen, shown, log)
            if fork is not None:
                return Verdict("convicts", f"beside the log as it is shown now: {check_fork(fork)}")
    return None


def trusted_key(verifier: Verifier, memorandum: Memorandum | None, pin: bytes | None) -> str:
    """Whose word the log's key is, in words."""
    if memorandum is None:
        return f"{verifier.text}, which the file itself names: give --memorandum or --log, and --pin"
    pinned = "that you pinned" if pin is not None else "that you gave: pin its hash with --pin"
    return f"{verifier.text}, of the memorandum {memorandum.hash.hex()} {pinned}"
