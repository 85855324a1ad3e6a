"""What a server writes while it runs: a line for whatever happens, and nothing of what was sent to it."""

import json
import logging
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import erased
import given
import httpx2 as httpx
import hubs
import pytest
from given import DRUP, case
from running import PROGRAM, serving, surroundings

from ledger.operations.hub import found_ledger
from ledger.signing.envelope import sign

MARK = "MARKOFAVALUE"


def lines_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "served.log").read_text().splitlines()]


def secrets_of(alliance: given.Alliance) -> set[bytes]:
    """Disclosures, salts and values of all that was said, and every case's handle."""
    indexes = [index for index, heard in enumerate(alliance.heard) if heard.envelope.disclosures]
    return {
        *erased.needles(alliance, indexes),
        *(case(number).encode() for number in (1, 2, 9)),
        MARK.encode(),
        b"mark.of",
    }


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, given.Alliance]:
    """A hub has served what a day brings: posts, refusals, reports, feeds, exports, slips, a broken table."""
    folder, alliance = tmp_path_factory.mktemp("session"), erased.told()
    settings = hubs.settings_in(folder)
    found_ledger(settings, alliance.memorandum.text, hubs.LOG)
    texts = [heard.envelope.text for heard in alliance.heard]
    flags = ["--data-dir", str(settings.data_dir), "--log-format", "json", "--log-level", "debug"]
    with serving(folder, *flags) as url, httpx.Client(base_url=url, timeout=30) as client:
        for posted in (texts[:5], texts[5:], texts[5:], [texts[-1][:-9]], [MARK], [texts[6], texts[5]]):
            client.post("/events", json={"events": posted})
        # what a rule refuses: a case that was submitted before, and a type that nobody knows
        for type_, data in (("case.submitted", {"case": case(1), "on": "2021-12-20"}), ("mark.ofavalue", {"x": MARK})):
            refused = sign(alliance.claims(DRUP, type_, data), (), alliance.key(DRUP))
            client.post("/events", json={"events": [refused.text]})
        client.post("/events", json={"events": [erased.erases(alliance).text]})
        for path in (f"/cases/{DRUP}/{case(1)}", f"/cases/{DRUP}/{case(9)}", f"/events?case={case(2)}", "/events/20"):
            client.get(path)
            client.get(path, headers={"X-Request-Id": case(1), "User-Agent": MARK, "Authorization": f"Bearer {MARK}"})
        for path in (f"/{MARK}", f"/board?x={MARK}", f"/events?limit={MARK}", f"/cohorts/{MARK}", "/board", "/healthz"):
            client.get(path)
        client.request(MARK, "/board")
        with client.stream("GET", "/events/live?after=0") as feed:
            next(feed.iter_lines())
        for path in ("/log/disclosures/000.p/20", f"/cohorts/{given.COHORT}/progress.csv", "/metrics"):
            client.get(path)
        with sqlite3.connect(settings.data_dir / "ledger.db") as database:
            database.execute(f'ALTER TABLE entries RENAME TO "{MARK}"')
        client.get(f"/cases/{DRUP}/{case(1)}")
    return folder, alliance


def test_no_value_no_handle_and_no_word_of_a_caller_is_in_the_log(session: tuple[Path, given.Alliance]) -> None:
    folder, alliance = session
    written = (folder / "served.log").read_bytes()
    searched = secrets_of(alliance)

    assert len(searched) > 100
    assert len(written.splitlines()) > 30
    assert [each for each in searched if each in written] == []
    assert [heard for heard in alliance.heard if heard.envelope.claims.event_id.encode() in written] == []


def test_each_request_is_a_line_of_json_by_its_route_and_with_the_kind_of_its_caller(
    session: tuple[Path, given.Alliance],
) -> None:
    lines = [line for line in lines_of(session[0]) if line["what"] == "request"]

    asked = [line for line in lines if line["route"] == "/cases/{node}/{case}" and line["status"] == 200]
    assert [(line["method"], line["caller"], line["level"]) for line in asked] == [("GET", "anyone", "info")] * 2
    assert asked[0].keys() == {
        "time",
        "level",
        "what",
        "id",
        "method",
        "route",
        "status",
        "ms",
        "bytes",
        "caller",
        "role",
    }
    assert [line["error"] for line in lines if line["route"] == "/cohorts/{cohort}"] == ["malformed"]
    assert {line["level"] for line in lines if line["route"] == "/healthz"} == {"debug"}
    assert [line["route"] for line in lines if line["method"] == "other"] == ["none"]
    assert len({line["id"] for line in lines}) == len(lines)


def test_what_a_post_came_to_is_a_line_with_its_place_and_its_kind(session: tuple[Path, given.Alliance]) -> None:
    folder, alliance = session
    lines = lines_of(folder)
    size = len(alliance.heard)

    taken = [line for line in lines if line["what"] == "taken"]
    refused = [line for line in lines if line["what"] == "refused"]

    assert [(line["events"], line["new"], line["first"], line["last"]) for line in taken] == [
        *[(5, 5, 0, 4), (size - 6, size - 6, 5, size - 2), (size - 6, 0, 5, size - 2)],
        *[(2, 0, 5, 6), (1, 1, size - 1, size - 1)],
    ]
    assert taken[-1]["nodes"] == [DRUP]
    assert [(line["error"], line.get("type")) for line in refused] == [
        *[("malformed", None)] * 2,
        *[("rule", "case.submitted"), ("rule", "other")],
    ]
    assert {line.get("node") for line in refused} == {None, DRUP}
    assert {line["id"] for line in (*taken, *refused)} <= {line["id"] for line in lines if line["what"] == "request"}


def test_start_and_stop_are_said(session: tuple[Path, given.Alliance]) -> None:
    said = [line["what"] for line in lines_of(session[0])]

    assert said.index("requests are taken") < said.index("request")
    assert said[-1].startswith("no request is taken any more")


def test_what_only_the_operator_can_mend_is_said_in_words(session: tuple[Path, given.Alliance]) -> None:
    (broken,) = [line for line in lines_of(session[0]) if line["what"] == "request" and line["level"] == "error"]

    assert (broken["status"], broken["error"]) == (500, "setup")
    assert "the database lacks a table" in broken["why"]


FOREIGN = f"""
import asyncio, logging, threading, warnings
from pathlib import Path
from pydantic import BaseModel
from ledger.cli.logs import begin_logging, say
from ledger.settings import Settings

class Patient(BaseModel):
    age: int

begin_logging(Settings.load({{"log_format": FORMAT}}, {{}}, cwd=Path.cwd(), home=Path.cwd()))
say("begun")
logging.getLogger("uvicorn.error").error("request of %s failed", "{MARK}")
try:
    try:
        Patient.model_validate({{"age": "{MARK}"}})
    except ValueError:
        raise RuntimeError("{MARK}")
except RuntimeError as error:
    logging.getLogger("uvicorn.error").error("Exception in ASGI application\\n", exc_info=error)

async def forgotten():
    async def fails():
        raise KeyError("{MARK}")
    task = asyncio.ensure_future(fails())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
asyncio.run(forgotten())

def dies():
    raise ValueError("{MARK}")
thread = threading.Thread(target=dies)
thread.start()
thread.join()
warnings.warn("{MARK}", UserWarning)
class Gone:
    def __del__(self):
        raise OSError("{MARK}")
gone = Gone()
del gone
"""


LINES = """
import logging
from pathlib import Path
from ledger.cli.logs import begin_logging, say
from ledger.settings import Settings
begin_logging(Settings.load({"log_format": FORMAT}, {}, cwd=Path.cwd(), home=Path.cwd()))
say("begun\\n2021-11-16T09:30:00.123Z info posts are taken now\\x1b[2J")
facts = {"why": "altered\\r\\n2021-11-16T09:30:00.123Z info request\\x85 \\u2028 status=200"}
logging.getLogger("cohort_ledger.api").error("request", extra={"facts": facts})
"""


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_an_event_is_one_line_whatever_stands_in_it(tmp_path: Path, log_format: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", LINES.replace("FORMAT", repr(log_format))],
        cwd=tmp_path, env=surroundings(tmp_path, PYTHONPATH=str(Path(__file__).parents[2])),
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert len(ran.stderr.splitlines()) == 2
    assert "\x1b" not in ran.stderr


def test_a_row_that_was_altered_is_told_without_the_handle_of_its_case(tmp_path: Path) -> None:
    handle = "ca5e0000-0000-4000-8000-000000000001"
    altered = LINES.replace("FORMAT", "'text'").replace("altered", f"cases drup-nl/{handle}: its version overlaps")

    ran = subprocess.run(
        [sys.executable, "-c", altered],
        cwd=tmp_path, env=surroundings(tmp_path, PYTHONPATH=str(Path(__file__).parents[2])),
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert handle not in ran.stderr
    assert "cases drup-nl/…: its version overlaps" in ran.stderr


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_of_errors_and_of_what_others_log_the_kind_and_the_place_are_written_and_never_the_words(
    tmp_path: Path, log_format: str
) -> None:
    program = FOREIGN.replace("FORMAT", repr(log_format))

    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path, env=surroundings(tmp_path, PYTHONPATH=str(Path(__file__).parents[2])),
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert MARK not in ran.stderr
    for said in (
        "begun",
        "request of %s failed",
        "RuntimeError",
        "ValidationError",
        "Task exception was never",
        "KeyError",
    ):
        assert said in ran.stderr
    for said in ("a thread died", "ValueError", "UserWarning", "nobody could be told", "OSError", "<string>:"):
        assert said in ran.stderr
    assert len(ran.stderr.splitlines()) == 7


def test_a_level_leaves_out_what_is_below_it(tmp_path: Path) -> None:
    hub = hubs.founded_hub(tmp_path, given.Alliance())
    hub.engine.dispose()

    with serving(tmp_path, "--data-dir", str(tmp_path / "hub"), "--log-level", "warning") as url:
        httpx.get(f"{url}/version")

    assert (tmp_path / "served.log").read_text() == ""


def test_a_format_that_there_is_none_of_is_refused(tmp_path: Path) -> None:
    ran = subprocess.run(
        [*PROGRAM, "serve"], cwd=tmp_path, env=surroundings(tmp_path, COHORT_LEDGER_LOG_FORMAT="xml"),
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert ran.returncode == 7
    assert "log_format" in ran.stderr
    assert logging.getLogger("cohort_ledger").level == logging.NOTSET  # nothing here is set for good
