"""A member that was removed reads no more than the public does, but for where its own stream stands."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import given
import hubs
import pytest
from fastapi.testclient import TestClient
from given import DRUP, IMPRESS
from granting import named

from api.app import create_app

URL = "http://localhost"


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    alliance = given.opened(DRUP)
    alliance.says(DRUP, "case.submitted", {"case": given.case(1), "on": "2021-11-20"})
    alliance.says(IMPRESS, "resolution.proposed", given.resolution("farewell", "removal", {"node": DRUP}))
    for node in (given.PROTARGET, given.MEGALIT):
        alliance.says(node, "resolution.endorsed", {"resolution": "farewell"})
    hub = hubs.founded_hub(tmp_path, alliance)
    hubs.post_long_ago(hub, alliance)
    with TestClient(create_app(hub, public_url=URL), base_url=URL) as opened:
        yield opened
    hub.engine.dispose()


def asks(client: TestClient, path: str) -> Any:
    return client.get(path, headers=named(DRUP, URL).headers())


def test_it_is_told_what_to_sign_next_for_it_may_yet_withdraw_consents_and_erase(client: TestClient) -> None:
    found = asks(client, f"/nodes/{DRUP}/head")

    assert found.status_code == 200
    assert found.json()["keys"] == [given.signing_key(DRUP).public.thumbprint]


@pytest.mark.parametrize(
    "path", [f"/nodes/{IMPRESS}/head", "/events", f"/cases/{DRUP}/{given.case(1)}", "/census", "/access-log"]
)
def test_it_is_told_nothing_else_that_members_are_told(client: TestClient, path: str) -> None:
    found = asks(client, path)

    assert found.status_code == 403
    assert "is no member any more" in found.json()["detail"]


def test_it_sees_reports_as_the_public_does(client: TestClient) -> None:
    assert asks(client, "/board").json() == client.get("/board").json()
