"""Logging in, in a browser: by the link, over plain HTTP on loopback, which the browser trusts as it trusts TLS."""

import threading
from collections.abc import Iterator

import given
import httpx2 as httpx
import hubs
import pytest
import uvicorn
from browsers import page_of
from given import DRUP
from granting import named
from playwright.sync_api import Browser

from api.app import create_app
from ledger.cli.demo_stage import free_port


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    alliance, port = given.treated(), free_port()
    hub = hubs.founded_hub(tmp_path_factory.mktemp("hub"), alliance)
    hubs.post(hub, alliance)
    address = f"http://127.0.0.1:{port}"
    server = uvicorn.Server(uvicorn.Config(create_app(hub, public_url=address), port=port, log_level="error"))
    running = threading.Thread(target=server.run)
    running.start()
    while not server.started:
        running.join(0.02)
    yield address
    hub.listeners.close()
    server.should_exit = True
    running.join()


def test_a_link_logs_in_pages_say_as_whom_and_the_button_of_any_of_them_logs_out(browser: Browser, url: str) -> None:
    link = httpx.post(f"{url}/login", headers=named(DRUP, url).headers()).json()["link"]

    with page_of(browser) as (page, watched):
        page.goto(link)
        page.get_by_role("main").get_by_role("button", name="Log in").click()
        page.wait_for_url("**/session")
        said = page.inner_text("main")
        (cookie,) = page.context.cookies()
        page.goto(f"{url}/help/node")
        named_there = page.inner_text(".who")
        page.get_by_role("button", name="Log out").click()
        page.wait_for_url("**/login")
        after = page.context.cookies()

    assert f"Logged in as {DRUP}, role partner." in said
    assert (cookie["name"], cookie["secure"], cookie["httpOnly"]) == ("__Host-cohort-ledger-session", True, True)
    assert DRUP in named_there
    assert after == []
    assert watched.clean
