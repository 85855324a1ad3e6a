"""Help: that it is whole, that its reference is what the code knows, and that no name stands on a page that is kept."""

import ast
import re
import shlex
from collections.abc import Iterator
from html import unescape
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

import click
import given
import hubs
import pytest
import story
from fastapi.testclient import TestClient
from given import DRUP
from granting import named

from api.app import create_app
from api.help.findings import KINDS
from api.help.markdown import rendered
from api.help.reference import event_types
from api.help.topics import TOPICS
from api.problems import meanings
from ledger import reports
from ledger.cli.main import program
from ledger.cohort.rows import TABLES, columns_of
from ledger.errors import LedgerError
from ledger.events.catalog import EVENT_TYPES
from ledger.settings import Settings
from ledger.signing.envelope import parted
from ledger.store.cells import sealed_tiers
from ledger.store.engine import reading

ROOT = Path(__file__).parents[2]
TEXTS = files("api.web") / "help"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def pages(reader: TestClient) -> Iterator[tuple[str, str]]:
    """Every page that the contents lead to, and the contents."""
    for path in ("/help", *(f"/help/{each.slug}" for each in TOPICS)):
        answer = reader.get(path)
        assert answer.status_code == 200, path
        yield path, answer.text


def shown(reader: TestClient, topic: str) -> str:
    return unescape(reader.get(f"/help/{topic}").text)


def test_every_link_within_help_leads_to_a_page_and_to_a_heading_that_is_on_it(reader: TestClient) -> None:
    there = dict(pages(reader))
    links = {(path, link) for path, text in there.items() for link in re.findall(r'href="((?:/help|#)[^"]*)"', text)}

    assert len(links) > 200
    for path, link in sorted(links):
        address, _, heading = (path + link if link.startswith("#") else link).partition("#")
        text = there.get(address) or reader.get(address).text
        assert text
        assert not heading or f'id="{heading}"' in text, (path, link)


def test_every_page_has_one_title_and_headings_that_skip_no_level(reader: TestClient) -> None:
    for path, text in pages(reader):
        levels = [int(level) for level in re.findall(r"<h([1-6])[ >]", text)]
        assert levels.count(1) == 1, path
        assert all(after <= before + 1 for before, after in pairwise(levels)), path


def test_what_is_not_there_is_not_found(reader: TestClient) -> None:
    assert [reader.get(f"/help/{topic}").status_code for topic in ("nothing", "frame", "..%2fboard")] == [404] * 3


def test_the_reference_names_every_type_of_event_and_every_field_of_it(reader: TestClient) -> None:
    text = shown(reader, "events")

    for each in EVENT_TYPES:
        assert f"<code>{each.TYPE}</code>" in text
        for field in (*each.model_fields, *each.Sealed.model_fields):
            assert f"<code>{field}</code>" in text


def test_a_sealed_field_is_said_to_be_shown_to_whom_the_column_that_it_sets_is(tmp_path: Path) -> None:
    alliance = given.Alliance(story.FOUNDERS)
    for sentence in story.STORY:
        alliance.says(*sentence)
    hub = hubs.founded_hub(tmp_path, alliance)
    hubs.post(hub, alliance)
    with reading(hub.engine) as connection:
        tiers = sealed_tiers(connection, 0, len(alliance.heard))
    said = {(each.name, each.version): {field.name: field.tier for field in each.fields} for each in event_types()}

    compared = 0
    for heard in alliance.heard:
        claims = heard.envelope.claims
        for field, commitment in parted(claims.data)[1].items():
            if commitment in tiers:
                compared += 1
                assert said[claims.type, claims.version][field] == tiers[commitment], (claims.type, field)
    assert compared > 40
    hub.engine.dispose()


def test_the_reference_names_every_table_column_problem_and_setting(reader: TestClient) -> None:
    tables, problems, settings = (shown(reader, topic) for topic in ("tables", "problems", "settings"))

    assert all(f'id="{table}"' in tables for table in TABLES)
    assert all(f"<code>{column}</code>" in tables for table in TABLES for column in columns_of(table))
    assert all(each.slug in problems and each.text in problems for each in meanings())
    assert {each.slug for each in meanings()} >= {kind.slug for kind in _kinds(LedgerError)}
    names = [name for name in Settings.__dataclass_fields__ if name != "origin"]
    assert all(f"<code>{name}</code>" in settings for name in names)
    assert "<td></td>" not in settings  # each is described
    assert str(Path.home()) not in settings


def _kinds(kind: type[LedgerError]) -> Iterator[type[LedgerError]]:
    yield kind
    for below in kind.__subclasses__():
        if below.__module__.startswith("ledger."):
            yield from _kinds(below)


def test_the_reference_names_every_command(reader: TestClient) -> None:
    text = shown(reader, "commands")

    for name in program.list_commands(click.Context(program)):
        assert f"<code>cohort-ledger {name}</code>" in text
    assert "<code>cohort-ledger node outbox flush</code>" in text
    assert "--release-seconds" not in text  # a demonstration's own


def test_every_kind_of_finding_that_the_reports_make_is_told_in_words() -> None:
    made = {
        each.value
        for file in Path(reports.__path__[0]).glob("findings_of_*.py")
        for call in ast.walk(ast.parse(file.read_text()))
        if isinstance(call, ast.Call) and getattr(call.func, "id", getattr(call.func, "attr", "")) in FINDERS
        for each in [*call.args[:1], *(word.value for word in call.keywords if word.arg == "kind")]
        if isinstance(each, ast.Constant) and isinstance(each.value, str)
    }

    assert len(made) > 10
    assert {*made, "claim-differs"} == {*KINDS}


FINDERS = {"Finding", "found"}


def command_lines() -> list[str]:
    """Every line of a text that is to be typed."""
    return [
        line for text in TEXTS.iterdir() for line in re.findall(r"^\$ (.*)$", text.read_text("utf-8"), re.MULTILINE)
    ]


@pytest.mark.parametrize("line", command_lines())
def test_every_command_that_a_text_names_is_one_with_these_options(line: str) -> None:
    name, *words = shlex.split(line)
    assert name == "cohort-ledger"
    command: click.Command = program
    context = click.Context(program, info_name=name)

    while True:
        _, rest, _ = command.make_parser(context).parse_args(list(words))  # raises for an option that there is not
        if not isinstance(command, click.Group) or not rest:
            break
        below = command.get_command(context, rest[0])
        assert below is not None, rest[0]
        command, words = below, rest[1:]
        context = click.Context(command, info_name=rest[0], parent=context)
    assert not isinstance(command, click.Group) or command.invoke_without_command
    takes = [each for each in command.get_params(context) if isinstance(each, click.Argument)]
    assert any(each.nargs < 0 for each in takes) or len(rest) <= len(takes)


def test_the_words_are_those_of_the_readme() -> None:
    words = (TEXTS / "glossary.md").read_text("utf-8")
    table = (ROOT / "README.md").read_text("utf-8").partition("## Words")[2].partition("\n## ")[0]

    lines = [line for line in table.splitlines() if line.startswith("| ") and not line.startswith("| word")]
    assert len(lines) > 10
    assert [line for line in lines if line not in words] == []


def test_html_in_a_text_is_text() -> None:
    text = rendered("# Title\n\n<script>alert(1)</script> and <b>bold</b> [x](javascript:alert(1))\n")

    assert text.title == "Title"
    assert "<script" not in text.html
    assert "<b>" not in text.html
    assert 'href="javascript' not in text.html


def test_whoever_is_logged_in_stands_on_no_page_that_others_are_given(tmp_path: Path) -> None:
    alliance = given.treated()
    hub = hubs.founded_hub(tmp_path, alliance)
    hubs.post(hub, alliance)
    url = "https://ledger.example"
    browser = TestClient(create_app(hub, public_url=url), base_url=url)
    before = browser.get("/help/trust")
    link: str = browser.post("/login", headers=named(DRUP, url).headers()).json()["link"]
    browser.post(link, headers=FORM)

    after = browser.get("/help/trust")

    assert before.headers["cache-control"] == "public, max-age=3600"
    assert "Cookie" in before.headers["vary"].split(", ")
    assert 'href="/login"' in before.text
    assert after.headers["cache-control"] == "private, no-store"
    assert DRUP in after.text
    assert "Findings" in after.text  # it leads where its reader may go
    hub.engine.dispose()
