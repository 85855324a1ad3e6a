"""Hubs that are watched, and witnesses by another hand than the program's own, each a small server on loopback.

A witness here is honest unless a test tells it otherwise, and does no more than C2SP tlog-witness asks of it.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import given
import hubs

from ledger import clock
from ledger.errors import LedgerError, SignatureError
from ledger.merkle.proofs import check_consistency
from ledger.operations.hub import Hub, found_ledger, open_hub
from ledger.settings import Settings
from ledger.signing.checkpoint import Checkpoint, read_checkpoint
from ledger.signing.cosignature import Cosigner
from ledger.signing.cosigned import cosignature_message
from ledger.signing.encoding import from_base64
from ledger.signing.note import Note, NoteSignature

NAMES = ("w1.example", "w2.example", "w3.example")
Answer = tuple[int, bytes]


@dataclass
class Witness:
    """seen: the note that it cosigned last. asked: the first line of each submission. instead: what it
    answers to a submission in place of what it should; last_instead: to who asks what it cosigned last.
    """

    name: str
    now: Callable[[], datetime] = clock.now
    seen: Note | None = None
    asked: list[str] = field(default_factory=list)
    instead: Callable[[bytes], Answer] | None = None
    last_instead: Callable[[], Answer] | None = None
    url: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def signer(self) -> Cosigner:
        return given.cosigner(self.name)

    @property
    def size(self) -> int:
        return Checkpoint.parse(self.seen.text).size if self.seen else 0

    def add_checkpoint(self, body: bytes) -> Answer:
        with self.lock:
            self.asked.append(body.split(b"\n")[0].decode())
            return self.instead(body) if self.instead else self.cosign(body)

    def last(self, path: str) -> Answer:
        with self.lock:
            if self.last_instead:
                return self.last_instead()
            if self.seen is None or path != f"/{sha256(given.ORIGIN.encode()).hexdigest()}/checkpoint":
                return 404, b""
            return 200, self.seen.encode()

    def cosign(self, body: bytes) -> Answer:
        head, _, data = body.partition(b"\n\n")
        old, *proof = head.decode("ascii").split("\n")
        try:
            checkpoint, note = read_checkpoint(data, hubs.LOG.verifier)
        except SignatureError:
            return 403, b""
        if old != f"old {self.size}":
            return 409, b"%d\n" % self.size
        before = Checkpoint.parse(self.seen.text) if self.seen else Checkpoint(given.ORIGIN, 0, bytes(32))
        try:
            check_consistency(
                [from_base64(line, size=32) for line in proof],
                old_size=before.size,
                old_root=before.root,
                size=checkpoint.size,
                root=checkpoint.root,
            )
        except LedgerError:
            return 422, b""
        line = self.line(note.text)
        self.seen = Note(note.text, (*note.signatures, Note.parse(data + line).signatures[-1]))
        return 200, line

    def line(self, text: str, *, signer: Cosigner | None = None) -> bytes:
        """A cosignature of a checkpoint's text, whatever it is."""
        given_ = (signer or self.signer).cosign(text, time_s=int(self.now().timestamp()))
        return f"{given_.line}\n".encode()

    def line_over(self, text: str) -> bytes:
        """A cosignature of any text, a checkpoint or not."""
        time_s = int(self.now().timestamp())
        signature = time_s.to_bytes(8) + given.signing_key(self.name).sign(cosignature_message(text, time_s=time_s))
        return f"{NoteSignature(self.name, self.signer.verifier.key_id, signature).line}\n".encode()


@contextmanager
def running(witness: Witness) -> Iterator[Witness]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/add-checkpoint"
            self._answer(*witness.add_checkpoint(self.rfile.read(int(self.headers["Content-Length"]))))

        def do_GET(self) -> None:
            self._answer(*witness.last(self.path))

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the base class names it
            pass

        def _answer(self, status: int, body: bytes) -> None:
            try:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            except OSError:
                pass  # who asked has gone

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    witness.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield witness
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class Watched:
    """A hub's folder, its alliance, and its witnesses. told: what its operator was told."""

    folder: Path
    alliance: given.Alliance
    witnesses: tuple[Witness, ...]
    hub: Hub
    more: dict[str, object]
    told: list[str] = field(default_factory=list)

    @property
    def settings(self) -> Settings:
        urls = " ".join(f"{each.name}={each.url}" for each in self.witnesses)
        return hubs.settings_in(self.folder, witness_urls=urls, **self.more)

    def restart(self) -> Hub:
        """Read-only, where there are witnesses, until `hub.witnessing.work()` has asked them."""
        self.hub.witnessing.stop()
        self.hub.engine.dispose()
        self.hub = open_hub(self.settings, hubs.LOG, tell=self.told.append)
        self.hub.witnessing.asking.timeout_s = 2.0
        return self.hub

    def post_one(self) -> int:
        """Something new. Returns its index."""
        number = self.alliance.database.size
        self.alliance.says(given.DRUP, "case.submitted", {"case": given.case(number), "on": "2021-11-20"})
        return hubs.post(self.hub, self.alliance)[-1][0].index

    def file(self, path: str) -> bytes:
        return self.hub.source("clear").read(path)

    def who_cosigned(self, path: str = "checkpoint") -> list[str]:
        return [each.name for each in Note.parse(self.file(path)).signatures[1:]]


@contextmanager
def watched(
    folder: Path, *, names: tuple[str, ...] = NAMES, now: Callable[[], datetime] = clock.now, **more: object
) -> Iterator[Watched]:
    """A hub whose alliance has adopted witnesses that run, and that has asked none of them to cosign yet."""
    with ExitStack() as stack:
        alliance = given.founded()
        alliance.runs_trial(given.DRUP)
        for name in names:
            alliance.adopts(name.replace(".", "-"), "witness", given.witness(name))
        witnesses = tuple(stack.enter_context(running(Witness(name, now))) for name in names)
        found_ledger(hubs.settings_in(folder), alliance.memorandum.text, hubs.LOG)
        hub = open_hub(hubs.settings_in(folder), hubs.LOG)
        hubs.post(hub, alliance)
        made = Watched(folder, alliance, witnesses, hub, more)
        made.restart().witnessing.admit()  # with the addresses; all say that they have cosigned nothing yet
        yield made
        made.hub.witnessing.stop()
        made.hub.engine.dispose()
