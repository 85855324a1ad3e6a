"""Appending: verified, rule-checked, sealed, projected and published, in process, on either database."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import given
import hubs
from figures import Figure, each_timed, quantile
from rates import rate

from ledger.operations.audit import audit
from ledger.operations.bundle import write_bundle
from ledger.operations.hub import Hub, found_ledger, open_hub
from ledger.operations.rebuild import check_tables, rebuild
from ledger.operations.source import ZipSource

Urls = Mapping[str, Mapping[str, str]]  # by the database's name and the part of a run: an empty one

_FIRST = 50  # of the history, which found the alliance and are no measure
_ONES = 400


def appending_figures(texts: Sequence[str], folder: Path, urls: Urls) -> list[Figure]:
    """One half of the history is appended, the other published after each post too, a receipt for each envelope."""
    found = []
    for name, of_parts in urls.items():
        for batch in (1, 100, 1_000):
            hub = new_hub(folder / f"{name}-{batch}", of_parts[str(batch)])
            part = texts[: _FIRST + _ONES] if batch == 1 else texts
            hub.post([*texts[:_FIRST]])
            posts = [*hubs.batches([*part[_FIRST:]], batch)]
            half = (len(posts) + 1) // 2
            for do, some, with_receipts in (
                (hub.appender.append, posts[:half], ""),
                (hub.post, posts[half:], ", published, with receipts"),
            ):
                took = each_timed(do, some)
                if took:
                    what = f"append, {name}, in process, batches of {batch}{with_receipts}"
                    rate_of = sum(map(len, some)) / sum(took)
                    found.append(Figure(what, rate_of, "events/s", quantile(took, 0.5), quantile(took, 0.99)))
            hub.publish()
            if batch == 100:  # the ledger that is measured further
                found += _replayed(hub, name, folder)
            hub.engine.dispose()
    return found


def _replayed(hub: Hub, name: str, folder: Path) -> Iterator[Figure]:
    events, bundle = hub.appender.size(), folder / f"{name}.zip"
    yield Figure(f"rebuild, {name}", rate(events, lambda: rebuild(hub.engine, hub.memorandum)))
    yield Figure(
        f"doctor's check of the tables, {name}", rate(events, lambda: check_tables(hub.engine, hub.memorandum))
    )
    write_bundle(hub.source("full"), bundle, view="full")
    with ZipSource(bundle) as source:
        yield Figure(f"audit, every signature, of a bundle from {name}", rate(events, lambda: audit(source)))


def new_hub(folder: Path, url: str, alliance: given.Alliance | None = None) -> Hub:
    folder.mkdir()
    settings = hubs.settings_in(folder, database_url=url)
    found_ledger(settings, (alliance or given.Alliance()).memorandum.text, hubs.LOG)
    return open_hub(settings, hubs.LOG)
