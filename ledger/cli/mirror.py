"""Whoever keeps a full copy of a log: verified, and in step with what it was made of for as long as one wants."""

import json
import threading
from contextlib import nullcontext
from pathlib import Path

import click

from ledger.cli.options import File, as_json, read_pin, state_dir
from ledger.cli.sources import bearer_of, is_live, key_options, open_source
from ledger.cli.terminal import progress, remark
from ledger.clock import now
from ledger.cohort.memorandum import Memorandum
from ledger.operations.following import keep_in_step, listening
from ledger.operations.heads import Heads
from ledger.operations.mirror import Mirrored, Shows
from ledger.operations.mirror import mirror as mirror_once
from ledger.operations.source import FolderSource, Source
from ledger.signing.encoding import to_base64


@click.command()
@click.argument("source")
@click.argument("folder", type=File, metavar="DIR")
@click.option("--pin", metavar="HASH", help="SHA-256 of the founding document that you trust (`alliance hash`).")
@click.option("--follow", is_flag=True, help="Stay, and keep in step over the server's live feed, until Ctrl-C.")
@click.option(
    "--every",
    "every_s",
    type=click.FloatRange(min=0.1, max=86_400),
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="With --follow: look at least so often.",
)
@click.option(
    "--recheck",
    is_flag=True,
    help="Read every file of SOURCE once more, and replace what differs: where `audit DIR` does not hold.",
)
@key_options
@state_dir
@as_json
def mirror(  # noqa: PLR0913 - each is one thing that a mirror's keeper may ask for
    *,
    source: str,
    folder: Path,
    pin: str | None,
    follow: bool,
    every_s: float,
    recheck: bool,
    key_file: Path | None,
    passphrase_file: Path | None,
    state_dir: Path,
    as_json: bool,
) -> None:
    """Copy the log of SOURCE (a hub's address, a folder, a bundle) into DIR, or bring DIR in step with it.

    All of it is verified before it is put there. What lies in DIR any file server can serve, below /log/; it can be
    audited, and a hub restored from it (`init --from`). A run that was broken off goes on where it ended.

    What is in DIR is not read from SOURCE again. But the digests of the database, but for the one that the log signed,
    only a replay can verify: where `audit DIR` finds a wrong one, --recheck with an honest SOURCE heals it.
    """
    copying = Copying(folder, read_pin(pin), Heads(state_dir), live=is_live(source), as_json=as_json)
    with open_source(source, key_file, passphrase_file) as opened:
        copying.once(opened, recheck=recheck)
        if not follow:
            return
        remark(f"keeping {folder} in step with {source}, until Ctrl-C")
        news = threading.Event()
        with (
            listening(source, news, copying.last, bearer_of(source, key_file, passphrase_file))
            if is_live(source)
            else nullcontext()
        ):
            keep_in_step(lambda: copying.once(opened), news, every_s=every_s, failed=remark)


class Copying:
    """One mirror, run after run. live: of a log as it stands now. grace_s: for how long what is outgrown stays. note:
    the source's checkpoint that it was brought in step with, for who looks at that first.
    """

    note: bytes | None = None

    def __init__(
        self,
        folder: Path,
        pin: bytes | None,
        heads: Heads,
        *,
        live: bool,
        as_json: bool,
        shows: Shows = "all",
        grace_s: float | None = None,
    ) -> None:
        self._folder, self._pin, self._heads, self._live, self._as_json = folder, pin, heads, live, as_json
        self._shows, self._grace_s = shows, grace_s
        self._done: Mirrored | None = None

    def last(self) -> int:
        """Index of the last entry that is in the mirror."""
        return -1 if self._done is None else self._done.checkpoint.size - 1

    def once(self, source: Source, *, recheck: bool = False) -> None:
        """Mirror, and say how much there is now, where that has changed."""
        verified = 0 if self._done is None else self._done.checkpoint.size
        with progress("mirroring") if self._done is None else nullcontext(_say_nothing) as told:
            done = mirror_once(
                source,
                self._folder,
                pin=self._pin,
                verified=verified,
                recheck=recheck,
                shows=self._shows,
                outgrown_before_s=None if self._grace_s is None else now().timestamp() - self._grace_s,
                progress=told,
            )
        for path in done.replaced:
            remark(f"{self._folder / path}: was another than the source has, and is replaced")
        if done != self._done or done.written:
            copied = FolderSource(self._folder)
            self._heads.look(copied, Memorandum.parse(copied.read("memorandum")), live=self._live)
            is_told, self._done = self._as_json or done != self._done, done
            if is_told:
                self._tell(done)

    def _tell(self, done: Mirrored) -> None:
        head = done.checkpoint
        if self._as_json:
            told = {"folder": str(self._folder), "view": done.view, "size": head.size, "root": to_base64(head.root)}
            told |= {name: list(getattr(done, name)) for name in ("replaced", "written", "removed")}
            click.echo(json.dumps(told, ensure_ascii=False))
        else:
            click.echo(f"{self._folder}: {head.size} entries, {done.view} view")


def _say_nothing(_done: int, _of: int) -> None:
    """What comes in while one follows is there at once."""
