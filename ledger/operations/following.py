"""Keeping a copy in step: look whenever the live feed says something, and from time to time whatever it says.

What comes over the feed is a hint to look and nothing else; nothing of it is kept or believed. So it does not matter
where it was cut off, or whether there is one at all.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager

import httpx2 as httpx

from ledger.errors import NotFoundError, UnavailableError

_CONNECT_S = 30.0
_SILENCE_S = 45.0  # a feed says something every 15 s
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 60.0
_AT_MOST_EVERY_S = 0.25  # of a burst, not each event is worth a look
_SENT = b"\ndata:"


def keep_in_step(
    look: Callable[[], None], news: threading.Event, *, every_s: float, failed: Callable[[str], None]
) -> None:
    """Look when there is news, and at least each `every_s` seconds; ends with what `look` raises.

    A server that is not there, or lacks a file at the moment, is not the end: `failed` is told, and it is tried again,
    after a pause that grows to a minute.
    """
    pause_s = _FIRST_PAUSE_S
    while True:
        news.wait(every_s)
        news.clear()  # before looking: what comes while it looks is looked at again
        try:
            look()
        except (UnavailableError, NotFoundError) as error:
            failed(f"{error}; trying again in {pause_s:.0f} s")
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
            news.set()
        else:
            pause_s = _FIRST_PAUSE_S
            time.sleep(min(_AT_MOST_EVERY_S, every_s))


@contextmanager
def listening(
    url: str,
    news: threading.Event,
    last: Callable[[], int],
    bearer: Callable[[], Mapping[str, str]] | None = None,
) -> Iterator[None]:
    """Set `news` whenever the live feed of the server at `url` has something, to the end of the block.

    last: gives the index of the entry that the caller has last, -1 for none. bearer: gives the headers that say who
    asks, anew for each request.
    """
    ended = threading.Event()
    thread = threading.Thread(target=_listen, args=(url.rstrip("/"), news, last, bearer or dict, ended), daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()  # the thread may wait for the server yet, and nobody waits for it


def _listen(
    url: str,
    news: threading.Event,
    last: Callable[[], int],
    bearer: Callable[[], Mapping[str, str]],
    ended: threading.Event,
) -> None:
    pause_s = _FIRST_PAUSE_S
    while not ended.is_set():
        try:
            for _ in _messages(url, last(), bearer()):
                if ended.is_set():
                    return
                pause_s = _FIRST_PAUSE_S
                news.set()
        except httpx.HTTPError:
            pass  # not there: it is tried again
        ended.wait(pause_s)
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)


def _messages(url: str, last: int, who: Mapping[str, str]) -> Iterator[None]:
    """Once connected, and then for each part of the stream that holds more than comments."""
    headers = {**who, "Last-Event-ID": str(last)} if last >= 0 else dict(who)
    timeout = httpx.Timeout(_CONNECT_S, read=_SILENCE_S)
    with httpx.stream("GET", f"{url}/events/live", headers=headers, timeout=timeout) as answer:
        if answer.status_code != httpx.codes.OK:
            return
        yield  # without Last-Event-ID it begins now: what came before is looked for at once
        yield from parts_with_data(answer.iter_raw())


def parts_with_data(parts: Iterable[bytes]) -> Iterator[None]:
    """For each part of an event stream (WHATWG HTML, 9.2.6) with which a line of data begins.

    No line is kept, however long it is.
    """
    before = b"\n"
    for part in parts:
        seen = before + part
        if _SENT in seen:
            yield
        before = seen[1 - len(_SENT) :]
