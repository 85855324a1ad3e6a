"""What holds for every answer: problems that name their help, headers, host names; and that nothing sealed gets out."""

import logging
from collections.abc import Iterator
from pathlib import Path

import given
import httpx2 as httpx
import hubs
import pytest
import story
from fastapi.testclient import TestClient
from given import COHORT, DRUP, case
from granting import grant, named

from api.app import create_app
from api.guard import BODY_MAX
from api.problems import status_of
from ledger.errors import LedgerError
from ledger.operations.hub import Hub

# of what the story seals, the values that are like nothing else in it
SEALED = ["p.Val600Glu", "COAD", "C18.9", "twice daily", "pyrexia", "partial response at"]

# what stands for each parameter of a path, so that every route has something to show
OF_THE_STORY = {
    "event": "18",
    "node": DRUP,
    "case": case(1),
    "cohort": COHORT,
    "table": "profiles",
    "key": f"{DRUP}/{case(1)}",
    "path": "tile/entries/000.p/30",
    "slug": "rule",
    "topic": "glossary",
    "design": "small",
}


def kinds(kind: type[LedgerError] = LedgerError) -> Iterator[type[LedgerError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from kinds(below)


@pytest.mark.parametrize("kind", list(kinds()))
def test_every_kind_of_error_is_a_problem_whose_type_is_a_page(client: TestClient, kind: type[LedgerError]) -> None:
    app = client.app

    def fail() -> None:
        raise kind("what went wrong", index=7)

    app.add_api_route("/fail", fail)  # type: ignore[attr-defined]  # TestClient forgets what kind of app it has

    answer = client.get("/fail")

    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.status_code == problem["status"] == status_of(kind)
    assert (problem["title"], problem["detail"], problem["index"]) == (kind.title, "what went wrong", 7)
    assert problem["instance"] == "/fail"
    page = client.get(problem["type"])
    assert page.status_code == 200
    assert kind.title in page.text


def test_an_error_that_nobody_foresaw_tells_the_caller_nothing(client: TestClient) -> None:
    def fail() -> None:
        raise RuntimeError("p.Val600Glu")

    client.app.add_api_route("/fail", fail)  # type: ignore[attr-defined]  # as above

    answer = client.get("/fail")

    assert (answer.status_code, answer.json()["type"]) == (500, "/help/errors/error")
    assert "Val600" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/events", "GET, HEAD, POST"),
        ("POST", "/board", "GET, HEAD"),
        ("DELETE", "/events/0", "GET, HEAD"),
        ("OPTIONS", "/", "GET, HEAD"),
        ("OPTIONS", "/nowhere", None),
    ],
)
def test_a_method_that_a_path_does_not_have_is_answered_with_all_that_it_has(
    reader: TestClient, method: str, path: str, allowed: str | None
) -> None:
    answer = reader.request(method, path)

    assert answer.status_code == (404 if allowed is None else 405)
    assert answer.headers.get("allow") == allowed
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("request_", "status", "words"),
    [
        (("PUT", "/events", {}), 405, "Allow header"),
        (("POST", "/events", {"Content-Type": "text/plain"}), 415, "application/json"),
        (("POST", "/events", {"Content-Length": str(BODY_MAX + 1)}), 413, "several posts"),
        (("POST", "/events", {"Content-Length": "9" * 5_000}), 413, "several posts"),
    ],
)
def test_a_problem_of_http_alone_has_a_page_that_says_what_to_do(
    reader: TestClient, request_: tuple[str, str, dict[str, str]], status: int, words: str
) -> None:
    method, path, headers = request_

    answer = reader.request(method, path, headers=headers, content=b"{}")

    page = reader.get(answer.json()["type"])
    assert (answer.status_code, page.status_code) == (status, 200)
    assert words in page.text
    assert f"HTTP status {status};" in page.text
    assert answer.json()["title"] in page.text


@pytest.mark.parametrize(
    "path",
    [
        *("/healthz", "/openapi.json", "/version", "/help/errors/rule", "/board", "/board.csv", "/board?at=19"),
        *("/events", "/events?limit=1", "/events/3", "/events/3/receipt", f"/cells/cohorts/{COHORT}"),
        *("/log/checkpoint", "/log/tile/0/000.p/20", "/log/disclosures/000.p/20"),
        *("/nothing", "/events/x", "/cohorts/nothing", "/log/nothing"),
    ],
)
def test_head_is_answered_as_get_is_and_without_the_body(reader: TestClient, path: str) -> None:
    plain = {"Accept-Encoding": "identity"}
    get, head = reader.get(path, headers=plain), reader.head(path, headers=plain)
    for each in (get, head):
        assert each.headers.pop("x-request-id")  # each has its own

    assert (head.status_code, head.headers, head.content) == (get.status_code, get.headers, b"")
    assert int(head.headers["content-length"]) == len(get.content) > 0


def test_a_name_that_is_not_loopbacks_gets_no_body_for_head_either(reader: TestClient) -> None:
    answer = reader.head("/healthz", headers={"Host": "evil.example"})

    assert (answer.status_code, answer.content) == (403, b"")


@pytest.mark.parametrize("tag", ["*", '"20-0"', ' W/"20-0" , *', '"other", {tag}', "{tag}, W/{tag}"])
@pytest.mark.parametrize(
    "path",
    ["/cohorts/nothing", "/cells/nodes/nobody", f"/cases/{DRUP}/{case(9)}", "/log/nothing", "/board?at=x", "/nothing"],
)
def test_what_is_not_there_has_not_stayed_as_it_was(reader: TestClient, path: str, tag: str) -> None:
    known = reader.get("/board").headers["etag"]

    answer = reader.get(path, headers={"If-None-Match": tag.format(tag=known)})

    assert answer.status_code in {400, 404}
    assert answer.json()["status"] == answer.status_code


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("tag", ["*", "{tag}", "W/{tag}", '"other",{tag}', '"a,b", W/{tag}'])
@pytest.mark.parametrize("path", ["/board", "/census.csv", f"/cells/cohorts/{COHORT}", "/log/checkpoint"])
def test_a_reader_who_has_an_answer_is_told_so(reader: TestClient, path: str, tag: str, method: str) -> None:
    first = reader.get(path)

    again = reader.request(method, path, headers={"If-None-Match": tag.format(tag=first.headers["etag"])})

    assert (again.status_code, again.content) == (304, b"")
    assert (again.headers["etag"], again.headers["cache-control"]) == (
        first.headers["etag"],
        first.headers["cache-control"],
    )
    assert {"content-type", "content-length"}.isdisjoint(again.headers)


def test_a_post_is_taken_whatever_its_sender_has(client: TestClient) -> None:
    post = {"events": [heard.envelope.text for heard in given.founded().heard]}

    assert client.post("/events", json=post, headers={"If-None-Match": "*"}).status_code == 201


@pytest.mark.parametrize(
    ("method", "asked"),
    [
        *[("GET", f"/board?{query}") for query in ("at=5&at=10", "at=5&at=5", "on=2021-12-01&on=2021", "at=5&%61t=5")],
        *[("GET", f"/events?{query}") for query in ("limit=1&limit=2", "node=a&node=b", "limit=1&x", "at=5")],
        *[("GET", f"{path}?x=1") for path in ("/healthz", "/openapi.json", "/log/checkpoint", "/events/3", "/metrics")],
        *[("GET", f"{path}?x") for path in ("/help/errors/rule", f"/nodes/{DRUP}/head", "/events/3/receipt")],
        *[("GET", f"/cells/cohorts/{COHORT}?{query}") for query in ("on=2021-12-01", "at=5&at=19")],
        *[("HEAD", "/healthz?x=1"), ("POST", "/events?limit=1"), ("POST", "/events?x=1")],
    ],
)
def test_a_parameter_stands_once_and_where_it_is_known(reader: TestClient, method: str, asked: str) -> None:
    answer = reader.request(method, asked, json={"events": ["a~"]} if method == "POST" else None)

    assert answer.status_code == 400
    assert method == "HEAD" or "parameter" in answer.json()["detail"]


def test_a_parameters_name_is_not_repeated_and_those_that_there_are_are_named(reader: TestClient) -> None:
    detail = reader.get("/cohorts?COAD=1").json()["detail"]

    assert detail.endswith("this page takes at, on")


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.1:80", ""]
)
def test_a_name_that_is_not_loopbacks_gets_no_answer(reader: TestClient, host: str) -> None:
    answer = reader.get("/healthz", headers={"Host": host})

    assert (answer.status_code, answer.json()["type"]) == (403, "/help/errors/forbidden")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8700", "127.0.0.1:8700", "[::1]", "[::1]:8700"])
def test_loopback_is_answered_under_each_of_its_names(reader: TestClient, host: str) -> None:
    assert reader.get("/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "path", ["/healthz", "/board", "/log/checkpoint", "/nothing", "/help/errors/rule", "/events/x"]
)
def test_every_answer_forbids_a_browser_whatever_it_does_not_need(reader: TestClient, path: str) -> None:
    headers = reader.get(path).headers

    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "cache-control" in headers


def test_the_server_says_how_it_is_and_what_it_serves(client: TestClient, hub: Hub) -> None:
    hubs.post(hub, given.founded())

    assert client.get("/healthz").json() == {"status": "up"}
    assert client.get("/readyz").json() == {
        "sequenced": 5,
        "published": 5,
        "witnessed": 0,
        "read_only": None,
        "warning": None,
    }
    assert client.get("/version").json()["memorandum"] == hub.memorandum.hash.hex()
    assert "\ncohort_ledger_published_entries 5.0\n" in client.get("/metrics").text


def test_no_page_of_the_framework_loads_anything_from_elsewhere(reader: TestClient) -> None:
    assert [reader.get(path).status_code for path in ("/docs", "/redoc", "/openapi.json")] == [404, 404, 200]


def test_nothing_that_a_node_sealed_is_in_any_answer_to_another_or_in_any_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    told = given.Alliance(story.FOUNDERS)
    for sentence in story.STORY:
        told.says(*sentence)
    told.says(DRUP, "access.granted", grant("auditor", regimens=[["olaparib"]], until="2099"))  # of another drug
    app = create_app(hubs.founded_hub(tmp_path, told), public_url="http://localhost")
    client = TestClient(app, base_url="http://localhost")
    envelopes = [heard.envelope for heard in told.heard if heard.envelope.claims.node == DRUP]
    # partners are shown reasons, and whom something was granted to
    hidden = [each for each in envelopes if not {"reason", "grantee"} & {*each.commitments}]
    disclosures = [each.text for envelope in hidden for each in envelope.disclosures]

    def get(path: str) -> httpx.Response:
        return client.get(path, headers=named("auditor", "http://localhost").headers())

    posts = (
        {"events": [heard.envelope.text for heard in told.heard]},
        {"events": ["x~p.Val600Glu~"]},
        {"events": ["p.Val600Glu"] * 1001},
        {"events": [{"oncotree": "COAD"}], "pyrexia": "C18.9"},
    )

    posted = [client.post("/events", json=post) for post in posts]
    paths = client.get("/openapi.json").json()["paths"].keys() - {"/events/live"}  # no end, and entries as in /events
    read = [get(path.format_map(OF_THE_STORY)) for path in paths]
    read += [get(f"/log/disclosures/000.p/{len(told.heard)}")]
    strange = [get(f"/{asked}") for asked in ("board?at=COAD", "board?on=COAD", "board?COAD=1", "events?limit=COAD")]

    assert [answer.status_code for answer in (*posted, *strange)] == [201, *[400] * 7]
    assert {answer.status_code for answer in read} == {200}
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith("http")]
    said = "\n".join([*ours, *(f"{answer.headers} {answer.text}" for answer in (*posted, *read, *strange))])
    assert [value for value in (*SEALED, *disclosures) if value in said] == []
