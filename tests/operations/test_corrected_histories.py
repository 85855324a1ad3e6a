"""Any history, with what was corrected and retracted in it, gives one database: live, rebuilt, read back and audited.

COHORT_LEDGER_TEST_EVENTS sets how long the long one is: 10,000 in full, less by default, for it takes its time.
"""

import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

import hubs
from given import Alliance, state_of
from histories import history
from hypothesis import Phase, settings
from hypothesis import given as holds_for
from hypothesis import strategies as st
from kept import digests
from sqlalchemy import select

from ledger.cohort.cells import Version
from ledger.cohort.database import Database
from ledger.cohort.dump import dump_database, load_database
from ledger.cohort.snapshot import current
from ledger.cohort.view import View
from ledger.operations.audit import audit
from ledger.operations.bundle import write_bundle
from ledger.operations.hub import Hub
from ledger.operations.rebuild import check_tables, rebuild
from ledger.operations.source import ZipSource
from ledger.replay import replay, step
from ledger.store.cells import read_versions
from ledger.store.engine import reading
from ledger.store.tables import cohort_tables

SIZE = int(os.environ.get("COHORT_LEDGER_TEST_EVENTS", "1200"))  # noqa: TID251 - how long a test may take
seeds = st.integers(0, 2**32)


def stored_rows(hub: Hub) -> dict[str, list[object]]:
    """Every version of every row, by table, in an order of its own."""
    with reading(hub.engine) as connection:
        return {
            name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for name, table in cohort_tables.items()
        }


def standing(versions: Iterable[Version]) -> list[Version]:
    return sorted(versions, key=repr)


def is_one_database_everywhere(alliance: Alliance, folder: Path) -> None:
    # live: posted to a hub, by whose clock the digest is another than the alliance's own
    hub = hubs.founded_hub(folder, alliance)
    hubs.post(hub, alliance)
    live, stored = hub.appender._caught_up(), stored_rows(hub)
    with reading(hub.engine) as connection:
        assert standing(read_versions(connection)) == standing(current(live))
        chain = [*digests(connection, live.size)]
    assert chain[-1] == live.digest
    assert check_tables(hub.engine, hub.memorandum) == live.digest
    # rebuilt from what is stored
    assert rebuild(hub.engine, hub.memorandum) == live.digest
    assert stored_rows(hub) == stored
    # audited from a bundle, and read back from what the audit keeps
    write_bundle(hub.source("full"), folder / "bundle.zip", view="full")
    with ZipSource(folder / "bundle.zip") as source:
        found = audit(source)
    assert found.holds, found.failure
    assert found.reached is not None
    assert found.digest == live.digest
    assert state_of(found.reached.database) == state_of(live)
    assert state_of(load_database(dump_database(live))) == state_of(live)
    hub.engine.dispose()


def test_a_long_history_gives_one_database_live_rebuilt_and_audited(tmp_path: Path) -> None:
    alliance = history(2022, SIZE)
    events = alliance.database.events
    assert sum(event.corrects is not None for event in events) > SIZE // 10
    assert len(alliance.database.standing.retracted) > SIZE // 40
    kinds = Counter(event.type for event in events)
    assert min(kinds[type_] for type_ in ("key.rotated", "disclosures.erased", "access.revoked")) > 0
    assert {"accession", "key-replacement"} <= {
        record.value("subject") for record in alliance.database.rows("resolutions") if record.root("in_force_at")
    }
    assert running_twice(alliance.database) == []
    assert beyond_its_stage(alliance) == []

    is_one_database_everywhere(alliance, tmp_path)


@settings(max_examples=4, phases=[Phase.explicit, Phase.generate])  # a shorter history of a seed is another one
@holds_for(seeds, st.integers(120, 300))
def test_any_history_gives_one_database_live_rebuilt_and_audited(seed: int, n: int) -> None:
    with TemporaryDirectory() as folder:
        is_one_database_everywhere(history(seed, n), Path(folder))


@settings(max_examples=6, phases=[Phase.explicit, Phase.generate])
@holds_for(seeds, st.integers(150, 400))
def test_whatever_was_taken_is_given_back_exactly(seed: int, n: int) -> None:
    alliance = history(seed, n)
    database = Database()

    for entry in alliance.recorded():
        if "event" in entry.claims.data:
            before = state_of(database)
            database.give_back(step(alliance.memorandum, database, entry))
            assert state_of(database) == before
        step(alliance.memorandum, database, entry)

    assert state_of(database) == state_of(alliance.database)


@settings(max_examples=6, phases=[Phase.explicit, Phase.generate])
@holds_for(seeds, st.integers(150, 400), st.integers(0, 149))
def test_who_goes_on_from_a_dump_comes_to_the_same_database(seed: int, n: int, place: int) -> None:
    alliance = history(seed, n)
    entries = alliance.recorded()
    database = Database()
    for entry in entries[: place + 100]:
        step(alliance.memorandum, database, entry)

    again = load_database(dump_database(database))
    assert state_of(again) == state_of(database)
    for _ in replay(alliance.memorandum, entries[place + 100 :], again):
        pass

    assert state_of(again) == state_of(alliance.database)


def running_twice(database: Database) -> list[str]:
    """Where two periods of one thing run at once, though one ends before the next begins; by table and key."""
    running = Counter(
        f"{table} {'/'.join(record.key[:-1])}"
        for table, ended in (
            ("trial_periods", "closed_on"),
            ("supplies", "withdrawn_on"),
            ("cohort_openings", "closed_on"),
            ("suspensions", "resumed_on"),
            ("episodes", "released_on"),
        )
        for record in database.rows(table)
        if record.root(ended) is None
    )
    return [name for name, count in running.items() if count > 1]


def beyond_its_stage(alliance: Alliance) -> list[str]:
    """Treatments that stand in a stage which no standing decision led to; by their case."""
    found = []
    for episode in alliance.database.rows("episodes"):
        cohort, node, case, _ = episode.key
        view = View(alliance.database, alliance.memorandum, alliance.database.size, alliance.now, node, "")
        stage = episode.value("stage")
        if isinstance(stage, int) and any(view.decision(cohort, before) is None for before in range(1, stage)):
            found.append(case)
    return found


@settings(max_examples=10, phases=[Phase.explicit, Phase.generate])
@holds_for(seeds, st.integers(200, 900))
def test_whatever_is_taken_back_nothing_runs_twice_and_no_treatment_stands_beyond_its_stage(seed: int, n: int) -> None:
    alliance = history(seed, n)

    assert running_twice(alliance.database) == []
    assert beyond_its_stage(alliance) == []
