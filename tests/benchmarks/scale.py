"""What a long log costs: starting on it, appending to it, and looking at a board and a cohort that are as they were.

The ledgers are `lengths.kept_hub`'s: same cohorts and same patients, and more and more said beside them.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).parents[1]))

import databases
import given
import httpx2 as httpx
import hubs
import lengths
from figures import Figure, each_timed, quantile
from over_http import served

from ledger.operations.hub import Hub
from ledger.signing.canonical import Json
from ledger.signing.envelope import Claims, Disclosure, seal, sign

SIZES = (10_000, 100_000, 1_000_000)
PAGES = ("/board", f"/cohorts/{lengths.cohort(0)}", f"/cohorts/{lengths.cohort(0)}/progress")


def scale_figures(kept: Path, sizes: tuple[int, ...], *, looks: int) -> list[Figure]:
    """kept: where the ledgers lie, or will. Ratios are to the smallest."""
    found: dict[str, Figure] = {}
    for size in sizes:
        folder = kept / str(size)
        folder.mkdir(parents=True, exist_ok=True)
        lengths.kept_hub(folder, size).engine.dispose()
        for figure in (*alone(folder), *pages(folder, looks)):
            smallest = found.get(f"{figure.what}, {sizes[0]:,} events", figure)
            what = f"{figure.what}, {size:,} events"
            ratio, of = figure.value / smallest.value, "the smallest"
            if figure.unit == "pages/s" and figure.p99_ms is not None and smallest.p99_ms is not None:
                ratio, of = figure.p99_ms / smallest.p99_ms, "p99 of the smallest"
            found[what] = replace(figure, what=what, ratio=ratio, of=of)
    return sorted(found.values(), key=lambda each: each.what.rsplit(",", 2)[0])


def alone(folder: Path) -> Iterator[Figure]:
    """Of a hub in a process of its own, which has seen nothing else."""
    ran = subprocess.run([sys.executable, __file__, str(folder)], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    for each in json.loads(ran.stdout):
        yield Figure(**each)


def measure(folder: Path) -> Iterator[Figure]:
    hubs.reopened(folder).appender.size()  # what no hub has kept yet is kept now
    start = perf_counter()
    hub = hubs.reopened(folder)
    size = hub.appender.size()
    yield Figure("start-up", perf_counter() - start, "s")
    rest = [took for _ in range(31) for took in each_timed(hub.appender.append, [said_next(hub)])][1:]
    yield Figure(
        "append, batches of 100", 100 * len(rest) / sum(rest), "events/s", quantile(rest, 0.5), quantile(rest, 0.99)
    )
    yield Figure("memory of a hub", peak_mib(), "MiB")
    hub.publish()
    files = [each for each in (folder / "hub").iterdir() if each.name.startswith("ledger.db")]
    yield Figure("database", sum(each.stat().st_size for each in files) / size, "bytes/event")
    kept = folder / "hub" / "kept-database"
    beside = sum(each.stat().st_size for each in kept.iterdir()) if kept.exists() else 0
    yield Figure("kept beside it", beside / size, "bytes/event")


def said_next(hub: Hub) -> list[str]:
    """A hundred events of one node, half of them new cases and half visits of a patient."""
    node = given.DRUP
    head, _ = hub.appender.stream_of(node)
    assert head is not None
    seq, prev, texts, at = head.seq, head.hash, [], hub.appender.size()
    visit: tuple[str, given.Data]
    visit = "response.assessed", {**given.patient(given.case(25), lengths.cohort(1)), **given.ASSESSMENT}
    for place in range(100):
        number = at + place
        type_, data = (
            visit if place % 2 else ("case.submitted", {"case": given.case(10**9 + number), "on": "2021-12-20"})
        )
        sealed, disclosures = sealed_fields(data, type_, salt=number)
        event_id = f"{2**31:08x}-0000-7000-8000-{number:012x}"
        claims = Claims(node, event_id, 1_700_000_000, seq + 1, prev, type_, 1, given.ACTOR, sealed)
        envelope = sign(claims, disclosures, given.signing_key(node))
        seq, prev = claims.seq, envelope.jws.hash
        texts.append(envelope.text)
    return texts


def sealed_fields(data: given.Data, type_: str, *, salt: int) -> tuple[dict[str, Json], tuple[Disclosure, ...]]:
    names = given.SEALED[type_, 1]
    clear = {name: value for name, value in data.items() if name not in names}
    return seal(clear, {name: data.get(name) for name in names}, (bytes([n]) * 8 + salt.to_bytes(8) for n in range(50)))


def pages(folder: Path, looks: int) -> Iterator[Figure]:
    url = databases.url_in(folder / "hub")
    with served(folder, url) as port, httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=300) as client:
        for page in PAGES:
            took = each_timed(lambda _post: client.get(page).raise_for_status(), [[]] * (looks + 3))[3:]  # noqa: B023 - called at once
            yield Figure(page, len(took) / sum(took), "pages/s", quantile(took, 0.5), quantile(took, 0.99))


def peak_mib() -> float:
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    told = [
        {name: getattr(each, name) for name in ("what", "value", "unit", "p50_ms", "p99_ms")}
        for each in measure(Path(sys.argv[1]))
    ]
    print(json.dumps(told))  # noqa: T201 - read by the process that started this
