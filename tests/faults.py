"""A node's program that is killed at a step: at any write that it makes, before it, after it or in its middle."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from ledger.node import flushing, folder, keyring, lines, outbox
from ledger.operations import evidence
from ledger.signing.keys import SigningKey

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


def at_every_write(monkeypatch: pytest.MonkeyPatch) -> Fault:
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

    def writing_key(file: Path, key: SigningKey, passphrase: bytes | None) -> None:
        def half() -> None:
            file.touch(mode=0o600)
            file.write_bytes(key.to_pem(passphrase)[:40])

        fault.around(lambda: keyring.write_key(file, key, passphrase), half)

    keep, aside = evidence.keep_refusal, outbox.Outbox._keep_aside
    monkeypatch.setattr(lines.Locked, "append", appending)
    monkeypatch.setattr(lines.Locked, "replace", replacing_)
    monkeypatch.setattr(folder, "write_key", writing_key)
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
