"""Stands here so that the tests can import `given`: pytest puts the folder of a conftest on the path."""

from itertools import count

import pytest
from databases import database as database  # noqa: PLC0414 - fixtures of every folder
from databases import kind as kind  # noqa: PLC0414 - as above
from databases import migrated_url as migrated_url  # noqa: PLC0414 - as above
from databases import on_postgresql as on_postgresql  # noqa: PLC0414 - as above
from databases import postgresql_url as postgresql_url  # noqa: PLC0414 - as above
from hypothesis import HealthCheck, settings

# How long an example takes says how busy the machine is: no test of ours is about that.
settings.register_profile("on a busy machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("on a busy machine")

_users = count()


@pytest.fixture(autouse=True)
def nothing_remembered(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test is a user of its own: what one has seen of a log is no rollback to the next."""
    state_dir = tmp_path_factory.getbasetemp() / f"state-{next(_users)}"  # made once there is something to remember
    monkeypatch.setenv("COHORT_LEDGER_STATE_DIR", str(state_dir))
