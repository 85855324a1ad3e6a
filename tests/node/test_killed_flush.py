"""A flush that is killed at any step: after a restart each draft is in the log once, in order, with its receipt."""

import itertools

import httpx2 as httpx
import pytest
from desks import added, again, all_hold_receipts, answering, cases_of, flushed, profiled, refused, said, submitted
from faults import Fault, until_done

from ledger.errors import RuleError
from ledger.node import flushing
from ledger.node.folder import NodeFolder
from ledger.operations.hub import Hub


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
