"""What a witness keeps when several ask it at once, when it is killed, and when its disk fails: never a step back."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import witnesses
from witnesses import COSIGNERS, LOG, OTHER_HISTORY, ask, request, size_of

from ledger.errors import ConflictError, RefusedError
from ledger.operations.witness import Witness

ROUNDS = 15
Deed = Callable[..., Any]


def contend(folder: Path, growth: int, barrier: Any, outcomes: Any) -> None:
    """Ask a witness, round by round, at the same moment as another does, for so many entries more."""
    witness = witnesses.reopened(folder, COSIGNERS[:1])
    for _ in range(ROUNDS):
        old = size_of(witness) or 0
        barrier.wait(10)
        try:
            ask(witness, old, old + growth)
            outcomes.put((old, old + growth))
        except (ConflictError, OSError):
            outcomes.put((old, None))
        barrier.wait(10)


def check_rounds(folder: Path, outcomes: Any) -> None:
    """Of two who asked from the same size one got its cosignature, and that is what was kept."""
    size, said = 0, []
    while not outcomes.empty():
        said.append(outcomes.get())
    for _ in range(ROUNDS):
        answered = [to for old, to in said if old == size]
        assert sorted(to is None for to in answered) == [False, True], answered
        size = next(to for to in answered if to is not None)
    assert size_of(witnesses.reopened(folder, COSIGNERS[:1])) == size


def test_of_two_threads_that_ask_at_once_one_is_answered(tmp_path: Path) -> None:
    witnesses.new_witness(tmp_path, cosigners=COSIGNERS[:1])
    context = multiprocessing.get_context("spawn")
    outcomes, barrier = context.SimpleQueue(), threading.Barrier(2)
    threads = [
        threading.Thread(target=contend, args=(tmp_path, growth, barrier, outcomes), daemon=True) for growth in (2, 5)
    ]

    for each in threads:
        each.start()
    for each in threads:
        each.join(60)

    check_rounds(tmp_path, outcomes)


def test_of_two_processes_that_ask_at_once_one_is_answered(tmp_path: Path) -> None:
    witnesses.new_witness(tmp_path, cosigners=COSIGNERS[:1])
    context = multiprocessing.get_context("spawn")
    outcomes, barrier = context.SimpleQueue(), context.Barrier(2)
    processes = [context.Process(target=contend, args=(tmp_path, growth, barrier, outcomes)) for growth in (2, 5)]

    for each in processes:
        each.start()
    for each in processes:
        each.join(60)

    assert [each.exitcode for each in processes] == [0, 0]
    check_rounds(tmp_path, outcomes)


# ---------------------------------------------------------------------- faults

WATCHED: tuple[tuple[object, str], ...] = ((os, "open"), (os, "fsync"), (os, "close"), (Path, "replace"))


@contextmanager
def faulty(step: int, happen: Deed, *, done: bool) -> Iterator[list[str]]:
    """Let something happen at the n-th step of what touches the disk. done: after the step did what it does.

    Yields the steps that were come to.
    """
    steps: list[str] = []
    originals = [(owner, name, getattr(owner, name)) for owner, name in WATCHED]

    def watched(name: str, original: Deed) -> Deed:
        def deed(*arguments: Any, **named: Any) -> Any:
            steps.append(name)
            now = len(steps) == step + 1
            if now and not done and not (name == "close" and happen is fail):  # a failing close has closed all the same
                happen()
            result = original(*arguments, **named)
            if now:
                happen()
            return result

        return deed

    for owner, name, original in originals:
        setattr(owner, name, watched(name, original))
    try:
        yield steps
    finally:
        for owner, name, original in originals:
            setattr(owner, name, original)


def fail() -> None:
    raise OSError(28, "No space left on device")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def steps_of_persisting(folder: Path) -> list[str]:
    witness = witnesses.new_witness(folder)
    with faulty(-1, fail, done=False) as steps:
        ask(witness, 0, 5)
    return list(steps)


def check_after(witness: Witness) -> int | None:
    """After a restart: the request gets its cosignature, and a fork of what was kept none. Returns the size then."""
    kept = size_of(witness)
    assert kept in {5, 9}
    if kept == 9:  # the request that was sent is told where to go on from
        with pytest.raises(ConflictError) as told:
            ask(witness, 5, 9)
        assert told.value.facts["size"] == 9
    assert ask(witness, kept, 9)
    for old in (0, 5, 9):
        with pytest.raises(RefusedError):
            ask(witness, old, 9, OTHER_HISTORY)
    ask(witness, 9, 12)
    return kept


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
def test_whatever_step_fails_a_restarted_witness_cosigns_no_fork(tmp_path: Path, *, done: bool) -> None:
    steps = steps_of_persisting(tmp_path / "counted")
    sizes: list[int | None] = []

    for step in range(len(steps)):
        witness = witnesses.new_witness(tmp_path / str(step))
        ask(witness, 0, 5)
        with pytest.raises(OSError, match="No space"), faulty(step, fail, done=done):
            ask(witness, 5, 9)
        sizes.append(check_after(witnesses.reopened(tmp_path / str(step))))

    assert {"open", "fsync", "replace", "close"} <= set(steps)
    assert sizes == [5] * sizes.count(5) + [9] * sizes.count(
        9
    )  # until it was in its place it was not kept, and from then on it was
    assert set(sizes) == {5, 9}


def killed_at(folder: str, step: int, *, done: bool) -> None:
    """In a process of its own; it does not come back."""
    witness = witnesses.reopened(Path(folder))
    with faulty(step, die, done=done):
        ask(witness, 5, 9)


KILL_EACH = """
import os, sys, test_witness_races
for folder, step, done in (line.split("|") for line in sys.stdin.read().splitlines()):
    child = os.fork()
    if child == 0:
        test_witness_races.killed_at(folder, int(step), done=done == "True")
        os._exit(0)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == 9, (folder, step, done)
"""


def test_a_witness_that_is_killed_at_any_step_cosigns_no_fork_when_it_is_back(tmp_path: Path) -> None:
    steps = steps_of_persisting(tmp_path / "counted")
    killed = [(tmp_path / f"{step}-{done}", step, done) for step in range(len(steps)) for done in (False, True)]
    for folder, _, _ in killed:
        ask(witnesses.new_witness(folder), 0, 5)

    ran = subprocess.run(
        [sys.executable, "-c", KILL_EACH],
        input="\n".join(f"{folder}|{step}|{done}" for folder, step, done in killed),
        env={"PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stderr
    assert {check_after(witnesses.reopened(folder)) for folder, _, _ in killed} == {5, 9}


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
def test_a_request_whose_evidence_cannot_be_kept_is_not_cosigned_either(tmp_path: Path, *, done: bool) -> None:
    witness = witnesses.new_witness(tmp_path)
    ask(witness, 0, 9)
    fork = request(9, 9, OTHER_HISTORY).encode()

    for step in range(1, 5):
        with pytest.raises(OSError, match="No space"), faulty(step, fail, done=done):
            witness.add_checkpoint(fork, time_s=1)
        for file in (tmp_path / "evidence").iterdir():
            file.unlink()

    with pytest.raises(RefusedError):
        witness.add_checkpoint(fork, time_s=1)
    assert len(witness.folder.evidence) == 1
    assert LOG.name.encode() in witness.checkpoint(witnesses.ORIGIN_HASH)
