"""The board as a page: what is asked for is what the data say, in every shape, and outsiders are shown no more."""

import csv
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import hubs
import pytest
from fastapi.testclient import TestClient
from granting import named
from many_cohorts import BLADDER, COHORT, COLON, OVARY, many_cohorts
from parsed import Parsed

from api.app import create_app
from ledger.operations.hub import Hub

URL = "http://localhost"
BROWSER = {"Accept": "text/html"}
MEMBER, COMPANY, PUBLIC = "impress-no", "company", None


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    told = many_cohorts()
    opened = hubs.founded_hub(tmp_path_factory.mktemp("hub"), told)
    hubs.post_long_ago(opened, told)
    yield opened
    opened.engine.dispose()


@pytest.fixture(scope="module")
def client(hub: Hub) -> TestClient:
    return TestClient(create_app(hub, public_url=URL), base_url=URL)


def ask(client: TestClient, query: str, who: str | None = MEMBER, *, path: str = "/board", page: bool = True) -> Any:
    return client.get(f"{path}?{query}", headers=(BROWSER if page else {}) | (named(who, URL).headers() if who else {}))


def shown(client: TestClient, query: str, who: str | None = MEMBER) -> list[str]:
    answer = ask(client, query, who)
    assert answer.status_code == 200, answer.text
    return Parsed(answer.text).cohorts


def at(cohort: Any, country: str) -> Any:
    return next(each for each in cohort["nodes"] if each["country"] == country)


def has_place(cohort: Any, here: Any) -> bool:
    scopes = [scope for scope in cohort["scopes"] if scope["node"] in (None, here["node"])]
    return here["state"] == "open" and any(scope["places_left"] != 0 for scope in scopes)


# each filter, and the same by hand of what is shown without it
FILTERS: dict[str, Callable[[Any], bool]] = {
    "tumour=COADREAD": lambda each: each["tumour"] in ({"oncotree": ["COADREAD"]}, {"agnostic": True}),
    "tumour=any": lambda each: each["tumour"] == {"agnostic": True},
    "gene=BRAF": lambda each: each["biomarker"]["gene"] == "BRAF",
    "regimen=olaparib": lambda each: each["regimen"] == "olaparib",
    "country=NO&state=suspended": lambda each: at(each, "NO")["state"] == "suspended",
    "country=NO&state=not+opened": lambda each: at(each, "NO")["state"] == "not opened",
    "state=closed": lambda each: any(here["state"] == "closed" for here in each["nodes"]),
    "free=yes": lambda each: any(has_place(each, here) for here in each["nodes"]),
    "country=NO&free=yes": lambda each: has_place(each, at(each, "NO")),
    "country=DK&free=yes": lambda each: has_place(each, at(each, "DK")),
    "text=colorectal+braf": lambda each: "Colorectal" in (each["label"] or ""),
    "text=OVARIAN+epithelial": lambda each: each["tumour"] == {"oncotree": ["OVT"]},
    "gene=BRAF&tumour=COADREAD&country=NO&state=open&free=yes": lambda each: each["cohort"] == COHORT,
    "gene=ROS1": lambda _: False,
}


@pytest.mark.parametrize("query", FILTERS)
def test_a_filter_keeps_what_the_data_have_in_page_data_and_table(client: TestClient, query: str) -> None:
    every = ask(client, "", page=False).json()["cohorts"]
    by_hand = {each["cohort"] for each in every if FILTERS[query](each)}

    data = [each["cohort"] for each in ask(client, query, page=False).json()["cohorts"]]
    lines = csv.DictReader(StringIO(ask(client, query, path="/board.csv", page=False).text))

    assert len(every) == 4
    assert set(data) == by_hand
    assert shown(client, query) == data
    assert list(dict.fromkeys(line["cohort"] for line in lines)) == data


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [BLADDER, COHORT, COLON, OVARY]),
        ("order=down", [OVARY, COLON, COHORT, BLADDER]),
        ("sort=places", [COHORT, COLON, BLADDER, OVARY]),
        ("sort=places&order=up", [COLON, COHORT, BLADDER, OVARY]),
        ("sort=treated", [COLON, COHORT, BLADDER, OVARY]),
        ("sort=treated&order=up&state=open", [COHORT, COLON]),
        ("sort=treated&country=NL", [COHORT, BLADDER, COLON, OVARY]),
        ("sort=opened", [COLON, COHORT, OVARY, BLADDER]),
        ("sort=opened&order=up", [OVARY, COHORT, COLON, BLADDER]),
        ("sort=lag&country=DK&state=open", [COLON]),
    ],
)
def test_cohorts_are_sorted_both_ways_and_what_has_no_number_is_last(
    client: TestClient, query: str, expected: list[str]
) -> None:
    assert shown(client, query) == expected
    assert [each["cohort"] for each in ask(client, query, page=False).json()["cohorts"]] == expected


def test_days_behind_sort_as_the_data_have_them(client: TestClient) -> None:
    most = {
        each["cohort"]: max((here["days_behind"] or 0 for here in each["nodes"]), default=0)
        for each in ask(client, "sort=lag", page=False).json()["cohorts"]
    }

    behind = [days for days in most.values() if days]
    assert behind
    assert behind == sorted(behind, reverse=True)


def test_a_cell_says_the_state_in_a_word_and_a_shape_and_why_it_is_not_open(client: TestClient) -> None:
    rows = {row[0].split(",")[0]: row for row in Parsed(ask(client, "country=NO").text).rows}

    colon, bladder = rows["Colorectal cancer"], rows["Bladder cancer"]
    assert colon[2].startswith("◐ suspended since 2021-07-10")  # the country that is asked for stands first
    assert "● open since 2021-08-10" in " ".join(colon)
    assert "2 treated" in " ".join(colon)
    assert "✕ closed 2021-03-10 to 2021-10-01" in " ".join(rows["Ovarian cancer"])
    assert bladder[2] == "– not opened: no supply of the drug"


def test_a_number_leads_to_what_it_counts_for_readers_of_the_log_alone(client: TestClient) -> None:
    assert f"/numbers/started?cohort={COLON}&amp;node=protarget-dk" in ask(client, "").text
    assert "/numbers/" not in ask(client, "", PUBLIC).text


def test_the_page_says_how_many_of_how_many_and_offers_what_is_there(client: TestClient) -> None:
    page = ask(client, "gene=BRAF&at=44")
    parsed = Parsed(page.text)

    assert "2 of 4 cohorts" in page.text
    assert parsed.options["gene"] == ["", "BRAF", "BRCA2", "ERBB2"]
    assert parsed.options["tumour"] == ["", "any", "BLCA", "COADREAD", "OVT"]
    assert parsed.options["country"] == ["", "DK", "FI", "NL", "NO", "SE"]
    assert "/board.csv?at=44&amp;gene=BRAF" in page.text
    assert "/board?at=44" in parsed.links  # clears filters, keeps the moment
    assert '<input type="hidden" name="at" value="44">' in page.text


def test_what_a_form_leaves_empty_is_not_asked_for_and_the_address_is_short(client: TestClient) -> None:
    page = ask(client, "tumour=&gene=BRAF&regimen=&country=&state=&text=&sort=&order=")

    assert Parsed(page.text).cohorts == [COHORT, COLON]
    assert page.headers["hx-push-url"] == "/board?gene=BRAF"


def test_where_nothing_has_all_of_it_the_page_says_what_to_leave_out(client: TestClient) -> None:
    page = ask(client, "gene=BRCA2&country=NO&free=yes")

    assert "0 of 4 cohorts" in page.text
    assert "without “BRCA2”</a>: 1 cohort<" in page.text
    assert "without “Norway”" not in page.text


def test_what_is_made_up_is_tagged_where_not_all_of_it_is(client: TestClient) -> None:
    mixed, all_of_it = ask(client, "").text, ask(client, "gene=BRCA2").text

    assert mixed.count("synthetic patients") == 1
    assert "synthetic patients" in Parsed(mixed).rows[-1][0]
    assert "synthetic patients" in all_of_it.partition("</caption>")[0]
    assert all_of_it.count("synthetic patients") == 1


@pytest.mark.parametrize("who", [PUBLIC, COMPANY])
@pytest.mark.parametrize("query", ["", "state=open", "free=yes", "country=NO", "country=DK&free=yes", "sort=places"])
def test_outsiders_are_shown_the_pooled_board_as_its_data_have_it(
    client: TestClient, who: str | None, query: str
) -> None:
    page = ask(client, query, who)
    data = ask(client, query, who, page=False).json()["cohorts"]
    lines = list(csv.DictReader(StringIO(ask(client, query, who, path="/board.csv", page=False).text)))

    parsed = Parsed(page.text)
    assert parsed.cohorts == [each["cohort"] for each in data] == list(dict.fromkeys(each["cohort"] for each in lines))
    assert [row[-1] for row in parsed.rows] == [str(each["treated"]) for each in data]
    assert "suspended" not in page.text
    assert "behind" not in page.text
    assert "2021-07-10" not in page.text
    if who == COMPANY:
        assert "olaparib" not in page.text
    if query == "country=DK&free=yes":
        assert data == []  # it is full there, and that is told


@pytest.mark.parametrize("query", ["state=suspended", "sort=lag", "sort=opened", "at=3"])
@pytest.mark.parametrize("path", ["/board", "/board.csv"])
def test_outsiders_cannot_ask_by_what_they_are_not_shown(client: TestClient, query: str, path: str) -> None:
    statuses = {
        ask(client, query, who, path=path, page=page).status_code for who in (PUBLIC, COMPANY) for page in (True, False)
    }

    assert statuses == {403}
    assert ask(client, query, path=path, page=False).status_code == 200


@pytest.mark.parametrize("query", ["state=ajar", "sort=age", "free=no", "order=sideways", "gene=BRAF&gene=KIT"])
def test_what_cannot_be_asked_is_refused(client: TestClient, query: str) -> None:
    assert {ask(client, query, page=page).status_code for page in (True, False)} == {400}
