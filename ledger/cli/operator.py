"""Whoever runs a hub: founds the ledger, serves it, and looks whether all of it still holds together."""

import importlib
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import click

from ledger.cli.founding import read_memorandum
from ledger.cli.logs import begin_logging, say, say_of_witnesses
from ledger.cli.options import File, as_json, hub_options, log_options, passphrase_for, read_pin, state_dir
from ledger.cli.serving import check_reach, listen, run_app
from ledger.cli.sources import is_live, open_source
from ledger.cli.terminal import print_facts, print_json, print_table, progress, remark
from ledger.cohort.memorandum import Memorandum
from ledger.errors import SetupError
from ledger.node.keyring import is_encrypted, read_key
from ledger.operations.doctor import examine
from ledger.operations.heads import Heads
from ledger.operations.hub import Hub, found_ledger, open_hub, open_store
from ledger.operations.judges import processes_here
from ledger.operations.moving import move
from ledger.operations.rebuild import check_tables
from ledger.operations.rebuild import rebuild as rebuild_tables
from ledger.operations.restore import restore
from ledger.settings import Settings
from ledger.signing.encoding import to_base64
from ledger.signing.note import NoteSigner
from ledger.store.engine import migrate as migrate_schema
from ledger.store.engine import open_engine, shown_url

_URLS_OF_DATABASES = frozenset({"database_url", "read_url"})
_SECRETS = frozenset({"vault_wrap_key"})
# of what the doctor may find, what counts first: history, then tables, then the set-up
_EXITS: Mapping[str, int] = {"history": 3, "tables": 8, "set-up": 7, "well": 0}


@click.command()
@click.option("--memorandum", "memorandum_file", type=File, help="The founding document.")
@click.option("--from", "source", metavar="SOURCE", help="What to restore: a mirror, a bundle, a hub's address.")
@click.option("--pin", metavar="HASH", help="With --from: SHA-256 of the founding document that you trust.")
@hub_options
@click.option("--log-key-passphrase-file", type=File, help="What opens the log's key.")
@state_dir
@as_json
def init(
    *,
    memorandum_file: Path | None,
    source: str | None,
    pin: str | None,
    state_dir: Path,
    as_json: bool,
    **flags: Any,
) -> None:
    """Found a ledger here, with the document that its members will sign; or restore one from a copy.

    A copy is held against the largest checkpoint that was seen of its log: of one that contradicts it nothing is
    restored, and of one that is older it is said.
    """
    if (memorandum_file is None) == (source is None):
        raise click.UsageError("name the founding document with --memorandum, or what to restore with --from")
    if pin is not None and source is None:
        raise click.UsageError("--pin says which ledger is restored: it goes with --from")
    settings = Settings.here(flags)
    if source is not None:
        _restore(settings, source, read_pin(pin), Heads(state_dir), as_json=as_json)
        return
    assert memorandum_file is not None
    memorandum = read_memorandum(memorandum_file)
    found_ledger(settings, memorandum.text, _signer(settings, memorandum.origin))
    if as_json:
        print_json({"origin": memorandum.origin, "memorandum": memorandum.hash.hex(), "data_dir": settings.data_dir})
        return
    click.echo(f"founded {memorandum.origin} in {settings.data_dir}")
    click.echo(f"memorandum {memorandum.hash.hex()}")
    remark("next: `cohort-ledger serve`; each founder's first event is memorandum.signed")


def _restore(settings: Settings, source: str, pin: bytes | None, heads: Heads, *, as_json: bool) -> None:
    with open_source(source) as opened, progress("restoring") as done:
        memorandum = Memorandum.parse(opened.read("memorandum"))  # for its name; the audit is what looks at it
        seen = heads.look(opened, memorandum, live=is_live(source))
        if seen.relation == "older":
            remark(f"{source} is {seen.words}")
            remark(
                f"a hub that goes on from its {seen.checkpoint.size} entries forks its log: restore from a copy of all "
                "that was signed, if there is one"
            )
        restored = restore(settings, opened, _signer(settings, memorandum.origin), pin=pin, progress=done)
    head = restored.checkpoint
    if as_json:
        told = {"memorandum": restored.memorandum.hash.hex(), "data_dir": settings.data_dir, "view": restored.view}
        print_json({"origin": head.origin, "size": head.size, **told})
        return
    click.echo(f"restored {head.origin} in {settings.data_dir}: {head.size} entries, {restored.view} view")
    click.echo(f"memorandum {restored.memorandum.hash.hex()}")
    if pin is None:
        remark("it is consistent with itself; that it is the alliance's, only --pin says")
    if restored.view == "clear":
        remark("what is sealed was not in it: the hub has none of it, and `doctor` says so")


@click.command()
@click.option("--host", help="Loopback, unless the public URL is https://...")
@click.option("--port", type=int, help="8700 unless set.")
@click.option("--public-url", metavar="URL", help="Where callers reach it: what their tokens are for.")
@click.option("--dev", is_flag=True, help="Every caller has every role; on loopback only.")
@click.option(
    "--release-seconds", type=click.IntRange(min=1), hidden=True, help="Of a demonstration, whose data is made up."
)
@hub_options
@click.option("--log-key-passphrase-file", type=File, help="What opens the log's key.")
@log_options
def serve(dev: bool, release_seconds: int | None, **flags: Any) -> None:
    """Run the hub: take posts, and serve the log and the database over HTTP."""
    settings = Settings.here(flags)
    check_reach(settings.host, public_url=settings.public_url, dev=dev)
    if release_seconds is not None and settings.public_url.startswith("https://"):
        raise click.UsageError("--release-seconds is for a demonstration on this machine: others subtract releases")
    listener, url = listen(settings.host, settings.port)
    engine, memorandum = open_store(settings)
    engine.dispose()
    signer = _signer(settings, memorandum.origin)  # which may ask for a passphrase
    begin_logging(settings)
    processes = processes_here() if settings.verify_processes is None else settings.verify_processes
    hub = open_hub(settings, signer, tell=say_of_witnesses, processes=processes)
    hub.standing.tell_admitted = partial(say, "posts are taken now: enough witnesses have answered")
    for line in (hub.witnessing.warning(), hub.standing.read_only):
        if line is not None:
            say_of_witnesses(line)
    public_url = url if settings.origin["public_url"] == "default" else settings.public_url
    app = importlib.import_module("api.serving").app_of(  # by name
        settings, hub, public_url=public_url, dev=dev, release_seconds=release_seconds
    )
    say(f"{memorandum.origin} on {url}, until Ctrl-C")
    if dev:
        say("for development: every caller has every role")
    run_app(app, listener, begun=lambda: say("requests are taken"), ending=partial(_end, hub))


def _end(hub: Hub) -> None:
    say("no request is taken any more: what is under way is answered, and then it ends")
    hub.listeners.close()


@click.command()
@click.option("--to", metavar="URL", help="Move the ledger into this database, which is empty.")
@hub_options
@as_json
def migrate(to: str | None, as_json: bool, **flags: Any) -> None:
    """Bring the database's schema to this version; what is at it already stays as it is.

    With --to, move the ledger to another database: every row in one transaction, held against what was there, and the
    log and its tables against themselves, before it commits. Nothing can be appended here after that. Stop the hub
    before, set database_url after, and start it again; the vault's keys and the log's key stay where they are. Who is
    logged in logs in again.
    """
    settings = Settings.here(flags)
    if to is not None:
        _move(settings, to, as_json=as_json)
        return
    engine = open_engine(settings.database_url)
    migrate_schema(engine)
    engine.dispose()
    if as_json:
        print_json({"database": shown_url(settings.database_url)})
    else:
        click.echo("the schema is this version's")


def _move(settings: Settings, to: str, *, as_json: bool) -> None:
    moved = move(settings.database_url, to, tell=remark)
    tables = [(each.table, each.rows, each.digest.hex()) for each in moved.contents]
    if as_json:
        told = [dict(zip(("table", "rows", "sha256"), each, strict=True)) for each in tables]
        print_json({"to": moved.to, "size": moved.size, "digest": to_base64(moved.digest), "tables": told})
        return
    print_table(
        ["table", "rows", "sha256, here and there"], [[name, str(rows), digest] for name, rows, digest in tables]
    )
    click.echo(f"moved {moved.size} entries to {moved.to}: every table is the same in both")
    click.echo(f"digest {to_base64(moved.digest)}, of the rows there; {moved.accesses} lines of the access log fit")
    remark("next: set database_url to it and start the hub; nothing can be appended here any more")


@click.command()
@click.option("--check", is_flag=True, help="Change nothing: hold the stored tables against the log.")
@hub_options
@as_json
def rebuild(check: bool, as_json: bool, **flags: Any) -> None:
    """Replay the log and replace the tables of the cohort database. Prints the digest that both have."""
    engine, memorandum = open_store(Settings.here(flags))
    with progress("replaying") as done:
        work = check_tables if check else rebuild_tables
        digest = work(engine, memorandum, progress=done)
    engine.dispose()
    if as_json:
        print_json({"digest": to_base64(digest), "checked": check})
    else:
        click.echo(f"digest {to_base64(digest)}")


@click.command()
@hub_options
@as_json
def doctor(as_json: bool, **flags: Any) -> None:
    """Hold everything that a hub stores against everything else, and say where each setting comes from."""
    settings = Settings.here(flags)
    with progress("auditing") as done:
        findings = list(examine(settings, progress=done))
    verdicts = {each.verdict for each in findings}
    worst = next(verdict for verdict in _EXITS if verdict in verdicts)
    if as_json:
        print_json({"verdict": worst, "findings": findings, "settings": _told(settings)})
    else:
        print_table(
            ["setting", "value", "from"],
            [[name, told["value"], told["from"]] for name, told in _told(settings).items()],
        )
        marks = {"well": "well", "set-up": "SET-UP", "history": "HISTORY", "tables": "TABLES"}
        print_table(["looked at", "", "found"], [[each.what, marks[each.verdict], each.message] for each in findings])
        print_facts({"doctor:": "all is well" if worst == "well" else f"{worst} is not as it should be"})
    raise click.exceptions.Exit(_EXITS[worst])


def _told(settings: Settings) -> dict[str, dict[str, str]]:
    """Each setting with where it came from; secrets are not shown."""
    return {
        name: {"value": _shown(name, getattr(settings, name)), "from": origin}
        for name, origin in settings.origin.items()
    }


def _shown(name: str, value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, Mapping):
        return " ".join(f"{key}={each}" for key, each in value.items()) or "none"
    if name in _URLS_OF_DATABASES:
        return shown_url(str(value))
    return "set" if name in _SECRETS else str(value)


def _signer(settings: Settings, origin: str) -> NoteSigner:
    file = settings.log_key_file
    if not file.exists():
        raise SetupError(f"there is no log key {file}: make one with `cohort-ledger log-key new`, or name its file")
    later = sorted(file.parent.glob(f"{file.stem}.*{file.suffix}"))  # as `log-key new --next` names them
    first, *others = (
        NoteSigner(
            origin,
            read_key(each, passphrase_for(each, settings.log_key_passphrase_file, encrypted=is_encrypted(each))),
        )
        for each in (file, *later)
    )
    return replace(first, later=tuple(others))
