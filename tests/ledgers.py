"""A ledger on a database of its own, that hubs serve: in this process, over HTTP in this process, or in others."""

import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import given
import httpx2 as httpx
import hubs
import servers
import uvicorn
from running import PROGRAM, surroundings

from api.app import create_app
from ledger.cli.demo_stage import free_port
from ledger.cli.serving import listen
from ledger.operations.hub import Hub, found_ledger, open_hub
from ledger.settings import Settings

_READY_S = 60


class Ledger:
    """folder: its hub's things lie in `hub` there. settings: of its hubs. server: that has its database, None for a
    file.
    """

    def __init__(
        self, folder: Path, alliance: given.Alliance, settings: Settings, server: servers.Server | None
    ) -> None:
        self.folder, self.alliance, self.settings, self._server = folder, alliance, settings, server
        found_ledger(settings, alliance.memorandum.text, hubs.LOG)
        with self.hub() as hub:
            hubs.post(hub, alliance)

    @property
    def server(self) -> servers.Server:
        assert self._server is not None
        return self._server

    @property
    def database(self) -> str:
        return "sqlite" if self._server is None else "postgresql"

    @contextmanager
    def hub(self, settings: Settings | None = None) -> Iterator[Hub]:
        """An open one, in this process."""
        hub = open_hub(settings or self.settings, hubs.LOG)
        try:
            yield hub
        finally:
            hub.close()


@contextmanager
def ledger(database: str, folder: Path, alliance: given.Alliance, **more: object) -> Iterator[Ledger]:
    """A ledger in a folder, which is made, with the alliance's history in it; on PostgreSQL it has a server of its
    own. more: settings.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        server = stack.enter_context(servers.server()) if database == "postgresql" else None
        url = f"sqlite:///{folder / 'hub' / 'ledger.db'}" if server is None else server.url("ledger")
        settings = hubs.settings_in(folder, **{"database_url": url, **more})
        yield Ledger(folder, alliance, settings, server)


@contextmanager
def serving_here(hub: Hub) -> Iterator[str]:
    """Serve an open hub over HTTP, in this process. Yields its address."""
    listener, url = listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(create_app(hub, dev=True), log_level="error"))
    running = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    running.start()
    try:
        yield url
    finally:
        hub.listeners.close()
        server.should_exit = True
        running.join()


class Served:
    """A hub in a process of its own, always at the same address."""

    def __init__(self, settings: Settings, home: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._settings, self._home = settings, home
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *, wait: bool = True) -> None:
        named = {
            "COHORT_LEDGER_DATA_DIR": str(self._settings.data_dir),
            "COHORT_LEDGER_DATABASE_URL": self._settings.database_url,
        }
        with (self._home / f"served-{self.port}.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*PROGRAM, "serve", "--dev", "--port", str(self.port)],
                cwd=self._home,
                env=surroundings(self._home, **named),
                stdout=log,
                stderr=log,
            )
        if wait:
            self.wait()

    def wait(self) -> None:
        """Until it answers."""
        deadline = time.monotonic() + _READY_S
        while time.monotonic() < deadline:
            assert self._process is not None
            assert self._process.poll() is None, "the hub did not start"
            try:
                httpx.get(f"{self.url}/readyz")
            except httpx.TransportError:
                time.sleep(0.02)
            else:
                return
        raise AssertionError("the hub was not ready in time")

    def kill(self) -> None:
        """SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@contextmanager
def served(of: Ledger, count: int = 1) -> Iterator[list[Served]]:
    """So many hubs of one ledger, in processes of their own."""
    made = [Served(of.settings, of.folder) for _ in range(count)]
    try:
        for each in made:
            each.start(wait=False)
        for each in made:
            each.wait()
        yield made
    finally:
        for each in made:
            each.kill()
