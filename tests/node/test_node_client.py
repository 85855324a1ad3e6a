"""A node's line to a real hub: posts in parts, reposts after a broken line, errors as the hub met them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import given
import httpx2 as httpx
import hubs
import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from ledger.cohort.memorandum import Memorandum
from ledger.errors import (
    ConflictError,
    GateError,
    LedgerError,
    MalformedError,
    NotFoundError,
    ProofError,
    RuleError,
    SignatureError,
    UnavailableError,
)
from ledger.node import client as node_client
from ledger.node.client import NodeClient, batches
from ledger.operations.hub import Hub
from ledger.signing.envelope import Envelope, sign

URL = "http://localhost"
Answer = Callable[[httpx.Request], httpx.Response]


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    opened = hubs.founded_hub(tmp_path, given.Alliance())
    yield opened
    opened.engine.dispose()


@pytest.fixture
def client(hub: Hub) -> Iterator[NodeClient]:
    def connect(*, base_url: str, **_: object) -> httpx.Client:
        return TestClient(create_app(hub, dev=True), base_url=base_url)

    with NodeClient(URL, hub.memorandum, connect=connect) as opened:
        yield opened


def said(alliance: given.Alliance) -> list[Envelope]:
    return [heard.envelope for heard in alliance.heard]


def post(client: NodeClient, envelopes: Sequence[Envelope]) -> list[int]:
    return [each.kept.receipt.index for taken in client.post(envelopes) for each in taken]


class BrokenLine:
    """Fails before or after the hub has heard, so many times."""

    def __init__(self, hub: Hub, *, heard: bool, times: int) -> None:
        self._served = TestClient(create_app(hub, dev=True), base_url=URL)
        self._heard, self._times = heard, times
        self.pauses: list[float] = []

    def connect(self, **settings: Any) -> httpx.Client:
        return httpx.Client(transport=httpx.MockTransport(self._answer), **settings)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if self._times and not self._heard:
            self._times -= 1
            raise httpx.ConnectError("no route")
        answer = self._served.request(
            request.method, request.url.path, content=request.content, headers=request.headers
        )
        if self._times:
            self._times -= 1
            raise httpx.ReadError("cut off")
        return httpx.Response(answer.status_code, content=answer.content)


def answering(answer: Answer, memorandum: Memorandum, **more: Any) -> NodeClient:
    def connect(**settings: Any) -> httpx.Client:
        return httpx.Client(transport=httpx.MockTransport(answer), **settings)

    return NodeClient(URL, memorandum, connect=connect, pause=lambda _seconds: None, **more)


def test_what_is_posted_is_taken_in_order_and_each_receipt_checked(hub: Hub, client: NodeClient) -> None:
    alliance = given.treated()

    indexes = post(client, said(alliance))

    assert indexes == list(range(len(alliance.heard)))
    assert hub.appender.size() == len(alliance.heard)


def test_each_checkpoint_that_the_hub_shows_passes_one_place_once_it_was_checked(hub: Hub) -> None:
    alliance = given.founded()
    served = TestClient(create_app(hub, dev=True), base_url=URL)
    seen: list[bytes] = []

    def lying(request: httpx.Request) -> httpx.Response:
        answer = served.post("/events", content=request.content, headers=request.headers)
        altered = answer.text.replace(given.ORIGIN, "other.example/log") if seen else answer.text
        return httpx.Response(answer.status_code, text=altered)

    with answering(lying, hub.memorandum, seen=seen.append) as client:
        (first,) = client.post(said(alliance)[:3])
        with pytest.raises(SignatureError):
            list(client.post(said(alliance)[3:]))

    assert seen == [first[0].kept.receipt.checkpoint]


def test_an_answer_says_whether_the_hub_had_it_before(client: NodeClient) -> None:
    alliance = given.founded()

    first, again = (next(client.post(said(alliance))) for _ in range(2))

    assert {(each.is_new, each.state) for each in first} == {(True, "published")}
    assert {(each.is_new, each.state) for each in again} == {(False, "published")}
    assert [each.kept for each in again] == [each.kept for each in first]


def test_a_stream_stands_where_its_last_envelope_left_it(client: NodeClient) -> None:
    alliance = given.founded()

    key = given.signing_key(given.DRUP).public.thumbprint
    assert client.end_of(given.DRUP) == (None, key)
    post(client, said(alliance))

    assert client.end_of(given.DRUP) == (alliance.database.streams[given.DRUP], key)
    with pytest.raises(NotFoundError):
        client.end_of("nobody")


def test_a_long_post_goes_in_parts_that_the_hub_takes(
    monkeypatch: pytest.MonkeyPatch, hub: Hub, client: NodeClient
) -> None:
    alliance = given.treated()
    envelopes = said(alliance)
    monkeypatch.setattr(node_client, "BATCH_MAX", 7)

    parts = [len(taken) for taken in client.post(envelopes)]

    assert parts == [7] * (len(envelopes) // 7) + [len(envelopes) % 7]
    assert hub.appender.size() == len(envelopes)


def test_parts_are_no_larger_than_a_post_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    envelopes = said(given.treated())
    longest = max(len(each.text) for each in envelopes)
    monkeypatch.setattr(node_client, "BATCH_BYTES_MAX", 2 * longest)

    parts = list(batches(envelopes))

    assert [envelope for part in parts for envelope in part] == envelopes
    assert all(sum(len(each.text) for each in part) <= 2 * longest for part in parts)
    assert any(len(part) > 1 for part in parts)


@pytest.mark.parametrize("heard", [False, True])
def test_a_line_that_breaks_before_or_after_the_hub_heard_loses_and_doubles_nothing(hub: Hub, heard: bool) -> None:
    alliance = given.founded()
    line = BrokenLine(hub, heard=heard, times=2)

    with NodeClient(URL, hub.memorandum, connect=line.connect, pause=line.pauses.append) as client:
        indexes = post(client, said(alliance))

    assert indexes == list(range(len(alliance.heard)))
    assert hub.appender.size() == len(alliance.heard)
    assert len(line.pauses) == 2


def test_a_hub_that_stays_away_is_unavailable(hub: Hub) -> None:
    line = BrokenLine(hub, heard=False, times=100)

    with (
        NodeClient(URL, hub.memorandum, connect=line.connect, pause=line.pauses.append) as client,
        pytest.raises(UnavailableError, match="may be sent again"),
    ):
        client.end_of(given.DRUP)


def refused(alliance: given.Alliance, kind: type[LedgerError]) -> Envelope:
    """What a hub that heard the alliance so far refuses with this error."""
    claims = alliance.claims(given.DRUP, "cohort.opened", {"cohort": "nowhere", "on": "2021-11-16"})
    if kind is GateError:
        alliance.says(given.DRUP, "response.assessed", given.patient(given.case(1)) | given.ASSESSMENT)
        return alliance.heard.pop().envelope.with_disclosures(())
    if kind is ConflictError:
        claims = replace(claims, seq=99)
    return sign(claims, (), given.signing_key("a thief" if kind is SignatureError else given.DRUP))


@pytest.mark.parametrize("kind", [RuleError, SignatureError, GateError, ConflictError])
def test_a_refusal_is_raised_here_as_the_hub_met_it(hub: Hub, client: NodeClient, kind: type[LedgerError]) -> None:
    alliance = given.treated()
    post(client, said(alliance))
    next_seq = alliance.database.streams[given.DRUP].seq + 1

    with pytest.raises(kind) as refusal:
        post(client, [refused(alliance, kind)])

    assert type(refusal.value) is kind
    assert refusal.value.facts["place"] == 0
    assert hub.appender.size() == len(alliance.heard)
    if kind is ConflictError:
        assert refusal.value.facts["next_seq"] == next_seq
    if kind in (ConflictError, RuleError):
        assert "refusal" in refusal.value.facts


def test_the_place_of_what_was_refused_is_counted_over_all_parts(
    monkeypatch: pytest.MonkeyPatch, client: NodeClient
) -> None:
    alliance = given.treated()
    envelopes = [*said(alliance), refused(alliance, RuleError)]
    monkeypatch.setattr(node_client, "BATCH_MAX", 7)

    with pytest.raises(RuleError) as refusal:
        post(client, envelopes)

    assert refusal.value.facts["place"] == len(envelopes) - 1


def test_a_receipt_that_does_not_hold_is_an_alarm(hub: Hub) -> None:
    alliance = given.founded()
    served = TestClient(create_app(hub, dev=True), base_url=URL)

    def lying(request: httpx.Request) -> httpx.Response:
        answer = served.post("/events", content=request.content, headers=request.headers).json()
        answer["events"][1]["receipt"] = answer["events"][2]["receipt"]
        return httpx.Response(201, json=answer)

    with answering(lying, hub.memorandum) as client, pytest.raises(ProofError) as alarm:
        post(client, said(alliance))

    assert alarm.value.facts["node"] == alliance.heard[1].envelope.claims.node


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.Response(200, content=b"<html>"), UnavailableError),
        (httpx.Response(200, json={"events": []}), UnavailableError),
        (httpx.Response(200, json=[]), UnavailableError),
        (httpx.Response(201, json={"events": [{}]}), UnavailableError),
        (httpx.Response(502, json={}), UnavailableError),
        (httpx.Response(500, json={"type": "/help/errors/of-a-later-version", "detail": "?"}), UnavailableError),
        (httpx.Response(400, json={"type": "/help/errors/malformed", "detail": "no"}), MalformedError),
    ],
)
def test_what_is_no_answer_of_a_hub_is_told_from_a_refusal(answer: httpx.Response, error: type[LedgerError]) -> None:
    alliance = given.founded()

    with answering(lambda _request: answer, alliance.memorandum) as client, pytest.raises(error):
        post(client, said(alliance)[:1])


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("times", [1, 3])
def test_a_hub_that_has_no_answer_now_is_asked_again_when_it_says(hub: Hub, times: int, status: int) -> None:
    served = TestClient(create_app(hub, dev=True), base_url=URL)
    refusals = [httpx.Response(status, headers={"Retry-After": "7"}, json={"type": "/help/errors/too-many"})] * times
    pauses: list[float] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if refusals:
            return refusals.pop()
        got = served.request(request.method, request.url.path)
        return httpx.Response(got.status_code, content=got.content, headers={"Content-Type": "application/json"})

    def connect(**settings: Any) -> httpx.Client:
        return httpx.Client(transport=httpx.MockTransport(answer), **settings)

    with NodeClient(URL, hub.memorandum, connect=connect, pause=pauses.append) as client:
        assert client.end_of(given.DRUP).head is None

    assert pauses == [7.0] * times


def test_a_hub_that_goes_on_refusing_is_said_to_be_busy(hub: Hub) -> None:
    def connect(**settings: Any) -> httpx.Client:
        busy = httpx.Response(429, json={"type": "/help/errors/too-many"})
        return httpx.Client(transport=httpx.MockTransport(lambda _: busy), **settings)

    with (
        NodeClient(URL, hub.memorandum, connect=connect, pause=lambda _: None) as client,
        pytest.raises(UnavailableError, match="too often"),
    ):
        client.end_of(given.DRUP)


def test_a_hub_that_needs_its_operator_is_not_the_nodes_own_set_up() -> None:
    answer = httpx.Response(500, json={"type": "/help/errors/setup", "status": 500, "detail": "the disk is read-only"})

    with pytest.raises(UnavailableError, match="the hub needs its operator: the disk is read-only"):
        node_client.content_of(answer)
