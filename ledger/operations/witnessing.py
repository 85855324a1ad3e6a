"""The hub's side of witnessing: ask those whom resolutions named, and store what they cosigned (C2SP tlog-witness).

A hub that starts first asks what each cosigned last: one that knows more of this log than is stored here, or another
log under its signature, is an alarm, for good. Then, whenever something was published and at least hourly, all are
asked at once for the newest checkpoint. Nobody waits for them but this thread: a witness that fails delays nothing.
"""

import queue
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from ledger.cohort.memorandum import Memorandum
from ledger.cohort.witnesses import Cosignature, Witness, cosignatures_on, names_of, with_cosignatures
from ledger.errors import LedgerError, TamperedError
from ledger.operations.asking import Asking
from ledger.operations.standing import Standing
from ledger.operations.watch import Policy, keep_witnessed, stored_witnesses, take_cosignatures
from ledger.signing.checkpoint import Checkpoint, read_checkpoint
from ledger.signing.note import Note
from ledger.store.checkpoints import is_kept
from ledger.store.engine import Connection, Engine, reading, writing
from ledger.store.head import read_head

_HOUR_S = 3600.0
_SOON_S = 30.0  # until those that failed are asked again, where too few have answered
_GRACE_S = 1.0  # for the others, once enough have answered
_CALLS = 3  # that one witness may cost: to ask, to ask again, and to look what it cosigned last
_SLICE_S = 0.2  # how long a stop may go unnoticed
_DAY_S = 86_400


@dataclass
class _Contact:
    """What is remembered of a witness while this process runs. known: the size that it knows, as far as we know.

    said: what was told of it last, so that nothing is told twice. cosigned_at: in seconds since the epoch, 0 for never.
    """

    known: int = 0
    said: str = ""
    cosigned_at: int = 0
    busy: threading.Lock = field(default_factory=threading.Lock)


@dataclass
class _Round:
    """One checkpoint, and who is asked for it. note: with the cosignatures that came in; count: how many witnesses'.
    is_due: of this day none is kept yet.
    """

    checkpoint: Checkpoint
    note: Note
    submitted: bytes  # the note with the log's signature and no other
    witnesses: tuple[Witness, ...]
    needed: int
    count: int
    asked: tuple[Witness, ...]
    is_due: bool

    @property
    def is_witnessed(self) -> bool:
        return self.count >= self.needed


class Witnessing:
    """publish: brings what is stored under a signed checkpoint. now: the hub's clock. tell: what the operator must
    know, in a line; called from any thread.
    """

    def __init__(
        self,
        engine: Engine,
        memorandum: Memorandum,
        policy: Policy,
        standing: Standing,
        *,
        asking: Asking,
        publish: Callable[[], object],
        now: Callable[[], datetime],
        tell: Callable[[str], None],
    ) -> None:
        self._policy = policy
        self.standing = standing
        self._engine = engine
        self._memorandum = memorandum
        self._publish = publish
        self._now = now
        self._tell = tell
        self.asking = asking
        self._contacts: dict[str, _Contact] = {}
        self._answered: set[str] = set()  # what they cosigned last, and it is well
        self._failure: str | None = None  # of the last turn, where something went wrong on this side
        self._failures = 0
        self._storing = threading.Lock()
        self._woken = threading.Event()
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []

    # ------------------------------------------------------------------ the thread

    def start(self) -> None:
        self._begin(self._run)

    def wake(self) -> None:
        """There is something new to cosign."""
        self._woken.set()

    def stop(self) -> None:
        """When this returns nothing is stored any more, whatever is still on its way."""
        self._stopped.set()
        self._woken.set()
        with self._storing:
            pass
        ends = time.monotonic() + _GRACE_S
        for thread in self._threads:
            thread.join(max(0.0, ends - time.monotonic()))

    def _run(self) -> None:
        while True:
            self._woken.clear()
            if self._stopped.is_set():  # looked at after the clearing, which may have undone the waking of `stop`
                return
            is_done = self.take_turn()
            self._woken.wait(_HOUR_S if is_done else _SOON_S)

    def _begin(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, daemon=True)  # a witness that hangs keeps no process alive
        self._threads = [each for each in self._threads if each.is_alive()] + [thread]
        thread.start()

    def take_turn(self) -> bool:
        """One turn, of which nothing escapes: whatever goes wrong, the next one comes. Returns as `work`."""
        before = self._failures
        is_done = False
        try:
            is_done = self.work()
        except Exception as error:  # noqa: BLE001 - a full disk, a mistake in this program: asking must go on
            self._fail(error)
        if self._failures != before:
            return False
        self._failure = None
        return is_done

    def _fail(self, error: Exception) -> None:
        self._failures += 1
        self._failure = _kind(error)
        self._say(f"witnesses could not be asked: {self._failure}")

    def _say(self, line: str) -> None:
        with suppress(Exception):  # the disk that the operator's file lies on may be full, too
            self._tell(line)

    def work(self) -> bool:
        """One turn. Returns whether it may take an hour to the next."""
        if self.standing.alarm is not None:
            return True
        if self.standing.is_waiting and not self.admit():
            return False
        return self.ask_all()

    # ------------------------------------------------------------------ 1. what they cosigned last

    def admit(self) -> bool:
        """Ask what those who have not answered cosigned last. Returns whether enough have, and posts are taken."""
        with reading(self._engine) as connection:
            asked = self._policy.asked_at_start(stored_witnesses(connection, read_head(connection).size))
        needed = self._policy.needed(len(asked))
        self._ask_each(asked, self._ask_last, lambda: len(self._answered) >= needed)
        if self.standing.alarm is not None:
            return False
        if len(self._answered) < needed:
            self.standing.wait(answered=len(self._answered), needed=needed, of=len(asked))
            return False
        with self._storing:
            if self._stopped.is_set():
                return False
            try:
                self._publish()  # what a crash left
            except TamperedError as error:
                self._alarm(error)
                return False
            self.standing.admit()
        return True

    def _ask_last(self, witness: Witness) -> None:
        self.asking.check_last(witness)
        self._answered.add(witness.name)

    # ------------------------------------------------------------------ 2. a cosignature for the newest checkpoint

    def ask_all(self) -> bool:
        """Ask whom the newest checkpoint lacks; while none of this day is kept, whom it lacks of this day.

        Returns whether enough have cosigned it, and all have said what they knew when this process started.
        """
        with reading(self._engine) as connection:
            asking = self._next_round(connection)
        if asking is None:
            return True
        self._ask_each(asking.asked, partial(self._ask, asking), lambda: asking.is_witnessed)
        if asking.is_due and asking.is_witnessed:
            self._keep(asking)
        named = self._policy.asked_at_start(asking.witnesses)
        return asking.is_witnessed and self._answered.issuperset(each.name for each in named)

    def _keep(self, asking: _Round) -> None:
        with self._storing:
            if not self._stopped.is_set():
                with writing(self._engine) as connection:
                    keep_witnessed(connection, asking.witnesses, needed=asking.needed)

    def _next_round(self, connection: Connection) -> _Round | None:
        head = read_head(connection)
        if head.checkpoint is None:
            return None
        checkpoint, note = read_checkpoint(head.checkpoint, self._memorandum.log_key)
        witnesses = stored_witnesses(connection, checkpoint.size)
        found = cosignatures_on(note, witnesses)
        names = names_of(found)
        needed = self._policy.needed(len(witnesses))
        today = int(self._now().timestamp()) // _DAY_S
        is_due = 0 < needed <= len(witnesses) and not is_kept(connection, today)
        done = names_of(each for each in found if each.day == today or not is_due) & self._answered
        silent = [each for each in self._policy.asked_at_start(witnesses) if each.name not in self._answered]
        for each in found:
            self._remember(each)
        cosigned = [each.line for each in found]
        return _Round(
            checkpoint,
            note,
            Note(note.text, tuple(each for each in note.signatures if each not in cosigned)).encode(),
            witnesses,
            needed,
            len(names),
            asked=(
                *(each for each in witnesses if each.name not in done),
                *(each for each in silent if not each.verifiers),
            ),
            is_due=is_due,
        )

    def _ask(self, asking: _Round, witness: Witness) -> None:
        if witness.name not in self._answered:  # it slept when this process started, or was named since
            self._ask_last(witness)
        if not witness.verifiers:
            return  # the settings alone name it: it has been heard, and nothing that it cosigns could be checked
        contact = self._contact(witness.name)
        found = self.asking.cosignatures(witness, asking.checkpoint, asking.submitted, known=contact.known)
        contact.known = asking.checkpoint.size
        with self._storing:
            if self._stopped.is_set():
                return
            asking.note = with_cosignatures(asking.note, [each.line for each in found])
            with writing(self._engine) as connection:
                asking.count = take_cosignatures(connection, asking.note, asking.witnesses, needed=asking.needed)
        for each in found:
            self._remember(each)

    def needed(self, count: int) -> int:
        """How many of so many witnesses must cosign a checkpoint."""
        return self._policy.needed(count)

    def warning(self) -> str | None:
        """What is not as it should be with the witnesses that there are now, and with asking them."""
        failed = None if self._failure is None else f"the last turn of asking witnesses failed: {self._failure}"
        found = [each for each in (failed, self._policy.warning(len(self.cosigned_at()))) if each is not None]
        return "; ".join(found) or None

    def cosigned_at(self) -> Mapping[str, int]:
        """When each witness cosigned last, in seconds since the epoch, 0 where this process has seen none of it."""
        with reading(self._engine) as connection:
            witnesses = stored_witnesses(connection, read_head(connection).size)
        return {each.name: self._contact(each.name).cosigned_at for each in witnesses}

    # ------------------------------------------------------------------ all of them at once

    def _ask_each(
        self, witnesses: Iterable[Witness], ask: Callable[[Witness], None], is_enough: Callable[[], bool]
    ) -> None:
        """Ask each in a thread of its own. Returns when all have answered, or soon after enough have: the others go on,
        and are left out as long as they do.
        """
        done: queue.SimpleQueue[None] = queue.SimpleQueue()
        asked = 0
        for witness in witnesses:
            contact = self._contact(witness.name)
            if contact.busy.acquire(blocking=False):
                asked += 1
                self._begin(partial(self._ask_one, witness, contact, ask, done))
        ends = time.monotonic() + _CALLS * self.asking.timeout_s
        while asked and not self._stopped.is_set():
            left_s = ends - time.monotonic()
            if left_s <= 0:
                return
            try:
                done.get(timeout=min(left_s, _SLICE_S))
            except queue.Empty:
                continue
            asked -= 1
            if is_enough():
                ends = min(ends, time.monotonic() + _GRACE_S)

    def _ask_one(
        self, witness: Witness, contact: _Contact, ask: Callable[[Witness], None], done: "queue.SimpleQueue[None]"
    ) -> None:
        said = ""
        try:
            ask(witness)
        except TamperedError as error:
            self._alarm(error)
        except LedgerError as error:
            said = str(error)
        except Exception as error:  # noqa: BLE001 - as of a turn: this is no fault of the witness
            said = contact.said
            self._fail(error)
        finally:
            if said != contact.said and not self._stopped.is_set():
                contact.said = said
                self._say(f"witness {witness.name}: {said or 'it answers again'}")
            contact.busy.release()
            done.put(None)

    def _alarm(self, error: TamperedError) -> None:
        if self.standing.raise_alarm(error):
            self._say(f"ALARM: {error}; nothing is signed or taken any more")

    def _contact(self, name: str) -> _Contact:
        return self._contacts.setdefault(name, _Contact())

    def _remember(self, given: Cosignature) -> None:
        contact = self._contact(given.witness)
        contact.cosigned_at = max(contact.cosigned_at, given.time_s)


def _kind(error: Exception) -> str:
    """What went wrong, without what it went wrong with: only this program's own errors carry nothing of a payload."""
    match error:
        case LedgerError():
            return str(error)
        case OSError(strerror=str(why)):
            return f"{type(error).__name__}: {why.lower()}"
    return type(error).__name__
