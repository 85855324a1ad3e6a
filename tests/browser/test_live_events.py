"""The list of events follows the log: what is new comes on top, as it is filtered, and as long as nobody pauses it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import given
import hubs
import uvicorn
from browsers import page_of
from given import DRUP, IMPRESS, case
from playwright.sync_api import Browser, Page, expect

from api.app import create_app
from ledger.cli.demo_stage import free_port
from ledger.operations.hub import Hub


@contextmanager
def served(hub: Hub, port: int) -> Iterator[str]:
    """For development, until the end of the block."""
    address = f"http://127.0.0.1:{port}"
    app = create_app(hub, public_url=address, dev=True)
    config = uvicorn.Config(app, port=port, log_level="error", lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    running = threading.Thread(target=server.run)
    running.start()
    try:
        yield address
    finally:
        server.should_exit = True
        running.join()


def submits(alliance: given.Alliance, hub: Hub, node: str, number: int) -> int:
    """Post a case; give its index."""
    index = alliance.says(node, "case.submitted", {"case": case(number), "on": "2021-11-20"}).event.index
    hubs.post(hub, alliance)
    return index


def entries(page: Page) -> list[int]:
    ids = page.eval_on_selector_all("#events tbody tr", "rows => rows.map((row) => row.id)")
    return [int(each.removeprefix("entry-")) for each in ids]


def test_what_is_new_comes_on_top_until_it_is_paused_and_after_a_break(browser: Browser, tmp_path: Path) -> None:
    alliance = given.opened(DRUP, IMPRESS)
    hub = hubs.founded_hub(tmp_path, alliance)
    hubs.post(hub, alliance)
    port = free_port()
    with page_of(browser) as (page, watched):
        status = page.locator(".live [role=status]")
        with served(hub, port) as url:
            page.goto(f"{url}/events?node={DRUP}&type=case.submitted")
            expect(status).to_contain_text("Nothing new yet")

            first = submits(alliance, hub, DRUP, 1)
            submits(alliance, hub, IMPRESS, 2)
            expect(page.locator(f"#entry-{first}")).to_contain_text("case submitted")
            expect(status).to_contain_text("1 new")

            page.get_by_role("button", name="Pause").click()
            expect(status).to_contain_text("Paused")
            second = submits(alliance, hub, DRUP, 3)
            page.wait_for_timeout(500)
            assert entries(page) == [first]

            page.get_by_role("button", name="Resume").click()
            expect(page.locator(f"#entry-{second}")).to_be_visible()
            assert entries(page) == [second, first]
            assert watched.clean

        expect(status).to_contain_text("connection is lost")
        third = submits(alliance, hub, DRUP, 4)
        with served(hub, port):
            expect(page.locator(f"#entry-{third}")).to_be_visible(timeout=15_000)
            assert entries(page) == [third, second, first]
            expect(status).to_contain_text("Following the log")
            page.goto("about:blank")
    hub.engine.dispose()
