"""Comparing two sources of one log, and two real hubs that hold one log key."""

from pathlib import Path

import given
import hubs
import pytest
from naive_log import LOG, MEMORANDUM, NaiveLog, forked, leaves

from ledger.cohort.memorandum import Memorandum
from ledger.errors import MalformedError, TamperedError
from ledger.operations.bundle import write_bundle
from ledger.operations.compare import compare
from ledger.operations.forks import check_fork
from ledger.operations.heads import Heads
from ledger.operations.hub import Hub
from ledger.operations.source import Source, ZipSource


def hub_that_heard(folder: Path, alliance: given.Alliance) -> Hub:
    folder.mkdir()
    hub = hubs.founded_hub(folder, alliance)
    hubs.post(hub, alliance)
    return hub


@pytest.fixture
def honest(tmp_path: Path) -> Hub:
    return hub_that_heard(tmp_path / "honest", given.agreed())


@pytest.fixture
def treacherous(tmp_path: Path) -> Hub:
    """The same log key, and another history after the same foundation."""
    alliance = given.founded()
    alliance.runs_trial(given.DRUP)
    while len(alliance.heard) < len(given.agreed().heard):
        alliance.says(given.DRUP, "supply.committed", {"regimen": [f"drug-{len(alliance.heard)}"], "company": None})
    return hub_that_heard(tmp_path / "treacherous", alliance)


def test_a_hub_and_its_own_earlier_bundle_show_one_history(tmp_path: Path, honest: Hub) -> None:
    write_bundle(honest.source("clear"), tmp_path / "earlier.zip", view="clear")
    with ZipSource(tmp_path / "earlier.zip") as earlier:
        assert compare(honest.source("clear"), earlier).relation == "equal"
        alliance = given.agreed()
        alliance.says(given.DRUP, "trial.registered", given.trial_of(given.DRUP))
        hubs.post(honest, alliance)

        later = honest.source("clear")

        assert compare(later, earlier, pin=honest.memorandum.hash).relation == "a-extends-b"
        found = compare(earlier, later)
        assert (found.relation, found.fork) == ("b-extends-a", None)


def test_a_hub_that_shows_two_histories_of_one_size_is_caught(honest: Hub, treacherous: Hub) -> None:
    found = compare(honest.source("clear"), treacherous.source("clear"))

    assert found.a.checkpoint.size == found.b.checkpoint.size
    assert found.relation == "fork"
    assert found.fork is not None
    assert "two roots" in check_fork(found.fork)


def test_a_hub_that_shows_two_histories_of_two_sizes_is_caught_whichever_is_named_first(
    honest: Hub, treacherous: Hub
) -> None:
    alliance = given.agreed()
    alliance.says(given.DRUP, "trial.registered", given.trial_of(given.DRUP))
    hubs.post(honest, alliance)
    sources = honest.source("clear"), treacherous.source("clear")

    forks = [compare(*sources).fork, compare(*reversed(sources)).fork]

    assert forks[0] is not None
    assert forks[0] == forks[1]
    assert "are not those under" in check_fork(forks[0])


def test_the_same_hub_is_caught_by_whoever_remembers(tmp_path: Path, honest: Hub, treacherous: Hub) -> None:
    alliance = given.agreed()
    alliance.says(given.DRUP, "trial.registered", given.trial_of(given.DRUP))
    heads = Heads(tmp_path / "state", pause=lambda _seconds: None)
    heads.look(treacherous.source("clear"), treacherous.memorandum, live=True)

    with pytest.raises(TamperedError, match="forked"):
        heads.look(honest.source("clear"), honest.memorandum, live=True)
    hubs.post(honest, alliance)
    with pytest.raises(TamperedError, match="forked"):
        heads.look(honest.source("clear"), honest.memorandum, live=True)


class Founded(NaiveLog):
    """A log that shows another memorandum."""

    def __init__(self, data: list[bytes], memorandum: bytes) -> None:
        super().__init__(data)
        self.memorandum = memorandum

    def read(self, path: str) -> bytes:
        return self.memorandum if path == "memorandum" else super().read(path)


def test_two_ledgers_are_not_compared() -> None:
    other = Memorandum.of(given.memorandum_of(given.DRUP, given.PROTARGET))

    with pytest.raises(MalformedError, match=f"two different ledgers.*{other.hash.hex()}"):
        compare(NaiveLog(leaves(5)), Founded(leaves(5), other.text))


def test_another_memorandum_than_the_pinned_one_is_an_alarm() -> None:
    with pytest.raises(TamperedError, match="another memorandum"):
        compare(NaiveLog(leaves(5)), NaiveLog(leaves(5)), pin=bytes(32))

    assert compare(NaiveLog(leaves(5)), NaiveLog(leaves(5)), pin=MEMORANDUM.hash).relation == "equal"


class Resigned(NaiveLog):
    """A log whose checkpoint was changed by hand."""

    def read(self, path: str) -> bytes:
        data = super().read(path)
        return data.replace(b"\n5\n", b"\n4\n") if path == "checkpoint" else data


@pytest.mark.parametrize(
    "sources",
    [(Resigned(leaves(5)), NaiveLog(leaves(5))), (NaiveLog(leaves(5)), Resigned(leaves(5)))],
)
def test_a_checkpoint_that_the_log_did_not_sign_is_an_alarm(tmp_path: Path, sources: tuple[Source, Source]) -> None:
    with pytest.raises(TamperedError, match="is not the log's"):
        compare(*sources)
    [changed] = [each for each in sources if isinstance(each, Resigned)]
    with pytest.raises(TamperedError, match="is not the log's"):
        Heads(tmp_path).look(changed, MEMORANDUM, live=True)


def test_logs_of_nothing_are_equal_and_everything_extends_them() -> None:
    assert compare(NaiveLog([]), NaiveLog([])).relation == "equal"
    assert compare(NaiveLog(leaves(1)), NaiveLog([])).relation == "a-extends-b"
    assert compare(NaiveLog(leaves(1)), NaiveLog(forked(0, 1))).relation == "fork"
    assert compare(NaiveLog(leaves(1)), NaiveLog(forked(0, 1))).memorandum.log_key == LOG.verifier
