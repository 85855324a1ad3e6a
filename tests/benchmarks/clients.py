"""Many clients that post at once, in a process of its own: `python clients.py PORT CLIENTS < texts`.

One line a post, the envelopes of one node separated by tabs; a node's posts follow each other, so clients of one node
take turns. Prints how long each post took, in seconds, and how long all took together.
"""

import asyncio
import json
import sys
from collections import defaultdict, deque
from time import perf_counter


class Streams:
    """What each node has yet to post, in its order."""

    def __init__(self, lines: list[str]) -> None:
        self.waiting: dict[str, deque[list[str]]] = defaultdict(deque)
        for line in lines:
            node, *texts = line.rstrip("\n").split("\t")
            self.waiting[node].append(texts)
        self.turn = {node: asyncio.Lock() for node in self.waiting}


async def main(port: int, clients: int, lines: list[str]) -> None:
    streams, took = Streams(lines), list[float]()
    nodes = [*streams.waiting]
    connections = await asyncio.gather(*(asyncio.open_connection("127.0.0.1", port) for _ in range(clients)))
    start = perf_counter()
    async with asyncio.TaskGroup() as group:
        for number, (reader, writer) in enumerate(connections):
            group.create_task(client(reader, writer, streams, nodes[number % len(nodes)], took))
    print(json.dumps({"seconds": perf_counter() - start, "took": took}))  # noqa: T201 - read by who started this


async def client(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, streams: Streams, node: str, took: list[float]
) -> None:
    while True:
        async with streams.turn[node]:
            if not streams.waiting[node]:
                break
            texts = streams.waiting[node].popleft()
            start = perf_counter()
            status = await post(reader, writer, json.dumps({"events": texts}).encode())
            took.append(perf_counter() - start)
            if status not in (200, 201):
                raise SystemExit(f"a post was answered with {status}")
    writer.close()


async def post(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: bytes) -> int:
    head = (
        "POST /events HTTP/1.1",
        "Host: 127.0.0.1",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    )
    writer.write("\r\n".join([*head, "", ""]).encode() + body)
    answer = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(answer.split(b"content-length:")[1].split(b"\r\n")[0])
    await reader.readexactly(length)
    return int(answer.split(b" ")[1])


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), sys.stdin.readlines()))
