"""Processes of this machine that look at ranges."""

import multiprocessing
import signal
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import cached_property
from types import TracebackType
from typing import Self

from ledger.merkle.tiles import TILE_WIDTH
from ledger.operations.ranges import Fault, Looked, Range, look_at

FEW = 16 * TILE_WIDTH  # entries that are checked in the time that other processes take to start
_AHEAD = 4  # ranges for each process


class Processes:
    """A `Pool`. It starts its processes when there is something to do, and ends them with the block."""

    vouched = ""  # they are of this machine

    def __init__(self, count: int, *, few: int = FEW) -> None:
        self.few, self.ahead = few, _AHEAD * count
        self._count = count

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _: TracebackType | None
    ) -> None:
        if "_executor" in self.__dict__:
            self._executor.shutdown(cancel_futures=True)

    def begin(self, given: Range) -> Callable[[], Looked | Fault]:
        return self._executor.submit(look_at, given).result

    @cached_property
    def _executor(self) -> ProcessPoolExecutor:
        # spawned, not forked: a copy of a process that has threads may hang in any lock that one of them held
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(self._count, mp_context=context, initializer=_leave_interrupts_to_the_parent)


def _leave_interrupts_to_the_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
