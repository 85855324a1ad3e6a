"""Whoever does not trust the hub: takes its log away in a file, and verifies and replays it without a database."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from ledger.cli.audit_page import write_page
from ledger.cli.checkpoints import RememberedCheckpoints
from ledger.cli.options import File, as_json, hub_options, read_pin
from ledger.cli.report_tables import print_contributions
from ledger.cli.terminal import print_json, print_table, progress, remark
from ledger.errors import SetupError
from ledger.operations.audit import STEPS, Audit, Failure
from ledger.operations.audit import audit as audit_source
from ledger.operations.bundle import VIEWS, write_bundle
from ledger.operations.source import FolderSource, HttpSource, Source, ZipSource
from ledger.reports.contributions import contributions
from ledger.settings import Settings
from ledger.signing.encoding import to_base64

DOES_NOT_HOLD = 3
STEP_CONSISTENCY, STEP_SIGNATURES = 3, 5
_STATE = Path("~/.local/state/cohort-ledger")


@click.command()
@click.argument("source")
@click.option("--pin", metavar="HASH", help="SHA-256 of the founding document that you trust (`alliance hash`).")
@click.option(
    "--signatures", type=click.Choice(["every"]), default="every", show_default=True, help="Which are verified."
)
@click.option("--view", type=click.Choice(VIEWS), help="Which disclosures you expect; else what the source says.")
@click.option(
    "--state-dir",
    type=File,
    default=_STATE,
    envvar="COHORT_LEDGER_STATE_DIR",
    show_default=True,
    help="Where the checkpoints of your audits are remembered.",
)
@click.option("--html", type=File, metavar="FILE", help="Write the report as one page, too.")
@as_json
def audit(
    *,
    source: str,
    pin: str | None,
    signatures: str,
    view: str | None,
    state_dir: Path,
    html: Path | None,
    as_json: bool,
) -> None:
    """Verify and replay SOURCE: a bundle (.zip), a folder with a log's files, or a hub's address.

    Exit code 0: it holds; 3: it does not. Each audit that holds is remembered, and the next one of the same ledger must
    extend it.
    """
    pinned = read_pin(pin)
    with open_source(source) as opened, progress("auditing") as done:
        earlier = RememberedCheckpoints(state_dir.expanduser(), opened)
        result = audit_source(opened, pin=pinned, view=view, remembered=earlier.read(), progress=done)
    if html is not None:
        write_page(html, result, source=source, signatures=signatures)
    if as_json:
        print_json(_told(result, signatures))
    else:
        print_audit(result, signatures=signatures)
    if result.holds:
        earlier.remember(result.evidence)
    elif result.failure is not None and result.failure.step == STEP_CONSISTENCY:
        kept = earlier.keep_both(result.evidence)
        remark(
            f"evidence: {kept[0]} was remembered, {kept[1]} is shown now; an old bundle of the same log does this too"
        )
    if not result.holds:
        raise click.exceptions.Exit(DOES_NOT_HOLD)


@click.command()
@click.argument("out", type=File)
@click.option("--view", type=click.Choice(VIEWS), default="full", show_default=True, help="Which disclosures go in.")
@click.option("--from", "source", metavar="SOURCE", help="Another bundle, a folder, or a hub's address: not this hub.")
@hub_options
@as_json
def bundle(*, out: Path, view: str, source: str | None, as_json: bool, **flags: Any) -> None:
    """Write a log into OUT, one zip file: backup, hand-over, mirror seed and audit input.

    A full bundle holds what is sealed, in the clear: it is for whoever may read that.
    """
    with (
        _own_source(Settings.here(flags), view) if source is None else open_source(source) as opened,
        progress("bundling") as done,
    ):
        checkpoint = write_bundle(opened, out, view=view, progress=done)
    if as_json:
        print_json({"file": str(out), "view": view, "size": checkpoint.size, "root": to_base64(checkpoint.root)})
    else:
        click.echo(f"{out}: {checkpoint.size} entries, {view} view")


@contextmanager
def open_source(text: str) -> Iterator[Source]:
    """A bundle, a folder or a server, by how it is written. Raises NotFoundError and MalformedError as they do."""
    if text.startswith(("http://", "https://")):
        with HttpSource(text) as server:
            yield server
    elif Path(text).is_dir():
        yield FolderSource(Path(text))
    else:
        with ZipSource(Path(text)) as bundled:
            yield bundled


def print_audit(result: Audit, *, signatures: str) -> None:
    """The report on a terminal: what was pinned, the steps, who contributed what, and the verdict last."""
    if not result.pinned:
        click.echo("self-consistent only: no founding document was pinned; its hash comes from the alliance's members")
    print_table(["step", "", "verdict", "found"], step_lines(result, signatures), right=["step"])
    if result.snapshot is not None:
        print_contributions(contributions(result.snapshot))
    if result.digest:
        click.echo(f"digest of the cohort database: {to_base64(result.digest)}")
    click.echo(f"audit: {'holds' if result.holds else 'does not hold'}")


def step_lines(result: Audit, signatures: str) -> list[list[str]]:
    """Number, title, verdict and words of every step that was taken, up to the one that failed."""
    lines = []
    for number, title in STEPS.items():
        if result.failure is not None and result.failure.step == number:
            lines.append([str(number), title, "FAILED", in_words(result.failure)])
        elif number in result.passed:
            setting = f" (setting: {signatures})" if number == STEP_SIGNATURES else ""
            lines.append([str(number), title, "holds", result.passed[number] + setting])
    return lines


def in_words(failure: Failure) -> str:
    """What differs, with the entry and the node where they are known."""
    entry = "" if failure.index is None else f"entry {failure.index}"
    node = f" of {failure.node}" if failure.node else ""
    return f"{entry}{node}: {failure.message}" if entry and not failure.message.startswith(entry) else failure.message


def _told(result: Audit, signatures: str) -> dict[str, Any]:
    checkpoint, memorandum = result.checkpoint, result.memorandum
    return {
        "holds": result.holds,
        "pinned": result.pinned,
        "memorandum": memorandum.hash.hex() if memorandum else None,
        "origin": memorandum.origin if memorandum else None,
        "size": checkpoint.size if checkpoint else None,
        "root": to_base64(checkpoint.root) if checkpoint else None,
        "digest": to_base64(result.digest) if result.digest else None,
        "view": result.view,
        "signatures": signatures,
        "disclosures": {"shown": result.shown, "withheld": result.withheld, "erased": 0},
        "passed": result.passed,
        "failure": result.failure,
        "contributions": contributions(result.snapshot) if result.snapshot else [],
    }


@contextmanager
def _own_source(settings: Settings, view: str) -> Iterator[Source]:
    from ledger.operations.hub import open_store, open_vault  # noqa: PLC0415 - only a hub has a store
    from ledger.store.engine import reading  # noqa: PLC0415 - as above
    from ledger.store.source import StoreSource  # noqa: PLC0415 - as above

    engine, _ = open_store(settings)
    vault = open_vault(settings) if view == "full" else None
    if vault is not None:
        with reading(engine) as connection:
            if vault.never_given(connection):
                raise SetupError("this hub was restored without disclosures: write a bundle of a clear view")
    yield StoreSource(engine, vault, view)
    engine.dispose()
