"""The main job on real figures, in one command: five nodes sign and post, a hub projects, an auditor replays."""

import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import click

from ledger.cli.auditor import own_source, print_audit
from ledger.cli.demo_people import doors, let_in
from ledger.cli.demo_stage import PEOPLE, Stage, free_port, post_all, rebuild_check, running_hub, set_up
from ledger.cli.options import File
from ledger.cli.report_tables import print_board, print_census
from ledger.cli.tampering import change_one_byte
from ledger.cli.terminal import print_facts, progress, remark
from ledger.demo.facts import Facts, alliance_of_2021
from ledger.demo.scenario import scenario
from ledger.errors import TamperedError
from ledger.operations.audit import audit
from ledger.operations.bundle import write_bundle
from ledger.operations.doctor import examine
from ledger.operations.hub import open_store
from ledger.operations.reading import Moment, snapshot_at
from ledger.operations.source import HttpSource, ZipSource
from ledger.reports.board import board
from ledger.reports.census import census
from ledger.signing.checkpoint import Checkpoint, database_origin, read_checkpoint
from ledger.signing.encoding import to_base64

_FOLDER = Path("cohort-ledger-demo")
_SIGNATURES = "every"


@click.command()
@click.option("--dir", "folder", type=File, default=_FOLDER, show_default=True, help="Where all of it is put.")
@click.option("--seed", type=int, default=2021, show_default=True, help="Of the synthetic patients.")
@click.option(
    "--serve", is_flag=True, help="Let guests in, and leave the hub running until Ctrl-C, with a link for each role."
)
@click.option("--tamper", is_flag=True, help="Change one stored byte behind the hub's back, and see it named.")
def demo(*, folder: Path, seed: int, serve: bool, tamper: bool) -> None:
    """Found the alliance of November 2021, let its five nodes post, and print what came of it.

    The figures are those that the partners published; the patients are synthetic, flagged so, and add up to them. The
    folder is made anew each time.
    """
    if serve and tamper:
        raise click.UsageError("--serve and --tamper exclude each other: a damaged ledger is not served")
    facts = alliance_of_2021()
    stage = set_up(folder.absolute(), facts)
    remark(f"1. founded {stage.memorandum.origin} in {folder}; its six keys lie there unencrypted, for it is a demo")
    port = free_port()
    with running_hub(stage, port, "--dev") as url:
        remark(f"2. the hub runs in another process, at {url}")
        drafts = list(scenario(facts, stage.memorandum, seed=seed))
        started = time.monotonic()
        with progress("3. five nodes sign and post") as done:
            post_all(stage, url, drafts, progress=done)
        posting_s = time.monotonic() - started
        with rebuild_check(stage) as rebuilt:
            _print_reports(stage, facts)
            click.echo(f"posted {len(drafts)} events in {posting_s:.1f} s: {len(drafts) / posting_s:.0f} a second")
            _print_audit(stage, url, rebuilt=rebuilt)
        if serve:
            let_in(stage, url)
    if serve:
        with running_hub(stage, port, "--release-seconds", "1") as url:
            _serve(url, stage)
    if tamper:
        tamper_with(stage)
    else:
        remark(f"next: cd {folder}; cohort-ledger board --at 100, cohort-ledger doctor, cohort-ledger event 100")


def _print_reports(stage: Stage, facts: Facts) -> None:
    engine, _ = open_store(stage.settings)
    snapshot = snapshot_at(engine, Moment(on=date.fromisoformat(facts.as_of)))
    engine.dispose()
    print_board(board(snapshot))
    print_census(census(snapshot))


def _print_audit(stage: Stage, url: str, *, rebuilt: Callable[[], bytes]) -> None:
    """Bundle, audit under the pinned memorandum, and hold the three digests side by side; the verdict comes last."""
    bundle = _bundled(stage, "bundle.zip")
    started = time.monotonic()
    with ZipSource(bundle) as source, progress("5. an auditor replays the bundle") as done:
        result = audit(source, pin=stage.memorandum.hash, progress=done)
    auditing_s = time.monotonic() - started
    digests = {"hub": _digest_of(stage, url).root, "rebuild --check": rebuilt(), "audit": result.digest}
    print_facts(
        {name: to_base64(digest) for name, digest in digests.items()}, title="Digest of the cohort database, by three"
    )
    size = result.checkpoint.size if result.checkpoint else 0
    click.echo(f"audited {size} events with every signature in {auditing_s:.1f} s: {size / auditing_s:.0f} a second\n")
    print_audit(result, signatures=_SIGNATURES)
    if len(set(digests.values())) > 1 or not result.holds:
        raise TamperedError("hub, rebuild and audit do not agree")


def _bundled(stage: Stage, name: str) -> Path:
    out = stage.folder / name
    with own_source(stage.settings, "full") as source, progress("4. bundling") as done:
        write_bundle(source, out, view="full", progress=done)
    return out


def _digest_of(stage: Stage, url: str) -> Checkpoint:
    """The hub's signed statement on its database."""
    with HttpSource(url) as source:
        note = source.read("digest")
    memorandum = stage.memorandum
    return read_checkpoint(note, memorandum.log_key, origin=database_origin(memorandum.origin))[0]


def _serve(url: str, stage: Stage) -> None:
    """Everybody logs in here as anywhere else: by a link that is made for a key, and good once."""
    found = [*doors(stage, url)]
    click.echo("\nOpen it as")
    for door in found:
        click.echo(f"{door.whom}: {door.address}")
    remark("each link logs in once, within five minutes; each in a private window of its own, or one after the other")
    for door in found:
        if door.key_file is not None:
            remark(f"another link for {door.whom}: cohort-ledger login --url {url} --key {door.key_file}")
    remark("the public and the company are shown releases: here one a second, a minute behind, for all is made up")
    remark(
        f"audit it from another terminal: cohort-ledger audit {url} --pin {stage.memorandum.hash.hex()} "
        f"--key {stage.folder / PEOPLE / 'auditor.pem'}"
    )
    remark("the hub runs on until Ctrl-C")
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        remark("stopped")


def tamper_with(stage: Stage) -> None:
    """Damage the database, and see that doctor and audit name the entry. Raises TamperedError where they do not."""
    index = change_one_byte(stage.settings)
    click.echo(f"\none byte of entry {index} was changed in {stage.settings.database_url}, behind the hub's back")
    with progress("doctor") as done:
        findings = list(examine(stage.settings, progress=done))
    for each in findings:
        click.echo(f"doctor: {each.what}: {each.verdict}: {each.message}")
    with ZipSource(_bundled(stage, "tampered.zip")) as source:
        result = audit(source, pin=stage.memorandum.hash)
    print_audit(result, signatures=_SIGNATURES)
    named_by_doctor = any(each.verdict == "history" and f"entry {index}" in each.message for each in findings)
    if result.failure is None or result.failure.index != index or not named_by_doctor:
        raise TamperedError(f"entry {index} was changed, and not both doctor and audit named it")
    click.echo(f"caught, as it should be: both name entry {index}. Run the demo again for a ledger that holds.")
