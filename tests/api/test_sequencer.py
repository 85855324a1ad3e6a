"""Concurrent posts over HTTP ride together: bounded, each answered, and nobody stops anybody else."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import given
import httpx2 as httpx
import hubs
import pytest
import uvicorn
from given import DRUP, IMPRESS, PROTARGET, case

from api.app import create_app
from api.sequencer import Answer, Sequencer
from ledger.cli.serving import listen
from ledger.errors import LedgerError, RuleError, UnavailableError
from ledger.operations.hub import Hub
from ledger.signing.envelope import sign

NODES = (DRUP, IMPRESS, PROTARGET)


class Held:
    """A hub whose first group is held until it is let go."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.appender = hub.appender
        self.engine = hub.engine
        self.arrived, self.let_go = threading.Event(), threading.Event()
        self.groups: list[int] = []

    def post_each(self, posts: Sequence[Any]) -> Any:
        self.groups.append(len(posts))
        self.arrived.set()
        assert self.let_go.wait(20)
        return self.hub.post_each(posts)


@pytest.fixture
def said(hub: Hub) -> list[str]:
    """One case after the other, of three nodes in turn; what was before is posted."""
    alliance = given.opened(*NODES)
    hubs.post(hub, alliance)
    size = len(alliance.heard)
    for number in range(30):
        alliance.says(NODES[number % 3], "case.submitted", {"case": case(number), "on": "2021-11-20"})
    return [heard.envelope.text for heard in alliance.heard[size:]]


@pytest.fixture
def held(hub: Hub) -> Iterator[Held]:
    opened = Held(hub)
    yield opened
    opened.let_go.set()


def sequencer_of(held: Held, **bounds: Any) -> Sequencer:
    return Sequencer(held, **bounds)  # type: ignore[arg-type]  # as much of a hub as is asked for


async def until(holds: Callable[[], bool]) -> None:
    for _ in range(2_000):
        if holds():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came")


def indexes(answer: Answer) -> list[int]:
    return [place.index for place, _ in answer]


async def test_posts_that_come_while_a_group_is_under_way_ride_in_the_next_in_their_order(
    held: Held, said: list[str]
) -> None:
    sequencer = sequencer_of(held)
    size = held.hub.appender.size()
    first = asyncio.create_task(sequencer.post([said[0]]))
    await until(held.arrived.is_set)

    others = [asyncio.create_task(sequencer.post([text])) for text in said[1:]]
    await until(lambda: sequencer.waiting == len(said) - 1)
    held.let_go.set()
    answers = [await first, *(await asyncio.gather(*others))]

    assert held.groups == [1, len(said) - 1]
    assert [indexes(answer) for answer in answers] == [[size + n] for n in range(len(said))]
    assert (sequencer.groups, sequencer.posts, sequencer.waiting) == (2, len(said), 0)
    sequencer.stop()


async def test_a_bad_post_fails_alone(held: Held, said: list[str]) -> None:
    sequencer = sequencer_of(held)
    held.let_go.set()

    answers = await asyncio.gather(
        sequencer.post([said[0]]),
        sequencer.post(["not an envelope~"]),
        sequencer.post([said[4]]),
        sequencer.post([said[1]]),
        return_exceptions=True,
    )

    assert [getattr(each, "slug", "taken") for each in answers] == ["taken", "malformed", "conflict", "taken"]
    sequencer.stop()


async def test_a_client_that_goes_away_stops_nobody_and_is_not_taken_where_it_was_not_yet(
    held: Held, said: list[str]
) -> None:
    sequencer = sequencer_of(held)
    size = held.hub.appender.size()
    posts = [asyncio.create_task(sequencer.post([said[0]]))]
    await until(held.arrived.is_set)
    posts += [asyncio.create_task(sequencer.post([text])) for text in said[1:4]]
    await until(lambda: sequencer.waiting == 3)

    posts[0].cancel()  # taken already
    posts[2].cancel()  # not yet
    await asyncio.wait(posts, return_when=asyncio.FIRST_COMPLETED)
    held.let_go.set()
    await asyncio.wait(posts)

    assert [each.cancelled() for each in posts] == [True, False, True, False]
    assert [indexes(posts[n].result()) for n in (1, 3)] == [[size + 1], [size + 2]]
    assert indexes(await sequencer.post([said[0]])) == [size]  # it was on its way already
    assert held.hub.appender.size() == size + 3
    sequencer.stop()


async def test_what_waits_too_long_is_turned_away_and_never_taken(held: Held, said: list[str]) -> None:
    sequencer = sequencer_of(held, most_wait_s=0.2)
    size = held.hub.appender.size()
    first = asyncio.create_task(sequencer.post([said[0]]))
    await until(held.arrived.is_set)

    with pytest.raises(UnavailableError, match="waited too long"):
        await sequencer.post([said[1]])

    assert not first.done()  # it was taken: it waits for what comes of it
    held.let_go.set()
    assert indexes(await first) == [size]
    assert held.hub.appender.size() == size + 1
    sequencer.stop()


@pytest.mark.parametrize("bounds", [{"most_waiting": 2}, {"most_waiting_bytes": 1_500}])
async def test_a_queue_that_is_full_takes_no_more_and_keeps_what_it_has(
    held: Held, said: list[str], bounds: dict[str, int]
) -> None:
    sequencer = sequencer_of(held, **bounds)
    posts = [asyncio.create_task(sequencer.post([said[0]]))]
    await until(held.arrived.is_set)
    posts += [asyncio.create_task(sequencer.post([text])) for text in said[1:3]]
    await until(lambda: sequencer.waiting == 2)

    with pytest.raises(UnavailableError, match="2 posts are waiting"):
        await asyncio.wait_for(sequencer.post([said[3]]), 5)

    held.let_go.set()
    assert [len(answer) for answer in await asyncio.gather(*posts)] == [1, 1, 1]
    sequencer.stop()


async def test_what_waits_when_the_hub_closes_is_answered_and_nothing_more_is_taken(
    held: Held, said: list[str]
) -> None:
    sequencer = sequencer_of(held)
    size = held.hub.appender.size()
    posts = [asyncio.create_task(sequencer.post([text])) for text in said[:5]]
    await until(held.arrived.is_set)

    stopping = asyncio.create_task(asyncio.to_thread(sequencer.stop))
    await asyncio.sleep(0.05)
    with pytest.raises(UnavailableError, match="the hub is closing"):
        await sequencer.post([said[5]])
    held.let_go.set()
    await stopping

    assert [indexes(answer) for answer in await asyncio.gather(*posts)] == [[size + n] for n in range(5)]


async def test_what_fails_a_whole_group_is_told_to_each_and_the_next_group_is_taken(
    hub: Hub, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sequencer = Sequencer(hub)

    def full(*_: object) -> None:
        raise UnavailableError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr("ledger.operations.append.advance", full)
        answers = await asyncio.gather(*(sequencer.post([text]) for text in said[:3]), return_exceptions=True)

    assert [str(each) for each in answers] == ["the disk is full"] * 3
    assert len({id(each) for each in answers}) == 3  # each caller adds what it knows
    assert len(await asyncio.gather(*(sequencer.post([text]) for text in said[:3]))) == 3
    sequencer.stop()


async def test_a_post_that_the_program_cannot_stand_takes_no_other_with_it(
    hub: Hub, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    held, size = Held(hub), hub.appender.size()
    sequencer, take = sequencer_of(held), hub.appender._take

    def cannot(admitting: Any, candidate: Any) -> Any:
        if candidate.text == said[1]:
            raise KeyError("a mistake")
        return take(admitting, candidate)

    monkeypatch.setattr(hub.appender, "_take", cannot)
    held.let_go.set()

    answers = await asyncio.gather(*(sequencer.post([text]) for text in said[:3]), return_exceptions=True)

    assert [type(each) for each in answers] == [list, KeyError, list]
    assert hub.appender.size() == size + 2
    sequencer.stop()


@contextmanager
def served(held: Held, **bounds: Any) -> Iterator[tuple[str, Sequencer]]:
    """Over a real socket."""
    listener, url = listen("127.0.0.1", 0)
    app = create_app(held.hub, dev=True)
    app.state.sequencer = sequencer = sequencer_of(held, **bounds)
    server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
    running = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    running.start()
    try:
        yield url, sequencer
    finally:
        held.let_go.set()
        server.should_exit = True
        running.join()
        sequencer.stop()


def test_a_full_queue_is_answered_503_that_says_when_to_come_back(held: Held, said: list[str]) -> None:
    with served(held, most_waiting=1) as (url, sequencer), ThreadPoolExecutor(2) as clients:
        taken = [clients.submit(httpx.post, f"{url}/events", json={"events": [said[0]]}, timeout=20)]
        assert held.arrived.wait(10)
        taken.append(clients.submit(httpx.post, f"{url}/events", json={"events": [said[1]]}, timeout=20))
        for _ in range(200):
            if sequencer.waiting:
                break
            time.sleep(0.02)

        turned_away = httpx.post(f"{url}/events", json={"events": [said[2]]}, timeout=20)

        assert turned_away.status_code == 503
        assert int(turned_away.headers["retry-after"]) >= 1
        assert turned_away.headers["content-type"] == "application/problem+json"
        assert turned_away.json()["type"] == "/help/errors/unavailable"
        held.let_go.set()
        assert [each.result().status_code for each in taken] == [201, 201]
        assert httpx.post(f"{url}/events", json={"events": [said[2]]}, timeout=20).status_code == 201


def test_each_of_many_clients_gets_its_own_answer(held: Held, said: list[str]) -> None:
    held.let_go.set()
    size = held.hub.appender.size()
    by_node = [said[n::3] for n in range(3)]
    with served(held) as (url, _), ThreadPoolExecutor(6) as clients:

        def post_all(texts: list[str]) -> list[tuple[int, str]]:
            with httpx.Client(timeout=20) as client:
                answers = [client.post(f"{url}/events", json={"events": [text]}) for text in texts]
            return [(each.status_code, each.json()["events"][0]["event_id"]) for each in answers]

        def post_bad(_: int) -> int:
            return httpx.post(f"{url}/events", json={"events": ["not an envelope~"]}, timeout=20).status_code

        bad = [clients.submit(post_bad, n) for n in range(6)]
        told = list(clients.map(post_all, by_node))

    assert [each.result() for each in bad] == [400] * 6
    assert [[status for status, _ in answers] for answers in told] == [[201] * 10] * 3
    assert len({event_id for answers in told for _, event_id in answers}) == 30
    assert held.hub.appender.size() == size + 30


async def test_a_refusal_keeps_its_signature_through_the_queue(hub: Hub, said: list[str]) -> None:
    sequencer = Sequencer(hub)
    await asyncio.gather(*(sequencer.post([text]) for text in said[:3]))
    alliance = given.opened(*NODES)  # which has not heard of these: its next word is stale
    claims = alliance.claims(DRUP, "case.allocated", {**given.patient(case(7)), "on": "2021-12-01"})
    stale = sign(claims, (), given.signing_key(DRUP)).text

    with pytest.raises(LedgerError) as refused:
        await sequencer.post([stale])

    assert not isinstance(refused.value, RuleError)
    assert "refusal" in refused.value.facts
    sequencer.stop()
