"""Events read back: as they were signed, page by page, with proof; and the log's files, enough for an audit."""

from typing import Any

import given
import hubs
import pytest
from fastapi.testclient import TestClient
from given import COHORT, DRUP, FINPROVE, NEWCOMER, PROTARGET, case, signing_key

from ledger.merkle.hashing import leaf_hash
from ledger.merkle.proofs import check_inclusion
from ledger.operations.audit import audit
from ledger.operations.hub import Hub
from ledger.operations.source import HttpSource
from ledger.signing.checkpoint import read_checkpoint
from ledger.signing.encoding import to_base64url
from ledger.signing.entry import Entry, parse_time
from ledger.signing.receipt import Receipt


def pages(client: TestClient, url: str) -> list[list[dict[str, Any]]]:
    """Every page from one on, by following its Link header."""
    found = []
    while url:
        answer = client.get(url)
        found.append(answer.json()["events"])
        url = answer.links.get("next", {}).get("url", "")
    return found


def test_pages_that_are_followed_to_the_end_hold_the_log(reader: TestClient, told: given.Alliance) -> None:
    found = pages(reader, "/events?limit=7")

    assert [len(page) for page in found] == [7, 7, 6]
    assert [each["jws"] for page in found for each in page] == [h.envelope.jws.text for h in told.heard]


@pytest.mark.parametrize(
    ("asked", "kept"),
    [
        (f"node={PROTARGET}", lambda claims: claims.node == PROTARGET),
        ("type=memorandum.signed", lambda claims: claims.type == "memorandum.signed"),
        (f"cohort={COHORT}", lambda claims: claims.data.get("cohort") == COHORT),
        (f"case={case(1)}", lambda claims: claims.data.get("case") == case(1)),
        (f"node={PROTARGET}&type=memorandum.signed&after=1", lambda _: False),
    ],
)
def test_a_list_of_events_is_of_what_is_asked_for(
    reader: TestClient, told: given.Alliance, asked: str, kept: Any
) -> None:
    found = pages(reader, f"/events?limit=1&{asked}")

    ids = [each["event_id"] for page in found for each in page]
    expected = [h.envelope.claims.event_id for h in told.heard if kept(h.envelope.claims)]
    assert ids == expected


def test_an_event_is_found_by_its_index_and_by_its_id(reader: TestClient, told: given.Alliance) -> None:
    envelope = told.heard[18].envelope

    by_index, by_id = reader.get("/events/18"), reader.get(f"/events/{envelope.claims.event_id}")

    assert by_index.status_code == 200
    assert by_index.json() == by_id.json()
    event = by_index.json()
    assert event["entry"]["jws"] == envelope.jws.text
    assert event["entry"]["type"] == "patient.enrolled"
    assert event["data"] == {"case": case(1), "cohort": COHORT, "on": "2021-12-02"}
    assert event["sealed"] == envelope.commitments
    assert event["key"] == signing_key(DRUP).public.thumbprint
    assert event["prev"] == to_base64url(told.heard[17].envelope.hash)


def test_an_event_lists_the_cells_that_it_set_and_no_others(reader: TestClient, told: given.Alliance) -> None:
    envelope = told.heard[18].envelope

    cells = reader.get("/events/18").json()["cells"]

    assert {cell["field"]: cell["value"] for cell in cells} == {"enrolled_on": "2021-12-02", **envelope.commitments}
    assert {(cell["table"], *cell["key"][:3]) for cell in cells} == {("episodes", COHORT, DRUP, case(1))}


def test_a_receipt_proves_its_event(reader: TestClient, told: given.Alliance) -> None:
    answer = reader.get("/events/3/receipt")

    receipt = Receipt.parse(answer.content)
    received = parse_time(reader.get("/events/3").json()["entry"]["received"])
    checkpoint, _ = read_checkpoint(receipt.checkpoint, told.memorandum.log_key)
    leaf = leaf_hash(Entry(received, told.heard[3].envelope.jws.text).leaf)
    check_inclusion(receipt.proof, leaf_hash=leaf, index=3, size=checkpoint.size, root=checkpoint.root)
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


def test_what_is_sequenced_and_not_published_says_so_and_has_no_receipt(client: TestClient, hub: Hub) -> None:
    alliance = given.treated()
    hubs.post(hub, alliance)
    alliance.says(DRUP, "case.submitted", {"case": case(2), "on": "2021-11-20"})
    hub.appender.append([alliance.heard[-1].envelope.text])

    states = [each["state"] for each in client.get("/events?after=18").json()["events"]]
    receipt = client.get("/events/20/receipt")

    assert states == ["published", "sequenced"]
    assert receipt.status_code == 404
    ready = client.get("/readyz").json()
    assert (ready["sequenced"], ready["published"]) == (21, 20)


@pytest.mark.parametrize("event", ["20", "017e1f2a-b680-7000-8000-00000000ffff"])
def test_an_event_that_is_not_there_is_answered_404(reader: TestClient, event: str) -> None:
    answers = [reader.get(f"/events/{event}"), reader.get(f"/events/{event}/receipt")]

    assert [answer.status_code for answer in answers] == [404, 404]


@pytest.mark.parametrize(
    "event", ["-1", "01", "+1", "1_0", "1.0", "x", "9" * 16, "017E1F2A-B680-7000-8000-000000000000"]
)
def test_what_is_neither_an_index_nor_an_id_is_answered_400(reader: TestClient, event: str) -> None:
    assert reader.get(f"/events/{event}").status_code == 400


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1001", "limit=+5", "limit=1_0", "limit=5.0", "after=-1", "after=٣", "afer=3"]
)
def test_a_query_is_read_strictly(reader: TestClient, query: str) -> None:
    assert reader.get(f"/events?{query}").status_code == 400


def test_the_head_of_a_stream_is_what_its_node_signs_next(reader: TestClient, told: given.Alliance) -> None:
    head = reader.get(f"/nodes/{DRUP}/head").json()

    last = told.database.streams[DRUP]
    key = signing_key(DRUP).public.thumbprint
    assert head == {
        "node": DRUP,
        "seq": last.seq,
        "prev": to_base64url(last.hash),
        "next_seq": last.seq + 1,
        "keys": [key],
    }


def test_a_founder_that_has_not_signed_yet_begins_at_0_with_the_memorandums_key(client: TestClient) -> None:
    head = client.get(f"/nodes/{FINPROVE}/head").json()

    key = signing_key(FINPROVE).public.thumbprint
    assert head == {"node": FINPROVE, "seq": None, "prev": None, "next_seq": 0, "keys": [key]}


def test_a_node_that_is_admitted_and_has_not_signed_yet_begins_with_the_accessions_key(
    client: TestClient, hub: Hub
) -> None:
    alliance = given.founded()
    alliance.says(DRUP, "resolution.proposed", given.resolution("admit", "accession", given.accession()))
    hubs.post(hub, alliance)
    before = client.get(f"/nodes/{NEWCOMER}/head").status_code
    for node in (PROTARGET, FINPROVE):
        alliance.says(node, "resolution.endorsed", {"resolution": "admit"})
    hubs.post(hub, alliance)

    head = client.get(f"/nodes/{NEWCOMER}/head").json()

    assert before == 404
    assert (head["next_seq"], head["keys"]) == (0, [signing_key(NEWCOMER).public.thumbprint])


def test_an_audit_of_the_files_over_http_holds(client: TestClient, hub: Hub) -> None:
    hubs.post(hub, given.treated())
    source = HttpSource("http://localhost", connect=lambda **_: client)

    found = audit(source, pin=hub.memorandum.hash)

    assert found.holds
    assert found.checkpoint is not None
    assert found.checkpoint.size == 20
    assert (found.digest, found.view, found.shown) == (hub.appender.digest(), "full", 8)


@pytest.mark.parametrize(
    ("path", "media_type", "cache"),
    [
        ("checkpoint", "text/plain; charset=utf-8", "public, max-age=1"),
        ("digest", "text/plain; charset=utf-8", "private, max-age=1"),
        ("memorandum", "application/json", "public, max-age=31536000, immutable"),
        ("tile/0/000.p/20", "application/octet-stream", "public, max-age=31536000, immutable, no-transform"),
        ("tile/entries/000.p/7", "application/octet-stream", "private, max-age=31536000, immutable"),
        ("digests/000.p/20", "application/octet-stream", "private, max-age=31536000, immutable, no-transform"),
        ("disclosures/000.p/20", "text/plain; charset=utf-8", "private, no-store"),
        ("view", "application/json", "private, no-store"),
    ],
)
def test_a_file_of_the_log_says_what_it_is_and_who_may_keep_it_how_long(
    reader: TestClient, path: str, media_type: str, cache: str
) -> None:
    first = reader.get(f"/log/{path}")
    tag = first.headers.get("etag", '"none"')
    again = reader.get(f"/log/{path}", headers={"If-None-Match": f'"other", W/{tag.removeprefix("W/")}'})

    is_kept = "no-store" not in cache
    assert (first.status_code, again.status_code) == (200, 304 if is_kept else 200)
    assert (first.headers["content-type"], first.headers["cache-control"]) == (media_type, cache)
    assert (again.content == b"", again.headers.get("etag")) == (is_kept, first.headers.get("etag"))


@pytest.mark.parametrize(
    "path", ["", "nothing", "tile/0/000", "tile/0/000.p/21", "tile/0/0", "../api/app.py", "checkpoint/"]
)
def test_a_file_that_the_log_does_not_have_is_answered_404(reader: TestClient, path: str) -> None:
    assert reader.get(f"/log/{path}").status_code == 404
