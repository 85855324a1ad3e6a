"""What becomes of an audit when the cluster that it asks is not there, goes away, is another version, or lies."""

import logging
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import dask
import given
import hubs
import pytest
from clusters import apart, every_worker, instead, started, until
from distributed import LocalCluster
from distributed.security import Security
from running import PROGRAM, surroundings

from ledger.cli.demo_stage import free_port
from ledger.cli.main import main
from ledger.errors import SetupError, TamperedError, UnavailableError
from ledger.operations import dask_cluster as ours
from ledger.operations.audit import Audit, audit
from ledger.operations.bundle import write_bundle
from ledger.operations.dask_cluster import dask_cluster
from ledger.operations.source import ZipSource

SEED = bytes(32)


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    with started(n_workers=2) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One range and a bit, so that both workers have one."""
    folder = tmp_path_factory.mktemp("bundle")
    alliance = given.treated()
    while len(alliance.heard) < 260:
        alliance.says(given.DRUP, "response.assessed", given.patient(given.case(1)) | given.ASSESSMENT)
    hub = hubs.founded_hub(folder, alliance)
    for batch in hubs.batches([heard.envelope.text for heard in alliance.heard], 100):
        hub.post(batch)
    write_bundle(hub.source("full"), folder / "bundle.zip", view="full")
    hub.engine.dispose()
    return folder / "bundle.zip"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ours, "_REACH_S", 1)
    monkeypatch.setattr(ours, "_LOOK_S", 1)


def on(address: str, bundle: Path, *, meanwhile: Callable[[], object] = lambda: None) -> Audit:
    """meanwhile: done once the cluster has been found good, before it is asked for anything."""
    with ZipSource(bundle) as source, dask_cluster(address, seed=SEED) as pool:
        meanwhile()
        return audit(source, pool=pool)


# ---------------------------------------------------------------------- not there, or gone


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    "address", ["tcp://127.0.0.1:{port}", "tls://127.0.0.1:{port}", "nothing://at-all", "127.0.0.1"]
)
def test_where_no_scheduler_answers_the_audit_does_not_begin_and_says_so(
    address: str, bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    address = address.format(port=free_port())

    code = main(["audit", str(bundle), "--json", "--dask", address])

    told = capsys.readouterr()
    assert code == 6
    assert f"no Dask scheduler answers at {address}" in told.err
    assert told.out == ""


@pytest.mark.parametrize("address", ["127.0.0.1", "nonsense", ""])
def test_what_is_no_address_is_told_before_a_client_is_made_that_would_hang_when_it_ends(
    address: str, bundle: Path
) -> None:
    with pytest.raises(UnavailableError, match="write tls://host:port"):
        on(address, bundle)


@pytest.mark.usefixtures("impatient")
def test_where_nobody_works_the_audit_does_not_begin(bundle: Path) -> None:
    with started(n_workers=0) as idle, pytest.raises(UnavailableError, match="nobody works in the Dask cluster"):
        on(idle.scheduler_address, bundle)


def test_what_a_worker_that_is_killed_had_under_way_another_does(cluster: LocalCluster, bundle: Path) -> None:
    nanny, scheduler = cluster.workers[0], cluster.scheduler
    assert scheduler is not None
    pid, doomed = nanny.pid, scheduler.workers[nanny.worker_address]
    had: list[int] = []

    def kill() -> None:
        had.append(len(doomed.processing))
        os.kill(pid, signal.SIGKILL)

    def stop() -> None:
        os.kill(pid, signal.SIGSTOP)  # so that it has something under way when it is killed
        timer.start()

    timer = threading.Timer(1, kill)
    found = on(cluster.scheduler_address, bundle, meanwhile=stop)

    assert found.holds
    assert had == [1]
    cluster.wait_for_workers(2, timeout=30)  # its nanny has started another


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(("dies", "said"), [("worker", "no worker is left"), ("scheduler", "is gone, in the middle")])
def test_a_cluster_that_dies_in_the_middle_is_unavailable_and_dask_logs_nothing_beside_that(
    bundle: Path, dies: str, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    with apart() as (address, scheduler, worker):
        timer = threading.Timer(1, (worker if dies == "worker" else scheduler).kill)

        def meanwhile() -> None:
            worker.send_signal(signal.SIGSTOP)
            timer.start()

        with pytest.raises(UnavailableError, match=said):
            on(address, bundle, meanwhile=meanwhile)
        assert [each for each in caplog.records if each.levelno >= logging.WARNING] == []


def test_an_audit_that_is_interrupted_leaves_nothing_on_the_cluster(
    cluster: LocalCluster, bundle: Path, tmp_path: Path
) -> None:
    def slowly(answer: bytes) -> bytes:
        time.sleep(3)
        return answer

    scheduler = cluster.scheduler
    assert scheduler is not None
    command = [*PROGRAM, "audit", str(bundle), "--dask", cluster.scheduler_address]
    with every_worker(cluster, *instead(slowly)):
        running = subprocess.Popen(
            command, cwd=tmp_path, env=surroundings(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        until(lambda: scheduler.tasks)
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=20)

        assert running.returncode == 130
        assert (out, err.split()) == ("", ["interrupted"])
        until(lambda: not scheduler.tasks)


# ---------------------------------------------------------------------- another version


def test_workers_of_another_version_or_without_the_package_are_told_before_anything_is_asked_of_them(
    cluster: LocalCluster, bundle: Path
) -> None:
    def another() -> None:
        import importlib.metadata as here  # noqa: PLC0415 - of the worker

        here.honest = here.version  # type: ignore[attr-defined]  # kept for the way back
        here.version = lambda _name: "0.0.9"  # type: ignore[assignment]  # its argument has another name

    def none() -> None:
        import importlib.metadata as here  # noqa: PLC0415 - as above

        def missing(name: str) -> str:
            raise PackageNotFoundError(name)

        here.honest = here.version  # type: ignore[attr-defined]  # as above
        here.version = missing  # type: ignore[assignment]  # as above

    def undo() -> None:
        import importlib.metadata as here  # noqa: PLC0415 - as above

        here.version = here.honest  # type: ignore[attr-defined]  # as above

    for does, said in ((another, "has cohort-ledger 0.0.9, and the auditor"), (none, "has no cohort-ledger")):
        with every_worker(cluster, does, undo), pytest.raises(SetupError, match=said):
            on(cluster.scheduler_address, bundle, meanwhile=pytest.fail)


def test_a_worker_of_another_version_that_joins_later_is_told_too(cluster: LocalCluster, bundle: Path) -> None:
    def does() -> None:
        from ledger.operations import dask_cluster  # noqa: PLC0415 - of the worker

        vars(dask_cluster).update(honest=dask_cluster.version, version=lambda _name: "0.0.9")  # type: ignore[attr-defined]  # imported there

    def undo() -> None:
        from ledger.operations import dask_cluster  # noqa: PLC0415 - of the worker

        vars(dask_cluster).update(version=dask_cluster.honest)  # type: ignore[attr-defined]  # as above

    with every_worker(cluster, does, undo), pytest.raises(SetupError, match=r"a worker that joined .* 0\.0\.9"):
        on(cluster.scheduler_address, bundle)


def test_without_dask_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ours, "find_spec", lambda _name: None)

    with pytest.raises(SetupError, match=r"pip install 'cohort-ledger\[dask\]'"), dask_cluster("tcp://h:1", seed=SEED):
        pass


# ---------------------------------------------------------------------- lies

LIES: dict[str, tuple[Callable[[bytes], Any], str]] = {
    "all hold": (lambda answer: b"+" * len(answer), "lets a signature pass"),
    "nothing can be told": (lambda answer: b"?" * len(answer), "lets a signature pass"),
    "one does not hold that does": (lambda answer: b"-" + answer[1:], "of entry 0 does not hold, which it does"),
    "too few answers": (lambda answer: answer[1:], "does not answer what it was asked"),
    "answers that there are not": (lambda answer: answer[:-1] + b"!", "does not answer what it was asked"),
    "no bytes": (lambda answer: answer.decode(), "does not answer what it was asked"),
    "nothing": (lambda _answer: None, "does not answer what it was asked"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_cluster_that_does_not_look_or_answers_what_cannot_be_is_not_believed(
    cluster: LocalCluster, bundle: Path, lie: str
) -> None:
    answer, said = LIES[lie]

    with every_worker(cluster, *instead(answer)), pytest.raises(SetupError, match=said):
        on(cluster.scheduler_address, bundle)


@pytest.mark.parametrize("kind", [RuntimeError, TimeoutError, TamperedError])
def test_what_a_worker_raises_is_told_by_its_kind_alone_and_says_nothing_of_the_log(
    cluster: LocalCluster, bundle: Path, kind: type[Exception]
) -> None:
    def fails(_answer: bytes) -> bytes:
        raise kind("a patient's value")

    with every_worker(cluster, *instead(fails)), pytest.raises(UnavailableError) as raised:
        on(cluster.scheduler_address, bundle)

    assert str(raised.value).endswith(f"failed: {kind.__name__}")


# ---------------------------------------------------------------------- nobody listens


def test_over_tls_with_dasks_own_settings(bundle: Path) -> None:
    security = Security.temporary()
    files = {
        "distributed.comm.tls.ca-file": security.tls_ca_file,
        "distributed.comm.tls.client.cert": security.tls_client_cert,
        "distributed.comm.tls.client.key": security.tls_client_key,
    }

    with started(n_workers=1, security=security) as cluster, dask.config.set(files):
        assert cluster.scheduler_address.startswith("tls://")
        assert on(cluster.scheduler_address, bundle).holds


@pytest.mark.usefixtures("impatient")
def test_what_listens_and_says_nothing_is_no_cluster() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        pytest.raises(UnavailableError, match="it says nothing within 1 s"),
        dask_cluster(f"tcp://127.0.0.1:{silent.getsockname()[1]}", seed=SEED),
    ):
        pass
