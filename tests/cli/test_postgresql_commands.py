"""A ledger on PostgreSQL from its founding to its move there and back, by the commands that an operator types."""

import json
from pathlib import Path

import given
import httpx2 as httpx
import hubs
from running import run, serving

from ledger.cli.demo_stage import free_port
from ledger.operations.hub import open_hub


def test_a_ledger_is_moved_to_postgresql_served_from_there_rebuilt_and_found_well(
    tmp_path: Path, postgresql_url: str
) -> None:
    # given: a ledger on SQLite
    alliance = given.treated()
    hub = hubs.founded_hub(tmp_path, alliance)
    hubs.post(hub, alliance)
    hub.close()
    place = ("--data-dir", "hub")
    there = {"COHORT_LEDGER_DATABASE_URL": postgresql_url}

    moved = run(tmp_path, "migrate", "--to", postgresql_url, *place)

    assert moved.returncode == 0, moved.stderr
    assert f"moved {alliance.database.size} entries to postgresql://" in moved.stdout
    assert run(tmp_path, "serve", *place).returncode == 7  # not here any more
    doctor = run(tmp_path, "doctor", "--json", *place, **there)
    assert doctor.returncode == 0, doctor.stdout
    assert json.loads(doctor.stdout)["settings"]["database_url"]["value"].startswith("postgresql://")
    digests = [run(tmp_path, "rebuild", *check, *place, **there).stdout for check in ((), ("--check",))]
    assert digests[0] == digests[1]
    assert digests[0].removeprefix("digest ").split("\n")[0] in moved.stdout
    with serving(tmp_path, *place, "--database-url", postgresql_url) as url:
        # and a hub beside it tells it of what it publishes: no slower than it is told
        beside = open_hub(hubs.settings_in(tmp_path, database_url=postgresql_url), hubs.LOG)
        alliance.says(given.DRUP, "case.submitted", {"case": given.case(77), "on": "2021-11-20"})
        hubs.post(beside, alliance)
        beside.close()
        assert httpx.get(f"{url}/events/{alliance.database.size - 1}").status_code == 200
        assert run(tmp_path, "audit", url, "--json").returncode == 0
    checked = run(tmp_path, "erase-check", given.case(1), *place, **there)
    assert "the server's and were not searched" in " ".join(checked.stderr.split())
    back = run(tmp_path, "migrate", "--to", "sqlite:///back.db", "--json", *place, **there)
    assert json.loads(back.stdout)["size"] == alliance.database.size


def test_a_server_that_is_down_is_no_alarm_about_the_history(tmp_path: Path) -> None:
    alliance = given.treated()
    hubs.founded_hub(tmp_path, alliance).close()
    down = f"postgresql://hub:hunter2@127.0.0.1:{free_port()}/ledger"

    doctor = run(tmp_path, "doctor", "--json", "--data-dir", "hub", "--database-url", down)

    assert doctor.returncode == 7
    assert json.loads(doctor.stdout)["verdict"] == "set-up"
    assert "cannot be reached" in doctor.stdout
    assert "hunter2" not in doctor.stdout + doctor.stderr
