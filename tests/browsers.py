"""A browser for tests: Chromium as it is installed, watched for what a page of this project never does.

Where none is installed, the tests that need one are skipped, and say so.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
from granting import named
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
LOCAL_SCHEMES = ("data", "blob", "file")  # what no request leaves the machine for
_POLICY = "Content Security Policy"


@dataclass
class Watched:
    """What a page did that it should not have.

    errors: console errors, and what was thrown and not caught; violations: of its policy; strangers: requests to
    another host than `host`.
    """

    host: str
    errors: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        return not (self.errors or self.violations or self.strangers)


def executable() -> str | None:
    """Where a Chromium is, None where there is none."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One for a module's tests; their pages share nothing: see `page_of`."""
    found = executable()
    if found is None:
        pytest.skip(f"no browser: none of {', '.join(NAMES)} is installed")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        try:
            yield started
        finally:
            started.close()


@contextmanager
def page_of(browser: Browser, host: str = "127.0.0.1") -> Iterator[tuple[Page, Watched]]:
    """A page of a browser that remembers nothing, and what it does. host: the only one that it may ask."""
    context = browser.new_context()
    page = context.new_page()
    watched = Watched(host)
    page.on("console", lambda message: _note_console(watched, message))
    page.on("pageerror", lambda error: watched.errors.append(str(error)))
    page.on("request", lambda request: _note_request(watched, request))
    try:
        yield page, watched
    finally:
        context.close()


def as_(who: str, page: Page, url: str) -> None:
    """Let a page's requests prove to be somebody's, each anew."""
    if who != "public":
        page.context.route(
            "**/*", lambda route: route.continue_(headers=route.request.headers | named(who, url).headers())
        )


def run_module(page: Page, module: str, body: str, given: object = None) -> Any:
    """Run the body of an async function in a page that was loaded from a server of the static files.

    In it `m` is the module of `static/verify`, `given` what is given, `bytes` reads hex, and `refused` says whether a
    function throws (or what it promises is refused).
    """
    return page.evaluate(
        f"""async (given) => {{
            const m = await import("/static/verify/{module}.js");
            const bytes = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
            const refused = async (run) => {{ try {{ await run(); return false; }} catch {{ return true; }} }};
            {body}
        }}""",
        given,
    )


def _note_console(watched: Watched, message: ConsoleMessage) -> None:
    if message.type == "error":
        (watched.violations if _POLICY in message.text else watched.errors).append(message.text)


def _note_request(watched: Watched, request: Request) -> None:
    asked = urlsplit(request.url)
    if asked.scheme not in LOCAL_SCHEMES and asked.hostname != watched.host:
        watched.strangers.append(request.url)
