"""How fast the hot paths are, in one run, beside what bounds them: `python tests/benchmarks/speed.py [EVENTS]`.

Absolute figures are this machine's, today; the ratios to the raw Ed25519 rate of the same run are what to compare.
"""

import sys
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parents[1]))

import given
import hubs
from rates import rate, raw_rate
from rich.console import Console
from rich.table import Table

from ledger.operations.audit import audit
from ledger.operations.bundle import write_bundle
from ledger.operations.rebuild import check_tables, rebuild
from ledger.operations.source import ZipSource
from ledger.signing.envelope import Envelope


def main(events: int = 2_000) -> None:
    texts = [envelope.text for envelope in envelopes(events)]
    memorandum = given.Alliance().memorandum
    figures: list[tuple[str, float]] = [("raw Ed25519 verification", raw_rate(texts[:1_000]))]
    with TemporaryDirectory() as folder:
        for batch, count in ((1, min(400, events)), (100, events)):
            home = Path(folder, str(batch))
            home.mkdir()
            hub = hubs.founded_hub(home, given.Alliance())
            hub.post(texts[:50])
            posts = list(hubs.batches(texts[50:count], batch))
            appending = partial(each, hub.post, posts)
            figures.append((f"append, batches of {batch}", rate(count - 50, appending)))
        figures.append(("rebuild", rate(events, partial(rebuild, hub.engine, memorandum))))
        figures.append(("doctor's check of the tables", rate(events, partial(check_tables, hub.engine, memorandum))))
        bundle = Path(folder, "bundle.zip")
        write_bundle(hub.source("full"), bundle, view="full")
        with ZipSource(bundle) as source:
            figures.append(("audit, every signature", rate(events, partial(audit, source))))
    show(figures)


def envelopes(events: int) -> Iterable[Envelope]:
    """A treated patient, assessed over and over: verified, rule-checked, sealed and projected like any other."""
    alliance = given.treated()
    while len(alliance.heard) < events:
        alliance.says(given.DRUP, "response.assessed", given.patient(given.case(1)) | given.ASSESSMENT)
    return [heard.envelope for heard in alliance.heard]


def each(do: Callable[[list[str]], object], items: Iterable[list[str]]) -> None:
    for item in items:
        do(item)


def show(figures: list[tuple[str, float]]) -> None:
    raw = figures[0][1]
    table = Table("what", "events/s", "of the raw rate")
    for what, events_per_s in figures:
        table.add_row(what, f"{events_per_s:,.0f}", f"{events_per_s / raw:.2f}")
    Console().print(table)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
