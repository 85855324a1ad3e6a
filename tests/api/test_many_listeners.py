"""The live feed with hundreds of listeners: each hears all of it once and in order, and together they cost the store
no more than one of them does.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import given
import httpx2 as httpx
import hubs
import pytest
from crowd import crowd
from running import serving

from api import tail as tails
from api.access import ROUTES, Access
from api.entries import Reach
from api.sessions import Sessions
from api.staying import Guest, Guests
from api.tail import Part, Tail
from ledger.cohort.callers import ByKey
from ledger.errors import UnavailableError
from ledger.operations.hub import Hub
from ledger.store import sessions
from ledger.store.engine import reading, writing

LISTENERS = 300
BEGUN, POSTS, BURST = 20, 12, 60
READERS = ROUTES["GET", "/events/live"]


@pytest.fixture(scope="module")
def story() -> given.Alliance:
    alliance = given.treated()
    while alliance.database.size < BEGUN + POSTS + BURST:
        alliance.says(given.DRUP, "response.assessed", given.patient(given.case(1)) | given.ASSESSMENT)
    return alliance


@pytest.fixture
def hub(tmp_path: Path, story: given.Alliance) -> Iterator[Hub]:
    opened = hubs.founded_hub(tmp_path, story)
    opened.post([heard.envelope.text for heard in story.heard[:BEGUN]])
    yield opened
    opened.engine.dispose()


@pytest.fixture
async def tail(hub: Hub) -> AsyncIterator[Tail]:
    yield Tail(hub, guests_of(hub, dev=True))
    hub.listeners.close()


def guests_of(hub: Hub, *, dev: bool = False) -> Guests:
    sessions = Sessions(hub, dev)
    return Guests(Access(hub, "http://localhost", dev, sessions.identity), sessions)


def guest(name: str = given.DRUP) -> Guest:
    return Guest(ByKey(given.signing_key(name).public.thumbprint), READERS, None)


def ids_of(part: Part) -> list[int]:
    return [int(line[4:]) for line in part.message.split(b"\n") if line.startswith(b"id: ")]


async def heard_by(tail: Tail, who: Guest, after: int, last: int) -> list[int]:
    """What somebody is told, up to an entry."""
    told: list[int] = []
    async with asyncio.timeout(20):
        while after < last and tail.shows(who):
            news = tail.news
            part = await tail.behind(after)
            told += ids_of(part)
            after = part.last
            if not part.message:
                await news.wait()
    return told


# ---------------------------------------------------------------------- over HTTP


def test_three_hundred_listeners_hear_every_event_once_and_in_order(
    tmp_path: Path, hub: Hub, story: given.Alliance
) -> None:
    hub.engine.dispose()
    texts = [heard.envelope.text for heard in story.heard[BEGUN:]]

    async def post(url: str) -> None:
        async with httpx.AsyncClient(base_url=url, timeout=30) as client:
            for group in [*([text] for text in texts[:POSTS]), *hubs.batches(texts[POSTS:], 20)]:
                answer = await client.post("/events", json={"events": group})
                assert answer.status_code == 201

    with serving(tmp_path, "--data-dir", str(tmp_path / "hub")) as url:
        listeners = asyncio.run(
            crowd(url, LISTENERS, last=BEGUN + len(texts) - 1, meanwhile=lambda: post(url), within_s=60)
        )

    assert len(listeners) == LISTENERS
    for listener in listeners:
        assert listener.told == list(range(BEGUN, BEGUN + len(texts)))


# ---------------------------------------------------------------------- one look for all


async def test_one_look_serves_all(
    hub: Hub, tail: Tail, story: given.Alliance, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[int] = []
    look = tail._look

    def counting(end: int | None, present: frozenset[Guest]) -> object:
        looks.append(len(present))
        return look(end, present)

    monkeypatch.setattr(tail, "_look", counting)
    crowd_of = [guest() for _ in range(LISTENERS)]
    entered = [tail.listening(each) for each in crowd_of]
    for each in entered:
        each.__enter__()
    await heard_by(tail, crowd_of[0], BEGUN - 2, BEGUN - 1)  # it has looked for the first time
    monkeypatch.setattr(tail, "_page", None)  # from here on nobody needs a page of the store

    tasks = [asyncio.create_task(heard_by(tail, each, BEGUN - 1, BEGUN + 4)) for each in crowd_of]
    for heard in story.heard[BEGUN : BEGUN + 5]:
        await asyncio.to_thread(hub.post, [heard.envelope.text])
    told = await asyncio.gather(*tasks)

    assert told == LISTENERS * [list(range(BEGUN, BEGUN + 5))]
    assert len(looks) <= 1 + 2 * 5
    for each in entered:
        each.__exit__(None, None, None)
    assert tail._task is None


async def test_who_is_behind_what_is_kept_reads_pages_and_comes_to_the_end(
    hub: Hub, tail: Tail, story: given.Alliance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tails, "KEPT_MAX", 5)
    monkeypatch.setattr(tails, "_AT_A_TIME", 3)
    first, second = guest(), guest(given.IMPRESS)

    with tail.listening(first), tail.listening(second):
        late = asyncio.create_task(heard_by(tail, first, -1, BEGUN + 39))
        later = asyncio.create_task(heard_by(tail, second, BEGUN + 10, BEGUN + 39))
        for group in hubs.batches([heard.envelope.text for heard in story.heard[BEGUN : BEGUN + 40]], 20):
            await asyncio.to_thread(hub.post, group)
        told = [await late, await later]

        assert told == [list(range(BEGUN + 40)), list(range(BEGUN + 11, BEGUN + 40))]
        assert len(tail._kept) == 5


async def test_what_is_kept_has_a_bound_in_bytes_too_and_so_has_what_one_reader_is_handed(
    hub: Hub, tail: Tail, story: given.Alliance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tails, "KEPT_BYTES_MAX", 10_000)
    monkeypatch.setattr(tails, "_PART_MAX", 4_000)
    who = guest()

    with tail.listening(who):
        await heard_by(tail, who, BEGUN - 2, BEGUN - 1)
        await asyncio.to_thread(hub.post, [heard.envelope.text for heard in story.heard[BEGUN : BEGUN + 40]])
        told = await heard_by(tail, who, BEGUN - 1, BEGUN + 39)

        assert told == list(range(BEGUN, BEGUN + 40))
        assert 0 < sum(len(each.message) for each in tail._kept) == tail._size <= 10_000
        assert len((await tail.behind(-1)).message) <= 4_000


async def test_what_is_kept_says_of_an_entry_that_it_was_witnessed_meanwhile(
    hub: Hub, tail: Tail, story: given.Alliance, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = guest()

    with tail.listening(who):
        await heard_by(tail, who, BEGUN - 2, BEGUN - 1)
        await asyncio.to_thread(hub.post, [story.heard[BEGUN].envelope.text])
        await heard_by(tail, who, BEGUN - 1, BEGUN)
        before = await tail.behind(BEGUN - 1)
        monkeypatch.setattr(Reach, "of", lambda head: Reach(head.published, BEGUN + 1))
        await asyncio.to_thread(hub.post, [story.heard[BEGUN + 1].envelope.text])
        await heard_by(tail, who, BEGUN, BEGUN + 1)

        assert state_in(before) == "published"
        assert state_in(await tail.behind(BEGUN - 1)) == "witnessed"


def state_in(part: Part) -> str:
    """What the first entry in it says."""
    data = next(line for line in part.message.split(b"\n") if line.startswith(b"data: "))
    state: str = json.loads(data[6:])["state"]
    return state


# ---------------------------------------------------------------------- who may still see it


async def test_whose_admission_an_entry_ends_is_shown_neither_it_nor_any_later_one(
    hub: Hub, story: given.Alliance
) -> None:
    # given: a member and somebody whom nothing admits, who was let in before
    tail, member, nobody = Tail(hub, guests_of(hub)), guest(), guest("stranger")

    with tail.listening(member), tail.listening(nobody):
        told = asyncio.create_task(heard_by(tail, nobody, BEGUN - 1, BEGUN))
        await asyncio.to_thread(hub.post, [story.heard[BEGUN].envelope.text])

        assert await heard_by(tail, member, BEGUN - 1, BEGUN) == [BEGUN]
        assert await told == []
        assert not tail.shows(nobody)
    hub.listeners.close()


async def test_a_database_that_is_away_for_a_while_ends_no_feed(
    hub: Hub, tail: Tail, story: given.Alliance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tails, "LOOK_EVERY_S", 0.02)
    look, left = tail._look, [UnavailableError("busy"), UnavailableError("busy")]

    def failing(end: int | None, present: frozenset[Guest]) -> object:
        if left:
            raise left.pop()
        return look(end, present)

    monkeypatch.setattr(tail, "_look", failing)
    who = guest()

    with tail.listening(who):
        await asyncio.to_thread(hub.post, [story.heard[BEGUN].envelope.text])

        assert await heard_by(tail, who, BEGUN - 1, BEGUN) == [BEGUN]
        assert left == []


async def test_a_look_that_fails_otherwise_lets_everybody_go(tail: Tail, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: said.append(context["exception"]))
    broken = RuntimeError("broken")

    def failing(_end: int | None, _present: frozenset[Guest]) -> object:
        raise broken

    monkeypatch.setattr(tail, "_look", failing)
    who = guest()

    with tail.listening(who):
        assert await heard_by(tail, who, BEGUN - 1, BEGUN) == []

    assert said == [broken]


def test_a_listeners_session_that_is_idle_or_old_is_over_and_one_that_is_used_is_seen(hub: Hub) -> None:
    secret, who, other = bytes(32), ByKey("somebody"), b"\1" * 32
    with writing(hub.engine) as connection:
        sessions.new_session(connection, who, secret=secret, now_s=0)

    def standing(now_s: int) -> dict[bytes, bool]:
        with reading(hub.engine) as connection:
            return sessions.standing(connection, [secret, other], now_s=now_s)

    assert (standing(59), standing(60)) == ({secret: False}, {secret: True})
    assert (standing(sessions.IDLE_S - 1), standing(sessions.IDLE_S)) == ({secret: True}, {})
    for now_s in range(0, sessions.SESSION_LASTS_S + 1, 600):
        with writing(hub.engine) as connection:
            sessions.see(connection, secret, now_s=now_s)
    assert (standing(sessions.SESSION_LASTS_S), standing(sessions.SESSION_LASTS_S + 1)) == ({secret: False}, {})
