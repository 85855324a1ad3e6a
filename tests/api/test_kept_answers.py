"""What readers keep, and what they are told of it: tags that are known before an answer is made, and compression."""

import gzip
from collections.abc import Iterator

import given
import hubs
import pytest
from fastapi.testclient import TestClient
from given import COHORT, DRUP, case, signing_key
from granting import named

from api import queries
from api.app import create_app
from api.compressing import takes_gzip
from api.routes import events
from ledger.operations.hub import Hub
from ledger.store import source as sources

URL = "http://localhost"
SIZE = 30
PLAIN = {"Accept-Encoding": "identity"}
GZIP = {"Accept-Encoding": "gzip"}


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    alliance = given.treated()
    while alliance.database.size < SIZE:
        alliance.says(given.DRUP, "response.assessed", given.patient(given.case(1)) | given.ASSESSMENT)
    opened = hubs.founded_hub(tmp_path_factory.mktemp("hub"), alliance)
    hubs.post(opened, alliance)
    yield opened
    opened.engine.dispose()


@pytest.fixture(scope="module")
def reader(hub: Hub) -> Iterator[TestClient]:
    with TestClient(create_app(hub, dev=True), base_url=URL) as opened:
        yield opened


@pytest.fixture(scope="module")
def client(hub: Hub) -> Iterator[TestClient]:
    with TestClient(create_app(hub, public_url=URL), base_url=URL) as opened:
        yield opened


def unreadable(*_: object, **__: object) -> None:
    raise AssertionError("it was read all the same")


# ---------------------------------------------------------------------- known before it is made


@pytest.mark.parametrize(
    ("path", "module", "reads"),
    [
        (f"/log/tile/entries/000.p/{SIZE}", sources, "pack_entries"),
        (f"/events?after=3&limit={SIZE}", events, "page_entries"),
        ("/board", queries, "snapshot_at"),
        ("/census.csv", queries, "snapshot_at"),
        ("/contributions?at=20", queries, "snapshot_at"),
    ],
)
def test_who_has_an_answer_is_told_so_before_it_is_made(
    reader: TestClient, monkeypatch: pytest.MonkeyPatch, path: str, module: object, reads: str
) -> None:
    first = reader.get(path)

    monkeypatch.setattr(module, reads, unreadable)
    again = reader.get(path, headers={"If-None-Match": first.headers["etag"]})

    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    kept = ("etag", "cache-control", "vary")
    assert [again.headers.get(name) for name in kept] == [first.headers.get(name) for name in kept]


@pytest.mark.parametrize("kind", ["tile/entries", "digests"])
def test_a_tag_of_entries_or_digests_is_of_those_entries_alone(reader: TestClient, hub: Hub, kind: str) -> None:
    tags = [reader.get(f"/log/{kind}/000.p/{width}").headers["etag"] for width in range(1, SIZE + 1)]

    assert len({*tags}) == SIZE
    assert reader.get(f"/log/{kind}/000.p/{SIZE + 1}", headers={"If-None-Match": tags[-1]}).status_code == 404
    assert hub.source("clear").fingerprint(f"{kind}/000.p/3") == hub.source("full").fingerprint(f"{kind}/000.p/3")


def test_a_tag_says_of_one_address_that_it_was_answered_and_of_no_other(reader: TestClient) -> None:
    tag = reader.get("/board").headers["etag"]

    others = ["/board?at=29", "/cohorts", "/cohorts/nothing", f"/cases/{DRUP}/{case(9)}"]
    assert [reader.get(path, headers={"If-None-Match": tag}).status_code for path in others] == [200, 200, 404, 404]


def test_whoever_asks_again_what_comes_behind_an_entry_is_told_when_something_does(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    alliance = given.treated()
    hub = hubs.founded_hub(tmp_path_factory.mktemp("grows"), alliance)
    hub.post([heard.envelope.text for heard in alliance.heard[:10]])
    with TestClient(create_app(hub, dev=True), base_url=URL) as client:
        tag = client.get("/events?after=9").headers["etag"]

        before = client.get("/events?after=9", headers={"If-None-Match": tag})
        hub.post([alliance.heard[10].envelope.text])
        after = client.get("/events?after=9", headers={"If-None-Match": tag})

    assert (before.status_code, after.status_code) == (304, 200)
    assert [entry["index"] for entry in after.json()["events"]] == [10]


def test_what_is_for_ever_says_so_and_what_nobody_keeps_has_no_tag(reader: TestClient) -> None:
    of = {
        path: reader.get(f"/log/{path}").headers for path in ("checkpoint", "tile/0/000.p/30", "tile/entries/000.p/30")
    }

    assert of["checkpoint"]["cache-control"] == "public, max-age=1"
    assert of["tile/0/000.p/30"]["cache-control"] == "public, max-age=31536000, immutable, no-transform"
    assert of["tile/entries/000.p/30"]["cache-control"] == "private, max-age=31536000, immutable"
    assert "Authorization" in of["tile/entries/000.p/30"]["vary"]
    opened = reader.get("/log/disclosures/000.p/30").headers
    assert ("no-store" in opened["cache-control"], "etag" in opened) == (True, False)


# ---------------------------------------------------------------------- compression


@pytest.mark.parametrize("path", [f"/log/tile/entries/000.p/{SIZE}", "/board", "/events", "/board.csv", "/cohorts"])
def test_what_its_readers_know_anyway_is_compressed_for_who_takes_that(reader: TestClient, path: str) -> None:
    plain, small = reader.get(path, headers=PLAIN), reader.get(path, headers=GZIP)

    assert "content-encoding" not in plain.headers
    if len(plain.content) >= 512:
        assert small.headers["content-encoding"] == "gzip"
        assert int(small.headers["content-length"]) < len(plain.content)
    assert small.content == plain.content
    assert small.headers["etag"] == plain.headers["etag"]
    assert plain.headers["etag"].startswith('W/"')
    for answer in (plain, small):
        assert "Accept-Encoding" in answer.headers["vary"]


@pytest.mark.parametrize(
    "path",
    [
        f"/cases/{DRUP}/{case(1)}",
        "/events/18",
        f"/log/disclosures/000.p/{SIZE}",
        f"/cohorts/{COHORT}/progress",
        f"/cohorts/{COHORT}/decision",
        "/findings",
        "/access-log",
        "/login",
        "/log/tile/0/000.p/30",
        "/cohorts/nothing",
    ],
)
def test_what_is_opened_or_of_no_use_to_compress_goes_out_as_it_is(reader: TestClient, path: str) -> None:
    answer = reader.get(path, headers=GZIP)

    assert answer.status_code in {200, 404}
    assert "content-encoding" not in answer.headers
    assert any(word in answer.headers["cache-control"] for word in ("no-store", "no-transform"))


def test_what_is_computed_from_sealed_values_is_compressed_for_nobody(client: TestClient) -> None:
    whoever = named("impress-no", URL)
    assert signing_key("impress-no")

    answer = client.get(f"/cohorts/{COHORT}/progress", headers={**whoever.headers(), **GZIP})

    assert (answer.status_code, "content-encoding" in answer.headers) == (200, False)
    assert answer.headers["cache-control"] == "private, no-cache, no-transform"


def test_the_head_of_a_compressed_answer_is_that_of_the_answer(reader: TestClient) -> None:
    get, head = reader.get("/events", headers=GZIP), reader.head("/events", headers=GZIP)

    for each in (get, head):
        assert each.headers.pop("x-request-id")  # each has its own
    assert get.headers["content-encoding"] == "gzip"
    assert (head.headers, head.content) == (get.headers, b"")


def test_a_reader_who_has_the_compressed_form_is_told_so(reader: TestClient) -> None:
    tag = reader.get("/events", headers=GZIP).headers["etag"]

    again = [reader.get("/events", headers={**how, "If-None-Match": tag}) for how in (GZIP, PLAIN)]

    assert [(each.status_code, each.headers["etag"]) for each in again] == [(304, tag)] * 2


def test_what_goes_out_is_gzip(reader: TestClient) -> None:
    with reader.stream("GET", "/events", headers=GZIP) as answer:
        raw = b"".join(answer.iter_raw())

    assert gzip.decompress(raw) == reader.get("/events", headers=PLAIN).content


@pytest.mark.parametrize(
    ("stated", "takes"),
    [
        ([], False),
        (["gzip"], True),
        (["br, GZIP;q=0.5"], True),
        (["identity", "gzip"], True),
        (["gzip;q=0"], False),
        (["gzip; q=0.000"], False),
        (["*"], True),
        (["*;q=0"], False),
        (["*, gzip;q=0"], False),
        (["x-not-gzip, br"], False),
    ],
)
def test_gzip_is_sent_to_who_says_so(stated: list[str], takes: bool) -> None:
    assert takes_gzip(stated) is takes
