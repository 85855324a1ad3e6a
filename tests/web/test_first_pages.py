"""The first page of each role: what it comes for, and no way from it that ends at a closed door."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from html import escape, unescape
from typing import Any

import given
import hubs
import pytest
from fastapi.testclient import TestClient
from given import DRUP, IMPRESS, signing_key
from granting import named
from many_cohorts import COHORT, COLON, OVARY, many_cohorts
from parsed import Parsed

from api.app import create_app
from api.refusals import KEPT, Refusals, RefusedPost
from ledger.operations.hub import Hub
from ledger.signing.checkpoint import Checkpoint, read_checkpoint
from ledger.signing.encoding import to_base64
from ledger.signing.envelope import sign
from ledger.signing.note import Note

URL = "http://localhost"
BROWSER = {"Accept": "text/html"}
NOW = datetime(2022, 1, 3, 9, tzinfo=UTC)
WHO: dict[str, str | None] = {
    "auditor": "auditor-of-all",
    "node": IMPRESS,
    "investigator": "investigator",
    "industry": "company",
    "public": None,
}


@pytest.fixture(scope="module")
def told() -> given.Alliance:
    return many_cohorts()


@pytest.fixture(scope="module")
def hub(told: given.Alliance, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    opened = hubs.founded_hub(tmp_path_factory.mktemp("hub"), told)
    hubs.post_long_ago(opened, told)
    yield opened
    opened.engine.dispose()


@pytest.fixture(scope="module")
def client(hub: Hub) -> Iterator[TestClient]:
    with TestClient(create_app(hub, public_url=URL), base_url=URL) as opened:
        yield opened


def ask(client: TestClient, who: str | None, path: str = "/") -> Any:
    return client.get(path, headers=BROWSER | (named(who, URL).headers() if who else {}))


def first(client: TestClient, role: str) -> str:
    answer = ask(client, WHO[role])
    assert answer.status_code == 200
    return str(answer.text)


def words(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def test_the_public_is_told_what_this_is_how_large_and_how_to_check_it_and_come_in(client: TestClient) -> None:
    page = first(client, "public")

    said, links = words(page), Parsed(page).links
    assert "5 trials" in said
    assert "in Denmark, Finland, Netherlands, Norway, Sweden." in said
    assert "4 cohorts 2 of them are open, 2 with a place left." in said
    assert {"/board", "/verify", "/login", "/help/what-this-proves"} <= set(links)


def test_a_node_is_told_what_it_posted_last_and_where_its_stream_stands(
    client: TestClient, told: given.Alliance
) -> None:
    page = first(client, "node")

    mine = [heard for heard in told.heard if heard.envelope.claims.node == IMPRESS]
    last = mine[-1].envelope.claims
    head = client.get(f"/nodes/{IMPRESS}/head", headers=named(IMPRESS, URL).headers()).json()
    parsed = Parsed(page)
    assert parsed.rows[0][0].startswith(last.type)
    assert parsed.rows[0][1] == str(last.seq)
    assert parsed.rows[0][3] == "published, receipt"
    assert f"stands at seq {head['seq']}, head" in words(page)
    assert head["prev"][:16] in page


def test_a_node_is_told_its_open_cohorts_with_the_places_left_and_no_other(client: TestClient) -> None:
    rows = {row[0].split(",")[0]: row[1:] for row in Parsed(first(client, "node")).rows}

    assert rows["BRAF V600"] == ["● open since 2021-06", "1 in stage 1, shared", "0"]
    assert rows["Colorectal cancer"][0] == "◐ suspended since 2021-07-10"
    assert "Ovarian cancer" not in rows


def refused_post(client: TestClient, told: given.Alliance) -> Any:
    """IMPRESS opens again what is open there."""
    claims = told.claims(IMPRESS, "cohort.opened", {"cohort": COHORT, "on": "2021-12-01"})
    return client.post("/events", json={"events": [sign(claims, (), signing_key(IMPRESS)).text]})


def test_a_node_and_auditors_are_told_what_of_its_posts_was_refused_and_why_and_others_are_not(
    hub: Hub, told: given.Alliance
) -> None:
    client = TestClient(create_app(hub, public_url=URL), base_url=URL)
    assert "Nothing since this process started" in first(client, "node")

    answer = refused_post(client, told)

    assert answer.status_code == 422
    why = escape(answer.json()["detail"])
    pages = {role: first(client, role) for role in WHO}
    assert {role for role, page in pages.items() if why in page} == {"node", "auditor"}
    assert why not in ask(client, DRUP).text
    assert why not in ask(client, "auditor").text  # of DRUP's data
    assert "cohort-ledger node outbox" in pages["node"]
    assert "cohort.opened" in words(pages["node"])


def test_a_post_that_its_node_did_not_sign_is_shown_to_nobody_as_its_own(hub: Hub, told: given.Alliance) -> None:
    client = TestClient(create_app(hub, public_url=URL), base_url=URL)
    claims = told.claims(IMPRESS, "cohort.opened", {"cohort": COHORT, "on": "2021-12-01"})

    answer = client.post("/events", json={"events": [sign(claims, (), signing_key(DRUP)).text]})

    assert answer.status_code == 403
    assert "Nothing since this process started" in first(client, "node")


def test_no_more_than_the_last_refusals_of_a_node_are_kept_and_nothing_of_their_posts() -> None:
    kept = Refusals(NOW)

    for number in range(KEPT + 5):
        kept.keep(RefusedPost(NOW, DRUP, "rule", "cohort.opened", 1, 0, f"reason {number}"))

    assert [each.reason for each in kept.of(DRUP)] == [f"reason {number}" for number in range(KEPT + 4, 4, -1)]
    assert kept.of(IMPRESS) == []


def test_an_auditor_is_told_to_verify_first_and_what(client: TestClient, hub: Hub, told: given.Alliance) -> None:
    page = first(client, "auditor")

    checkpoint, _ = read_checkpoint(hub.source("clear").read("checkpoint"), told.memorandum.log_key)
    digest = Checkpoint.parse(Note.parse(hub.source("clear").read("digest")).text)
    parsed, said = Parsed(page), words(page)
    assert "<h1>Verify first</h1>" in page
    assert f"{checkpoint.size} entries" in said
    assert to_base64(checkpoint.root) in page
    assert to_base64(digest.root) in page
    assert hub.memorandum.hash.hex() in page
    assert "none: no resolution names one" in said
    assert {"/verify", "/findings", "/census", "/events", "/access-log"} <= set(parsed.links)
    assert 'data-count="/findings"' in page
    assert 'data-by="verdict"' in page


def test_an_investigator_is_led_to_cohorts_with_a_place_by_country_and_gene(client: TestClient) -> None:
    parsed = Parsed(first(client, "investigator"))

    by_country = [link for link in parsed.links if link.startswith("/board?country=")]
    assert by_country == [f"/board?country={each}&state=open&free=yes" for each in ("NL", "NO")]
    assert parsed.options["gene"] == ["", "BRAF"]
    for link in by_country:
        assert Parsed(ask(client, "investigator", link).text).cohorts == [COHORT]


def test_a_company_is_shown_its_drugs_cohorts_and_no_other(client: TestClient) -> None:
    page = first(client, "industry")

    assert Parsed(page).cohorts == [COHORT, COLON]
    assert OVARY not in page
    assert "olaparib" not in page
    assert "2 cohorts" in words(page)


@pytest.mark.parametrize("role", ["industry", "public"])
def test_the_first_page_of_outsiders_says_no_more_than_their_board(client: TestClient, role: str) -> None:
    page = first(client, role)

    board = client.get("/board", headers=named("company", URL).headers() if role == "industry" else {}).json()
    counts = [each["treated"] for each in board["cohorts"]]
    assert counts
    if role == "industry":
        assert [row[-1] for row in Parsed(page).rows] == counts
    assert not {"suspended", "2021-07-10", "behind"} & set(words(page).split())


# ------------------------------------------------------------------ links


@pytest.mark.parametrize("role", WHO)
def test_every_link_of_the_first_page_and_the_board_is_answered_to_who_is_shown_it(
    client: TestClient, role: str
) -> None:
    who = WHO[role]
    links = {link for path in ("/", "/board") for link in Parsed(ask(client, who, path).text).links} - {"#main"}
    links |= set(Parsed(ask(client, who, "/board?gene=BRCA2&country=NO").text).links) - {"#main"}

    assert len(links) > 10
    statuses = {link: ask(client, who, link).status_code for link in sorted(links)}
    assert {link: status for link, status in statuses.items() if status != 200} == {}


# ------------------------------------------------------------------ for development


@pytest.mark.parametrize("role", WHO)
def test_a_server_for_development_shows_the_first_page_of_every_role(hub: Hub, role: str) -> None:
    client = TestClient(create_app(hub, dev=True), base_url=URL)

    page = ask(client, None, f"/?as={role}&node={IMPRESS}" if role == "node" else f"/?as={role}")

    title = {
        "auditor": "Verify first",
        "node": "IMPRESS-Norway",
        "investigator": "Find a cohort for a patient",
        "industry": "Cohorts of your drug",
        "public": "Shared cohorts of precision-cancer trials",
    }[role]
    assert f"<h1>{title}</h1>" in page.text
    assert f"/?as=node&amp;node={DRUP}" in page.text


@pytest.mark.parametrize("asked", ["as=auditor", "as=public", f"node={DRUP}"])
@pytest.mark.parametrize("who", [None, IMPRESS, "auditor"])
def test_nobody_chooses_a_role_on_any_other_server(client: TestClient, who: str | None, asked: str) -> None:
    assert ask(client, who, f"/?{asked}").status_code == 403
    assert "/?as=" not in ask(client, who).text


def test_no_node_that_is_none_has_a_first_page(hub: Hub) -> None:
    client = TestClient(create_app(hub, dev=True), base_url=URL)

    assert ask(client, None, "/?as=node&node=nobody").status_code == 404
    assert ask(client, None, "/?as=king").status_code == 400
