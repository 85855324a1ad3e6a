"""Under which names a server answers, and what one for development says on every answer."""

from collections.abc import Iterator

import given
import hubs
import pytest
from fastapi.testclient import TestClient
from granting import named

from api.app import create_app
from api.limits import Limits
from ledger.operations.hub import Hub

DEV = "x-cohort-ledger-dev"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """Read only."""
    alliance = given.founded()
    opened = hubs.founded_hub(tmp_path_factory.mktemp("hub"), alliance)
    hubs.post(opened, alliance)
    yield opened
    opened.engine.dispose()


def status(hub: Hub, public_url: str, *hosts: str) -> int:
    client = TestClient(create_app(hub, public_url=public_url))
    return client.get("/healthz", headers=[("Host", host) for host in hosts]).status_code


@pytest.mark.parametrize(
    ("public_url", "answered", "refused"),
    [
        (
            "https://ledger.example",
            ["ledger.example", "LEDGER.example", "ledger.example:443"],
            ["ledger.example:80", "ledger.example:8700", "localhost", "127.0.0.1", "ledger.example.evil.example", ""],
        ),
        ("https://ledger.example:8443/", ["ledger.example:8443"], ["ledger.example", "ledger.example:443"]),
        ("http://127.0.0.1:8700", ["localhost", "127.0.0.1:1", "[::1]:8700"], ["ledger.example", "127.0.0.1.example"]),
    ],
)
def test_a_server_answers_under_the_name_that_callers_reach_it_by_alone(
    hub: Hub, public_url: str, answered: list[str], refused: list[str]
) -> None:
    assert {status(hub, public_url, host) for host in answered} == {200}
    assert {status(hub, public_url, host) for host in refused} == {403}


def test_a_request_that_names_two_servers_is_refused(hub: Hub) -> None:
    assert status(hub, "https://ledger.example", "ledger.example", "evil.example") == 403
    assert status(hub, "https://ledger.example", "evil.example", "ledger.example") == 403


def test_what_a_proxy_forwards_makes_no_name_good(hub: Hub) -> None:
    client = TestClient(create_app(hub, public_url="https://ledger.example"))

    answer = client.get("/healthz", headers={"Host": "evil.example", "X-Forwarded-Host": "ledger.example"})

    assert answer.status_code == 403


@pytest.mark.parametrize("path", ["/healthz", "/board", "/nothing", "/login", "/help/errors/rule", "/events?x"])
def test_every_answer_of_a_server_for_development_says_so(hub: Hub, path: str) -> None:
    client = TestClient(create_app(hub, dev=True), base_url="http://localhost")

    assert client.get(path).headers[DEV] == "every caller has every role"
    assert client.get(path, headers={"Host": "evil.example"}).headers[DEV] == "every caller has every role"


def test_a_server_for_use_says_nothing_of_the_kind_and_gives_nobody_a_role(hub: Hub) -> None:
    client = TestClient(create_app(hub), base_url="http://localhost")

    answers = [client.get(path) for path in ("/healthz", "/events")]

    assert [answer.status_code for answer in answers] == [200, 401]
    assert [DEV in answer.headers for answer in answers] == [False, False]


def test_somebody_who_proved_who_they_are_has_a_limit_that_no_other_uses_up(hub: Hub) -> None:
    limits = Limits(2, clock=lambda: 0.0)
    client = TestClient(create_app(hub, limits=limits), base_url="http://localhost")

    statuses = [client.get("/funnel", headers=named(given.DRUP).headers()).status_code for _ in range(3)]
    other = client.get("/funnel", headers=named(given.IMPRESS).headers())

    assert statuses == [200, 200, 429]
    assert other.status_code == 200


def test_a_limit_that_is_reached_says_when_to_come_back(hub: Hub) -> None:
    limits = Limits(1, clock=lambda: 0.0)
    client = TestClient(create_app(hub, limits=limits), base_url="http://localhost")
    client.get("/funnel", headers=named(given.DRUP).headers())

    answer = client.get("/funnel", headers=named(given.DRUP).headers())

    assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")
    assert answer.json()["type"] == "/help/errors/too-many"
    assert answer.headers["x-content-type-options"] == "nosniff"
