"""Pictures of every page, of the demonstration, in both themes, on a desk and on a telephone.

    python tests/screenshots.py OUT                  # runs `cohort-ledger demo --serve` in a temporary folder
    python tests/screenshots.py OUT --ledger FOLDER  # of one that `demo --serve` left
    python tests/screenshots.py OUT --only board system --for-readme

With `--for-readme` the few that the README shows are written once more, light and on a desk, as `<name>.png`. A page
that is to be seen gets a line in PAGES, and is then in both.
"""

import argparse
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, NamedTuple

from browsers import executable
from playwright.sync_api import Browser, Page, StorageState, sync_playwright
from running import PROGRAM, serving, surroundings

from ledger.cli.demo_stage import PEOPLE
from ledger.clock import new_key, now
from ledger.demo.catalogue import DRUP
from ledger.node.keyring import read_key
from ledger.node.login import ask_link

WIDTHS = {"desk": (1280, 860), "phone": (390, 844)}
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
COHORT = "drup-brca-msi-nivolumab"  # its drug is the company's
IN_README = ("board", "overview", "system", "help")
WHOM = {"auditor": "an auditor of all", "company": "an industry partner", "node": "the node", "public": "the public"}


class Shot(NamedTuple):
    """A page to be seen. whom: it is seen by. click: what is pressed first, as CSS selects it."""

    name: str
    address: str
    whom: str = "auditor"
    click: str | None = None


PAGES: tuple[Shot, ...] = (
    Shot("overview", "/"),
    Shot("overview-public", "/", "public"),
    Shot("overview-company", "/", "company"),
    Shot("overview-node", "/", "node"),
    Shot("board", "/board"),
    Shot("board-public", "/board", "public"),
    Shot("cohort", f"/cohorts/{COHORT}"),
    Shot("cohort-progress", f"/cohorts/{COHORT}/progress"),
    Shot("cohort-progress-company", f"/cohorts/{COHORT}/progress", "company"),
    Shot("cells", f"/cells/cohorts/{COHORT}"),
    Shot("number", f"/numbers/started?cohort={COHORT}"),
    Shot("case", "/findings", click='a[href^="/cases/"]'),
    Shot("events", "/events"),
    Shot("event", "/events/100"),
    Shot("search", f"/search?q={DRUP}"),
    Shot("changes", "/changes?from=100&to=200"),
    Shot("contributions", "/contributions"),
    Shot("census", "/census"),
    Shot("verify", "/verify"),
    Shot("findings", "/findings"),
    Shot("access-log", "/access-log"),
    Shot("system", "/system"),
    Shot("system-public", "/system", "public"),
    Shot("login", "/login", "public"),
    Shot("session", "/session", "node"),
    Shot("help", "/help"),
    Shot("help-auditor", "/help/auditor"),
    Shot("help-events", "/help/events"),
    Shot("help-rules", "/help/regulations"),
    Shot("help-proves", "/help/what-this-proves"),
    Shot("help-proves-not", "/help/trust"),
    Shot("help-threats", "/help/threat-model"),
    Shot("problem", "/nowhere"),
    Shot("problem-explained", "/help/errors/not-found"),
)


class Served(NamedTuple):
    """links: for whom -> a link that logs in once; none where everybody has every role."""

    url: str
    links: Mapping[str, str]


@contextmanager
def demonstration(folder: Path) -> Iterator[Served]:
    """A demonstration of its own."""
    with (folder / "said").open("wb") as said:
        running = subprocess.Popen(
            [*PROGRAM, "demo", "--serve"], cwd=folder, env=surroundings(folder), stdout=subprocess.PIPE, stderr=said
        )
        assert running.stdout is not None
        links: dict[str, str] = {}
        try:
            for line in running.stdout:
                found = re.match(r"(.+): (http://\S+)$", line.decode().strip())
                if found:
                    links |= {name: found[2] for name, words in WHOM.items() if found[1].startswith(words)}
                if "public" in links:
                    break
            url = links.pop("public").rstrip("/")
            time.sleep(62)  # a release is of what was there a minute ago
            yield Served(url, links)
        finally:
            running.send_signal(signal.SIGINT)
            running.wait(30)


@contextmanager
def ledger_of(folder: Path) -> Iterator[Served]:
    """One that `demo --serve` left, with its guests' keys; else everybody has every role."""
    keys = {"node": folder / "nodes" / DRUP / "key.pem"} | {each.stem: each for each in (folder / PEOPLE).glob("*.pem")}
    is_open = len(keys) > 1
    with serving(folder, *(["--release-seconds", "1"] if is_open else []), dev=not is_open) as url:
        links = {
            whom: ask_link(url, read_key(keys[whom], None), now=now(), drawn=new_key()).link
            for whom in WHOM
            if is_open and whom in keys
        }
        yield Served(url, links)


def logged_in(browser: Browser, served: Served) -> dict[str, StorageState]:
    """Whom -> the cookie of a session, begun as anybody begins one: by opening the link and pressing the button."""
    sessions: dict[str, StorageState] = {}
    for whom, link in served.links.items():
        context = browser.new_context()
        page = context.new_page()
        page.goto(link)
        page.get_by_role("main").get_by_role("button", name="Log in").click()
        page.wait_for_url("**/session")
        sessions[whom] = context.storage_state()
        context.close()
    return sessions


def shoot(browser: Browser, served: Served, out: Path, shots: tuple[Shot, ...], *, for_readme: bool) -> None:
    sessions = logged_in(browser, served)
    for theme in THEMES:
        for size, (width, height) in WIDTHS.items():
            for whom in dict.fromkeys(each.whom for each in shots):
                context = browser.new_context(
                    viewport={"width": width, "height": height}, color_scheme=theme, storage_state=sessions.get(whom)
                )
                page = context.new_page()
                for shot in (each for each in shots if each.whom == whom):
                    _show(page, served.url, shot)
                    page.screenshot(path=out / f"{shot.name}-{theme}-{size}.png", full_page=size == "phone")
                    if for_readme and shot.name in IN_README and (theme, size) == ("light", "desk"):
                        page.screenshot(path=out / f"{shot.name}.png")
                context.close()


def _show(page: Page, url: str, shot: Shot) -> None:
    page.goto(url + shot.address)
    if shot.click is not None:
        page.click(shot.click)
    page.wait_for_load_state("networkidle")


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("out", type=Path)
    asked.add_argument("--ledger", type=Path)
    asked.add_argument("--only", nargs="*", default=[])
    asked.add_argument("--for-readme", action="store_true")
    given = asked.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    shots = tuple(each for each in PAGES if not given.only or each.name in given.only)
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=["--no-sandbox"])
        folder = given.ledger
        with demonstration(Path(home)) if folder is None else ledger_of(folder) as served:
            shoot(browser, served, given.out, shots, for_readme=given.for_readme)
        browser.close()
    sys.stderr.write(f"{len(shots)} pages are in {given.out}\n")


if __name__ == "__main__":
    main()
