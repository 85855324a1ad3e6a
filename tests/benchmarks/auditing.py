"""How fast an audit is, and how much memory it takes: `python tests/benchmarks/auditing.py [EVENTS]`, else 100,000.

Each figure is of a process of its own, over one bundle; ratios are to the raw Ed25519 rate of one core in the same run.
"verified only" are hashes, signatures and disclosures, which are shared out; the rest goes in the order of the log.
A Dask cluster is one of this machine, that runs already: a scheduler and two workers.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import given
from rates import rate, raw_rate
from rich.console import Console
from rich.table import Table

from ledger.cohort.database import Taken
from ledger.errors import NotFoundError
from ledger.merkle.hashing import HASH_SIZE, leaf_hash
from ledger.merkle.tiles import (
    TILE_WIDTH,
    entries_path,
    extend_tiles,
    numbered_path,
    pack_entries,
    tile_path,
    tile_widths,
)
from ledger.merkle.tree import Frontier
from ledger.operations.audit import Before, audit
from ledger.operations.bundle import write_bundle
from ledger.operations.dask_cluster import dask_cluster
from ledger.operations.processes import Processes
from ledger.operations.ranges import Looked, Pool, Range, look_at_ranges
from ledger.operations.reached import Reached, Signatures
from ledger.operations.source import ZipSource
from ledger.signing.canonical import dump
from ledger.signing.checkpoint import Checkpoint, database_origin, sign_checkpoint
from ledger.signing.entry import Entry
from ledger.signing.note import NoteSigner

NEW = 1_000  # events that came between two audits
RUNS: dict[str, dict[str, Any]] = {
    "verified only, 1 process": {"only": True, "processes": 1},
    "verified only, 2 processes": {"only": True, "processes": 2},
    "verified only, Dask, 2 workers": {"only": True, "workers": 2},
    "audit, heads, 1 process": {"signatures": "heads", "processes": 1},
    "audit, heads, 2 processes": {"signatures": "heads", "processes": 2},
    "audit, every, 1 process": {"signatures": "every", "processes": 1},
    "audit, every, 2 processes": {"signatures": "every", "processes": 2},
    "audit, every, Dask, 2 workers": {"signatures": "every", "workers": 2},
}


class Files:
    """A log's static files in memory."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def read(self, path: str) -> bytes:
        if path not in self.files:
            raise NotFoundError(f"there is no {path}")
        return self.files[path]


def main(events: int = 100_000) -> None:
    with TemporaryDirectory() as folder:
        alliance, taken = history(events)
        for name, size in (("earlier", events - NEW), ("whole", events)):
            write_bundle(files_of(alliance, taken, size), Path(folder, f"{name}.zip"), view="full")
        texts = [heard.envelope.text for heard in alliance.heard[:2_000]]
        del alliance, taken
        rates = [raw_rate(texts)]
        told = {what: in_a_process(Path(folder), setting) for what, setting in RUNS.items()}
        told["audit again, nothing new"] = in_a_process(Path(folder), {"earlier": "whole"})
        told[f"audit again, {NEW} new"] = in_a_process(Path(folder), {"earlier": "earlier"})
        rates.append(raw_rate(texts))
    show(events, max(rates), told)


def history(events: int) -> tuple[given.Alliance, list[Taken]]:
    """A treated patient, assessed over and over, each with seven sealed fields."""
    alliance = given.treated()
    taken = []
    said = given.patient(given.case(1)) | given.ASSESSMENT
    while len(alliance.heard) < events:
        taken.append(alliance.says(given.DRUP, "response.assessed", said))
    return alliance, taken


def files_of(alliance: given.Alliance, taken: list[Taken], size: int) -> Files:
    source = Files()
    heard = alliance.heard[:size]
    before = len(alliance.heard) - len(taken)
    digests = [bytes(32)] * before + [each.digest for each in taken]
    digests[:before] = list(first_digests(alliance, before))
    leaves = [Entry(each.received, each.envelope.jws.text).leaf for each in heard]
    frontier = Frontier()
    for leaf in leaves:
        frontier.append(leaf_hash(leaf))
    for (level, n), tile in extend_tiles(0, [leaf_hash(leaf) for leaf in leaves], lambda _level, _n: b"").items():
        source.files[tile_path(level, n, len(tile) // HASH_SIZE)] = tile
    for n, width in tile_widths(size, 0):
        span = slice(n * TILE_WIDTH, n * TILE_WIDTH + width)
        source.files[entries_path(n, width)] = pack_entries(leaves[span])
        source.files[numbered_path("digests", n, width)] = b"".join(digests[:size][span])
        lines = ("~".join(one.text for one in each.envelope.disclosures) + "\n" for each in heard[span])
        source.files[numbered_path("disclosures", n, width)] = "".join(lines).encode()
    signer = NoteSigner(given.ORIGIN, given.signing_key("log"))
    source.files["memorandum"] = alliance.memorandum.text
    source.files["view"] = dump({"view": "full"})
    for path, origin, root in (
        ("checkpoint", given.ORIGIN, frontier.root),
        ("digest", database_origin(given.ORIGIN), digests[size - 1]),
    ):
        source.files[path] = sign_checkpoint(Checkpoint(origin, size, root), signer).encode()
    return source


def first_digests(alliance: given.Alliance, count: int) -> Iterator[bytes]:
    again = given.Alliance()
    for heard in alliance.heard[:count]:
        yield again.takes(heard.envelope).digest


def in_a_process(folder: Path, setting: dict[str, Any]) -> dict[str, float]:
    command = [sys.executable, __file__, "--one", str(folder), json.dumps(setting)]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    told: dict[str, float] = json.loads(ran.stdout)
    return told


def one(folder: Path, setting: dict[str, Any]) -> None:
    earlier = setting.pop("earlier", None)
    state = folder / f"{earlier}.state"
    if earlier is not None:
        with ZipSource(folder / f"{earlier}.zip") as source:
            reached = audit(source, signatures="heads").reached
        assert reached is not None
        state.write_bytes(reached.dump())
        del reached
    with ZipSource(folder / "whole.zip") as source, pool_of(**setting) as pool:
        if setting.get("only"):
            seconds = timed(lambda: verify_only(source, pool))
        elif earlier is not None:
            seconds = timed(lambda: audit_on(source, state))
        else:
            seconds = timed(lambda: hold(source, setting["signatures"], pool))
    print(json.dumps({"seconds": seconds, "peak_mib": peak_mib()}))  # noqa: T201 - read by the process that started this


@contextmanager
def pool_of(*, processes: int = 1, workers: int = 0, **_: object) -> Iterator[Pool | None]:
    if workers:
        from clusters import started  # noqa: PLC0415 - each process that shares the work loads this file, and no Dask

        with started(n_workers=workers) as cluster, dask_cluster(cluster.scheduler_address, seed=bytes(32)) as there:
            yield there
    elif processes > 1:
        with Processes(processes) as here:
            yield here
    else:
        yield None


def hold(source: ZipSource, signatures: Signatures, pool: Pool | None) -> None:
    assert audit(source, signatures=signatures, pool=pool).holds


def audit_on(source: ZipSource, state: Path) -> None:
    found = audit(source, signatures="heads", before=Before(reached=Reached.load(state.read_bytes())))
    assert found.holds
    assert found.continued


def verify_only(source: ZipSource, pool: Pool | None) -> None:
    size = int(source.read("checkpoint").split(b"\n")[1])
    keys = {key.public.thumbprint: dict(key.public.jwk) for key in map(given.signing_key, given.FOUNDERS)}
    ranges = (
        Range(
            n=n,
            skip=0,
            tile=source.read(tile_path(0, n, width)),
            entries=source.read(entries_path(n, width)),
            disclosures=source.read(numbered_path("disclosures", n, width)),
            every=True,
            keys=keys,
        )
        for n, width in tile_widths(size, 0)
    )
    for found in look_at_ranges(ranges, pool=pool):
        looked = found[1]
        assert isinstance(looked, Looked)
        assert (looked.wrong_leaf, looked.unverified, looked.forged) == (None, frozenset(), None)


def timed(work: Callable[[], None]) -> float:
    """Seconds that it takes."""
    return 1 / rate(1, work)


def peak_mib() -> float:
    """Peak resident memory of this process; of those that share its work, each holds a few tiles."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def show(events: int, raw: float, told: dict[str, dict[str, float]]) -> None:
    table = Table("what", "s", "events/s", "of the raw rate", "peak MiB", title=f"{events} events; raw {raw:,.0f}/s")
    for what, figures in told.items():
        events_per_s = events / figures["seconds"]
        ratio = "" if "again" in what else f"{events_per_s / raw:.2f}"
        seconds, peak = f"{figures['seconds']:.2f}", f"{figures['peak_mib']:.0f}"
        table.add_row(what, seconds, f"{events_per_s:,.0f}", ratio, peak)
    Console().print(table)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        one(Path(sys.argv[2]), json.loads(sys.argv[3]))
    else:
        main(*map(int, sys.argv[1:]))
