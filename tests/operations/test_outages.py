"""The list of faults: each loses nothing that was acknowledged, and doubles nothing. What each had is printed (-s).

`python tests/probes/faults.py` does the same and prints the table alone.
"""

from collections.abc import Iterator
from pathlib import Path

import outages
import pytest
from outcomes import Outcome, table

# psycopg warns of cursors that were open when their line died: that is what is done here
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(scope="module")
def told() -> Iterator[list[Outcome]]:
    outcomes: list[Outcome] = []
    yield outcomes
    print(f"\n{table(outcomes)}")  # noqa: T201 - what the tests count is asked for


@pytest.mark.parametrize("name", outages.OUTAGES)
def test_no_fault_takes_away_or_doubles_what_was_acknowledged(name: str, tmp_path: Path, told: list[Outcome]) -> None:
    outcome = outages.OUTAGES[name](tmp_path)

    told.append(outcome)
    assert outcome.is_well, outcome
    # and nobody is left without an answer: whatever was said is in the log
    assert outcome.acknowledged == outcome.said
