"""Many writers in several processes, and readers that tail them, for seconds; for minutes on request:
`python tests/probes/no_event_lost.py --minutes 3`.
"""

from pathlib import Path

import pytest
from outcomes import table
from tailing import tail

# psycopg warns of cursors that were open when their line died: that is what is done here
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_every_reader_sees_every_acknowledged_event_once_and_in_order(database: str, tmp_path: Path) -> None:
    """Also where PostgreSQL is killed meanwhile, and comes back."""
    found = tail(database, tmp_path, seconds=2, kill=database == "postgresql")

    print(f"\n{table([found.posted])}\n{table(found.seen)}")  # noqa: T201 - what the tests count is asked for
    assert found.is_well, found
    assert found.refused > 0
    assert {each.seen for each in found.seen} == {found.posted.acknowledged}
