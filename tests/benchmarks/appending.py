"""Appending: verified, rule-checked, sealed, projected and published, in process, on either database."""

from collections.abc import Sequence
from pathlib import Path

import given
import hubs
from figures import Figure, each_timed, quantile
from rates import rate

from ledger.operations.hub import Hub, found_ledger, open_hub
from ledger.operations.rebuild import check_tables, rebuild

_FIRST = 50  # of the history, which found the alliance and are no measure
_ONES = 400


def appending_figures(texts: Sequence[str], folder: Path, urls: dict[str, str]) -> list[Figure]:
    """urls: by the database's name, of one that is empty; batches need one each: see `of_batches`."""
    found = []
    for name, url in urls.items():
        for batch in (1, 100, 1_000):
            hub = new_hub(folder / f"{name}-{batch}", url.format(batch))
            part = texts[: _FIRST + _ONES] if batch == 1 else texts
            hub.post([*texts[:_FIRST]])
            took = each_timed(hub.post, hubs.batches([*part[_FIRST:]], batch))
            found.append(
                Figure(
                    f"append, {name}, in process, batches of {batch}",
                    (len(part) - _FIRST) / sum(took),
                    p50_ms=quantile(took, 0.5),
                    p99_ms=quantile(took, 0.99),
                )
            )
            if batch == 100:  # noqa: PLR2004 - the ledger that is measured further
                found += _rebuilt(hub, name, len(texts))
            hub.engine.dispose()
    return found


def _rebuilt(hub: Hub, name: str, events: int) -> list[Figure]:
    return [
        Figure(f"rebuild, {name}", rate(events, lambda: rebuild(hub.engine, hub.memorandum))),
        Figure(f"doctor's check of the tables, {name}", rate(events, lambda: check_tables(hub.engine, hub.memorandum))),
    ]


def new_hub(folder: Path, url: str, alliance: given.Alliance | None = None) -> Hub:
    folder.mkdir()
    settings = hubs.settings_in(folder, database_url=url)
    found_ledger(settings, (alliance or given.Alliance()).memorandum.text, hubs.LOG)
    return open_hub(settings, hubs.LOG)
