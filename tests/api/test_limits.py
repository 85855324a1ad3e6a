"""How often somebody may ask; and that none of it grows with the number of those who do."""

import pytest
from fastapi.testclient import TestClient

from api.limits import BUCKETS_MAX, CLAIMED_FACTOR, Limited, Limits
from api.problems import plain_problem


class Clock:
    now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


def client_of(limits: Limits, address: str = "192.0.2.1") -> TestClient:
    """Of an app that answers everything that gets through with 405."""
    return TestClient(Limited(plain_problem(405, "through", "/"), limits=limits), client=(address, 1))


def test_whoever_asked_as_often_as_one_may_waits_until_there_is_room(clock: Clock) -> None:
    limits = Limits(60, clock=clock)

    taken = [limits.take("a") for _ in range(60)]

    assert taken == [None] * 60
    assert [limits.take("a"), limits.take("b")] == [1, None]
    clock.now_s += 1
    assert [limits.take("a"), limits.take("a")] == [None, 1]


def test_a_bucket_never_holds_more_than_a_minutes_requests(clock: Clock) -> None:
    limits = Limits(2, clock=clock)
    limits.take("a")
    clock.now_s += 86_400

    assert [limits.take("a") for _ in range(3)] == [None, None, 30]


def test_no_limit_is_none() -> None:
    limits = Limits(0)

    assert {limits.take("a") for _ in range(1_000)} == {None}
    assert len(limits) == 0


def test_however_many_ask_so_many_buckets_are_kept_and_no_more(clock: Clock) -> None:
    limits = Limits(1, clock=clock)
    for number in range(BUCKETS_MAX + 50):
        limits.take(str(number))

    assert len(limits) == BUCKETS_MAX
    assert limits.take(str(BUCKETS_MAX + 49)) == 60
    assert limits.take("0") is None  # forgotten, so full


def test_who_asks_too_often_is_told_when_to_come_back(clock: Clock) -> None:
    client = client_of(Limits(3, clock=clock))

    answers = [client.get("/events") for _ in range(4)]

    assert [answer.status_code for answer in answers] == [405, 405, 405, 429]
    refusal = answers[-1]
    assert refusal.headers["retry-after"] == "20"
    assert refusal.headers["content-type"] == "application/problem+json"
    assert refusal.json()["type"] == "/help/errors/too-many"


def test_each_address_has_a_bucket_and_a_network_of_ipv6_one_for_all_of_it(clock: Clock) -> None:
    limits = Limits(1, clock=clock)
    addresses = ["192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2", "2001:db8:0:1::1", "::ffff:192.0.2.1", "x"]

    statuses = [client_of(limits, address).get("/").status_code for address in addresses]

    assert statuses == [405, 405, 405, 429, 405, 405, 405]


@pytest.mark.parametrize("claim", [{"Authorization": "Bearer x"}, {"Cookie": "a=b"}])
def test_claiming_to_be_somebody_costs_the_address_and_nobody_else(clock: Clock, claim: dict[str, str]) -> None:
    limits = Limits(1, clock=clock)
    client = client_of(limits)

    statuses = [client.get("/", headers=claim).status_code for _ in range(CLAIMED_FACTOR + 1)]

    assert statuses == [405] * CLAIMED_FACTOR + [429]
    assert client.get("/").status_code == 405  # as nobody, it has another
    assert client_of(limits, "192.0.2.2").get("/", headers=claim).status_code == 405
