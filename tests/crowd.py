"""Many listeners of one live feed in one thread: each on a connection of its own, and what it was told, when."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass
class Listener:
    """at_s: of each entry's index, in the order in which they came, the moment of the monotonic clock."""

    told: list[int] = field(default_factory=list)
    at_s: list[float] = field(default_factory=list)


async def crowd(
    url: str, count: int, *, last: int, meanwhile: Callable[[], Awaitable[None]], within_s: float = 60
) -> list[Listener]:
    """Let so many listen to the feed of a server from now on, do something once all are there, and let each go when it
    has heard of entry `last`.
    """
    listeners = [Listener() for _ in range(count)]
    there = asyncio.Semaphore(0)
    tasks = [asyncio.create_task(_listen(url, each, last, there)) for each in listeners]
    async with asyncio.timeout(within_s):
        for _ in listeners:
            await there.acquire()
        await meanwhile()
        await asyncio.gather(*tasks)
    return listeners


async def _listen(url: str, listener: Listener, last: int, there: asyncio.Semaphore) -> None:
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(f"GET /events/live HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode())
    assert b" 200 " in await reader.readline()
    while (await reader.readline()).strip():
        pass
    there.release()
    while not listener.told or listener.told[-1] < last:
        line = await reader.readline()
        assert line, "the feed ended"
        if line.startswith(b"id: "):
            listener.told.append(int(line[4:]))
            listener.at_s.append(time.monotonic())
    writer.close()
