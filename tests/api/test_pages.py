"""Pages: at which addresses, for whom, in which frame; and that data stay data for programs."""

import re
from html import escape, unescape

import pytest
from fastapi.testclient import TestClient

from api.drawing import POLICY, STATIC, static_tags

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


@pytest.mark.parametrize(
    ("headers", "is_page"),
    [
        (BROWSER, True),
        ({"HX-Request": "true"}, True),
        ({"Accept": "*/*"}, False),
        ({"Accept": "application/json"}, False),
        ({"Accept": "application/json, text/html"}, False),
        ({"Accept": "text/html, application/json"}, True),
    ],
)
def test_a_browser_is_shown_the_page_and_a_program_the_data(
    reader: TestClient, headers: dict[str, str], is_page: bool
) -> None:
    answer = reader.get("/board", headers=headers)

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html" if is_page else "application/json")
    assert "Accept" in answer.headers["vary"].split(", ")


def test_a_page_says_that_nothing_of_it_comes_from_elsewhere(reader: TestClient) -> None:
    page = reader.get("/", headers=BROWSER)

    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert re.findall(r'(?:src|href|action)="(?!/|#)', page.text) == []
    assert re.findall(r"<style|style=|<script(?![^>]* src=)|\son[a-z]+=", page.text) == []


def test_an_error_of_a_page_is_a_page_that_says_what_the_data_would(reader: TestClient) -> None:
    page, data = (reader.get("/board?at=yesterday", headers=headers) for headers in (BROWSER, {}))

    assert page.status_code == data.status_code == 400
    assert page.headers["content-type"].startswith("text/html")
    assert escape(data.json()["detail"]) in page.text
    assert page.headers.get_list("content-security-policy") == [POLICY]


def test_a_parameter_that_a_page_does_not_take_is_refused(reader: TestClient) -> None:
    assert reader.get("/board?state=open", headers=BROWSER).status_code == 200
    assert reader.get("/board?estate=open", headers=BROWSER).status_code == 400
    assert reader.get("/board?estate=open").status_code == 400


def test_the_description_of_the_data_names_no_page(reader: TestClient) -> None:
    described = reader.get("/openapi.json").json()["paths"]

    assert "/" not in described


def test_a_static_file_is_kept_for_ever_under_its_tag_alone(reader: TestClient) -> None:
    tag = static_tags()["ledger.css"]

    kept, asked_again, gone = (
        reader.get(f"/static/{path}") for path in (f"ledger.css?v={tag}", "ledger.css", "no.css")
    )

    assert kept.content == (STATIC / "ledger.css").read_bytes()
    assert "immutable" in kept.headers["cache-control"]
    assert "immutable" not in asked_again.headers["cache-control"]
    assert gone.status_code == 404
    assert reader.get("/static/%2e%2e/pages/board.py").status_code == 404


def test_every_page_that_each_leads_to_answers_while_a_moment_is_chosen(reader: TestClient) -> None:
    page = reader.get("/board?at=15&on=2026-01-01", headers=BROWSER).text

    links = [unescape(link) for link in re.findall(r'<li><a href="([^"]*)"', page.partition("</nav>")[0])]

    assert "/census?at=15&on=2026-01-01" in links
    assert {link: reader.get(link, headers=BROWSER).status_code for link in links} == dict.fromkeys(links, 200)


@pytest.mark.parametrize("path", ["/board", "/census", "/contributions", "/events", "/cohorts/braf-v600/progress"])
def test_a_browser_that_has_the_data_is_shown_the_page_all_the_same(reader: TestClient, path: str) -> None:
    data = reader.get(path)
    had = {"If-None-Match": data.headers["etag"]} if "etag" in data.headers else {}

    page = reader.get(path, headers=BROWSER | had)

    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
