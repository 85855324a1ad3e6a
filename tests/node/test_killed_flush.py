"""A flush that is killed at any step: after a restart each draft is in the log once, in order, with its receipt."""

import itertools
from collections.abc import Callable, Iterator
from typing import TypeVar

import httpx2 as httpx
import pytest
from desks import added, again, all_hold_receipts, answering, cases_of, flushed, profiled, refused, said, submitted

from ledger.errors import RuleError
from ledger.node import flushing, lines, outbox
from ledger.node.folder import NodeFolder
from ledger.operations import evidence
from ledger.operations.hub import Hub

T = TypeVar("T")


class Killed(BaseException):
    """The program ends here, whatever it meant to do next."""


class Fault:
    """Kills at one step of all that are taken. how: before it, after it, or (where a file is written) in the middle."""

    def __init__(self) -> None:
        self.at, self.how, self.steps = -1, "", 0

    def arm(self, at: int, how: str) -> None:
        self.at, self.how, self.steps = at, how, 0

    def around(self, step: Callable[[], T], half: Callable[[], object] = lambda: None) -> T:
        self.steps += 1
        if self.steps - 1 != self.at:
            return step()
        match self.how:
            case "after":
                step()
            case "torn":
                half()
        raise Killed


@pytest.fixture
def fault(monkeypatch: pytest.MonkeyPatch) -> Fault:
    """Stands at every write that a node makes."""
    fault = Fault()
    append, replace = lines.Locked.append, lines.Locked.replace

    def appending(self: lines.Locked, added: Iterator[bytes]) -> None:
        whole = list(added)

        def half() -> None:
            data = b"".join(line + b"\n" for line in whole)
            end = self._end()
            self._opened.truncate(end)
            self._opened.seek(end)
            self._opened.write(data[: len(data) * 2 // 3])

        fault.around(lambda: append(self, whole), half)

    def replacing_(self: lines.Locked, put: Iterator[bytes]) -> None:
        fault.around(lambda: replace(self, put))

    keep, aside = evidence.keep_refusal, outbox.Outbox._keep_aside
    monkeypatch.setattr(lines.Locked, "append", appending)
    monkeypatch.setattr(lines.Locked, "replace", replacing_)
    monkeypatch.setattr(flushing, "keep_refusal", lambda *given: fault.around(lambda: keep(*given)))
    monkeypatch.setattr(outbox.Outbox, "_keep_aside", lambda *given: fault.around(lambda: aside(*given)))
    return fault


def until_done(step: Callable[[], object]) -> int:
    """Start a program again and again until it was not killed. Returns how often it was."""
    for killed in itertools.count():
        try:
            step()
        except Killed:
            continue
        return killed
    raise AssertionError


@pytest.mark.parametrize("how", ["before", "torn", "after"])
def test_killed_at_any_step_each_draft_is_in_the_log_once_and_in_order(
    hub: Hub, folder: NodeFolder, fault: Fault, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setattr(flushing, "BATCH_MAX", 2)
    answer = answering(hub)
    before = len(said(hub))
    expected: list[tuple[str, int]] = []

    def faulty(request: httpx.Request) -> httpx.Response:
        return fault.around(lambda: answer(request))

    def flush_to_refusal() -> None:
        with pytest.raises(RuleError):
            flushed(again(folder), faulty)

    def drop_the_refused() -> None:
        stopped = again(folder).outbox.refusal()
        if stopped is not None:
            again(folder).outbox.drop(stopped.number)

    for step in itertools.count():
        # given: a file of drafts, one of which will be refused
        number = 10 * step
        good = [("case.submitted", number), ("case.profiled", number), ("case.submitted", number + 1)]
        file = [submitted(number), refused(f"nowhere-{step}"), profiled(number), submitted(number + 1)]
        fault.arm(step, how)

        # when: it is queued, flushed, and cleared of the refused draft, and one step of all is the last of its program
        killed = until_done(lambda file=file: added(again(folder), *file))  # type: ignore[misc]
        killed += until_done(flush_to_refusal)
        killed += until_done(drop_the_refused)
        killed += until_done(lambda: flushed(again(folder), faulty))

        # then: each good one is in the log once, in order, with a receipt
        expected += good
        assert cases_of(said(hub)) == expected, f"killed {how} step {step}"
        assert all_hold_receipts(hub, folder, since=before), f"killed {how} step {step}"
        assert again(folder).outbox.waiting() == []
        if not killed:
            break

    assert step >= 15
