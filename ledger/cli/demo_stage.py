"""What the demonstration stands on: its folder, a hub in a process of its own, five nodes that post to it."""

import json
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import groupby, islice
from pathlib import Path
from typing import BinaryIO

import httpx2 as httpx

from ledger.cohort.database import Head
from ledger.cohort.memorandum import Memorandum
from ledger.demo.facts import Facts
from ledger.demo.founding import memorandum as memorandum_of
from ledger.errors import SetupError, TamperedError
from ledger.node.client import NodeClient
from ledger.node.drafts import Draft
from ledger.node.folder import NodeFolder
from ledger.node.keyring import new_key, write_key
from ledger.operations.hub import found_ledger
from ledger.settings import Settings
from ledger.signing.encoding import from_base64
from ledger.signing.envelope import Actor, Envelope
from ledger.signing.keys import SigningKey
from ledger.signing.note import NoteSigner

ORIGIN = "demo.example/alliance-2021"
POST_MAX = 500  # drafts that a node has ready at once
_ACTOR = Actor("u1", "data-manager", "authored")
_START_S, _STOP_S, _LOOK_S = 30.0, 10.0, 0.05

_CONFIG_FILE = "cohort-ledger.toml"
PEOPLE = "people"  # the folder of the guests' keys
_MADE = frozenset({_CONFIG_FILE, "memorandum.json", "hub", "nodes", PEOPLE, "hub.log", "bundle.zip", "tampered.zip"})
_CONFIG = """\
# made by `cohort-ledger demo`: commands that run in this folder use the demonstration's ledger
data_dir = "hub"
node_dir = "nodes/drup-nl"
"""


@dataclass(frozen=True)
class Stage:
    """settings: of the hub. nodes: each with its key, unencrypted on disk, as the demonstration says."""

    folder: Path
    settings: Settings
    memorandum: Memorandum
    nodes: Mapping[str, tuple[NodeFolder, SigningKey]]


def set_up(folder: Path, facts: Facts) -> Stage:
    """Make keys and the founding document, and found the ledger; what an earlier demonstration left there goes.

    Raises SetupError for a folder that holds anything else.
    """
    _clear(folder)
    (folder / _CONFIG_FILE).write_text(_CONFIG)
    settings = Settings.here(_flags(folder))
    signer = NoteSigner(ORIGIN, new_key())
    write_key(settings.log_key_file, signer.key, None)
    keys = {each.node: new_key() for each in facts.nodes}
    memorandum = memorandum_of(facts, {node: key.public for node, key in keys.items()}, signer.verifier)
    (folder / "memorandum.json").write_bytes(memorandum.text)
    nodes = {}
    for member in memorandum.members:
        path, key = folder / "nodes" / member.node, keys[member.node]
        nodes[member.node] = NodeFolder.create(path, member, _ACTOR, key=key, kept=None), key
        nodes[member.node][0].keep_memorandum(memorandum)
    found_ledger(settings, memorandum.text, signer)
    return Stage(folder, settings, memorandum, nodes)


@contextmanager
def running_hub(stage: Stage, port: int, *mode: str) -> Iterator[str]:
    """Serve the ledger from another process, for as long as the block lasts. Yields its address.

    mode: flags of `serve`. Raises SetupError where it does not start, with what it said.
    """
    log_file = stage.folder / "hub.log"
    with log_file.open("wb") as log:
        hub = _started(stage.folder, "serve", *mode, "--host", "127.0.0.1", "--port", str(port), stdout=log, stderr=log)
        before = signal.signal(signal.SIGTERM, signal.default_int_handler)  # whatever ends us ends the hub
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_until_ready(hub, url, log_file)
            yield url
        finally:
            _stop(hub)
            signal.signal(signal.SIGTERM, before)


def free_port() -> int:
    """A port of loopback that nobody listens on now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


def post_all(
    stage: Stage, url: str, drafts: Sequence[tuple[str, Draft]], *, progress: Callable[[int, int], None]
) -> None:
    """Let each node seal, sign and post what it says, in the one order of all; every receipt is checked and kept.

    While the hub takes one post, the next is sealed.
    """
    posted = 0
    with ExitStack() as open_clients, ThreadPoolExecutor(max_workers=1) as line:
        clients = {node: open_clients.enter_context(NodeClient(url, stage.memorandum)) for node in stage.nodes}
        heads = {node: client.end_of(node).head for node, client in clients.items()}

        def send(node: str, sealed: Sequence[Envelope]) -> None:
            nonlocal posted
            receipts = stage.nodes[node][0].receipts
            for taken in clients[node].post(sealed):
                receipts.keep([each.kept for each in taken])
                posted += len(taken)
                progress(posted, len(drafts))

        on_its_way: Future[None] | None = None
        for node, said in _posts(drafts):
            folder, key = stage.nodes[node]
            sealed = []
            for draft in said:
                envelope = folder.seal(draft, key, heads[node])
                heads[node] = Head(envelope.claims.seq, envelope.hash)
                sealed.append(envelope)
            if on_its_way is not None:
                on_its_way.result()
            on_its_way = line.submit(send, node, sealed)
        if on_its_way is not None:
            on_its_way.result()


@contextmanager
def rebuild_check(stage: Stage) -> Iterator[Callable[[], bytes]]:
    """Hold the stored tables against the log in another process. Yields what waits for it and gives its digest.

    Raises TamperedError where they differ.
    """
    check = _started(stage.folder, "rebuild", "--check", "--json", stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def digest() -> bytes:
        found, said = check.communicate()
        if check.returncode:
            raise TamperedError(f"rebuild --check: {said.decode(errors='replace').strip()}")
        return from_base64(json.loads(found)["digest"])

    try:
        yield digest
    finally:
        _stop(check)


def _started(folder: Path, *arguments: str, stdout: int | BinaryIO, stderr: int | BinaryIO) -> subprocess.Popen[bytes]:
    """This program in a process of its own, on the demonstration's hub."""
    flags = [part for name, value in _flags(folder).items() for part in (f"--{name.replace('_', '-')}", value)]
    command = [sys.executable, "-P", "-m", "ledger.cli.main", *arguments, *flags]
    return subprocess.Popen(  # noqa: S603 - our own program
        command, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr
    )


def _posts(drafts: Sequence[tuple[str, Draft]]) -> Iterator[tuple[str, list[Draft]]]:
    """What one node says before another does, in posts."""
    for node, said in groupby(drafts, key=lambda each: each[0]):
        while post := [draft for _, draft in islice(said, POST_MAX)]:
            yield node, post


def _flags(folder: Path) -> dict[str, str]:
    """Where the hub's files lie, said as flags: no setting of the surroundings may lead the demonstration elsewhere."""
    hub = folder / "hub"
    return {
        "data_dir": str(hub),
        "database_url": f"sqlite:///{hub / 'ledger.db'}",
        "vault_key_file": str(hub / "vault-keys.db"),
        "log_key_file": str(hub / "log-key.pem"),
    }


def _clear(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()):
        config = folder / _CONFIG_FILE
        if not config.is_file() or config.read_text() != _CONFIG:
            raise SetupError(f"{folder} is not empty and not of an earlier demo: name another folder with --dir")
        for each in folder.iterdir():
            if each.name not in _MADE:
                raise SetupError(f"{each} was not made by a demo: move it away, or name another folder with --dir")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)


def _wait_until_ready(hub: subprocess.Popen[bytes], url: str, log_file: Path) -> None:
    ends = time.monotonic() + _START_S
    while time.monotonic() < ends:
        if hub.poll() is not None:
            raise SetupError(f"the hub did not start: {log_file.read_text(errors='replace').strip()[-500:]}")
        try:
            if httpx.get(f"{url}/readyz").is_success:
                return
        except httpx.TransportError:
            time.sleep(_LOOK_S)
    raise SetupError(f"the hub was not ready after {_START_S:.0f} s: see {log_file}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.communicate(timeout=_STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
