"""A node's outbox: drafts that wait to be posted, in order, and what became of those that were.

One file, `journal`, a JSON record a line, is all that it remembers: drafts added, envelopes sealed, places taken in the
node's stream, refusals, drafts dropped. A step is one line, durable before anything hangs on it, so a crash falls
between two steps. Who else adds drafts meanwhile is heard at the next step. When nothing waits any more, one line takes
the place of all: which lines of which file were taken.

A file is known by its lines. Added again it waits once; of one that was taken nothing is added, and of one whose drafts
were dropped, those. Drafts hold what will be sealed: everything here is for the node's eyes alone.
"""

import fcntl
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from ledger.errors import LedgerError, MalformedError, NotFoundError, SetupError
from ledger.node.lines import LineFile, Locked
from ledger.operations.replacing import make_folder, replacing
from ledger.signing import envelope as envelopes
from ledger.signing.canonical import dump, load
from ledger.signing.envelope import Envelope

_MODE = 0o600
_FILE_NAME_SIZE = 32  # hex digits of the hash of its lines


def is_sealed(text: str) -> bool:
    """Whether a line of a drafts file is an envelope, which is posted as it is."""
    return not text.startswith("{")


@dataclass(frozen=True, slots=True)
class Waiting:
    """number: of the draft, from 1, never given again. file: hash of its lines; line: 0-based among them. origin: where
    it came from, for people. text: a draft, or an envelope.
    """

    number: int
    file: str
    line: int
    origin: str
    text: str = field(repr=False)

    @property
    def type(self) -> str:
        return envelopes.parse(self.text).claims.type if is_sealed(self.text) else str(json.loads(self.text)["type"])


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the queue stands still. number: of the draft; error: the slug of its kind."""

    number: int
    error: str
    reason: str


class UnderWay(NamedTuple):
    """What was sealed and may be in the log. number: of the draft that it was."""

    number: int
    envelope: Envelope


class Added(NamedTuple):
    """What became of a file. new, waiting: how many drafts of it were added now, and how many wait with those.
    taken: the seq of each that is in the log.
    """

    file: str
    new: int
    waiting: int
    taken: list[int]


@dataclass
class _Remembered:
    """What the journal's lines add up to. doubted: refused in words that nobody signed. taken: file -> line -> seq."""

    next_number: int = 1
    waiting: dict[int, Waiting] = field(default_factory=dict)
    under_way: list[UnderWay] = field(default_factory=list)
    doubted: list[UnderWay] = field(default_factory=list)
    refusal: Refusal | None = None
    taken: dict[str, dict[int, int]] = field(default_factory=dict)
    records: int = 0

    def hear(self, record: Any) -> None:
        self.records += 1
        match record:
            case {"next": int(number), "taken": dict(files)}:
                self.next_number = number
                self.taken = {file: dict(lines) for file, lines in files.items()}
            case {"added": list(drafts), "file": str(file)}:
                self._add(file, drafts)
            case {"sealed": list(sealed)}:
                self.under_way = [UnderWay(number, envelopes.parse(text)) for number, text in sealed]
                self.doubted = []
            case {"given_back": int(number)}:
                self.under_way = [each for each in self.under_way if each.number < number]
            case {"doubted": int(number)}:
                self.doubted = [each for each in self.under_way if each.number >= number]
                self.under_way = [each for each in self.under_way if each.number < number]
            case {"took": list(places)}:
                self._take(places)
            case {"refused": int(number), "error": str(error), "reason": str(reason)}:
                self.refusal = Refusal(number, error, reason)
            case {"dropped": list(numbers)}:
                self._leave(numbers)
            case _:
                raise MalformedError("no record of an outbox")

    def _add(self, file: str, drafts: Iterable[tuple[int, str, str]]) -> None:
        for line, origin, text in drafts:
            self.waiting[self.next_number] = Waiting(self.next_number, file, line, origin, text)
            self.next_number += 1

    def _take(self, places: Iterable[tuple[int, int]]) -> None:
        for number, seq in places:
            draft = self.waiting[number]
            self.taken.setdefault(draft.file, {})[draft.line] = seq
        self._leave([number for number, _ in places])

    def _leave(self, numbers: Iterable[int]) -> None:
        for number in numbers:
            del self.waiting[number]
        self.under_way = [each for each in self.under_way if each.number in self.waiting]
        self.doubted = [each for each in self.doubted if each.number in self.waiting]
        if self.refusal is not None and self.refusal.number not in self.waiting:
            self.refusal = None


class Outbox:
    """One node's. Every call raises MalformedError where the journal was altered."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._journal = LineFile(folder / "journal")
        self._remembered = _Remembered()
        self._read: tuple[object, int] = None, 0  # which file, and how far

    # ------------------------------------------------------------------ what is there

    def waiting(self) -> list[Waiting]:
        """In the order in which they are posted."""
        return list(self._heard().waiting.values())

    def under_way(self) -> list[UnderWay]:
        """The first of those that wait, sealed and sent, perhaps: nobody knows yet whether the log has them."""
        return list(self._heard().under_way)

    def doubted(self) -> list[UnderWay]:
        """Those that wait and were refused as these bytes, in words that the log did not sign: it may have them yet."""
        return list(self._heard().doubted)

    def refusal(self) -> Refusal | None:
        return self._heard().refusal

    def taken(self) -> list[int]:
        """The seq of everything that went through here and was taken."""
        return sorted(seq for lines in self._heard().taken.values() for seq in lines.values())

    # ------------------------------------------------------------------ what people do with it

    def add(self, lines: Sequence[str], origins: Sequence[str]) -> Added:
        """Add what a file has and the outbox has not, durably. origins: where each line came from, for people."""
        file = sha256("\n".join(lines).encode()).hexdigest()[:_FILE_NAME_SIZE]
        with self._caught_up() as (heard, journal):
            known = {each.line for each in heard.waiting.values() if each.file == file} | heard.taken.get(
                file, {}
            ).keys()
            new = [[line, origins[line], text] for line, text in enumerate(lines) if line not in known]
            if new:
                journal.append([dump({"added": new, "file": file})])
        heard = self._heard()
        waiting = sum(each.file == file for each in heard.waiting.values())
        return Added(file, len(new), waiting, sorted(heard.taken.get(file, {}).values()))

    def drop(self, number: int, *, and_later: bool = False) -> list[Waiting]:
        """Take a draft out, or all from it on; each is kept in `dropped/`. Returns them.

        Raises NotFoundError where none of that number waits, SetupError where one was sealed and may be in the log.
        """
        with self.held(), self._caught_up() as (heard, journal):
            if number not in heard.waiting:
                raise NotFoundError(f"no draft {number} waits in {self.folder}")
            gone = [each for n, each in heard.waiting.items() if (n >= number if and_later else n == number)]
            if not {each.number for each in gone}.isdisjoint(each.number for each in heard.under_way):
                raise SetupError("it was sealed and may be in the log: flush the outbox, and it is known", draft=number)
            self._keep_aside(gone)
            journal.append([dump({"dropped": [each.number for each in gone]})])
        self.settle()
        return gone

    # ------------------------------------------------------------------ the steps of a flush

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep every other flush out for as long as the block lasts. Raises SetupError where one is under way."""
        make_folder(self.folder)
        with os.fdopen(os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, _MODE), "r+b") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = lock.read().decode(errors="replace") or "?"
                raise SetupError(f"process {holder} is at the outbox {self.folder}: wait until it is done") from None
            lock.truncate(0)
            lock.write(b"%d" % os.getpid())
            lock.flush()
            yield

    def put_under_way(self, sealed: Sequence[UnderWay]) -> None:
        """Before it is sent: what is sealed is sent as these bytes until the hub says that it has not taken them."""
        self._append({"sealed": [[each.number, each.envelope.text] for each in sealed]})

    def give_back(self, number: int) -> None:
        """The hub did not take it, nor what was sealed on it: they are drafts again."""
        self._append({"given_back": number})

    def doubt(self, number: int) -> None:
        """As `give_back`, where nobody signed that: they may be dropped, and are sealed as these bytes all the same."""
        self._append({"doubted": number})

    def take(self, places: Sequence[tuple[int, int]]) -> None:
        """After the receipts are kept. places: number of each draft that was taken, and its seq."""
        self._append({"took": [list(each) for each in places]})

    def refuse(self, number: int, error: LedgerError) -> None:
        reason = str(error).encode(errors="replace").decode()  # the words are the hub's
        self._append({"refused": number, "error": error.slug, "reason": reason})

    def settle(self) -> None:
        """Where nothing waits any more, make the journal short."""
        with self._caught_up() as (heard, journal):
            if not heard.waiting and heard.records > 1:
                taken = {file: [[line, seq] for line, seq in lines.items()] for file, lines in heard.taken.items()}
                journal.replace([dump({"next": heard.next_number, "taken": taken})])

    # ------------------------------------------------------------------ the journal

    def _append(self, record: dict[str, Any]) -> None:
        with self._caught_up() as (_, journal):
            journal.append([dump(record)])

    def _heard(self) -> _Remembered:
        if not self.folder.exists():  # looking for an outbox makes none
            return self._remembered
        with self._caught_up() as (heard, _):
            return heard

    @contextmanager
    def _caught_up(self) -> Iterator[tuple[_Remembered, Locked]]:
        """The journal, locked, and all that it says. What is in the file is the only truth."""
        with self._journal.locked() as journal:
            identity, offset = self._read
            if identity != journal.identity:
                self._remembered, offset = _Remembered(), 0
            lines, end = journal.read_from(offset)
            for line in lines:
                try:
                    self._remembered.hear(load(line))
                except (LedgerError, LookupError, TypeError, ValueError):
                    raise MalformedError(
                        f"{self.folder / 'journal'} was altered: restore it from a copy", line=self._remembered.records
                    ) from None
            self._read = journal.identity, end
            yield self._remembered, journal

    def _keep_aside(self, gone: Sequence[Waiting]) -> None:
        aside = self.folder / "dropped"
        make_folder(aside)
        for each in gone:
            with replacing(aside / f"{each.number}.jsonl") as opened:
                opened.write(f"{each.text}\n".encode())
