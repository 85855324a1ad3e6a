"""`mirror` and `init --from` as they are run: killed in the middle, following a hub, and restoring what was lost."""

import json
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import given
import httpx2 as httpx
import hubs
import pytest
from mirrors import busy_alliance, claimed, files_in, served
from running import PROGRAM, run, serving, surroundings

from ledger.operations.following import keep_in_step, parts_with_data
from ledger.operations.hub import Hub

SIZE = 300
KILLED_AT = (2, 8, 14, 20)  # so many files and folders are there


@pytest.fixture(scope="module")
def alliance() -> given.Alliance:
    return busy_alliance(SIZE)


@pytest.fixture(scope="module")
def home(alliance: given.Alliance, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a hub, whose full bundle and clear mirror lie beside it."""
    folder = tmp_path_factory.mktemp("home")
    hub = hubs.founded_hub(folder, alliance)
    hubs.post(hub, alliance, batch=500)
    hub.engine.dispose()
    assert run(folder, "bundle", "full.zip", "--data-dir", "hub").returncode == 0
    assert run(folder, "bundle", "clear.zip", "--view", "clear", "--data-dir", "hub").returncode == 0
    return folder


def eventually(holds: Callable[[], bool], *, within_s: float) -> bool:
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.02)
    return holds()


# ---------------------------------------------------------------------- once


def test_a_mirror_says_what_it_holds(home: Path, tmp_path: Path, alliance: given.Alliance) -> None:
    pin = alliance.memorandum.hash.hex()

    said = run(home, "mirror", "clear.zip", str(tmp_path / "log"), "--pin", pin)
    told = run(home, "mirror", "full.zip", str(tmp_path / "all"), "--json")
    refused = run(home, "mirror", "clear.zip", str(tmp_path / "log"), "--pin", "00" * 32)

    assert said.stdout.splitlines()[-1] == f"{tmp_path / 'log'}: {SIZE} entries, clear view"
    answer = json.loads(told.stdout)
    assert (answer["folder"], answer["view"], answer["size"]) == (str(tmp_path / "all"), "full", SIZE)
    assert refused.returncode == 3
    assert claimed(tmp_path / "log") == SIZE


def test_a_mirror_with_a_wrong_digest_is_healed_and_that_is_told(home: Path, tmp_path: Path) -> None:
    log, copying = str(tmp_path / "log"), ("mirror", "clear.zip", str(tmp_path / "log"))
    assert run(home, *copying).returncode == 0
    (tmp_path / "log/digests/000").write_bytes(bytes(256 * 32))

    assert run(home, *copying).returncode == 0
    assert run(home, "audit", log).returncode == 3
    healed = run(home, *copying, "--recheck", "--json")

    assert json.loads(healed.stdout)["replaced"] == ["digests/000"]
    assert f"{tmp_path / 'log/digests/000'}: was another than the source has, and is replaced" in healed.stderr
    assert run(home, "audit", log).returncode == 0


def test_a_mirror_killed_at_any_moment_is_whole_and_goes_on_from_there(home: Path, tmp_path: Path) -> None:
    assert run(home, "mirror", "full.zip", str(tmp_path / "whole")).returncode == 0
    whole = files_in(tmp_path / "whole")

    for files in KILLED_AT:
        # when: it is killed, later each time
        folder = tmp_path / f"killed-at-{files}"
        command = [*PROGRAM, "mirror", "full.zip", str(folder)]
        mirroring = subprocess.Popen(command, cwd=home, env=surroundings(home), stdout=subprocess.DEVNULL)
        while mirroring.poll() is None and sum(1 for _ in folder.rglob("*")) < files:
            time.sleep(0.0005)
        mirroring.kill()
        mirroring.wait()

        # then: what it claims is there, and the next run ends right
        if (folder / "checkpoint").exists():
            assert claimed(folder) == SIZE
        assert run(home, "mirror", "full.zip", str(folder)).returncode == 0
        assert files_in(folder) == whole


# ---------------------------------------------------------------------- following


@pytest.fixture
def hub(tmp_path: Path, alliance: given.Alliance) -> Iterator[Hub]:
    opened = hubs.founded_hub(tmp_path, alliance)
    opened.post([heard.envelope.text for heard in alliance.heard[:30]])
    yield opened
    opened.engine.dispose()


def test_a_follower_keeps_in_step_over_the_live_feed_until_it_is_interrupted(
    tmp_path: Path, hub: Hub, alliance: given.Alliance
) -> None:
    hub.engine.dispose()
    with serving(tmp_path, "--data-dir", str(tmp_path / "hub")) as url:
        # given: a follower that looks by itself once an hour
        command = [*PROGRAM, "mirror", url, "log", "--follow", "--every", "3600"]
        follower = subprocess.Popen(
            command, cwd=tmp_path, env=surroundings(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        try:
            assert follower.stdout is not None
            assert follower.stdout.readline() == "log: 30 entries, full view\n"
            time.sleep(0.7)  # it has connected

            for size in (31, 35):
                # when: events are posted
                known = size_of(url)
                texts = [heard.envelope.text for heard in alliance.heard[known:size]]
                assert httpx.post(f"{url}/events", json={"events": texts}).status_code == 201

                # then: they are in the mirror at once
                assert eventually(partial(has, tmp_path / "log", size), within_s=5)
                assert claimed(tmp_path / "log") == size
        finally:
            follower.send_signal(signal.SIGINT)
            _, said = follower.communicate(timeout=20)
    assert follower.returncode == 130
    assert "Traceback" not in said


def has(folder: Path, size: int) -> bool:
    return f"\n{size}\n" in (folder / "checkpoint").read_text()


def size_of(url: str) -> int:
    return int(httpx.get(f"{url}/readyz").json()["published"])


def test_a_follower_of_a_folder_looks_from_time_to_time(tmp_path: Path, hub: Hub, alliance: given.Alliance) -> None:
    with served(tmp_path) as url:  # a file server, which has no feed
        assert run(tmp_path, "bundle", "b.zip", "--view", "clear", "--data-dir", "hub").returncode == 0
        assert run(tmp_path, "mirror", "b.zip", "log").returncode == 0
        command = [*PROGRAM, "mirror", url, "second", "--follow", "--every", "0.2", "--json"]
        follower = subprocess.Popen(
            command, cwd=tmp_path, env=surroundings(tmp_path), stdout=subprocess.PIPE, text=True
        )
        try:
            assert follower.stdout is not None
            assert json.loads(follower.stdout.readline())["size"] == 30
            hub.post([alliance.heard[30].envelope.text])
            assert run(tmp_path, "bundle", "b.zip", "--view", "clear", "--data-dir", "hub").returncode == 0
            assert run(tmp_path, "mirror", "b.zip", "log").returncode == 0

            assert json.loads(follower.stdout.readline())["size"] == 31
        finally:
            follower.send_signal(signal.SIGINT)
            follower.communicate(timeout=20)
    assert follower.returncode == 130


def test_a_server_that_is_gone_for_a_while_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    from ledger.errors import NotFoundError, TamperedError, UnavailableError  # noqa: PLC0415

    looks = iter(
        [
            UnavailableError("not there"),
            NotFoundError("not yet"),
            None,
            UnavailableError("again"),
            TamperedError("forked"),
        ]
    )
    slept: list[float] = []
    said: list[str] = []
    monkeypatch.setattr("ledger.operations.following.time.sleep", slept.append)

    def look() -> None:
        if (error := next(looks)) is not None:
            raise error

    with pytest.raises(TamperedError, match="forked"):
        keep_in_step(look, threading.Event(), every_s=0.01, failed=said.append)

    assert slept == [1, 2, 0.01, 1]
    assert [text.partition(";")[0] for text in said] == ["not there", "not yet", "again"]


@pytest.mark.parametrize(
    ("parts", "count"),
    [
        ([b": ping\n\n", b": data: ping\n\n"], 0),
        ([b"event: entry\ndata: {}\nid: 1\n\n"], 1),
        ([b"data: {}\n\n", b"data: {}\n\n", b": ping\n\n"], 2),
        ([b"event: entry\nda", b"ta: {}", b"\n\n"], 1),
        ([b"event: entry\n", b"d", b"a", b"t", b"a", b":", b" {}\n"], 1),
    ],
)
def test_comments_are_no_news_and_data_is_wherever_it_was_cut(parts: list[bytes], count: int) -> None:
    assert len(list(parts_with_data(parts))) == count


# ---------------------------------------------------------------------- restoring


def with_key(folder: Path) -> Path:
    """A folder with the log's key and nothing else."""
    folder.mkdir(exist_ok=True)
    hubs.settings_in(folder)
    return folder


@pytest.mark.parametrize(("source", "code"), [("full.zip", 0), ("clear.zip", 7)])
def test_a_lost_hub_is_restored_and_all_is_well_or_said(
    home: Path, tmp_path: Path, alliance: given.Alliance, source: str, code: int
) -> None:
    with_key(tmp_path)
    pin = alliance.memorandum.hash.hex()

    restored = run(tmp_path, "init", "--from", str(home / source), "--data-dir", "hub", "--pin", pin, "--json")
    doctor = run(tmp_path, "doctor", "--data-dir", "hub")
    bundle = run(tmp_path, "bundle", "again.zip", "--data-dir", "hub")

    assert restored.returncode == 0, restored.stderr
    assert json.loads(restored.stdout)["size"] == SIZE
    assert (doctor.returncode, bundle.returncode) == (code, code), doctor.stdout
    if source == "full.zip":
        assert (tmp_path / "again.zip").read_bytes() == (home / "full.zip").read_bytes()
        again = run(tmp_path, "init", "--from", str(home / source), "--data-dir", "hub")
        assert (again.returncode, "already" in again.stderr) == (7, True)


def test_a_hub_is_restored_from_a_mirror_that_a_file_server_shows(home: Path, tmp_path: Path) -> None:
    with_key(tmp_path)
    assert run(home, "mirror", "clear.zip", str(tmp_path / "site/log")).returncode == 0

    with served(tmp_path / "site") as url:
        restored = run(tmp_path, "init", "--from", url, "--data-dir", "hub")

    assert restored.returncode == 0, restored.stderr
    assert f"{SIZE} entries, clear view" in restored.stdout


def test_a_hub_that_is_restored_from_a_copy_older_than_what_was_seen_says_so(
    tmp_path: Path, hub: Hub, alliance: given.Alliance
) -> None:
    # given: a bundle, and one that is larger, which was seen here
    assert run(tmp_path, "bundle", "old.zip", "--data-dir", "hub").returncode == 0
    hub.post([alliance.heard[30].envelope.text])
    assert run(tmp_path, "bundle", "new.zip", "--data-dir", "hub").returncode == 0
    assert run(tmp_path, "audit", "new.zip", "--state-dir", "state").returncode == 0
    for name in ("from-old", "from-new"):
        with_key(tmp_path / name)

    def restored(name: str, *more: str) -> subprocess.CompletedProcess[str]:
        return run(tmp_path / f"from-{name}", "init", "--from", f"../{name}.zip", "--data-dir", "hub", *more)

    # when
    old, new = restored("old", "--state-dir", "../state"), restored("new", "--state-dir", "../state")

    # then
    assert (old.returncode, new.returncode) == (0, 0), old.stderr + new.stderr
    assert "older than the 31 entries seen before" in old.stderr
    assert "forks its log" in old.stderr
    assert "older" not in new.stderr


def test_a_hub_is_not_restored_from_a_server_that_was_rolled_back_or_a_copy_that_forks(
    tmp_path: Path, hub: Hub, alliance: given.Alliance
) -> None:
    # given: a log that was seen; as it was before, on a server; and a log with the same key and another history
    assert run(tmp_path, "bundle", "old.zip", "--view", "clear", "--data-dir", "hub").returncode == 0
    assert run(tmp_path, "mirror", "old.zip", "site/log", "--state-dir", "elsewhere").returncode == 0
    hub.post([alliance.heard[30].envelope.text])
    assert run(tmp_path, "bundle", "new.zip", "--data-dir", "hub").returncode == 0
    assert run(tmp_path, "audit", "new.zip", "--state-dir", "state").returncode == 0
    other = hubs.founded_hub(with_key(tmp_path / "other"), alliance)  # which receives the same at another time
    other.post([heard.envelope.text for heard in alliance.heard[:32]])
    other.engine.dispose()
    assert run(tmp_path / "other", "bundle", "../fork.zip", "--data-dir", "hub").returncode == 0

    with served(tmp_path / "site") as url:
        for name, source, words in (("a", url, "was rolled back"), ("b", "../fork.zip", "is forked")):
            with_key(tmp_path / name)
            refused = run(tmp_path / name, "init", "--from", source, "--data-dir", "hub", "--state-dir", "../state")

            assert (refused.returncode, words in refused.stderr) == (3, True), refused.stderr
            assert not (tmp_path / name / "hub/ledger.db").exists()


@pytest.mark.parametrize(
    "arguments", [[], ["--memorandum", "m.json", "--from", "x.zip"], ["--memorandum", "m.json", "--pin", "00"]]
)
def test_init_either_founds_or_restores(tmp_path: Path, arguments: list[str]) -> None:
    assert run(tmp_path, "init", *arguments).returncode == 2
