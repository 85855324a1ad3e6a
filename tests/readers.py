"""Readers that tail a log while others write it, each in its own way, and keep what they saw in the order they saw it.

Each begins behind an entry and reads on until it is told how far the log goes and has all of that.
"""

import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import cycle, pairwise
from pathlib import Path

import httpx2 as httpx

from ledger.errors import UnavailableError
from ledger.merkle.tiles import entries_path, tile_widths, unpack_entries
from ledger.operations.following import keep_in_step, listening
from ledger.operations.hub import Hub
from ledger.operations.mirror import Mirrored, mirror
from ledger.operations.source import FolderSource, HttpSource
from ledger.signing.entry import Entry
from ledger.signing.envelope import parse_jws
from ledger.store.engine import reading
from ledger.store.entries import page_entries

_GIVE_UP_S = 30.0


@dataclass(frozen=True, slots=True)
class Seen:
    """What a reader saw, held against the log. missing: entries that it never saw; twice: that it saw again; astray:
    that came before an earlier one, or were another event than the log has there.
    """

    reader: str
    seen: int
    missing: int
    twice: int
    astray: int

    @property
    def is_well(self) -> bool:
        return self.seen > 0 and self.missing == self.twice == self.astray == 0


class Reader(threading.Thread):
    """start: index of the first entry that it wants."""

    def __init__(self, name: str, start: int) -> None:
        super().__init__(name=name, daemon=True)
        self.start_at = start
        self.got: list[tuple[int, str]] = []  # index and event id
        self.fault: str | None = None
        self._stop_at: int | None = None  # behind the last entry of the log, once that is known

    @property
    def after(self) -> int:
        return self.got[-1][0] if self.got else self.start_at - 1

    @property
    def is_done(self) -> bool:
        return self._stop_at is not None and self.after >= self._stop_at - 1

    def end_at(self, size: int) -> None:
        self._stop_at = size

    def run(self) -> None:
        try:
            self.read()
        except Exception as error:  # noqa: BLE001 - whatever it is, the test is to see it
            self.fault = f"{type(error).__name__}: {error}"

    def read(self) -> None:
        raise NotImplementedError

    def held_against(self, log: Sequence[str]) -> Seen:
        """log: all event ids, in order."""
        assert self.fault is None, f"{self.name}: {self.fault}"
        indexes = [index for index, _ in self.got]
        wanted = range(self.start_at, len(log))
        astray = sum(later < earlier for earlier, later in pairwise(indexes))
        astray += sum(index >= len(log) or log[index] != name for index, name in self.got)
        missing = len(set(wanted) - set(indexes))
        return Seen(self.name, len(indexes), missing, len(indexes) - len(set(indexes)), astray)


class Feed(Reader):
    """Listens to the live feed, goes after a while, and comes again with what it had last, at the next of the hubs."""

    def __init__(self, urls: Sequence[str], start: int, *, stays: Sequence[int] = (1, 7, 40, 200)) -> None:
        super().__init__("live feed", start)
        self._urls, self._stays = urls, stays
        self.times = 0  # that it came

    def read(self) -> None:
        for url, stay in zip(cycle(self._urls), cycle(self._stays), strict=False):
            if self.is_done:
                return
            self.times += 1
            with suppress(httpx.TransportError):  # silent, or cut off: it comes again
                self._listen(url, stay)

    def _listen(self, url: str, stay: int) -> None:
        headers = {"Last-Event-ID": str(self.after)}
        with httpx.stream("GET", f"{url}/events/live", headers=headers, timeout=3) as answer:
            if answer.status_code != httpx.codes.OK:
                assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE
                time.sleep(0.1)
                return
            for count, (index, name) in enumerate(_entries(answer), start=1):
                self.got.append((index, name))
                if self.is_done or count >= stay:
                    return


def _entries(answer: httpx.Response) -> Iterator[tuple[int, str]]:
    for line in answer.iter_lines():
        if line.startswith("data: "):
            entry = json.loads(line.removeprefix("data: "))
            yield entry["index"], entry["event_id"]


class Pages(Reader):
    """Asks for what is behind the last entry that it has, at one hub after the other."""

    def __init__(self, urls: Sequence[str], start: int, *, limit: int = 37) -> None:
        super().__init__("pages", start)
        self._urls, self._limit = urls, limit

    def read(self) -> None:
        with httpx.Client(timeout=10) as client:
            for url in cycle(self._urls):
                if self.is_done:
                    return
                answer = client.get(f"{url}/events", params={"after": str(self.after), "limit": str(self._limit)})
                if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
                    time.sleep(0.1)
                    continue
                answer.raise_for_status()
                found = answer.json()["events"]
                self.got += [(each["index"], each["event_id"]) for each in found]
                if not found:
                    time.sleep(0.01)


class Store(Reader):
    """As `Pages`, at the store itself, as fast as it can: a gap would be seen here first."""

    def __init__(self, hub: Hub, start: int) -> None:
        super().__init__("store", start)
        self._hub = hub

    def read(self) -> None:
        while not self.is_done:
            try:
                with reading(self._hub.engine) as connection:
                    found = page_entries(connection, after=self.after, limit=50)
            except UnavailableError:
                found = []
            self.got += [(each.index, parse_jws(each.jws).claims.event_id) for each in found]
            if not found:
                time.sleep(0.002)


class _Done(Exception):  # noqa: N818 - how a follower is told to end
    pass


class Mirror(Reader):
    """Keeps a copy in step, as `cohort-ledger mirror --follow` does; what it saw is what is in the copy."""

    def __init__(self, url: str, folder: Path, start: int) -> None:
        super().__init__("mirror", start)
        self._url, self._folder = url, folder
        self._last: Mirrored | None = None
        self.times = 0  # that it looked

    def read(self) -> None:
        news = threading.Event()
        news.set()
        with HttpSource(self._url) as source, suppress(_Done), listening(self._url, news, self._size):
            keep_in_step(lambda: self._look(source), news, every_s=0.3, failed=lambda _line: None)

    def _size(self) -> int:
        return -1 if self._last is None else self._last.checkpoint.size - 1

    def _look(self, source: HttpSource) -> None:
        verified = self._size() + 1
        self._last = mirror(source, self._folder, verified=verified)
        self.times += 1
        copied, size = FolderSource(self._folder), self._last.checkpoint.size
        first = self.after + 1
        for n, width in tile_widths(size, 0):
            if (n * 256) + width > first:
                for place, leaf in enumerate(unpack_entries(copied.read(entries_path(n, width)), width)):
                    index = n * 256 + place
                    if index >= first:
                        self.got.append((index, parse_jws(Entry.parse(leaf).jws).claims.event_id))
        if self.is_done:
            raise _Done


def read_to_the_end(readers: Sequence[Reader], size: int) -> None:
    """Tell them how far the log goes, and wait for them."""
    for reader in readers:
        reader.end_at(size)
    for reader in readers:
        reader.join(_GIVE_UP_S)
