"""A Dask cluster verifies the signatures of an audit: what is found stays the same, whatever becomes of the cluster.

The cluster is real: a scheduler, and two workers in processes of their own. What a worker does wrong here, it does
because the test has put something else in its process in the place of what it should run.
"""

import json
import pickle
import re
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import given
import hubs
import pytest
from clusters import started
from distributed import Client, LocalCluster
from forged import Altered, flipped
from running import run

from ledger.merkle.hashing import leaf_hash
from ledger.merkle.tiles import entries_path, pack_entries, tile_path, unpack_entries
from ledger.operations import dask_cluster as ours
from ledger.operations.audit import Audit, Before, audit
from ledger.operations.bundle import write_bundle
from ledger.operations.dask_cluster import dask_cluster
from ledger.operations.hub import Hub
from ledger.operations.processes import Processes
from ledger.operations.ranges import Range, look_at_ranges
from ledger.operations.reached import Reached
from ledger.operations.source import Source

SIZE = 600  # entries: three ranges, the last in part
EARLY = 300  # within the second
SEED = bytes(32)
ROTATION = 560  # from here on, whoever looks ahead does not know the key


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    with started(n_workers=2) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Hub, Audit]:
    """The hub, and what an audit found when the log was shorter."""
    alliance = given.treated()
    while len(alliance.heard) < SIZE:
        if len(alliance.heard) == ROTATION:
            alliance.rotates(given.DRUP)
        alliance.says(given.DRUP, "response.assessed", given.patient(given.case(1)) | given.ASSESSMENT)
    hub = hubs.founded_hub(tmp_path_factory.mktemp("hub"), alliance)
    texts = [heard.envelope.text for heard in alliance.heard]
    for batch in hubs.batches(texts[:EARLY], 100):
        hub.post(batch)
    early = audit(hub.source("full"))
    for batch in hubs.batches(texts[EARLY:], 100):
        hub.post(batch)
    return hub, early


@pytest.fixture
def source(grown: tuple[Hub, Audit]) -> Source:
    return grown[0].source("full")


def on(cluster: LocalCluster, source: Source, **options: Any) -> Audit:
    with dask_cluster(cluster.scheduler_address, seed=SEED) as pool:
        return audit(source, pool=pool, **options)


# ---------------------------------------------------------------------- the same result


def test_a_cluster_finds_what_this_machine_finds_and_the_report_says_that_its_word_was_taken(
    cluster: LocalCluster, source: Source
) -> None:
    here, there = audit(source), on(cluster, source)

    assert here.holds
    assert (there.holds, there.passed, there.digest, there.contributed, there.findings) == (
        here.holds,
        here.passed,
        here.digest,
        here.contributed,
        here.findings,
    )
    assert cluster.scheduler_address in there.vouched
    assert re.search("^5[0-9][0-9] signatures .* spoilt on purpose, and found: 2$", there.vouched)
    assert here.vouched == ""
    with Processes(2, few=0) as pool:
        assert audit(source, pool=pool).vouched == ""


def test_what_others_vouched_for_is_not_gone_on_from(cluster: LocalCluster, source: Source) -> None:
    assert audit(source).reached is not None
    assert on(cluster, source).reached is None


def test_an_audit_that_goes_on_has_a_cluster_look_at_what_is_new(
    cluster: LocalCluster, grown: tuple[Hub, Audit], source: Source
) -> None:
    assert grown[1].reached is not None
    kept = grown[1].reached.dump()
    forged = Altered(source, forged_signature(source, 1, 100))

    whole, spoilt = (on(cluster, each, before=Before(reached=Reached.load(kept))) for each in (source, forged))

    assert (whole.holds, whole.continued) == (True, EARLY)
    assert whole.vouched.startswith("2")  # of the 300 new ones, all but those by a new key
    assert whole.digest == audit(source).digest
    assert spoilt.failure == audit(forged, before=Before(reached=Reached.load(kept))).failure
    assert spoilt.failure is not None
    assert (spoilt.failure.step, spoilt.failure.index) == (5, 256 + 100)


TAMPERED: dict[str, Callable[[Source], dict[str, bytes | None]]] = {
    "a signature in the last range": lambda source: forged_signature(source, 2, 60),
    "a signature in the first range and one in the last": lambda source: (
        forged_signature(source, 2, 60) | forged_signature(source, 0, 200)
    ),
    "an entry's bytes": lambda source: at(source, "tile/entries/001", 100_000),
    "a hash of a tile": lambda source: at(source, "tile/0/001", 32 * 7),
    "a tile that is missing": lambda _source: {"tile/0/001": None},
    "an entry that is missing": lambda source: {"tile/entries/001": source.read("tile/entries/001")[:-900]},
    "a disclosure": lambda source: at(source, "disclosures/001", 5_000),
    "the disclosures of an entry": lambda source: {"disclosures/001": source.read("disclosures/001")[300:]},
    "a digest": lambda source: at(source, "digests/001", 32 * 3),
}


def at(source: Source, path: str, place: int) -> dict[str, bytes | None]:
    return {path: flipped(source.read(path), place)}


def forged_signature(source: Source, n: int, place: int) -> dict[str, bytes | None]:
    """By a hub that has its own key: the entry's hash in its tile is the forged entry's."""
    width = min(256, SIZE - n * 256)
    leaves = unpack_entries(source.read(entries_path(n, width)), width)
    leaves[place] = ours._spoilt(leaves[place])
    tile = source.read(tile_path(0, n, width))
    return {
        entries_path(n, width): pack_entries(leaves),
        tile_path(0, n, width): tile[: 32 * place] + leaf_hash(leaves[place]) + tile[32 * place + 32 :],
    }


@pytest.mark.parametrize("what", TAMPERED)
def test_what_was_tampered_with_fails_as_it_fails_on_this_machine(
    cluster: LocalCluster, source: Source, what: str
) -> None:
    spoilt = Altered(source, TAMPERED[what](source))

    here, there = audit(spoilt), on(cluster, spoilt)

    assert here.failure is not None
    assert there.failure == here.failure
    assert there.passed == here.passed


def test_a_forgery_is_found_where_the_signature_that_is_drawn_to_be_spoilt_is_the_forged_one(
    cluster: LocalCluster, source: Source
) -> None:
    drawn = int.from_bytes(sha256(SEED + (1).to_bytes(8)).digest()) % 256
    spoilt = Altered(source, forged_signature(source, 1, drawn))

    here, there = audit(spoilt), on(cluster, spoilt)

    assert there.failure is not None
    assert (there.failure.step, there.failure.index) == (5, 256 + drawn)
    assert there.failure == here.failure


def test_no_disclosure_is_sent(cluster: LocalCluster, source: Source) -> None:
    def record() -> None:
        from ledger.operations import dask_cluster  # noqa: PLC0415 - of the worker

        honest = dask_cluster.verdicts
        dask_cluster.honest, dask_cluster.asked = honest, []  # type: ignore[attr-defined]  # kept for the way back

        def verdicts(*asked: Any) -> bytes:
            dask_cluster.asked.append(pickle.dumps(asked))  # type: ignore[attr-defined]  # as above
            return honest(*asked)

        dask_cluster.verdicts = verdicts  # type: ignore[assignment]  # it passes on whatever it is asked

    def told() -> list[bytes]:
        from ledger.operations import dask_cluster  # noqa: PLC0415 - of the worker

        dask_cluster.verdicts = dask_cluster.honest  # type: ignore[attr-defined]  # as above
        asked: list[bytes] = dask_cluster.asked  # type: ignore[attr-defined]  # as above
        return asked

    with Client(cluster.scheduler_address, set_as_default=False) as client:
        client.run(record)
        assert on(cluster, source).holds
        sent = b"".join(each for asked in client.run(told).values() for each in asked)

    disclosures = [text for text in source.read("disclosures/001").replace(b"\n", b"~").split(b"~") if text]
    assert source.read("tile/entries/001")[2:400] in sent  # so it is what was sent
    assert disclosures
    assert [text for text in disclosures if text in sent] == []


def test_however_long_a_log_is_few_ranges_of_it_are_under_way(cluster: LocalCluster, source: Source) -> None:
    keys = {key.public.thumbprint: dict(key.public.jwk) for key in map(given.signing_key, given.FOUNDERS)}
    tile, entries, disclosures = (source.read(path) for path in ("tile/0/000", "tile/entries/000", "disclosures/000"))
    begun = done = 0
    tasks = [0]

    def ranges() -> Iterator[Range]:
        nonlocal begun
        for n in range(40):
            begun += 1
            yield Range(n, 0, tile, entries, disclosures, every=True, keys=keys)

    with dask_cluster(cluster.scheduler_address, seed=SEED) as pool:
        for found in look_at_ranges(ranges(), pool=pool):
            done += 1
            assert isinstance(found, tuple)
            assert begun - done <= 8  # four for each worker
            assert cluster.scheduler is not None
            tasks.append(len(cluster.scheduler.tasks))

    assert done == 40
    assert 0 < max(tasks) <= 10  # what was let go is told to the scheduler a moment later


# ---------------------------------------------------------------------- at a terminal


def test_the_command_prints_the_same_report_but_for_whose_word_was_taken(
    cluster: LocalCluster, source: Source, tmp_path: Path
) -> None:
    write_bundle(source, tmp_path / "bundle.zip", view="full")
    (json_here, here), (json_there, there) = (
        [
            run(tmp_path, "audit", "bundle.zip", "--state-dir", f"{n}{what}", what, *more, *each).stdout
            for what, *more in (["--json"], ["--html", "page.html"])
        ]
        for n, each in enumerate(([], ["--dask", cluster.scheduler_address]))
    )

    (vouched,) = (line for line in json_there.splitlines() if '"vouched"' in line)
    assert cluster.scheduler_address in vouched
    assert json.loads(json_here)["vouched"] is None
    assert json_there.replace(vouched, '  "vouched": null,') == json_here
    assert [line for line in there.splitlines() if line not in here.splitlines()] == [there.splitlines()[1]]
    assert there.splitlines()[1].startswith("not all by this machine: 5")
    assert cluster.scheduler_address in (tmp_path / "page.html").read_text()


def test_a_cluster_is_asked_for_signatures_and_for_nothing_else(tmp_path: Path) -> None:
    for more in (["--signatures", "heads"], ["--processes", "2"]):
        ran = run(tmp_path, "audit", "bundle.zip", "--dask", "tcp://127.0.0.1:1", *more)

        assert ran.returncode == 2
        assert "--dask" in ran.stderr
