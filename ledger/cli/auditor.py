"""Whoever does not trust the hub: takes its log away in a file, and verifies and replays it without a database."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import click

from ledger.cli.audit_page import write_page
from ledger.cli.options import File, as_json, hub_options, read_pin, state_dir
from ledger.cli.report_tables import print_contributions, print_findings
from ledger.cli.sources import is_live, key_options, open_source
from ledger.cli.terminal import print_json, print_table, progress, remark
from ledger.clock import new_key, now
from ledger.cohort.memorandum import Memorandum
from ledger.errors import MalformedError, NotFoundError, SetupError, TamperedError
from ledger.operations.audit import STEPS, Audit, Before, Failure
from ledger.operations.audit import audit as audit_source
from ledger.operations.bundle import VIEWS, write_bundle
from ledger.operations.dask_cluster import dask_cluster
from ledger.operations.heads import Heads
from ledger.operations.kept_audits import KeptAudits
from ledger.operations.processes import Processes
from ledger.operations.ranges import Pool
from ledger.operations.reached import Reached, Signatures
from ledger.operations.source import Source, stated_view
from ledger.settings import Settings
from ledger.signing.encoding import to_base64

DOES_NOT_HOLD = 3
STEP_SIGNATURES = 5


@click.command()
@click.argument("source")
@click.option("--pin", metavar="HASH", help="SHA-256 of the founding document that you trust (`alliance hash`).")
@click.option(
    "--signatures",
    type=click.Choice(["every", "heads"]),
    default="every",
    show_default=True,
    help="Verify every one, or the last of each node and key only.",
)
@click.option("--view", type=click.Choice(VIEWS), help="Which disclosures you expect; else what the source says.")
@click.option(
    "--witnesses",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    metavar="K",
    help="How many witnesses must have cosigned the checkpoint.",
)
@click.option("--copy", is_flag=True, help="SOURCE is a copy of the log, which may lag behind what you saw of it.")
@click.option(
    "--go-on/--from-start",
    default=None,
    help="Whether to leave out what an earlier audit of yours has checked; else that of a server is, of a file not.",
)
@click.option(
    "--processes",
    type=click.IntRange(min=1),
    metavar="N",
    help="How many share the work; else one for each core.",
)
@click.option(
    "--dask",
    metavar="ADDRESS",
    help="Have a Dask cluster of your own, `tls://host:port`, verify the signatures. Whoever runs it is trusted.",
)
@key_options
@state_dir
@click.option("--html", type=File, metavar="FILE", help="Write the report as one page, too.")
@as_json
def audit(  # noqa: PLR0913 - each is one thing that an auditor may ask for
    *,
    source: str,
    pin: str | None,
    signatures: Signatures,
    view: str | None,
    witnesses: int,
    copy: bool,
    go_on: bool | None,
    processes: int | None,
    dask: str | None,
    key_file: Path | None,
    passphrase_file: Path | None,
    state_dir: Path,
    html: Path | None,
    as_json: bool,
) -> None:
    """Verify and replay SOURCE: a bundle (.zip), a folder with a log's files, or a hub's address.

    Exit code 0: it holds; 3: it does not. Each audit that holds is remembered: the next one of the same ledger must
    extend it, and of a server the next one looks at what is new.
    """
    live = is_live(source) and not copy
    goes_on = live if go_on is None else go_on  # a file is evidence by itself: all of it is looked at
    pinned, heads, kept = read_pin(pin), Heads(state_dir), KeptAudits(state_dir)
    sharing = _pool(processes, dask, signatures)
    with open_source(source, key_file, passphrase_file) as opened, sharing as pool, progress("auditing") as done:
        head, reached = _remembered(opened, heads, kept, view=view, signatures=signatures)
        result = audit_source(
            opened,
            pin=pinned,
            view=view,
            before=Before(head, live, reached if goes_on else None),
            signatures=signatures,
            witnesses=witnesses,
            pool=pool,
            progress=done,
        )
        alarm = _see(heads, result, opened, live=live)
    if html is not None:
        write_page(html, result, source=source, signatures=signatures)
    if as_json:
        print_json(_told(result, signatures))
    else:
        print_audit(result, signatures=signatures)
    if alarm is not None:
        remark(str(alarm))
    elif (
        goes_on
        and result.holds
        and result.reached is not None
        and result.memorandum is not None
        and not result.nothing_new
    ):
        kept.keep(result.memorandum, result.reached)
    if alarm is not None or not result.holds:
        raise click.exceptions.Exit(DOES_NOT_HOLD)


def _pool(processes: int | None, dask: str | None, signatures: Signatures) -> AbstractContextManager[Pool | None]:
    """Who shares the work; None for nobody."""
    if dask is None:
        count = processes or os.cpu_count() or 1
        return Processes(count) if count > 1 else nullcontext()
    if processes is not None:
        raise click.UsageError("either processes of this machine share the work, --processes, or a cluster, --dask")
    if signatures != "every":
        raise click.UsageError("a cluster verifies signatures, --dask, and --signatures heads leaves few of them")
    return dask_cluster(dask, seed=new_key())


def _remembered(
    source: Source, heads: Heads, kept: KeptAudits, *, view: str | None, signatures: Signatures
) -> tuple[bytes | None, Reached | None]:
    """The largest checkpoint that was seen of the ledger, and what the last audit with these settings reached."""
    try:
        memorandum = Memorandum.parse(source.read("memorandum"))
        view = stated_view(source) if view is None else view
    except (MalformedError, NotFoundError):
        return None, None  # no ledger at all: the audit says so
    return heads.remembered(memorandum), kept.read(memorandum, view=view, signatures=signatures)


def _see(heads: Heads, result: Audit, source: Source, *, live: bool) -> TamperedError | None:
    """Remember what the log signed, whether the rest of it holds or not; the alarm, where it contradicts the last."""
    if result.memorandum is not None and result.checkpoint is not None:
        try:
            heads.see(result.evidence, result.memorandum, source, live=live)
        except TamperedError as alarm:
            return alarm
    return None


@click.command()
@click.argument("out", type=File)
@click.option("--view", type=click.Choice(VIEWS), help="Which disclosures go in; else all that the source holds.")
@click.option("--from", "source", metavar="SOURCE", help="Another bundle, a folder, or a hub's address: not this hub.")
@key_options
@hub_options
@state_dir
@as_json
def bundle(
    *,
    out: Path,
    view: str | None,
    source: str | None,
    key_file: Path | None,
    passphrase_file: Path | None,
    state_dir: Path,
    as_json: bool,
    **flags: Any,
) -> None:
    """Write a log into OUT, one zip file: backup, hand-over, mirror seed and audit input.

    A full bundle holds what is sealed, in the clear: it is for whoever may read that.
    """
    with (
        own_source(Settings.here(flags), view or "full")
        if source is None
        else open_source(source, key_file, passphrase_file) as opened,
        progress("bundling") as done,
    ):
        if source is not None:
            Heads(state_dir).look(opened, Memorandum.parse(opened.read("memorandum")), live=is_live(source))
        view = view or stated_view(opened)
        checkpoint = write_bundle(opened, out, view=view, progress=done)
    if as_json:
        print_json({"file": str(out), "view": view, "size": checkpoint.size, "root": to_base64(checkpoint.root)})
    else:
        click.echo(f"{out}: {checkpoint.size} entries, {view} view")


def print_audit(result: Audit, *, signatures: str) -> None:
    """The report on a terminal: what was pinned, the steps and what they found, and the verdict last."""
    if not result.pinned:
        click.echo("self-consistent only: no founding document was pinned; its hash comes from the alliance's members")
    if result.vouched:
        click.echo(f"not all by this machine: {result.vouched}")
    print_table(["step", "", "verdict", "found"], step_lines(result, signatures), right=["step"])
    if result.findings:
        print_findings(result.findings)
    if result.contributed:
        print_contributions(result.contributed)
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
        "vouched": result.vouched or None,
        "disclosures": {"shown": result.shown, "withheld": result.withheld, "erased": result.erased},
        "passed": result.passed,
        "failure": result.failure,
        "findings": result.findings,
        "contributions": result.contributed,
    }


@contextmanager
def own_source(settings: Settings, view: str) -> Iterator[Source]:
    """This hub's own log; that the operator takes its sealed values out is written to the access log."""
    from ledger.operations.hub import open_store, open_vault  # noqa: PLC0415 - only a hub has a store
    from ledger.store.access_log import append_access, export_by_operator  # noqa: PLC0415 - as above
    from ledger.store.engine import reading, writing  # noqa: PLC0415 - as above
    from ledger.store.entries import authors  # noqa: PLC0415 - as above
    from ledger.store.head import read_head  # noqa: PLC0415 - as above
    from ledger.store.source import StoreSource  # noqa: PLC0415 - as above

    engine, _ = open_store(settings)
    vault = open_vault(settings) if view == "full" else None
    if vault is not None:
        with reading(engine) as connection:
            if vault.never_given(connection):
                raise SetupError("this hub was restored without disclosures: write a bundle of a clear view")
        with writing(engine) as connection:
            size = read_head(connection).size
            whose = {node for _, node in authors(connection, 0, size)}
            append_access(connection, export_by_operator(now(), "bundle", nodes=whose, rows=size))
    yield StoreSource(engine, vault, view)
    engine.dispose()
