"""Dask clusters: a real scheduler, and workers in processes of their own that do as they should, or as told."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from distributed import Client, LocalCluster

from ledger.cli.demo_stage import free_port


@contextmanager
def started(**options: Any) -> Iterator[LocalCluster]:
    with LocalCluster(processes=True, threads_per_worker=1, dashboard_address="127.0.0.1:0", **options) as cluster:
        yield cluster


@contextmanager
def every_worker(cluster: LocalCluster, does: Callable[[], None], undo: Callable[[], None]) -> Iterator[None]:
    """For the length of the block, something else stands in the workers' processes."""
    with Client(cluster.scheduler_address, set_as_default=False) as client:
        client.run(does)
        try:
            yield
        finally:
            client.run(undo)


def instead(answer: Callable[[bytes], object]) -> tuple[Callable[[], None], Callable[[], None]]:
    """Workers that answer something else than they found."""

    def put() -> None:
        from ledger.operations import dask_cluster  # noqa: PLC0415 - of the worker

        honest = dask_cluster.verdicts
        dask_cluster.honest = honest  # type: ignore[attr-defined]  # kept for the way back
        dask_cluster.verdicts = lambda *asked: answer(honest(*asked))  # type: ignore[assignment]  # that is the lie

    def take_back() -> None:
        from ledger.operations import dask_cluster  # noqa: PLC0415 - of the worker

        dask_cluster.verdicts = dask_cluster.honest  # type: ignore[attr-defined]  # as above

    return put, take_back


@contextmanager
def apart() -> Iterator[tuple[str, subprocess.Popen[bytes], subprocess.Popen[bytes]]]:
    """Address, scheduler and worker, each started as its operator would, by nobody who starts it again."""
    address = f"tcp://127.0.0.1:{(port := free_port())}"
    python = [sys.executable, "-m"]
    flags = ["--no-dashboard", "--host", "127.0.0.1"]
    commands = (
        [*python, "distributed.cli.dask_scheduler", "--port", str(port), *flags],
        [*python, "distributed.cli.dask_worker", address, "--nthreads", "1", "--no-nanny", *flags],
    )
    scheduler, worker = (subprocess.Popen(command, stderr=subprocess.DEVNULL) for command in commands)
    try:
        with Client(address, timeout=30, set_as_default=False) as client:
            client.wait_for_workers(1, timeout=30)
        yield address, scheduler, worker
    finally:
        for each in (worker, scheduler):
            each.kill()
            each.wait(20)


def until(happened: Callable[[], Any]) -> None:
    for _ in range(400):
        if happened():
            return
        time.sleep(0.05)
    raise AssertionError("it did not happen in time")
