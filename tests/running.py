"""Running the program as people do: in a process of its own, in a folder of its own."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx2 as httpx

from ledger.cli.demo_stage import free_port

PROGRAM = [sys.executable, "-m", "ledger.cli.main"]


def surroundings(home: Path, **more: str) -> dict[str, str]:
    """Environment variables of a fresh user. home: where the program keeps what it remembers."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COHORT_LEDGER_")}  # noqa: TID251 - a process is started with them
    return {**kept, "HOME": str(home), "COLUMNS": "100", **more}


def run(folder: Path, *arguments: str, given: str = "", **more: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder. given: what is typed."""
    return subprocess.run(
        [*PROGRAM, *arguments],
        cwd=folder,
        env=surroundings(folder, **more),
        input=given,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@contextmanager
def serving(folder: Path, *flags: str, dev: bool = True) -> Iterator[str]:
    """A hub of its own. dev: every caller has every role. Yields its address."""
    port = free_port()
    with (folder / "served.log").open("wb") as log:
        served = subprocess.Popen(
            [*PROGRAM, "serve", *(["--dev"] if dev else []), "--port", str(port), *flags],
            cwd=folder,
            env=surroundings(folder),
            stderr=log,
        )
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_for(url, served)
            yield url
        finally:
            served.terminate()
            served.wait(20)


def _wait_for(url: str, served: subprocess.Popen[bytes]) -> None:
    for _ in range(400):
        assert served.poll() is None, "the hub did not start"
        try:
            httpx.get(f"{url}/readyz")
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the hub was not ready in time")


@contextmanager
def file_server(folder: Path) -> Iterator[str]:
    """A plain server of a folder's files, that knows nothing of logs. Yields its address."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()
        thread.join()
