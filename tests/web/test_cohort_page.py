"""A cohort's page: to each what its data say to it, in words and charts, and written down where it is exact."""

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import given
import hubs
import pytest
from drawn import drawing, hatched
from fastapi.testclient import TestClient
from fates import revealed, snapshot_of, to_the_end
from given import COHORT, DRUP, IMPRESS, case
from granting import named
from histories import COHORTS, history

from api.app import create_app
from api.web.charts.chart import Chart
from api.web.cohort_drawn import facts_of
from ledger.operations.hub import Hub
from ledger.reports.cohort_history import entries_of
from ledger.reports.material import material
from ledger.reports.shown import Audience, progress_for
from ledger.signing.canonical import Json

URL = "http://localhost"
PATH, DATA = f"/cohorts/{COHORT}", f"/cohorts/{COHORT}/progress"
BROWSER = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def told() -> given.Alliance:
    """Five patients of two nodes in both stages, two in stage 3."""
    return to_the_end()


@pytest.fixture(scope="module")
def hub(told: given.Alliance, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    folder: Path = tmp_path_factory.mktemp("hub")
    opened = hubs.founded_hub(folder, told)
    hubs.post_long_ago(opened, told)
    yield opened
    opened.engine.dispose()


@pytest.fixture(scope="module")
def client(hub: Hub) -> TestClient:
    return TestClient(create_app(hub, public_url=URL), base_url=URL)


@pytest.fixture(scope="module")
def auditor(hub: Hub) -> TestClient:
    return TestClient(create_app(hub, dev=True), base_url=URL)


def page(client: TestClient, node: str | None = None, path: str = DATA) -> Any:
    return client.get(path, headers=BROWSER | (named(node, URL).headers() if node else {}))


def text_of(html: str) -> str:
    """What is read: without tags, and with one space between words."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html))


@pytest.mark.parametrize("path", [PATH, DATA])
def test_the_page_tells_the_definition_the_design_and_every_decision_with_its_entry(
    auditor: TestClient, told: given.Alliance, path: str
) -> None:
    answer = page(auditor, path=path)

    read = text_of(answer.text)
    decided = [each.index for each in told.database.events if each.type == "cohort.stage_decided"]
    assert answer.status_code == 200
    assert "any tumour" in read
    assert "dabrafenib with trametinib" in read
    assert "Treat 2 evaluable patients. None of them with benefit closes the cohort, more extend it to 4." in read
    assert [f'href="/events/{index}"' in answer.text for index in decided] == [True, True]
    assert "opened here, on" in read


def test_every_rate_stands_with_all_that_it_means_nothing_without(auditor: TestClient) -> None:
    read = text_of(page(auditor).text)

    for part in ("evaluable", "UMVUE, Koyama-Chen", "week-16", "data to entry", "Naive proportion (Clopper-Pearson)"):
        assert part in read
    assert "completed, adjusted for the look at stage 1" in read
    assert "interim, not adjusted" in read


def test_charts_are_pictures_with_a_name_and_a_table_and_no_style(auditor: TestClient) -> None:
    html = page(auditor).text

    charts = re.findall(r"<svg .*?</svg>", html, re.DOTALL)
    names = re.findall(r'\bid="([^"]+)"', html)
    assert len(charts) >= 6
    assert len(charts) == html.count("<figcaption>") == html.count("The table behind it")
    assert all('role="img"' in each and "aria-labelledby" in each for each in charts)
    assert len(names) == len(set(names))
    assert re.findall(r"<style|style=|\son[a-z]+=|<script(?![^>]* src=)", html) == []


def test_what_a_partner_is_not_shown_is_hatched_and_what_is_its_own_stands_beside(client: TestClient) -> None:
    own, other = (page(client, node).text for node in (DRUP, IMPRESS))

    assert "-hatch)" in other
    assert "&lt;5" in other
    assert "Not shown, because too few patients" in other
    assert f"What {DRUP} contributed" in own
    assert "contributed</h2>" not in other
    assert case(1) not in own + other
    assert "/numbers/started?" in own
    assert "/numbers/benefit-" not in own  # whom it counts is not for it


def test_for_an_auditor_every_number_leads_to_what_it_counts(auditor: TestClient) -> None:
    html = page(auditor).text

    for of in (
        "started",
        "evaluable",
        "benefit-computed",
        "counted-claimed",
        "best-response",
        "worst-grade",
        "benefits",
    ):
        assert f"/numbers/{of}?" in html


def test_what_a_share_leads_to_lists_as_many_patients_as_it_says(auditor: TestClient) -> None:
    links = re.findall(r'href="(/numbers/(?:best-response|worst-grade)\?[^"]*)">(\d+)</a>', page(auditor).text)

    behind = [(said, auditor.get(unescape(path), headers=BROWSER).text) for path, said in links]

    assert len([said for said, _ in behind if said != "0"]) > 1
    assert [f"<strong>{said}</strong>" in text for said, text in behind] == [True] * len(behind)
    assert [text.count("/cases/") for _, text in behind] == [int(said) for said, _ in behind]


def test_the_findings_of_the_cohort_are_those_that_its_data_name(auditor: TestClient, told: given.Alliance) -> None:
    of = entries_of(snapshot_of(told), COHORT)

    listed = re.findall(r"<li><a [^>]*>Entry (\d+)</a>, ([^<]*)</li>", page(auditor).text.partition("Findings</h2>")[2])

    expected = [
        each
        for each in auditor.get("/findings").json()
        if each["index"] in of and each["kind"] != "unreviewed-correction"
    ]
    assert expected
    assert [(int(index), unescape(words)) for index, words in listed] == [
        (each["index"], f"{each['kind'].replace('-', ' ')}: {each['message']}") for each in expected
    ]


def test_outsiders_are_shown_no_outcome_no_history_and_no_chart(client: TestClient) -> None:
    answer = page(client)

    assert answer.status_code == 200
    assert "What became of patients is for members and auditors" in answer.text
    assert "&lt;10" in answer.text
    for hidden in ("<svg", "History</h2>", "Findings</h2>", "/events/", "/numbers/"):
        assert hidden not in answer.text
    assert answer.headers["cache-control"] == "private, no-cache"
    assert page(client, path=PATH).status_code == 401  # its rows name cases


def test_what_is_shown_exactly_is_written_down_as_its_data_are_and_kept_by_nobody(
    client: TestClient, auditor: TestClient
) -> None:
    def lines() -> list[Json]:
        found: list[Json] = auditor.get("/access-log").json()["lines"]
        return [[each["what"], each["nodes"], each["rows"]] for each in found if isinstance(each, dict)]

    before = len(lines())
    answers = [page(client, DRUP), client.get(DATA, headers=named(DRUP, URL).headers()), page(client, IMPRESS)]

    assert lines()[before:] == [[DATA, [DRUP], 4], [DATA, [DRUP], 4]]
    assert {each.headers["cache-control"] for each in answers[:2]} == {"private, no-store"}
    assert answers[2].headers["cache-control"] == "private, no-store"


def test_the_past_is_drawn_as_it_was_and_an_outsider_chooses_none(client: TestClient, auditor: TestClient) -> None:
    assert "No stage was decided yet" in page(auditor, path=f"{DATA}?at=30&on=2025-01-01").text
    assert page(client, path=f"{DATA}?at=30").status_code == 403
    assert page(auditor, path="/cohorts/no-such/progress").status_code == 404


AUDIENCES = (Audience("auditor"), Audience("partner", node=DRUP), Audience("partner"), Audience("public"))


@pytest.mark.parametrize("seed", range(3))
def test_whatever_happens_to_a_cohort_it_can_be_drawn(seed: int) -> None:
    alliance = history(seed, 400)

    for cohort in COHORTS[:-1]:
        told = material(revealed(alliance), cohort)
        for audience in AUDIENCES:
            facts = facts_of(progress_for(told, audience))
            charts = list(_charts(facts))
            for each in charts:
                drawing(each)
            names = [each.name for each in charts]
            assert len(names) == len(set(names))


def _charts(facts: Any) -> Iterator[Chart]:
    for group in facts.get("groups", ()):
        yield from group.charts
    for part in ("fared", "own"):
        if facts.get(part) is not None:
            yield from facts[part].charts
    if facts.get("countries") is not None:
        yield facts["countries"]


def test_a_tally_that_is_not_shown_is_never_drawn_as_a_number() -> None:
    told = material(revealed(to_the_end()), COHORT)

    found = facts_of(progress_for(told, Audience("partner")))

    for chart in found["groups"][0].charts:
        assert hatched(drawing(chart))
