"""Judging in other processes: verification holds the interpreter's lock, so threads do not share it.

The processes are started when enough was judged that they will pay, and in the background: until they are there, and
whenever one of them has died, whoever asks does the work itself. What goes to them and comes back is plain.
"""

import gc
import multiprocessing
import os
import signal
import threading
from collections.abc import Sequence
from concurrent.futures import CancelledError, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field

from ledger.operations.judging import Begun, Keys, Verdict, judge

FEW = 16  # envelopes that are judged here sooner than they are there and back
_MANY = 64  # envelopes that go to one process at once
_PAYS = 1_000  # envelopes: as long as these take, starting processes does too


@dataclass
class Judges:
    """processes: how many others do the work, 0 for none. Any thread may ask."""

    processes: int = 0
    _pool: ProcessPoolExecutor | None = None
    _started: list["Future[bool]"] = field(default_factory=list)
    _judged: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def judge(self, texts: Sequence[str], keys: Keys) -> list[Verdict]:
        """What `judging.judge` finds."""
        return self.begin(texts, keys).verdicts()

    def begin(self, texts: Sequence[str], keys: Keys) -> Begun:
        """Have envelopes judged, by others where they are there, while the caller does something else."""
        pool = self._pool_for(len(texts))
        if pool is None:
            return Begun(texts, lambda: judge(texts, keys))
        count = max(1, -(-len(texts) // _MANY), min(self.processes, len(texts) // FEW))
        parts = [texts[len(texts) * n // count : len(texts) * (n + 1) // count] for n in range(count)]
        try:
            asked = [(part, pool.submit(_judge_plainly, list(part), keys)) for part in parts]
        except RuntimeError:  # it has broken, or was closed
            self._drop(pool)
            return Begun(texts, lambda: judge(texts, keys))

        def collect() -> list[Verdict]:
            return [verdict for part, found in asked for verdict in self._found(pool, part, found, keys)]

        return Begun(texts, collect)

    def close(self) -> None:
        """End the processes. Whoever asks later does the work itself."""
        with self._lock:
            self.processes = 0
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(cancel_futures=True)

    def _found(
        self, pool: ProcessPoolExecutor, part: Sequence[str], found: "Future[list[Verdict]]", keys: Keys
    ) -> list[Verdict]:
        try:
            return found.result()
        except (BrokenProcessPool, CancelledError):  # one of the processes was killed
            self._drop(pool)
            return judge(part, keys)
        except RuntimeError:  # it could not stand one of these
            return judge(part, keys)

    def _pool_for(self, count: int) -> ProcessPoolExecutor | None:
        """The pool, where it is worth asking and each process has answered once."""
        with self._lock:
            self._judged += count
            if self._pool is None and self.processes and self._judged >= _PAYS:
                # spawned, not forked: a copy of a process that has threads may hang in any lock that one of them held
                context = multiprocessing.get_context("spawn")
                self._pool = ProcessPoolExecutor(self.processes, mp_context=context, initializer=_begin)
                self._started = [self._pool.submit(_is_there) for _ in range(self.processes)]
            is_ready = count >= FEW and all(each.done() for each in self._started)
            return self._pool if is_ready else None

    def _drop(self, pool: ProcessPoolExecutor) -> None:
        """Let a pool go that has lost a process; another is started once that pays again."""
        with self._lock:
            if self._pool is pool:
                self._pool, self._judged = None, 0
        pool.shutdown(wait=False, cancel_futures=True)


def processes_here() -> int:
    """How many pay on this machine: two keep up with the thread that appends; with one core none does."""
    cores = len(os.sched_getaffinity(0))
    return min(2, cores) if cores > 1 else 0


def _judge_plainly(texts: list[str], keys: Keys) -> list[Verdict]:
    try:
        return judge(texts, keys)
    except Exception as error:  # noqa: BLE001 - whatever it is, whoever asked meets with it again
        raise RuntimeError(type(error).__name__) from None  # plain: what cannot be unpickled would hang the pool


def _is_there() -> bool:
    return True


def _begin() -> None:
    """In each process: Ctrl-C is the parent's, and where the parent is gone, whoever waits for its work ends too."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.freeze()  # what the program is made of stays: nothing of it is looked for again and again
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
