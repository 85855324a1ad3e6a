"""A ledger that an earlier version wrote is brought to this one by `migrate`, is what it was, and goes on."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import given
import hubs
import pytest
from golden_files import replayed
from golden_ledgers import EXPECTED, LEDGERS, add, names, newest_revision, unpack
from running import run

from ledger.operations.audit import audit
from ledger.operations.doctor import examine
from ledger.operations.rebuild import check_tables
from ledger.signing.encoding import to_base64

BYTES_MAX = 200_000


def expected_of(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "hub" / EXPECTED).read_text())
    return found


@pytest.mark.parametrize("name", names())
def test_a_ledger_of_an_earlier_version_is_what_it_was_and_goes_on(tmp_path: Path, name: str) -> None:
    # given
    unpack(name, tmp_path)
    expected = expected_of(tmp_path)
    alliance = replayed()
    assert 0 < expected["size"] <= len(alliance.heard)

    # when
    migrated = run(tmp_path, "migrate", "--data-dir", "hub")

    # then: nothing differs, by what it was and by all that can be held against anything
    assert migrated.returncode == 0, migrated.stderr
    assert [each for each in examine(hubs.settings_in(tmp_path)) if each.verdict != "well"] == []
    hub = hubs.reopened(tmp_path)
    assert hub.appender.size() == expected["size"]
    assert to_base64(check_tables(hub.engine, hub.memorandum)) == expected["digest"]

    # and: what it knew it knows, what is new it takes, and the audit holds
    known = alliance.heard[expected["size"] - 1].envelope.text
    assert [(posted.index, posted.is_new) for posted, _ in hub.post([known])] == [(expected["size"] - 1, False)]
    alliance.says(given.DRUP, "case.submitted", {"case": given.case(99), "on": "2021-12-01"})
    taken, _ = hubs.post(hub, alliance)[-1]
    assert (taken.index, taken.is_new) == (len(alliance.heard) - 1, True)
    found = audit(hub.source("full"), view="full", pin=alliance.memorandum.hash)
    assert found.failure is None
    assert check_tables(hub.engine, hub.memorandum) == found.digest
    hub.engine.dispose()


def test_each_is_at_the_revision_that_it_says_and_is_small(tmp_path: Path) -> None:
    assert names()
    for name in names():
        unpack(name, tmp_path / name)
        with closing(sqlite3.connect(tmp_path / name / "hub" / "ledger.db")) as database:
            (revision,) = database.execute("SELECT version_num FROM alembic_version").fetchone()

        assert revision == expected_of(tmp_path / name)["revision"] == name.partition("-")[0]
    assert {file.name: size for file in LEDGERS.iterdir() if (size := file.stat().st_size) > BYTES_MAX} == {}


def test_the_newest_schema_has_a_ledger() -> None:
    assert newest_revision() in {name.partition("-")[0] for name in names()}, "run python tests/golden_ledgers.py"


def test_none_is_ever_written_over() -> None:
    (newest, *_) = [name for name in names() if name.partition("-")[0] == newest_revision()]
    before = {file: file.read_bytes() for file in LEDGERS.iterdir()}

    with pytest.raises(FileExistsError):
        add(newest)

    assert {file: file.read_bytes() for file in LEDGERS.iterdir()} == before
