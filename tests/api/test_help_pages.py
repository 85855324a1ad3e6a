"""Help pages: that they are served to everybody, and that every test that they name is there."""

import ast
import re
from html import unescape
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.help.requirement import Requirement
from api.web.pages.explaining import SOURCES

TESTS = Path(__file__).parents[1]
REQUIREMENTS = [each for source in SOURCES for each in source.requirements]
PART_11 = ["11.10(c)", "11.10(d)", "11.10(e)", "11.10(g)", "11.50", "11.70", "11.300(c)"]
ASKED_FOR = [*PART_11, "7.2", "9", "12", "14", "4.2.2", "4.2.4", "6.2.1"]


def names_in(file: Path) -> set[str]:
    """Of the tests that would be collected from a file."""
    return {
        each.name
        for each in ast.parse(file.read_text()).body
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef) and each.name.startswith("test_")
    }


@pytest.mark.parametrize("requirement", REQUIREMENTS, ids=lambda each: each.clause)
def test_every_test_that_the_page_names_is_there(requirement: Requirement) -> None:
    missing = [
        named
        for named in requirement.tests
        for file, _, name in [named.partition("::")]
        if not (TESTS / file).is_file() or name not in names_in(TESTS / file)
    ]

    assert missing == []


def test_no_requirement_is_listed_that_no_test_shows() -> None:
    assert [each.clause for each in REQUIREMENTS if not each.tests] == []
    assert [each.clause for each in REQUIREMENTS if len(set(each.tests)) < len(each.tests)] == []


def test_the_rules_that_the_alliance_asked_for_are_listed() -> None:
    clauses = {each.clause for each in REQUIREMENTS}

    assert set(ASKED_FOR) <= clauses
    assert {"7(3)", "16", "17", "25", "30", "32", "58"} <= clauses


def test_the_page_of_rules_is_served_with_every_clause_and_test_on_it(reader: TestClient) -> None:
    answer = reader.get("/help/regulations")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    shown = unescape(answer.text)
    for each in REQUIREMENTS:
        for told in (each.clause, each.asks, each.here, each.left, *each.tests):
            assert told in shown


def test_what_is_not_proven_is_told_in_plain_words(reader: TestClient) -> None:
    answer = reader.get("/help/trust")

    assert answer.status_code == 200
    for told in ("what a trial signs is true", "shown its own", "Only what your own program has verified"):
        assert told in answer.text


@pytest.mark.parametrize("page", ["/help/trust", "/help/regulations", "/help/what-this-proves", "/help/threat-model"])
def test_a_help_page_loads_nothing_from_elsewhere_and_runs_nothing_of_its_own(reader: TestClient, page: str) -> None:
    text = reader.get(page).text

    assert re.findall(r'<script(?! (?:type="module" )?src="/static/)', text) == []
    assert re.findall(r'src="(?!/static/)', text) == []
    assert 'href="http' not in text
