"""Posts over HTTP: all or nothing, receipts that verify, refusals that the hub has signed, limits before reading."""

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import given
import hubs
import pytest
from fastapi.testclient import TestClient
from given import COHORT, DRUP, IMPRESS, case, signing_key
from starlette.types import Message

from api.app import create_app
from api.guard import BODY_MAX
from ledger.merkle.hashing import leaf_hash
from ledger.merkle.proofs import check_inclusion
from ledger.operations.hub import Hub
from ledger.signing.checkpoint import read_checkpoint
from ledger.signing.encoding import to_base64url
from ledger.signing.entry import Entry, parse_time
from ledger.signing.envelope import Envelope, parse, seal, sign
from ledger.signing.receipt import Receipt
from ledger.signing.refusal import Refusal, read_refusal

Problem = dict[str, Any]
MIB = 1024 * 1024
JSON = {"Content-Type": "application/json"}


def texts(alliance: given.Alliance, start: int = 0) -> list[str]:
    return [heard.envelope.text for heard in alliance.heard[start:]]


def signed(alliance: given.Alliance, node: str, type_: str, data: given.Data) -> Envelope:
    """The next envelope of a node, which nobody has heard yet; nothing in it is sealed."""
    return sign(alliance.claims(node, type_, data), (), signing_key(node))


def race(hub: Hub, *posts: Envelope) -> list[tuple[int, Problem]]:
    """Post each at once, by clients of their own."""
    app, barrier = create_app(hub, dev=True), Barrier(len(posts))

    def post(envelope: Envelope) -> tuple[int, Problem]:
        barrier.wait()
        answer = TestClient(app, base_url="http://localhost").post("/events", json={"events": [envelope.text]})
        return answer.status_code, answer.json()

    with ThreadPoolExecutor(len(posts)) as clients:
        return sorted(clients.map(post, posts), key=lambda answer: answer[0])


def test_the_answer_to_a_post_is_a_receipt_for_each_event_that_verifies_offline(client: TestClient) -> None:
    alliance = given.treated()

    answer = client.post("/events", json={"events": texts(alliance)})

    assert answer.status_code == 201
    taken = answer.json()["events"]
    assert [each["index"] for each in taken] == list(range(len(alliance.heard)))
    for each, heard in zip(taken, alliance.heard, strict=True):
        claims = heard.envelope.claims
        assert (each["event_id"], each["node"], each["seq"]) == (claims.event_id, claims.node, claims.seq)
        assert each["state"] == "published"
        receipt = Receipt.parse(each["receipt"].encode())
        checkpoint, _ = read_checkpoint(receipt.checkpoint, alliance.memorandum.log_key)
        leaf = Entry(parse_time(each["received"]), heard.envelope.jws.text).leaf
        check_inclusion(
            receipt.proof,
            leaf_hash=leaf_hash(leaf),
            index=receipt.index,
            size=checkpoint.size,
            root=checkpoint.root,
        )


def test_a_repost_is_answered_200_with_the_first_receipts(client: TestClient) -> None:
    post = {"events": texts(given.founded())}
    first = client.post("/events", json=post)

    again = client.post("/events", json=post)

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert client.get("/readyz").json()["sequenced"] == 5


def test_a_post_with_something_new_in_it_is_answered_201(client: TestClient) -> None:
    alliance = given.founded()
    client.post("/events", json={"events": texts(alliance)[:3]})

    answer = client.post("/events", json={"events": texts(alliance)})

    assert answer.status_code == 201
    assert [each["index"] for each in answer.json()["events"]] == [0, 1, 2, 3, 4]


def test_of_two_clients_that_sign_for_the_same_place_in_a_stream_one_is_told_the_head(hub: Hub) -> None:
    alliance = given.opened(DRUP)
    hubs.post(hub, alliance)
    rivals = [signed(alliance, DRUP, "case.submitted", {"case": case(n), "on": "2021-11-20"}) for n in (1, 2)]

    (won, taken), (lost, problem) = race(hub, *rivals)

    assert (won, lost) == (201, 409)
    winner = next(each for each in rivals if each.claims.event_id == taken["events"][0]["event_id"])
    assert problem["type"] == "/help/errors/conflict"
    assert problem["next_seq"] == winner.claims.seq + 1
    assert problem["prev"] == to_base64url(winner.hash)


def test_of_two_clients_that_race_for_the_last_place_one_is_told_why_not_by_a_signed_refusal(hub: Hub) -> None:
    alliance = given.opened(DRUP, IMPRESS)
    alliance.allocates(DRUP, case(1))
    for node, handle in ((DRUP, case(2)), (IMPRESS, case(3))):
        alliance.says(node, "case.submitted", {"case": handle, "on": "2021-11-20"})
    hubs.post(hub, alliance)
    size = hub.appender.size()
    rivals = [
        signed(alliance, node, "case.allocated", {"case": handle, "cohort": COHORT, "on": "2021-12-01"})
        for node, handle in ((DRUP, case(2)), (IMPRESS, case(3)))
    ]

    (won, taken), (lost, problem) = race(hub, *rivals)

    assert (won, lost) == (201, 422)
    assert problem["detail"] == f"no place is left in stage 1 of cohort {COHORT}"
    loser = next(each for each in rivals if each.claims.event_id != taken["events"][0]["event_id"])
    refusal = read_refusal(problem["refusal"], hub.memorandum.log_key)
    assert refusal.received >= parse_time(taken["events"][0]["received"])
    assert refusal == Refusal(
        origin=given.ORIGIN,
        size=size + 1,
        received=refusal.received,
        envelope=loser.hash,
        before=(),
        reason=problem["detail"],
    )
    assert hub.appender.size() == size + 1


def test_a_refused_event_takes_the_whole_post_with_it_and_is_named_by_its_place(client: TestClient) -> None:
    alliance = given.founded()
    unknown = signed(alliance, DRUP, "cohort.opened", {"cohort": "none", "on": "2021-06"})

    answer = client.post("/events", json={"events": [*texts(alliance), unknown.text]})

    assert answer.status_code == 422
    assert answer.json()["place"] == 5
    assert client.get("/readyz").json()["sequenced"] == 0


def test_another_nodes_key_is_answered_403(client: TestClient) -> None:
    alliance = given.Alliance()
    data = {"memorandum": alliance.memorandum_content, "on": "2021-11-16"}
    forged = sign(alliance.claims(DRUP, "memorandum.signed", data), (), signing_key(IMPRESS))

    answer = client.post("/events", json={"events": [forged.text]})

    assert (answer.status_code, answer.json()["type"]) == (403, "/help/errors/signature")


def test_what_the_posting_gate_refuses_is_answered_422_and_not_signed(client: TestClient) -> None:
    alliance = given.treated()
    *before, enrolment, _ = alliance.heard
    shown = parse(f"{enrolment.envelope.jws.text}~")  # every disclosure kept back

    answer = client.post("/events", json={"events": [*(each.envelope.text for each in before), shown.text]})

    assert (answer.status_code, answer.json()["type"]) == (422, "/help/errors/gate")
    assert "refusal" not in answer.json()
    assert client.get("/readyz").json()["sequenced"] == 0


def test_an_identifier_of_a_patient_is_refused_by_its_field_and_not_repeated(client: TestClient) -> None:
    alliance = given.opened(DRUP)
    words = "ask jane.doe@example.org"
    sealed, disclosures = seal({}, {"reason": words}, alliance._salts())
    data = {"cohort": COHORT, "on": "2021-07-01", "reason_code": "safety", **sealed}
    envelope = sign(alliance.claims(DRUP, "cohort.suspended", data), disclosures, signing_key(DRUP))

    answer = client.post("/events", json={"events": [*texts(alliance), envelope.text]})

    assert answer.status_code == 422
    assert answer.json()["field"] == "reason"
    assert "jane" not in answer.text


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"events":null}',
        b'{"events":"a"}',
        b'{"events":[]}',
        b'{"events":[1]}',
        b'{"events":[""]}',
        b'{"events":[null]}',
        b'{"events":["a"],"more":1}',
        b'{"events":["a~"',
        b'{"events":["\\ud800~"]}',
        b'\xff{"events":["a~"]}',
        b'{"events":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"events":[' + b'{"a":' * 50_000 + b"1" + b"}" * 50_000 + b"]}",
        b'{"events":[' + b"9" * 10_000 + b"]}",
        '{"events":["a~"]}'.encode("utf-16"),
        json.dumps({"events": ["a~"] * 1001}).encode(),
        json.dumps({"events": ["a.b.c~" + "A" * 300_000]}).encode(),
    ],
)
def test_a_body_that_is_no_post_is_answered_400(reader: TestClient, body: bytes) -> None:
    answer = reader.post("/events", content=body, headers=JSON)

    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "/help/errors/malformed"


def test_a_body_that_says_one_thing_twice_is_not_read_in_either_way(client: TestClient) -> None:
    first, second = texts(given.founded())[:2]

    answer = client.post("/events", content=f'{{"events":["{second}"],"events":["{first}"]}}', headers=JSON)

    assert answer.status_code == 400
    assert client.get("/readyz").json()["sequenced"] == 0


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "", "application/jsonp"])
def test_only_json_is_taken_so_that_no_form_of_another_site_can_post(reader: TestClient, media_type: str) -> None:
    answer = reader.post("/events", content=b'{"events":["a~"]}', headers={"Content-Type": media_type})

    assert answer.status_code == 415


def test_a_body_that_announces_too_much_is_refused_before_it_is_read(reader: TestClient) -> None:
    answer = reader.post("/events", content=b"{}", headers=JSON | {"Content-Length": str(BODY_MAX + 1)})

    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_body_that_announces_nothing_is_read_no_further_than_the_limit(hub: Hub) -> None:
    read = 0
    answer: list[Message] = []

    async def receive() -> Message:
        nonlocal read
        read += MIB
        return {"type": "http.request", "body": b" " * MIB, "more_body": read < 4 * BODY_MAX}

    async def send(message: Message) -> None:
        answer.append(message)

    headers = [(b"host", b"localhost"), (b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": "/events", "query_string": b"", "headers": headers}

    await create_app(hub, dev=True)(scope, receive, send)

    assert BODY_MAX < read <= BODY_MAX + MIB
    assert answer[0]["status"] == 413
    assert json.loads(answer[1]["body"])["type"] == "/help/errors/too-long"
    assert (b"x-content-type-options", b"nosniff") in answer[0]["headers"]


async def test_a_client_that_leaves_before_its_body_ends_is_no_error_of_the_servers(
    hub: Hub, caplog: pytest.LogCaptureFixture
) -> None:
    begun: Message = {"type": "http.request", "body": b'{"events":[', "more_body": True}
    heard = iter([begun, {"type": "http.disconnect"}])
    answer: list[Message] = []

    async def receive() -> Message:
        return next(heard)

    async def send(message: Message) -> None:
        answer.append(message)

    headers = [(b"host", b"localhost"), (b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": "/events", "query_string": b"", "headers": headers}

    await create_app(hub, dev=True)(scope, receive, send)

    assert answer[0]["status"] == 400
    assert caplog.records == []
    assert hub.appender.size() == 0
