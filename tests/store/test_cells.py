"""Row versions at rest: what stood at every place in the log, and a digest chain that is theirs."""

from collections.abc import Iterable, Mapping
from itertools import chain, groupby
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kept import Kept, digests, new_engine

from ledger.cohort import snapshot
from ledger.cohort.cells import Version
from ledger.cohort.database import Database
from ledger.cohort.rows import TABLES
from ledger.replay import replay
from ledger.signing.canonical import Json
from ledger.store.cells import all_changes, clear_versions, read_versions, row_history, write_versions
from ledger.store.engine import Engine, reading, writing
from ledger.store.tables import cohort_tables


def by_row(versions: Iterable[Version]) -> list[Version]:
    return sorted(versions, key=lambda version: (version.table, version.key))


def write(engine: Engine, versions: list[Version], *, batch: int) -> None:
    """Write versions as so many to a transaction; an entry's are never parted."""
    of_entries = [list(made) for _, made in groupby(versions, key=lambda version: version.since)]
    for start in range(0, len(of_entries), batch):
        with writing(engine) as conn:
            write_versions(conn, [version for made in of_entries[start : start + batch] for version in made])


def test_the_story_has_rows_in_every_table(story: Kept) -> None:
    assert {version.table for version in story.versions} == set(TABLES)


def test_the_stored_rows_give_the_digest_chain(story: Kept) -> None:
    with reading(story.engine) as conn:
        assert list(digests(conn, len(story.taken))) == [taken.digest for taken in story.taken]


def test_the_rows_at_every_index_are_those_of_a_replay_to_there(story: Kept) -> None:
    database = Database()
    with reading(story.engine) as conn:
        for taken in replay(story.alliance.memorandum, story.alliance.recorded(), database):
            stood = by_row(read_versions(conn, at=taken.event.index))

            assert stood == by_row(snapshot.current(database))

        assert by_row(read_versions(conn)) == stood
        assert list(read_versions(conn, at=-1)) == []


def test_tables_can_be_read_by_themselves(story: Kept) -> None:
    with reading(story.engine) as conn:
        assert {version.table for version in read_versions(conn, tables=["cohorts", "cases"])} == {"cohorts", "cases"}


@pytest.mark.parametrize("batch", [1, 7, 1000])
def test_rows_are_the_same_however_they_are_batched(story: Kept, empty: Engine, batch: int) -> None:
    write(empty, story.versions, batch=batch)

    for table in TABLES:
        of_table = cohort_tables[table]
        rows = of_table.select().order_by(of_table.c.since, *(of_table.c[part] for part in TABLES[table].KEY))
        with reading(empty) as conn, reading(story.engine) as other:
            assert conn.execute(rows).all() == other.execute(rows).all()


def test_a_row_tells_its_history(story: Kept) -> None:
    key = next(version.key for version in story.versions if version.table == "episodes")

    with reading(story.engine) as conn:
        history = row_history(conn, "episodes", key)

        assert history == [version for version in story.versions if (version.table, version.key) == ("episodes", key)]
        assert len(history) > 3
        assert row_history(conn, "episodes", ("no", "such", "row", "here")) == []


def test_tables_are_emptied_to_be_written_anew(altered: Kept) -> None:
    with writing(altered.engine) as conn:
        clear_versions(conn)

        assert list(read_versions(conn)) == []

        write_versions(conn, altered.versions)
        assert list(digests(conn, len(altered.taken)))[-1] == altered.taken[-1].digest


@pytest.fixture(scope="module")
def reused(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """A database for many examples, each of which empties it."""
    return new_engine(Path(tmp_path_factory.mktemp("reused")))


ROWS = [("nodes", ("a",)), ("nodes", ("é",)), ("keys", ("a", "b")), ("census", ("a", "b", "c"))]
FIELDS: Mapping[str, Mapping[str, st.SearchStrategy[Json]]] = {
    "nodes": {"trial": st.text(max_size=3), "opens_in_parallel": st.booleans()},
    "keys": {"jwk": st.recursive(st.integers(-9, 9) | st.booleans() | st.text(max_size=2), st.lists, max_leaves=3)},
    "census": {"value": st.integers(-(2**53) + 1, 2**53 - 1), "when": st.text(max_size=3)},
}


@st.composite
def changes(draw: st.DrawFn) -> list[list[Version]]:
    """What a few dozen entries do to four rows: set some fields, or end a row that stands."""
    made: list[list[Version]] = []
    standing: set[tuple[str, tuple[str, ...]]] = set()
    for index in range(draw(st.integers(0, 12))):
        versions = []
        for table, key in draw(st.lists(st.sampled_from(ROWS), unique=True)):
            values = {
                name: (draw(st.integers(0, index)), draw(st.none() | value))
                for name, value in FIELDS[table].items()
                if draw(st.booleans())
            }
            if values or (table, key) in standing:
                versions.append(Version(table, key, index, values))
                (standing.add if values else standing.discard)((table, key))
        made.append(versions)
    return made


@given(changes(), st.integers(1, 5))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_entries_do_to_rows_is_read_back(reused: Engine, made: list[list[Version]], batch: int) -> None:
    with writing(reused) as conn:
        clear_versions(conn)
    write(reused, [version for versions in made for version in versions], batch=batch)

    with reading(reused) as conn:
        read = [(index, by_row(versions)) for index, versions in all_changes(conn, len(made))]
        histories = [row_history(conn, table, key) for table, key in ROWS]

    assert read == [(index, by_row(versions)) for index, versions in enumerate(made)]
    assert histories == [[each for each in chain.from_iterable(made) if (each.table, each.key) == row] for row in ROWS]
