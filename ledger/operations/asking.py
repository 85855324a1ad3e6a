"""What is asked of one witness, and what is made of its answer (C2SP tlog-witness, the log's side).

A witness is believed no more than anybody: its lines are checked under its keys, and what it says of the log counts
only with a checkpoint that the log signed.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from http import HTTPStatus

from ledger.cohort.memorandum import Memorandum
from ledger.cohort.witnesses import Cosignature, Witness, cosignatures_on
from ledger.errors import LedgerError, MalformedError, RefusedError, SignatureError, TamperedError, UnavailableError
from ledger.merkle.proofs import prove_consistency
from ledger.operations.publish import check_extends
from ledger.operations.watch import Policy
from ledger.operations.witness_client import TIMEOUT_S, WitnessClient
from ledger.signing.checkpoint import Checkpoint, read_checkpoint
from ledger.signing.encoding import from_decimal
from ledger.signing.note import Note, verified
from ledger.store.engine import Engine, reading
from ledger.store.head import Head, read_head
from ledger.store.tiles import node_reader

CLOCKS_DIFFER_S = 600  # a cosignature brackets times of receipt: one by a clock that is off would tell against the hub


class Asking:
    """Every call raises UnavailableError, MalformedError, SignatureError or RefusedError for an answer of no use, and
    TamperedError where a witness shows a checkpoint that this log signed and that what is stored does not extend.
    """

    def __init__(
        self,
        engine: Engine,
        memorandum: Memorandum,
        policy: Policy,
        *,
        now: Callable[[], datetime],
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self.timeout_s = timeout_s
        self._engine = engine
        self._memorandum = memorandum
        self._policy = policy
        self._now = now

    def check_last(self, witness: Witness) -> None:
        """Ask what it cosigned last of this log, and hold it against what is stored.

        Nothing yet is an answer too, of one that is not known to have cosigned: any address may answer so. Of a witness
        without keys the cosignature cannot be checked; what convicts is the log's own signature.
        """
        last = self._reach(witness).last(self._memorandum.origin)
        with reading(self._engine) as connection:
            head = read_head(connection)
            cosigned = _cosigned_by(witness, head)
            if last is None and cosigned == 0:
                return
            if last is None:
                raise RefusedError(f"it has forgotten that it cosigned {cosigned} entries: is its address right?")
            shown, note = read_checkpoint(last, self._memorandum.log_key)  # of what the log did not sign no word counts
            try:
                check_extends(head, last, self._memorandum, node_reader(connection, head.size))
            except TamperedError as error:
                raise TamperedError(f"{witness.name} knows another log than is stored here: {error}") from None
        if shown.size < cosigned:
            raise RefusedError(f"it shows {shown.size} entries as its last, and has cosigned {cosigned}")
        if witness.verifiers and not verified(note, witness.verifiers):
            raise SignatureError(f"what it says to have cosigned last has no signature of {witness.name}")

    def cosignatures(
        self, witness: Witness, checkpoint: Checkpoint, note: bytes, *, known: int
    ) -> Sequence[Cosignature]:
        """Ask it to cosign a checkpoint that is published. note: with the log's signature and no other. known: the size
        that it knows of this log, as far as we know; where it is another, the witness is caught up from there.
        """
        client, size = self._reach(witness), checkpoint.size
        # 1. from the size that it is thought to know
        old = min(known, size)
        answer = client.add_checkpoint(note, old=old, proof=self._proof(old, size))
        # 2. it knows another one, and says which
        if answer.status == HTTPStatus.CONFLICT:
            old = from_decimal(answer.body.removesuffix(b"\n").decode("ascii", "replace"))
            if old > size:
                raise self._doubted(witness, f"it says that it knows {old} entries, and is asked to cosign {size}")
            answer = client.add_checkpoint(note, old=old, proof=self._proof(old, size))
        # 3. it says that one of the two is no log of ours
        if answer.status == HTTPStatus.UNPROCESSABLE_ENTITY:
            raise self._doubted(witness, f"it says that {size} entries do not follow on the {old} that it knows")
        if answer.status != HTTPStatus.OK:
            raise UnavailableError(f"it answered {answer.status} when asked to cosign {size} entries")
        # 4. its lines
        return self._read(witness, note, answer.body)

    def _read(self, witness: Witness, submitted: bytes, lines: bytes) -> Sequence[Cosignature]:
        """The signature lines of its own keys; those of other keys are ignored."""
        note = Note.parse(submitted + lines)
        if note.text != Note.parse(submitted).text:  # an empty line among its lines makes another text of ours
            raise MalformedError("it sent more than signature lines")
        found = cosignatures_on(note, [witness])
        if not found:
            raise SignatureError("it sent no cosignature of its own")
        now = self._now().timestamp()
        if any(abs(each.time_s - now) > CLOCKS_DIFFER_S for each in found):
            raise RefusedError(f"its clock and this one differ by over {CLOCKS_DIFFER_S} s: set them right")
        return found

    def _doubted(self, witness: Witness, says: str) -> LedgerError:
        """Its word alone stops no hub, or any witness could; a checkpoint that this log signed does."""
        self.check_last(witness)
        return UnavailableError(f"{says}; yet all that it shows of this log is stored here")

    def _proof(self, old: int, size: int) -> Sequence[bytes]:
        with reading(self._engine) as connection:
            return prove_consistency(old, size, node_reader(connection, size))

    def _reach(self, witness: Witness) -> WitnessClient:
        return WitnessClient(self._policy.url(witness.name), timeout_s=self.timeout_s)


def _cosigned_by(witness: Witness, head: Head) -> int:
    """The size of the largest checkpoint stored that the witness has cosigned, 0 where there is none."""
    notes = [Note.parse(each) for each in (head.checkpoint, head.witnessed) if each is not None]
    return max((Checkpoint.parse(note.text).size for note in notes if verified(note, witness.verifiers)), default=0)
