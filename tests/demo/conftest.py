"""The demonstration's history, told once and folded once."""

import pytest
from folded import FACTS, History, folded, founded

from ledger.cohort.database import Database
from ledger.cohort.snapshot import Snapshot, current, of_versions
from ledger.demo.scenario import scenario


@pytest.fixture(scope="session")
def history() -> History:
    return list(scenario(FACTS, founded(), seed=2021))


@pytest.fixture(scope="session")
def database(history: History) -> Database:
    return folded(history)


@pytest.fixture(scope="session")
def snapshot(database: Database) -> Snapshot:
    return of_versions(current(database), database.events, size=database.size)
