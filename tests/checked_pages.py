"""Pages with events on them, by the contract of `verify/page.js`, and what a browser shows once it has checked."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import checked_logs
import given
from browsers import page_of
from checked_logs import Files, size_of
from jinja2 import DictLoader, Environment, FileSystemLoader, StrictUndefined
from jinja2.loaders import ChoiceLoader
from playwright.sync_api import Browser, Page

BASE = """<!doctype html><html lang="en">
<head><meta charset="utf-8"><title>{% block title %}{% endblock %}</title></head>
<body><main>{% block content %}{% endblock %}</main>{% block scripts %}{% endblock %}
<script type="module" src="/static/verify/banner.js"></script></body></html>"""
LISTED = """{% extends "base.html" %}
{% block content %}<section data-verify data-events="{{ events | join(",") }}" data-size="{{ size }}" {{ more }}>
<table><caption>Events</caption><tbody>
{% for row in rows %}<tr data-event="{{ row.index }}"
{% for name, value in row.said.items() %}data-{{ name }}="{{ value }}"
{% endfor %}><th scope="row">{{ row.index }}</th><td>said</td></tr>{% endfor %}
</tbody></table></section>{% endblock %}
{% block scripts %}<script type="module" src="/static/verify/page.js"></script>{% endblock %}"""
TEMPLATES = Environment(
    loader=ChoiceLoader(
        [
            DictLoader({"base.html": BASE, "listed.html": LISTED}),
            FileSystemLoader(checked_logs.STATIC.parent / "templates"),
        ]
    ),
    autoescape=True,
    undefined=StrictUndefined,
)
THREE = [14, 17, 19]  # indexes of events of the story


class Log(NamedTuple):
    files: Files
    alliance: given.Alliance

    @property
    def memorandum(self) -> str:
        return self.alliance.memorandum.hash.hex()

    def said(self, index: int) -> dict[str, str]:
        """What an honest row says of its event."""
        claims = self.alliance.heard[index].envelope.claims
        return {"jti": claims.event_id, "node": claims.node, "type": claims.type}

    def indexes(self, *types: str) -> list[int]:
        return [at for at, heard in enumerate(self.alliance.heard) if heard.envelope.claims.type in types]

    def page(self, events: list[int], rows: dict[int, dict[str, str]] | None = None, **more: str | int) -> str:
        """A page on events. rows: what each says, if not the truth. more: other data attributes of the section."""
        said = {index: self.said(index) for index in events} | (rows or {})
        size = more.pop("size", size_of(self.files))
        attributes = _Markup(" ".join(f"data-{name}='{value}'" for name, value in more.items()))
        return TEMPLATES.get_template("listed.html").render(
            events=events,
            rows=[{"index": index, "said": row} for index, row in said.items()],
            size=size,
            more=attributes,
        )


class _Markup(str):
    __slots__ = ()

    def __html__(self) -> str:
        return self


class Checked(NamedTuple):
    """What a page shows after the button was pressed. states: by index, as its class says."""

    summary: str
    states: dict[int, str]
    detail: dict[str, Any]
    text: str


@contextmanager
def visiting(browser: Browser, files: Files, pages: dict[str, str]) -> Iterator[tuple[Page, str]]:
    """A page of a fresh browser, held to what pages never do."""
    with checked_logs.served(files, pages) as url, page_of(browser) as (page, watched):
        yield page, url
        assert watched.clean, watched


def check(page: Page, address: str) -> Checked:
    page.goto(address)
    return press(page)


def press(page: Page) -> Checked:
    page.evaluate(
        "() => { window.found = new Promise((tell) => "
        "document.addEventListener('verified', (event) => tell(event.detail), { once: true })); }"
    )
    page.get_by_role("button", name="Check in this browser").click()
    detail = page.evaluate("() => window.found")
    states = {
        int(str(row.get_attribute("data-event"))): str(row.get_attribute("class")).removeprefix("verify-")
        for row in page.query_selector_all("[data-event]")
    }
    return Checked(page.inner_text(".verify-summary"), states, detail, page.inner_text("main"))


class Visited:
    """A server and a page of a browser, for many tests: what each serves, and nothing kept between them."""

    def __init__(self, page: Page, url: str, files: Files, pages: dict[str, str]) -> None:
        self.page, self.url, self._files, self._pages = page, url, files, pages

    def checks(self, files: Files, html: str) -> Checked:
        self._files.clear()
        self._files.update(files)
        self._pages["/"] = html
        self.page.goto(self.url)
        self.page.evaluate("() => localStorage.clear()")
        return press(self.page)


def verify_page() -> str:
    return TEMPLATES.get_template("verify.html").render()


def pin(page: Page, url: str, memorandum: str) -> None:
    page.goto(f"{url}/verify")
    page.fill("[data-memorandum]", memorandum)
    page.get_by_role("button", name="Pin", exact=True).click()
