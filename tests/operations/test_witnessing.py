"""The hub and its witnesses: who is asked for what, what is taken of their answers, and what harms nobody."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import given
import hubs
import pytest
import watched as kit
from watched import Answer, Watched, Witness, watched

from ledger.cohort.witnesses import cosignatures_on, witnesses_of
from ledger.errors import UnavailableError
from ledger.operations import witnessing as module
from ledger.operations.asking import CLOCKS_DIFFER_S
from ledger.operations.doctor import examine
from ledger.operations.watch import Policy, take_cosignatures
from ledger.signing.checkpoint import Checkpoint, read_checkpoint
from ledger.signing.kept import parse_kept
from ledger.signing.note import Note
from ledger.store.engine import reading, writing
from ledger.store.head import Head, read_head


@pytest.fixture
def three(tmp_path: Path) -> Iterator[Watched]:
    """Two of three must cosign."""
    with watched(tmp_path) as made:
        yield made


@pytest.fixture
def one(tmp_path: Path) -> Iterator[Watched]:
    with watched(tmp_path, names=kit.NAMES[:1]) as made:
        yield made


def head_of(made: Watched) -> Head:
    with reading(made.hub.engine) as connection:
        return read_head(connection)


def well(made: Watched) -> bool:
    return [each for each in examine(made.settings) if each.verdict != "well"] == []


def test_what_was_published_is_witnessed_once_they_have_cosigned(three: Watched) -> None:
    before = head_of(three)

    done = three.hub.witnessing.work()

    after = head_of(three)
    assert (before.witnessed, done) == (None, True)
    assert after.witnessed_size == after.published == len(three.alliance.heard)
    assert three.who_cosigned() == list(kit.NAMES)
    checkpoint, note = read_checkpoint(three.file("checkpoint"), hubs.LOG.verifier)
    assert len(cosignatures_on(note, witnesses_of(three.alliance.database))) == 3
    assert checkpoint.size == three.witnesses[0].size
    assert well(three)


def test_who_has_cosigned_is_not_asked_again_on_that_day(three: Watched) -> None:
    three.hub.witnessing.work()
    asked = [list(each.asked) for each in three.witnesses]

    three.hub.witnessing.work()

    assert [each.asked for each in three.witnesses] == asked == [["old 0"]] * 3


def test_a_new_checkpoint_is_cosigned_from_the_size_that_each_knows(three: Watched) -> None:
    three.hub.witnessing.work()
    before = head_of(three).published

    three.post_one()
    behind = head_of(three)
    three.hub.witnessing.work()

    assert (behind.witnessed_size, behind.published) == (before, before + 1)
    assert head_of(three).witnessed_size == before + 1
    assert [each.asked[-1] for each in three.witnesses] == [f"old {before}"] * 3


def test_a_lagging_witness_is_caught_up_from_where_it_is(three: Watched) -> None:
    # given: one that slept through two checkpoints, and a hub that has forgotten what it knows
    three.hub.witnessing.work()
    slept = three.witnesses[2]
    known = slept.size
    slept.instead = lambda _body: (503, b"")
    for _ in range(2):
        three.post_one()
        three.hub.witnessing.work()
    slept.instead = None
    three.restart().witnessing.work()
    slept.asked.clear()

    three.post_one()
    three.hub.witnessing.work()

    assert slept.size == head_of(three).published == known + 3
    assert kit.NAMES[2] in three.who_cosigned()


def test_a_witness_that_knows_another_size_is_asked_once_more_and_no_more(three: Watched) -> None:
    three.witnesses[0].instead = lambda _body: (409, b"3\n")

    three.hub.witnessing.work()

    assert three.witnesses[0].asked == ["old 0", "old 3"]
    assert three.who_cosigned() == list(kit.NAMES[1:])


def test_a_dead_witness_delays_and_breaks_nothing(tmp_path: Path) -> None:
    with watched(tmp_path, witnesses_needed=2) as made:
        dead = made.witnesses[0]
        dead.url = "http://127.0.0.1:9"
        made.hub.witnessing._policy = Policy.of(made.settings)

        started = time.monotonic()
        made.hub.witnessing.work()

        assert time.monotonic() - started < 5
        assert head_of(made).witnessed_size == len(made.alliance.heard)
        assert [line for line in made.told if "cannot be reached" in line and dead.name in line] == made.told


LIES: dict[str, Callable[[Witness, bytes], Answer]] = {
    "garbage": lambda _witness, _body: (200, b"\xff\x00 no line"),
    "nothing": lambda _witness, _body: (200, b""),
    "a huge answer": lambda _witness, _body: (200, b"x" * 1_000_000),
    "more lines than a note has": lambda witness, body: (200, witness.line(text_of(body)) * 101),
    "another key under its name": lambda witness, body: (
        200, witness.line(text_of(body), signer=given.cosigner(witness.name, "other"))
    ),
    "another's cosignature": lambda witness, body: (
        200, witness.line(text_of(body), signer=given.cosigner(kit.NAMES[1]))
    ),
    "another checkpoint": lambda witness, body: (
        200, witness.line(Checkpoint(given.ORIGIN, Checkpoint.parse(text_of(body)).size, bytes(32)).text)
    ),
    "another text, that an empty line makes of ours": lambda witness, body: (
        200, b"\n" + witness.line_over(body.partition(b"\n\n")[2].decode())
    ),
    "no number": lambda _witness, _body: (409, b"-1\n"),
    "a huge number": lambda _witness, _body: (409, b"9" * 5000),
    "a size that it cannot know": lambda _witness, _body: (409, b"4096\n"),
    "that nothing follows": lambda _witness, _body: (422, b""),
    "a redirect": lambda _witness, _body: (301, b""),
}  # fmt: skip


def text_of(body: bytes) -> str:
    return Note.parse(body.partition(b"\n\n")[2]).text


@pytest.mark.parametrize("lie", LIES)
def test_a_lying_witness_changes_nothing_but_that_it_is_told_of(three: Watched, lie: str) -> None:
    liar = three.witnesses[0]
    liar.instead = lambda body: LIES[lie](liar, body)

    three.hub.witnessing.work()

    assert three.who_cosigned() == list(kit.NAMES[1:])
    assert head_of(three).witnessed_size == len(three.alliance.heard)
    assert len(three.told) == 1
    assert three.told[0].startswith(f"witness {liar.name}: ")
    assert three.hub.standing.read_only is None
    three.post_one()
    assert well(three)


def test_what_is_told_of_a_witness_is_told_once_until_it_changes(three: Watched) -> None:
    fails = three.witnesses[0]
    fails.instead = lambda _body: (500, b"")
    for _ in range(2):
        three.hub.witnessing.work()
    fails.instead = None

    three.hub.witnessing.work()

    first, second = three.told
    assert "answered 500" in first
    assert second == f"witness {fails.name}: it answers again"


def test_lines_of_keys_that_are_not_its_own_are_ignored(one: Watched) -> None:
    witness = one.witnesses[0]

    def chatty(body: bytes) -> Answer:
        status, line = witness.cosign(body)
        return status, witness.line(text_of(body), signer=given.cosigner("other.example", "o")) + line

    witness.instead = chatty

    one.hub.witnessing.work()

    assert one.who_cosigned() == [witness.name]
    assert well(one)


@pytest.mark.parametrize("off_s", [-CLOCKS_DIFFER_S - 30, CLOCKS_DIFFER_S + 30])
def test_a_witness_whose_clock_is_off_is_not_taken_for_it_would_tell_against_the_hub(one: Watched, off_s: int) -> None:
    real = one.witnesses[0].now
    one.witnesses[0].now = lambda: real() + timedelta(seconds=off_s)

    one.hub.witnessing.work()

    assert one.who_cosigned() == []
    assert "clock" in one.told[0]


def test_a_slow_witness_is_not_waited_for_once_enough_have_cosigned_and_is_taken_later(three: Watched) -> None:
    # given
    slow, release = three.witnesses[0], threading.Event()

    def answer(body: bytes) -> Answer:
        release.wait(10)
        return slow.cosign(body)

    slow.instead = answer
    three.hub.witnessing.asking.timeout_s = 10.0

    # when
    started = time.monotonic()
    three.hub.witnessing.work()

    # then
    assert time.monotonic() - started < 4
    assert head_of(three).witnessed_size == len(three.alliance.heard)
    assert three.who_cosigned() == list(kit.NAMES[1:])
    three.hub.witnessing.work()  # it is still being asked: not again
    assert slow.asked == ["old 0"]
    release.set()
    eventually(lambda: len(three.who_cosigned()) == 3)
    assert three.who_cosigned() == list(kit.NAMES)


def eventually(holds: Callable[[], bool]) -> None:
    for _ in range(200):
        if holds():
            return
        time.sleep(0.02)
    raise AssertionError("it never came")


def test_cosignatures_for_a_checkpoint_that_was_outgrown_count_once_enough_have_come(three: Watched) -> None:
    # given: a post that comes while they cosign
    size = len(three.alliance.heard)
    first = three.witnesses[0]
    posted = threading.Event()

    def answer(body: bytes) -> Answer:
        answered = first.cosign(body)
        if not posted.is_set():
            three.post_one()
            posted.set()
        return answered

    first.instead = answer
    for each in three.witnesses[1:]:
        each.instead = waiting(posted, each)

    three.hub.witnessing.work()

    head = head_of(three)
    assert (head.witnessed_size, head.published) == (size, size + 1)
    assert three.who_cosigned() == []  # the newest has none yet
    kept = parse_kept(three.file("checkpoints"))
    assert [Checkpoint.parse(Note.parse(note).text).size for note in kept] == [size]
    assert well(three)


def waiting(for_it: threading.Event, witness: Witness) -> Callable[[bytes], Answer]:
    def answer(body: bytes) -> Answer:
        for_it.wait(5)
        return witness.cosign(body)

    return answer


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_failure_before_or_after_storing_is_healed_by_the_next_turn(
    three: Watched, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    # given: the store fails as each answer comes, before or after it has it
    real = take_cosignatures

    def failing(*args: object, **kwargs: object) -> int:
        if when == "before":
            raise UnavailableError("the disk is busy")
        real(*args, **kwargs)  # type: ignore[arg-type]  # handed through
        raise UnavailableError("it was stored, or not: the transaction says")

    monkeypatch.setattr(module, "take_cosignatures", failing)
    three.hub.witnessing.work()
    assert head_of(three).witnessed is None
    assert three.witnesses[0].size == head_of(three).published  # they have it, and the hub has not
    monkeypatch.setattr(module, "take_cosignatures", real)

    three.hub.witnessing.work()

    assert head_of(three).witnessed_size == head_of(three).published
    assert three.who_cosigned() == list(kit.NAMES)
    assert well(three)


def test_a_hub_that_was_killed_after_storing_goes_on_where_it_was(three: Watched) -> None:
    three.hub.witnessing.work()
    before = three.file("checkpoint")

    three.restart().witnessing.work()

    assert three.file("checkpoint") == before
    assert three.post_one() == len(three.alliance.heard) - 1


def test_publishing_again_keeps_the_cosignatures(three: Watched) -> None:
    three.hub.witnessing.work()
    before = three.file("checkpoint")

    three.hub.publish()

    assert three.file("checkpoint") == before


def test_two_keys_of_one_name_are_one_witness(tmp_path: Path) -> None:
    with watched(tmp_path, names=kit.NAMES[:1]) as made:
        other = given.cosigner(kit.NAMES[0], "its second key")
        made.alliance.adopts("second-key", "witness", {"name": other.name, "verifier": other.verifier.text})
        hubs.post(made.hub, made.alliance)
        witness = made.witnesses[0]

        def both(body: bytes) -> Answer:
            status, line = witness.cosign(body)
            return status, line + witness.line(text_of(body), signer=other)

        witness.instead = both
        made.hub.witnessing.work()

        assert made.who_cosigned() == [witness.name] * 2
        assert set(made.hub.witnessing.cosigned_at()) == {witness.name}
        assert head_of(made).witnessed_size == len(made.alliance.heard)
        assert well(made)


def test_without_witnesses_nobody_is_asked_and_nothing_is_kept(tmp_path: Path) -> None:
    alliance = given.founded()
    hub = hubs.founded_hub(tmp_path, alliance)
    hubs.post(hub, alliance)

    assert hub.witnessing.work()

    assert hub.source("clear").read("checkpoints") == b""
    hub.engine.dispose()


def test_what_comes_too_late_for_an_older_checkpoint_takes_nothing_back(three: Watched) -> None:
    # given
    three.hub.witnessing.work()
    older = Note.parse(three.file("checkpoint"))
    three.post_one()
    three.hub.witnessing.work()
    before = head_of(three)

    # when
    witnesses = witnesses_of(three.alliance.database)
    with writing(three.hub.engine) as connection:
        count = take_cosignatures(connection, older, witnesses, needed=2)

    # then
    assert count == 3
    assert head_of(three) == before
