"""What is read for the board, and for one cohort: reports say the same of it as of the whole database."""

from collections.abc import Iterator
from datetime import date

import pytest
from histories import COHORTS, history
from kept import Kept, keep

from ledger.cohort.rows import Cohort
from ledger.cohort.snapshot import Snapshot
from ledger.operations.reading import Moment, snapshot_at, snapshot_of_board, snapshot_of_cohort
from ledger.operations.revealing import reveal
from ledger.reports.board import board
from ledger.reports.cohort_progress import CohortProgress, cohort_progress
from ledger.store.engine import reading

SIZE = 500
DAYS = (None, *(date(2021, 11, day) for day in (15, 16, 20)), *(date(2021, 12, day) for day in (1, 10, 24)))


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    """A random history, two hours between entries."""
    stored = keep(history(3, SIZE), tmp_path_factory.mktemp("kept"), batch=100)
    yield stored
    stored.engine.dispose()


MOMENTS = [Moment(at, day) for at in (None, 157, 290, 423) for day in DAYS]


@pytest.mark.parametrize("moment", MOMENTS, ids=str)
def test_at_any_moment_what_is_read_for_the_board_gives_what_all_gives(kept: Kept, moment: Moment) -> None:
    whole, narrow = snapshot_at(kept.engine, moment), snapshot_of_board(kept.engine, moment)

    assert (narrow.today, narrow.size) == (whole.today, whole.size)
    assert board(narrow) == board(whole)


@pytest.mark.parametrize("moment", MOMENTS, ids=str)
def test_at_any_moment_what_is_read_for_a_cohort_gives_what_all_gives(kept: Kept, moment: Moment) -> None:
    whole = snapshot_at(kept.engine, moment)
    for cohort in {row.cohort for row in whole.of(Cohort)} & {*COHORTS}:
        narrow = snapshot_of_cohort(kept.engine, moment, cohort)

        assert progress(kept, narrow, cohort) == progress(kept, whole, cohort)


def progress(kept: Kept, snapshot: Snapshot, cohort: str) -> CohortProgress:
    with reading(kept.engine) as connection:
        opened = reveal(connection, kept.vault, snapshot, cohort=cohort)
    return cohort_progress(opened, cohort)
