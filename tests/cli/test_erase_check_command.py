"""Erasure at a hub that runs, as its operator and an intruder find it: no byte of a value, wherever one looks."""

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import erased
import given
import httpx2 as httpx
import hubs
import pytest
import running
from given import case

from ledger.operations.audit import audit
from ledger.operations.bundle import write_bundle
from ledger.operations.hub import Hub, found_ledger, open_hub, open_store, open_vault
from ledger.operations.source import ZipSource
from ledger.settings import Settings
from ledger.store.source import StoreSource

WRAP = bytes(range(32))


class Served(NamedTuple):
    """A hub in a process of its own. settings: those that it was started with."""

    url: str
    home: Path
    settings: Settings
    alliance: given.Alliance


@pytest.fixture(params=[None, WRAP], ids=["bare keys", "wrapped keys"])
def served(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """It has what the nodes said; nothing is erased yet."""
    wrap: bytes | None = request.param
    settings = hubs.settings_in(tmp_path, vault_wrap_key=None if wrap is None else wrap.hex())
    alliance = erased.told()
    found_ledger(settings, alliance.memorandum.text, hubs.LOG)
    hub: Hub = open_hub(settings, hubs.LOG)
    hubs.post(hub, alliance)
    write_bundle(hub.source("full"), tmp_path / "before.zip", view="full")
    hub.engine.dispose()
    if wrap is not None:
        monkeypatch.setattr(running, "surroundings", with_variable(COHORT_LEDGER_VAULT_WRAP_KEY=wrap.hex()))
    with running.serving(tmp_path, "--data-dir", str(tmp_path / "hub")) as url:
        yield Served(url, tmp_path, settings, alliance)


def with_variable(**always: str) -> object:
    plain = running.surroundings
    return lambda home, **more: plain(home, **always, **more)


def checked(served: Served, *more: str) -> tuple[int, dict[str, object]]:
    flags = ["--data-dir", str(served.home / "hub"), "--json", *more]
    ran = running.run(served.home, "erase-check", case(1), *flags)
    return ran.returncode, json.loads(ran.stdout)


def test_nothing_of_an_erased_value_is_in_the_folder_of_a_running_hub_nor_in_yesterdays_database(
    served: Served,
) -> None:
    # given: yesterday's backup of the database, and a reader whose moment is before the erasure
    home, alliance = served.home, served.alliance
    database, yesterday = home / "hub" / "ledger.db", home / "yesterday.db"
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(yesterday)) as copy:
        source.backup(copy)
    disclosed = [heard.envelope.text for heard in alliance.heard if heard.envelope.disclosures]
    (home / "values").write_text("\n".join(disclosed[:2]))
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        (rows,) = reader.execute("SELECT count(*) FROM vault").fetchone()

        # when
        answer = httpx.post(f"{served.url}/events", json={"events": [erased.erases(alliance).text]})
        assert answer.status_code == 201
        again = httpx.post(f"{served.url}/events", json={"events": disclosed[:3]})
        assert again.status_code == 200

        # then: nowhere in what the hub keeps or said, the write-ahead file that the reader holds among it
        assert reader.execute("SELECT count(*) FROM vault").fetchone() == (rows,)
        assert (home / "hub" / "ledger.db-wal").stat().st_size > 0
        gone = erased.erased(alliance)
        assert disclosed[0] in [alliance.heard[index].envelope.text for index in gone]
        searched = list(erased.needles(alliance, gone))
        assert len(searched) > 100
        assert erased.found_in(home / "hub", searched) == set()
        assert not any(each in (home / "served.log").read_bytes() for each in searched)
        code, told = checked(served, "--values", str(home / "values"))
        assert (code, told["found"]) == (0, [])

    # and yesterday's database beside today's key file opens nothing of it
    old = Settings.load(
        {"data_dir": home / "hub", "database_url": f"sqlite:///{yesterday}",
         "vault_wrap_key": served.settings.vault_wrap_key.hex() if served.settings.vault_wrap_key else None},
        {}, cwd=home, home=home,
    )  # fmt: skip
    engine, _ = open_store(old)
    lines = StoreSource(engine, open_vault(old), "full").read(f"disclosures/000.p/{alliance.database.size - 1}")
    engine.dispose()
    assert not {index for index, line in enumerate(lines.split(b"\n")) if line} & set(gone)
    assert lines.strip()
    # and bundles of before and after hold
    engine, _ = open_store(served.settings)
    write_bundle(StoreSource(engine, open_vault(served.settings), "full"), home / "after.zip", view="full")
    engine.dispose()
    for name in ("before.zip", "after.zip"):
        with ZipSource(home / name) as source:
            assert audit(source).failure is None
    assert erased.found_in(home, searched) == {"before.zip", "values"}


def test_what_is_not_erased_or_left_lying_is_found_with_exit_code_3(served: Served) -> None:
    code, told = checked(served)
    assert (code, len(told["found"])) == (3, 8)  # type: ignore[arg-type]  # of JSON

    httpx.post(f"{served.url}/events", json={"events": [erased.erases(served.alliance).text]})
    assert checked(served)[0] == 0

    secret = f"{erased.SECRET} (1)"
    (served.home / "hub" / "forgotten.csv").write_text(f"case,basis\n1,{secret}\n")
    (served.home / "values").write_text(secret)
    code, told = checked(served, "--values", str(served.home / "values"))
    assert code == 3
    assert "forgotten.csv" in str(told["found"])
    ran = running.run(
        served.home, "erase-check", case(1), "--data-dir", str(served.home / "hub"), "--values", "-", given=secret
    )
    assert ran.returncode == 3
    assert "found:     1 places" in ran.stdout
    assert secret not in ran.stdout + ran.stderr
    assert "this does not reach:\n- copies of the key file" in ran.stderr


def test_without_its_files_or_a_known_case_it_says_so(tmp_path: Path) -> None:
    alliance = erased.told()
    hub = hubs.founded_hub(tmp_path, alliance)
    hubs.post(hub, alliance)
    hub.engine.dispose()
    shutil.rmtree(tmp_path / "none", ignore_errors=True)

    unknown = running.run(tmp_path, "erase-check", case(9), "--data-dir", str(tmp_path / "hub"))
    unread = running.run(
        tmp_path, "erase-check", case(1), "--data-dir", str(tmp_path / "hub"), "--values", str(tmp_path / "none")
    )

    assert (unknown.returncode, unread.returncode) == (2, 2)
    assert "nobody has told of a case" in unknown.stderr
    assert "cannot be read" in unread.stderr
