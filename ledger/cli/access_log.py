"""Whoever runs a hub and is asked who read what: the access log, from the database."""

from typing import Any

import click

from ledger.cli.options import as_json, hub_options
from ledger.cli.terminal import print_json, print_table
from ledger.operations.hub import open_store
from ledger.settings import Settings
from ledger.store.access_log import page_access
from ledger.store.engine import reading


@click.command()
@click.option("--node", help="Only what was about this node's data.")
@hub_options
@as_json
def access_log(*, node: str | None, as_json: bool, **flags: Any) -> None:
    """Who read sealed values or took exports: when, in which role, of whose data, under which grants."""
    engine, _ = open_store(Settings.here(flags))
    with reading(engine) as connection:
        lines = list(page_access(connection, after=-1, limit=None, nodes=None if node is None else [node]))
    engine.dispose()
    if as_json:
        print_json(lines)
        return
    print_table(
        ["n", "at", "who", "role", "what", "nodes", "rows", "grants"],
        [
            [
                *(str(line.n), line.at, f"{line.kind} {line.who}", line.role, line.what),
                *(" ".join(line.nodes), str(line.rows), " ".join(line.grants)),
            ]
            for line in lines
        ],
        right=["n", "rows"],
    )
