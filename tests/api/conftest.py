"""Hubs, each in a folder of its own, and clients of the apps that serve them."""

from collections.abc import Iterator
from pathlib import Path

import given
import hubs
import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from ledger.operations.hub import Hub

URL = "http://localhost"


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    """Founded, and nothing posted yet."""
    opened = hubs.founded_hub(tmp_path, given.Alliance())
    yield opened
    opened.engine.dispose()


@pytest.fixture
def client(hub: Hub) -> Iterator[TestClient]:
    with TestClient(create_app(hub, dev=True), base_url=URL, raise_server_exceptions=False) as opened:
        yield opened


@pytest.fixture(scope="session")
def told() -> given.Alliance:
    """What `reader` reads: 20 events, a patient of DRUP who is under treatment."""
    return given.treated()


@pytest.fixture(scope="session")
def reader(told: given.Alliance, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """Of a hub that is only read."""
    opened = hubs.founded_hub(tmp_path_factory.mktemp("read"), told)
    hubs.post(opened, told)
    with TestClient(create_app(opened, dev=True), base_url=URL) as client:
        yield client
