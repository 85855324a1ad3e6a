"""Judging in other processes finds what judging here finds, and posts are answered whatever becomes of those."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import given
import hubs
import pytest
from given import DRUP, case, signing_key

from ledger.operations import judges as module
from ledger.operations.judges import Judges, processes_here
from ledger.operations.judging import judge
from ledger.replay import known_keys
from ledger.signing.envelope import sign

KEYS = known_keys(given.Alliance().memorandum, given.Alliance().database)


@pytest.fixture(scope="module")
def texts() -> list[str]:
    """Good ones, and one of each way to be bad."""
    alliance = given.treated()
    good = alliance.heard[-1].envelope
    claims = alliance.claims(DRUP, "case.submitted", {"case": case(9), "on": "2021-11-20"})
    gated = alliance.claims(DRUP, "case.submitted", {"case": "anna@example.org", "on": "2021-11-20"})
    corrects = alliance.claims(DRUP, "event.corrected", {"replacement": {}})
    statement, signature = good.jws.text.rsplit(".", 1)
    bad = [
        "not an envelope~",
        sign(claims, (), signing_key("stranger")).text,
        f"{statement}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}~",
        sign(gated, (), signing_key(DRUP)).text,
        good.with_disclosures(good.disclosures[1:]).text,
        sign(corrects, (), signing_key(DRUP)).text,
    ]
    return [*(heard.envelope.text for heard in alliance.heard), *bad]


@pytest.fixture
def judges(monkeypatch: pytest.MonkeyPatch) -> Iterator[Judges]:
    """Two processes, which are there."""
    monkeypatch.setattr(module, "_PAYS", 1)
    opened = Judges(2)
    opened.begin(["x"], {})
    wait_for(lambda: are_there(opened))
    yield opened
    opened.close()


def are_there(judges: Judges) -> bool:
    return bool(judges._started) and all(each.done() for each in judges._started)


def pids(judges: Judges) -> list[int]:
    assert judges._pool is not None
    return list(judges._pool._processes)


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_for(holds: Callable[[], bool]) -> None:
    for _ in range(200):
        if holds():
            return
        time.sleep(0.05)
    raise AssertionError("it never came")


def test_other_processes_find_what_this_one_finds(judges: Judges, texts: list[str]) -> None:
    here = judge(texts, KEYS)

    there = judges.judge(texts * 5, KEYS)

    assert there == here * 5
    kinds = ["malformed", "unknown", "forged", "gate", "gate", "ungated"]
    assert [verdict.found for verdict in here] == ["good"] * (len(texts) - 6) + kinds


def test_what_is_few_is_judged_here_and_starts_nothing(texts: list[str]) -> None:
    judges = Judges(2)

    judges.judge(texts, KEYS)

    assert judges._pool is None
    judges.close()


def test_a_killed_process_costs_no_answer_and_another_takes_its_place(judges: Judges, texts: list[str]) -> None:
    first = pids(judges)
    os.kill(first[0], signal.SIGKILL)

    assert judges.judge(texts * 5, KEYS) == judge(texts, KEYS) * 5
    wait_for(lambda: not any(map(is_running, first)))

    judges.begin(texts, KEYS)
    wait_for(lambda: are_there(judges))
    assert judges.judge(texts * 5, KEYS) == judge(texts, KEYS) * 5
    assert set(pids(judges)).isdisjoint(first)


def test_processes_that_are_killed_at_work_cost_no_answer(judges: Judges, texts: list[str]) -> None:
    under_way = [judges.begin(texts * 20, KEYS) for _ in range(4)]
    for pid in pids(judges):
        os.kill(pid, signal.SIGKILL)

    expected = judge(texts, KEYS) * 20

    assert [each.verdicts() for each in under_way] == [expected] * 4


def test_nothing_is_left_of_them_when_they_are_closed(judges: Judges, texts: list[str]) -> None:
    running = pids(judges)

    judges.close()

    assert len(running) == 2
    assert not any(map(is_running, running))
    assert judges.judge(texts, KEYS) == judge(texts, KEYS)


# starts a hub's processes, tells their ids, and waits to be killed
HOST = """
import sys, time
from ledger.operations import judges

if __name__ == "__main__":
    judges._PAYS = 1
    opened = judges.Judges(2)
    opened.begin(["x"], {})
    [each.result() for each in opened._started]
    print(*opened._pool._processes, flush=True)
    time.sleep(60)
"""


def test_they_end_with_the_process_that_started_them_however_that_ends(tmp_path: Path) -> None:
    (tmp_path / "host.py").write_text(HOST)
    with subprocess.Popen([sys.executable, tmp_path / "host.py"], stdout=subprocess.PIPE, text=True) as host:
        assert host.stdout is not None
        running = [int(pid) for pid in host.stdout.readline().split()]
        assert len(running) == 2
        host.kill()

    wait_for(lambda: not any(map(is_running, running)))


def test_a_hub_with_processes_takes_what_one_without_takes_and_refuses_the_rest(tmp_path: Path, judges: Judges) -> None:
    alliance = given.treated()
    hub = hubs.founded_hub(tmp_path, alliance)
    hub.appender.judges = judges
    hub.post([heard.envelope.text for heard in alliance.heard[:8]])
    for number in range(2, 60):
        alliance.says(DRUP, "case.submitted", {"case": case(number), "on": "2021-11-20"})
    texts = [heard.envelope.text for heard in alliance.heard[8:]]

    begun = hub.appender.begin(texts)
    refused, taken = hub.post_each([[*texts[:20], "not an envelope~"], begun])

    assert str(refused) == str(next(iter(hub.post_each([["not an envelope~"]]))))
    assert isinstance(taken, list)
    assert [place.index for place, _ in taken] == list(range(8, len(alliance.heard)))
    hub.close()


def test_few_processes_keep_up_and_none_where_there_is_one_core(monkeypatch: pytest.MonkeyPatch) -> None:
    told = []
    for cores in (1, 2, 64):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _pid, cores=cores: set(range(cores)))
        told.append(processes_here())

    assert told == [0, 2, 2]
