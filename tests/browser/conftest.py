"""What every test with a browser is given: the browser, logs to check, and a hub where everybody is who they prove to
be.
"""

import threading
from collections.abc import Iterator

import checked_logs
import given
import hubs
import mirrors
import pytest
import uvicorn
from browsers import browser as browser  # noqa: PLC0414 - a fixture of this folder
from checked_logs import Files
from checked_pages import Log, Visited, visiting
from given import DRUGS, DRUP
from granting import grant
from playwright.sync_api import Browser

from api.app import create_app
from ledger.cli.demo_stage import free_port
from ledger.operations.hub import Hub


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Log:
    return Log(*checked_logs.told_log(tmp_path_factory.mktemp("told")))


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> tuple[Log, Log]:
    """A log of more than a tile whose node has rotated its key, as it was and as it is."""
    alliance = mirrors.busy_alliance(280)
    alliance.rotates(DRUP)
    alliance.says(DRUP, "response.assessed", given.patient(given.case(1)) | given.ASSESSMENT)
    hub = hubs.founded_hub(tmp_path_factory.mktemp("grown"), alliance)
    found = []
    for size in (270, alliance.database.size):
        mirrors.post_up_to(hub, alliance, size)
        held = mirrors.held(hub.source("full"), size)
        found.append(Log({path: data for path, data in held.files.items() if data is not None}, alliance))
    hub.engine.dispose()
    return found[0], found[1]


@pytest.fixture(scope="module")
def visited(browser: Browser) -> Iterator[Visited]:
    files, pages = Files(), dict[str, str]()
    with visiting(browser, files, pages) as (page, url):
        yield Visited(page, url, files, pages)


@pytest.fixture(scope="module")
def told() -> given.Alliance:
    """A patient of DRUP's is under treatment; an auditor, an investigator and two companies are granted access."""
    alliance = given.treated()
    alliance.says(DRUP, "access.granted", grant("auditor", until="2099"))
    for role in ("investigator", "industry"):
        alliance.says(DRUP, "access.granted", grant(role, role=role, regimens=[DRUGS], until="2099"))
    return alliance


@pytest.fixture(scope="module")
def hub(told: given.Alliance, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    opened = hubs.founded_hub(tmp_path_factory.mktemp("hub"), told)
    hubs.post_long_ago(opened, told)
    yield opened
    opened.engine.dispose()


@pytest.fixture(scope="module")
def url(hub: Hub) -> Iterator[str]:
    """Of a server where everybody is who they prove to be."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    app = create_app(hub, public_url=address)
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error"))
    running = threading.Thread(target=server.run)
    running.start()
    yield address
    hub.listeners.close()
    server.should_exit = True
    running.join()
