"""What every test with a browser is given."""

from collections.abc import Iterator

import checked_logs
import given
import hubs
import mirrors
import pytest
from browsers import browser as browser  # noqa: PLC0414 - a fixture of this folder
from checked_logs import Files
from checked_pages import Log, Visited, visiting
from given import DRUP
from playwright.sync_api import Browser


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
