"""A key that is rotated between the check of a signature and the writer's lock: what is in force under the lock counts.

Two hubs serve one database, as two processes would. One of them takes the rotation at the very moment at which the
other has verified a signature under the old key, and has not got the lock yet.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import given
import hubs
import pytest

from ledger.errors import RuleError, SignatureError
from ledger.operations import append
from ledger.operations.audit import audit
from ledger.operations.doctor import examine
from ledger.operations.hub import Hub
from ledger.operations.rebuild import rebuild
from ledger.operations.restore import restore
from ledger.signing.envelope import Envelope, sign
from ledger.store.engine import Connection, Engine, reading, writing
from ledger.store.entries import read_entries
from ledger.store.head import read_head

pytestmark = pytest.mark.usefixtures("database")


class Two(NamedTuple):
    """Two hubs on one database, and the alliance whose words they have."""

    first: Hub
    second: Hub
    alliance: given.Alliance


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Two]:
    alliance = given.founded()
    first = hubs.founded_hub(tmp_path, alliance)
    hubs.post(first, alliance)
    second = hubs.reopened(tmp_path)
    yield Two(first, second, alliance)
    for hub in (first, second):
        hub.engine.dispose()


def registration(alliance: given.Alliance, node: str = given.DRUP, *, later: int = 0) -> Envelope:
    """What a node says next, by the key that it signs with now, or so many rotations later."""
    claims = alliance.claims(node, "trial.registered", given.trial_of(node))
    return sign(claims, (), alliance.key(node, later=later))


def before_the_lock(monkeypatch: pytest.MonkeyPatch, hub: Hub, act: Callable[[], object]) -> None:
    """Let something happen once, right before this hub takes the writer's lock."""
    waiting = [act]

    @contextmanager
    def locking(engine: Engine) -> Iterator[Connection]:
        if engine is hub.engine and waiting:
            waiting.pop()()
        with writing(engine) as connection:
            yield connection

    monkeypatch.setattr(append, "writing", locking)


def stored(hub: Hub) -> object:
    with reading(hub.engine) as connection:
        head = read_head(connection)
        return head, list(read_entries(connection, 0, head.size))


def holds(hub: Hub, folder: Path) -> bool:
    found = audit(hub.source("full"), pin=hub.memorandum.hash, view="full")
    return found.failure is None and all(each.verdict == "well" for each in examine(hubs.settings_in(folder)))


@pytest.mark.parametrize("place", ["taken by the rotation", "behind the rotation"])
def test_what_the_old_key_signed_is_refused_where_the_new_one_came_before_the_lock(
    two: Two, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    # given: the signature holds when it is checked, under a key that is in force then
    early = registration(two.alliance)
    old = two.alliance.key(given.DRUP)
    two.alliance.rotates(given.DRUP)
    rotation = two.alliance.heard[-1].envelope
    late = sign(two.alliance.claims(given.DRUP, "trial.registered", given.trial_of(given.DRUP)), (), old)
    before_the_lock(monkeypatch, two.first, lambda: two.second.post([rotation.text]))

    # when
    with pytest.raises(SignatureError) as refused:
        two.first.post([(early if place.startswith("taken") else late).text])

    # then: it is told which key to sign with, nobody signs that, and the rotation is all that was stored
    in_force = two.alliance.key(given.DRUP).public.thumbprint
    assert str(refused.value) == f"that key of drup-nl is not in force: sign with the one that is, {in_force}"
    assert refused.value.facts == {"place": 0}
    with reading(two.first.engine) as connection:
        last = [*read_entries(connection, 0, read_head(connection).size)][-1]
    assert last.jws == rotation.jws.text
    # and the hub that lost the race goes on from there
    [(posted, _)] = two.first.post([registration(two.alliance).text])
    assert (posted.index, posted.is_new) == (len(two.alliance.heard), True)
    assert holds(two.first, tmp_path)


def test_a_post_that_an_old_key_has_signed_in_part_is_refused_whole(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = registration(two.alliance, given.PROTARGET)
    ours = registration(two.alliance)
    two.alliance.rotates(given.DRUP)
    rotation = two.alliance.heard[-1].envelope
    before_the_lock(monkeypatch, two.first, lambda: two.second.post([rotation.text]))

    with pytest.raises(SignatureError) as refused:
        two.first.post([theirs.text, ours.text])

    assert refused.value.facts == {"place": 1}
    assert two.first.appender.size() == len(two.alliance.heard)
    [(posted, _)] = two.first.post([theirs.text])
    assert posted.is_new


def test_what_the_new_key_signs_behind_its_rotation_in_the_same_post_is_taken(two: Two, tmp_path: Path) -> None:
    two.alliance.rotates(given.DRUP)
    two.alliance.says(given.DRUP, "trial.registered", given.trial_of(given.DRUP))
    two.alliance.rotates(given.DRUP)
    two.alliance.says(given.DRUP, "trial.opened", {"on": given.LONG_AGO})

    answers = hubs.post(two.first, two.alliance)

    assert [posted.is_new for posted, _ in answers] == [True] * 4
    assert holds(two.first, tmp_path)


def test_what_the_old_key_signs_behind_its_rotation_in_the_same_post_takes_the_rotation_with_it(two: Two) -> None:
    # given: nothing is wrong with the signature, and the key is in force until the post itself takes it out
    before, old = stored(two.first), two.alliance.key(given.DRUP)
    two.alliance.rotates(given.DRUP)
    rotation = two.alliance.heard[-1].envelope
    claims = two.alliance.claims(given.DRUP, "trial.registered", given.trial_of(given.DRUP))

    with pytest.raises(SignatureError, match="is not in force") as refused:
        two.first.post([rotation.text, sign(claims, (), old).text])

    assert refused.value.facts == {"place": 1}
    assert stored(two.first) == before
    assert two.first.appender.stream_of(given.DRUP)[1] == old.public.thumbprint
    [(posted, _)] = two.first.post([rotation.text])
    assert posted.is_new


def test_a_rotation_that_one_hub_took_is_in_force_at_the_other(two: Two) -> None:
    two.alliance.rotates(given.DRUP)
    hubs.post(two.first, two.alliance)

    [(posted, _)] = two.second.post([registration(two.alliance).text])

    assert posted.is_new


def test_of_two_rotations_at_once_one_is_taken(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    head = two.alliance.database.streams[given.DRUP]
    rival = sign(
        two.alliance.claims(given.DRUP, "key.rotated", given.proven(given.signing_key("rival"), given.DRUP, head.hash)),
        (),
        two.alliance.key(given.DRUP),
    )
    two.alliance.rotates(given.DRUP)
    before_the_lock(monkeypatch, two.first, lambda: two.second.post([two.alliance.heard[-1].envelope.text]))

    with pytest.raises(SignatureError, match="is not in force"):
        two.first.post([rival.text])

    assert two.first.appender.stream_of(given.DRUP)[1] == two.alliance.key(given.DRUP).public.thumbprint


def test_what_the_old_key_signed_in_its_time_is_recognised_when_it_comes_again(two: Two, tmp_path: Path) -> None:
    two.alliance.says(given.DRUP, "trial.registered", given.trial_of(given.DRUP))
    two.alliance.rotates(given.DRUP)
    two.alliance.says(given.DRUP, "trial.opened", {"on": given.LONG_AGO})
    hubs.post(two.first, two.alliance)
    before = stored(two.first)

    for hub in (two.first, two.second, hubs.reopened(tmp_path)):
        answers = hub.post([heard.envelope.text for heard in two.alliance.heard])

        assert [posted.is_new for posted, _ in answers] == [False] * len(two.alliance.heard)
        assert stored(hub) == before


@pytest.mark.parametrize("wrong", ["a proof for another place", "a key that is known"])
def test_a_rotation_that_is_refused_is_refused_under_the_hubs_signature(two: Two, wrong: str) -> None:
    prev = two.alliance.database.streams[given.DRUP].hash
    data = {
        "a proof for another place": given.proven(given.signing_key("new"), given.DRUP, bytes(32)),
        "a key that is known": given.proven(given.signing_key(given.PROTARGET), given.DRUP, prev),
    }[wrong]
    claims = two.alliance.claims(given.DRUP, "key.rotated", data)
    before = stored(two.first)

    with pytest.raises(RuleError) as refused:
        two.first.post([sign(claims, (), two.alliance.key(given.DRUP)).text])

    assert "refusal" in refused.value.facts
    assert stored(two.first) == before


@pytest.mark.parametrize("how", ["started again", "rebuilt", "restored"])
def test_a_hub_that_is_made_anew_of_what_is_stored_has_the_same_key_in_force(
    two: Two, tmp_path: Path, how: str
) -> None:
    # given: each of two nodes has had several keys
    for _ in range(5):
        for node in (given.PROTARGET, given.DRUP):
            two.alliance.rotates(node)
    hubs.post(two.first, two.alliance)
    old = registration(two.alliance, later=-1)

    # when
    home = tmp_path
    if how == "rebuilt":
        rebuild(two.first.engine, two.first.memorandum)
    if how == "restored":
        home = tmp_path / "elsewhere"
        home.mkdir()
        restore(hubs.settings_in(home), two.first.source("full"), hubs.LOG)
    made = hubs.reopened(home)

    # then
    with pytest.raises(SignatureError, match="is not in force"):
        made.post([old.text])
    [(posted, _)] = made.post([registration(two.alliance).text])
    assert posted.is_new
    assert holds(made, home)
    made.engine.dispose()
