"""Remembered heads: what is remembered, what is an alarm, what is kept of it; crashes, and several at once."""

import os
from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from threading import Event, Thread

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from naive_log import LOG, MEMORANDUM, NaiveLog, Outgrown, forked, leaves

from ledger.errors import LedgerError, MalformedError, SetupError, SignatureError, TamperedError, UnavailableError
from ledger.operations.evidence import Fork, Rollback, read_evidence
from ledger.operations.forks import check_fork
from ledger.operations.heads import Heads, Seen
from ledger.operations.replacing import name_of_part
from ledger.signing.checkpoint import Checkpoint, sign_checkpoint
from ledger.signing.cosignature import Cosigner
from ledger.signing.keys import SigningKey
from ledger.signing.note import Note, NoteSigner


def look(folder: Path, log: NaiveLog, *, live: bool = True) -> Seen:
    return Heads(folder, pause=lambda _seconds: None).look(log, MEMORANDUM, live=live)


def remembered(folder: Path) -> bytes | None:
    return Heads(folder).remembered(MEMORANDUM)


def kept(folder: Path, ending: str) -> list[Path]:
    return sorted(folder.rglob(f"*{ending}"))


def test_the_largest_that_was_seen_is_remembered_as_it_came(tmp_path: Path) -> None:
    small, large = NaiveLog(leaves(5)), NaiveLog(leaves(12))

    seen = [look(tmp_path, small), look(tmp_path, large), look(tmp_path, large)]

    assert [(each.relation, each.before) for each in seen] == [("first", None), ("extends", 5), ("same", 12)]
    assert remembered(tmp_path) == large.note


def test_what_is_remembered_is_for_its_owners_eyes_and_durable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []

    def fsync(opened: int) -> None:
        name = Path(f"/proc/self/fd/{opened}").readlink().name
        synced.append(name_of_part(name) or name)

    monkeypatch.setattr(os, "fsync", fsync)

    look(tmp_path / "state", NaiveLog(leaves(5)))

    [file] = kept(tmp_path, ".checkpoint")
    assert {path.stat().st_mode & 0o777 for path in file.parent.iterdir()} == {0o600}
    assert {path.stat().st_mode & 0o777 for path in (file.parent, tmp_path / "state")} == {0o700}
    assert synced == [tmp_path.name, "state", file.name, file.parent.name]


def test_cosignatures_are_kept_with_it(tmp_path: Path) -> None:
    log = NaiveLog(leaves(5))
    witness = Cosigner("witness.example", Ed25519PrivateKey.from_private_bytes(b"w" * 32))
    note = Note.parse(log.note)
    at_s = int(datetime(2022, 1, 3, tzinfo=UTC).timestamp())
    cosigned = Note(note.text, (*note.signatures, witness.cosign(note.text, time_s=at_s))).encode()

    Heads(tmp_path).see(cosigned, MEMORANDUM, log, live=True)

    assert remembered(tmp_path) == cosigned
    assert look(tmp_path, log).relation == "same"
    assert remembered(tmp_path) == cosigned


@given(st.data())
def test_of_an_honest_log_that_grows_nothing_is_ever_an_alarm(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("state")
    sizes = sorted(data.draw(st.lists(st.integers(0, 40), min_size=1, max_size=6)))

    for size in sizes:
        look(folder, NaiveLog(leaves(size)))

    assert remembered(folder) == NaiveLog(leaves(sizes[-1])).note
    assert kept(folder, ".contradicts") == []


@given(st.data())
def test_a_fork_at_any_size_is_an_alarm_with_evidence_that_convicts(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("state")
    old_size = data.draw(st.integers(1, 40))
    size = data.draw(st.integers(old_size, 40))
    log, fork = NaiveLog(leaves(old_size)), NaiveLog(forked(data.draw(st.integers(0, old_size - 1)), size))
    look(folder, log)

    with pytest.raises(TamperedError, match="is forked") as alarm:
        look(folder, fork)

    assert remembered(folder) == log.note
    [beside], [evidence] = kept(folder, ".contradicts"), kept(folder, ".fork.json")
    assert beside.read_bytes() == fork.note
    for file in (beside, evidence, *kept(folder, ".checkpoint")):
        assert str(file) in str(alarm.value)
        assert file.stat().st_mode & 0o777 == 0o600
    proof = read_evidence(evidence)
    assert isinstance(proof, Fork)
    assert (proof.older, proof.newer) == (log.note, fork.note)
    check_fork(proof)


def test_a_live_log_that_shows_fewer_entries_than_before_is_rolled_back(tmp_path: Path) -> None:
    before, now = NaiveLog(leaves(12)), NaiveLog(leaves(5))
    look(tmp_path, before)

    with pytest.raises(TamperedError, match=r"rolled back: 12 entries were seen .* now it shows 5") as alarm:
        look(tmp_path, now)

    assert remembered(tmp_path) == before.note
    [beside], [evidence] = kept(tmp_path, ".contradicts"), kept(tmp_path, ".rollback.json")
    assert beside.read_bytes() == now.note
    assert read_evidence(evidence) == Rollback(LOG.verifier, before.note, now.note)
    assert f"{evidence} says so, and proves nothing to others" in str(alarm.value)


def test_a_bundle_or_file_with_fewer_entries_is_merely_older_and_says_what_was_not_checked(tmp_path: Path) -> None:
    look(tmp_path, NaiveLog(leaves(12)))

    seen = look(tmp_path, NaiveLog(leaves(5)), live=False)

    assert (seen.relation, seen.before, seen.checkpoint.size) == ("older", 12, 5)
    assert "cannot be checked here" in seen.words
    assert kept(tmp_path, ".contradicts") == []


def test_a_bundle_that_is_a_fork_of_the_remembered_size_or_a_larger_one_is_an_alarm_too(tmp_path: Path) -> None:
    look(tmp_path, NaiveLog(leaves(5)))

    for size in (5, 12):
        with pytest.raises(TamperedError, match="forked"):
            look(tmp_path, NaiveLog(forked(3, size)), live=False)


class Growing(NaiveLog):
    """Shows its checkpoints one by one, and the last of them for good: as a hub does, or a cache before it."""

    def __init__(self, data: list[bytes], *shown: NaiveLog) -> None:
        super().__init__(data)
        self.shown = list(shown)

    def read(self, path: str) -> bytes:
        return self.shown.pop(0).note if path == "checkpoint" and self.shown else super().read(path)


def test_a_checkpoint_that_was_overtaken_on_its_way_or_in_a_cache_is_no_rollback(tmp_path: Path) -> None:
    paused: list[float] = []
    heads = Heads(tmp_path, pause=paused.append)
    early = NaiveLog(leaves(5))
    look(tmp_path, NaiveLog(leaves(12)))

    seen = heads.look(Growing(leaves(15), early, early), MEMORANDUM, live=True)

    assert (seen.relation, seen.before, seen.checkpoint.size) == ("extends", 12, 15)
    assert remembered(tmp_path) == NaiveLog(leaves(15)).note
    assert max(paused) > 1.0  # longer than a cache may keep it
    assert kept(tmp_path, ".contradicts") == []


def test_a_small_checkpoint_that_is_no_beginning_of_what_the_log_shows_next_is_a_fork(tmp_path: Path) -> None:
    look(tmp_path, NaiveLog(leaves(12)))
    early = NaiveLog(forked(2, 5))

    with pytest.raises(TamperedError, match="is forked"):
        look(tmp_path, Growing(leaves(15), early))

    assert remembered(tmp_path) == NaiveLog(leaves(15)).note
    [beside], [evidence] = kept(tmp_path, ".contradicts"), kept(tmp_path, ".fork.json")
    assert beside.read_bytes() == early.note
    proof = read_evidence(evidence)
    assert isinstance(proof, Fork)
    check_fork(proof)


def test_a_log_that_does_not_show_the_tree_of_its_checkpoint_is_an_alarm_and_not_remembered(tmp_path: Path) -> None:
    look(tmp_path, NaiveLog(leaves(5)))
    newer = NaiveLog(leaves(12))

    for hiding in (NaiveLog(leaves(7)), NaiveLog(forked(3, 12))):
        with pytest.raises(TamperedError, match="does not show that it extends"):
            Heads(tmp_path).see(newer.note, MEMORANDUM, hiding, live=True)

    assert remembered(tmp_path) == NaiveLog(leaves(5)).note
    assert [file.read_bytes() for file in kept(tmp_path, ".contradicts")] == [newer.note]
    assert kept(tmp_path, ".json") == []


def test_a_larger_checkpoint_without_a_tree_is_not_remembered_in_place_of_one_that_it_may_contradict(
    tmp_path: Path,
) -> None:
    look(tmp_path, NaiveLog(leaves(5)))

    seen = Heads(tmp_path).see(NaiveLog(forked(2, 12)).note, MEMORANDUM, None, live=False)

    assert seen.relation == "unproven"
    assert remembered(tmp_path) == NaiveLog(leaves(5)).note


def test_a_server_that_cannot_be_reached_is_no_alarm(tmp_path: Path) -> None:
    class Away(NaiveLog):
        def read(self, path: str) -> bytes:
            raise UnavailableError(f"no {path} today")

    look(tmp_path, NaiveLog(leaves(5)))

    with pytest.raises(UnavailableError):
        Heads(tmp_path).see(NaiveLog(leaves(12)).note, MEMORANDUM, Away([]), live=True)

    assert remembered(tmp_path) == NaiveLog(leaves(5)).note
    assert kept(tmp_path, ".contradicts") == []


STRANGER = NoteSigner(LOG.name, SigningKey.from_seed(bytes(32)))


@pytest.mark.parametrize(
    ("note", "error"),
    [
        (b"no note", MalformedError),
        (sign_checkpoint(Checkpoint(LOG.name, 5, bytes(32)), STRANGER).encode(), SignatureError),
        (sign_checkpoint(Checkpoint("another.example", 5, bytes(32)), LOG).encode(), SignatureError),
    ],
)
def test_what_the_log_did_not_sign_is_not_remembered(tmp_path: Path, note: bytes, error: type[LedgerError]) -> None:
    with pytest.raises(error):
        Heads(tmp_path).see(note, MEMORANDUM, NaiveLog(leaves(5)), live=True)

    assert list(tmp_path.iterdir()) == []


def test_a_remembered_file_that_was_spoilt_is_said_to_be_and_not_replaced(tmp_path: Path) -> None:
    look(tmp_path, NaiveLog(leaves(5)))
    [file] = kept(tmp_path, ".checkpoint")
    file.write_bytes(b"spoilt")

    with pytest.raises(SetupError, match=r"no checkpoint of ledger\.example/alliance any more"):
        look(tmp_path, NaiveLog(leaves(5)))

    assert file.read_bytes() == b"spoilt"


def test_a_long_log_is_proven_from_a_few_tiles(tmp_path: Path) -> None:
    look(tmp_path, NaiveLog(leaves(300)))
    log = Outgrown(leaves(1_300))

    assert look(tmp_path, log).relation == "extends"

    assert {path for path in log.asked if path.startswith("tile")} == {
        "tile/0/001", "tile/0/005.p/20", "tile/1/000.p/5"
    }  # fmt: skip


# ---------------------------------------------------------------------- several at once, and crashes


class Waiting(NaiveLog):
    """Reads its first tile only once it is told to, or a while has passed."""

    def __init__(self, data: list[bytes]) -> None:
        super().__init__(data)
        self.started, self.go_on = Event(), Event()

    def read(self, path: str) -> bytes:
        if path.startswith("tile"):
            self.started.set()
            self.go_on.wait(0.5)
        return super().read(path)


def test_of_two_that_see_at_once_the_larger_is_remembered(tmp_path: Path) -> None:
    look(tmp_path, NaiveLog(leaves(5)))
    slow, fast = Waiting(leaves(12)), NaiveLog(leaves(40))
    first = Thread(target=look, args=(tmp_path, slow))

    first.start()
    assert slow.started.wait(10)
    seen = look(tmp_path, fast)
    slow.go_on.set()
    first.join()

    assert seen.before == 12
    assert remembered(tmp_path) == fast.note


class Crash(BaseException):
    """A process is gone; nothing below may catch it and go on."""


def crashing(
    monkeypatch: pytest.MonkeyPatch, act: Callable[[], object], *, at: int | None, persisted: bool = False
) -> int:
    """Act, and crash at a step that syncs or puts in place, before or after it is done. Returns how many there were."""
    steps = 0

    def counted(deed: Callable[..., object]) -> Callable[..., object]:
        def do(*arguments: object) -> object:
            nonlocal steps
            steps += 1
            crash = at is not None and steps > at
            if crash and not persisted:
                raise Crash
            result = deed(*arguments)
            if crash:
                raise Crash
            return result

        return do

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", counted(os.fsync))
        patched.setattr(Path, "replace", counted(Path.replace))
        with nullcontext() if at is None else pytest.raises(Crash):
            act()
    return steps


def state_of(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.mark.parametrize("persisted", [False, True])
@pytest.mark.parametrize("what", ["first", "extends", "fork"])
def test_a_crash_between_any_two_writes_is_healed_by_looking_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str, persisted: bool
) -> None:
    # given
    log = {"first": NaiveLog(leaves(5)), "extends": NaiveLog(leaves(12)), "fork": NaiveLog(forked(3, 12))}[what]

    def known(folder: Path) -> Path:
        if what != "first":
            look(folder, NaiveLog(leaves(5)))
        return folder

    def act(folder: Path) -> None:
        try:
            look(folder, log)
        except TamperedError:
            assert what == "fork"

    undisturbed = known(tmp_path / "undisturbed")
    steps = crashing(monkeypatch, partial(act, undisturbed), at=None)
    assert steps > 2

    for step in range(steps):
        # when
        folder = known(tmp_path / f"crashed-{step}")
        crashing(monkeypatch, partial(act, folder), at=step, persisted=persisted)
        assert remembered(folder) in {None if what == "first" else NaiveLog(leaves(5)).note, log.note}
        act(folder)

        # then
        assert state_of(folder) == state_of(undisturbed)


def test_two_ledgers_of_one_origin_are_remembered_apart_and_no_origin_leads_out_of_the_folder(tmp_path: Path) -> None:
    heads = Heads(tmp_path / "state")

    for origin in ("..", "../..", "/etc", "a/../..", "ledger.example/alliance", "."):
        file = heads._file(type("Named", (), {"origin": origin, "hash": bytes(32)})())
        assert file.parent.parent == tmp_path / "state"
        assert file.parent.name not in {".", ".."}
