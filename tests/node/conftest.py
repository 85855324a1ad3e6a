"""A hub, and a node's folder to post to it from."""

from collections.abc import Iterator
from pathlib import Path

import desks
import faults
import given
import hubs
import pytest

from ledger.node.folder import NodeFolder
from ledger.operations.hub import Hub


@pytest.fixture
def alliance() -> given.Alliance:
    alliance = given.founded()
    alliance.runs_trial(given.DRUP)
    return alliance


@pytest.fixture
def hub(tmp_path: Path, alliance: given.Alliance) -> Iterator[Hub]:
    opened = hubs.founded_hub(tmp_path, alliance)
    hubs.post(opened, alliance)
    yield opened
    opened.engine.dispose()


@pytest.fixture
def folder(tmp_path: Path, alliance: given.Alliance) -> NodeFolder:
    return desks.desk(tmp_path / "node", alliance)


@pytest.fixture
def restored(tmp_path: Path, alliance: given.Alliance) -> Iterator[Hub]:
    """The hub as an older copy of its database has it."""
    (tmp_path / "restored").mkdir()
    opened = hubs.founded_hub(tmp_path / "restored", alliance)
    hubs.post(opened, alliance)
    yield opened
    opened.engine.dispose()


@pytest.fixture
def fault(monkeypatch: pytest.MonkeyPatch) -> faults.Fault:
    return faults.at_every_write(monkeypatch)
