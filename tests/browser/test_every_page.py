"""Every page, in a real browser: nothing that a policy forbids or a screen reader stumbles over, nothing that leaves
the machine, nothing that does not fit on a phone.
"""

from collections.abc import Mapping
from importlib.resources import files

import pytest
from browsers import Watched, as_, page_of
from given import COHORT, DRUP, case
from playwright.sync_api import Browser, Page
from walking import routes_of

from api.app import create_app
from api.help.topics import TOPICS
from api.negotiating import Page as PageRoute
from ledger.operations.hub import Hub

AXE = (files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
PARAMETERS = {
    "event": "18",
    "node": DRUP,
    "case": case(1),
    "cohort": COHORT,
    "table": "cases",
    "key": f"{DRUP}/{case(1)}",
    "slug": "rule",
    "topic": "auditor",
    "of": "started",
    "design": "small",
}
NO_PAGES = (
    "/static/",
    "/verify/offline.html",
    "/login/oidc",
    "/login/link/",
    "/session",
)  # of somebody who is logging in: see test_login
ALONE = ("/login", *(f"/help/{topic.slug}" for topic in TOPICS), "/help/errors/rule")
LOOKS: Mapping[str, tuple[str, int]] = {"on a desk": ("light", 1280), "on a phone at night": ("dark", 360)}
WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def addresses(hub: Hub, url: str) -> list[str]:
    """Of all pages that there are."""
    routes = [each for each in routes_of(create_app(hub, public_url=url).routes) if isinstance(each, PageRoute)]
    paths = [each.path_format for each in routes if "GET" in (each.methods or ())]
    shown = [path.format_map(PARAMETERS) for path in paths if not path.startswith(NO_PAGES)]
    return [*dict.fromkeys([*shown, *ALONE])]


def stumbles(page: Page) -> list[str]:
    """What axe finds: the rule, and where."""
    page.evaluate(AXE)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [f"{each['id']}: {node['target']}" for each in found["violations"] for node in each["nodes"]]


def looked_at(page: Page, watched: Watched, url: str, path: str) -> dict[str, object]:
    """What is wrong with a page; nothing, as a rule."""
    answer = page.goto(url + path)
    assert answer is not None
    faults: dict[str, object] = {
        "status": 0 if answer.status == 200 else answer.status,
        "axe": stumbles(page),
        "too wide by": page.evaluate(WIDE),
        "policy": [*watched.violations],
        "errors": [*watched.errors],
        "strangers": [*watched.strangers],
    }
    for each in (watched.violations, watched.errors, watched.strangers):
        each.clear()
    return {name: fault for name, fault in faults.items() if fault}


@pytest.mark.parametrize("look", LOOKS)
def test_no_page_breaks_its_policy_stumbles_asks_elsewhere_or_is_too_wide(
    browser: Browser, hub: Hub, url: str, look: str
) -> None:
    scheme, width = LOOKS[look]
    with page_of(browser) as (page, watched):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # one of its words
        page.set_viewport_size({"width": width, "height": 800})
        as_("auditor", page, url)

        found = {path: looked_at(page, watched, url, path) for path in addresses(hub, url)}

    assert len(found) > 12
    assert {path: faults for path, faults in found.items() if faults} == {}


@pytest.mark.parametrize("who", ["public", DRUP, "investigator", "industry"])
def test_what_each_role_is_shown_first_is_as_good(browser: Browser, url: str, who: str) -> None:
    with page_of(browser) as (page, watched):
        as_(who, page, url)

        found = {path: looked_at(page, watched, url, path) for path in ("/", "/board", f"/cohorts/{COHORT}/progress")}

    assert {path: faults for path, faults in found.items() if faults} == {}
