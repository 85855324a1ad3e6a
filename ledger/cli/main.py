"""The program: its commands, loaded when they are asked for, and the one place where errors become exit codes.

    0  ok                                       5    refused by a rule, or by the stream's head
    1  unexpected                               6    network or server
    2  usage, or bytes that are not the format  7    the set-up is not as it should be
    3  verification failed                      8    only the stored tables differ from the log
    4  not allowed, or a signature              130  interrupted

What goes to standard output is data; whatever is said beside it goes to standard error.
"""

import importlib
import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import click

from ledger.errors import (
    ConflictError,
    ForbiddenError,
    GateError,
    LedgerError,
    MalformedError,
    NotFoundError,
    RefusedError,
    RuleError,
    SetupError,
    SignatureError,
    TamperedError,
    UnauthenticatedError,
    UnavailableError,
)
from ledger.operations.replacing import name_of_part

PROGRAM = "cohort-ledger"
UNEXPECTED, USAGE, INTERRUPTED = 1, 2, 130
TABLES_DIFFER, STEP_OF_TABLES = 8, 8

_USER_FILES = "look at what you gave, or at the command's --help"
_EXITS: Mapping[type[LedgerError], tuple[int, str]] = {
    MalformedError: (USAGE, _USER_FILES),
    NotFoundError: (USAGE, _USER_FILES),
    TamperedError: (3, "change nothing, keep a copy of all files, and tell the alliance's partners"),
    UnauthenticatedError: (4, "name the key that you hold with --key, or a node's folder"),
    ForbiddenError: (4, "ask whoever may"),
    SignatureError: (4, "sign with the key that is in force; it was not stored"),
    RuleError: (5, "it was not stored; correct the draft, or wait until what it needs is there"),
    ConflictError: (5, "it was not stored; run the same command again, it signs on the current head"),
    GateError: (5, "it was not stored; correct the draft"),
    RefusedError: (5, "it was not stored"),
    UnavailableError: (6, "see that the server runs and its address is right, then run the same command again"),
    SetupError: (7, f"`{PROGRAM} doctor` says what a hub lacks, and where each setting comes from"),
    LedgerError: (UNEXPECTED, "run it again with --debug before the command's name, and report what it says"),
}
_PLACES = ("step", "index", "node", "seq", "draft", "line", "field", "next_seq")  # facts that say where


class _Listed(NamedTuple):
    """Where a command is, and its line in --help, so that --help loads none."""

    module: str
    summary: str


_COMMANDS: Mapping[str, _Listed] = {
    "demo": _Listed("demo", "The alliance of 2021, from founding to audit, in one command."),
    "alliance": _Listed("founding", "Draft, show and hash the founding document."),
    "log-key": _Listed("founding", "Make the log's own key."),
    "init": _Listed("operator", "Found a ledger here, or restore one from a copy."),
    "serve": _Listed("operator", "Run the hub."),
    "migrate": _Listed("operator", "Bring the database's schema to this version, or move the ledger to another."),
    "access-log": _Listed("access_log", "Who read sealed values or took exports, and whose."),
    "backup": _Listed("backup", "Copy the database, or the vault's keys, while the hub runs."),
    "deploy": _Listed("deploy", "Print a systemd unit, a Containerfile, and how to back up and restore."),
    "rebuild": _Listed("operator", "Replay the log and replace the tables, or hold them against it."),
    "doctor": _Listed("operator", "Hold everything that a hub stores against everything else."),
    "erase-check": _Listed("erasing", "Look whether what was erased of a case is anywhere yet."),
    "node": _Listed("node", "A trial's own side: its key, what it posts, its receipts."),
    "login": _Listed("login", "A link that logs you in in a browser, once."),
    "token": _Listed("grant", "Print a token for one request to a server that asks who you are."),
    "grant": _Listed("grant", "Let somebody see what the node contributed, and take it back."),
    "witness": _Listed("witness", "Watch logs: cosign what extends what was cosigned before."),
    "board": _Listed("reports", "Every cohort at every node: open, late, places left."),
    "cohort": _Listed("reports", "One cohort: definition, stages, decisions; `ID decide` drafts the next."),
    "design": _Listed("reports", "One design: its rule, what it does at each benefit rate, and what its ends say."),
    "contributions": _Listed("reports", "Who contributed what."),
    "census": _Listed("reports", "What the trials attested, against what their events add up to."),
    "funnel": _Listed("reports", "How far each trial's cases came."),
    "findings": _Listed("reports", "What an auditor should look at, and no rule refused."),
    "event": _Listed("reports", "One event: who said what, the cells that it set, and what was corrected."),
    "trail": _Listed("reports", "All that was said of one case."),
    "export": _Listed("export", "Write reports, tables and patients' data in the formats of others."),
    "mirror": _Listed("mirror", "Keep a verified copy of a log in a folder, to be served, audited or restored from."),
    "publish-static": _Listed("publish_static", "Keep the log's public files in a folder, for any file server."),
    "bundle": _Listed("auditor", "Write a log into one zip file."),
    "audit": _Listed("auditor", "Verify and replay a bundle, a folder or a server's log."),
    "compare": _Listed("evidence", "Tell whether two sources of a log show one history."),
    "evidence": _Listed("evidence", "Check a file that is said to convict a log."),
}


class _Program(click.Group):
    def list_commands(self, _context: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        listed = _COMMANDS.get(name)
        if listed is None:
            return None
        module = importlib.import_module(f"ledger.cli.{listed.module}")
        command = getattr(module, name.replace("-", "_"))
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, _context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, listed.summary) for name, listed in _COMMANDS.items()])


@click.command(cls=_Program, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name=PROGRAM)
@click.option("--debug", is_flag=True, help="Show a traceback with an error; it may hold what stood in your files.")
def program(debug: bool) -> None:
    """An append-only, signed ledger under a shared cohort database.

    Start with `cohort-ledger demo`.
    """


def main(arguments: Sequence[str]) -> int:
    """Run a command line. Returns the exit code."""
    try:
        code = program.main(list(arguments), prog_name=PROGRAM, standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return UNEXPECTED
    except LedgerError as error:
        _show_traceback(arguments)
        code, advice = _exit_of(error)
        places = ", ".join(f"{name} {error.facts[name]}" for name in _PLACES if name in error.facts)
        where = f" ({places})" if places else ""
        click.echo(f"{PROGRAM}: {error}{where}\n{error.title} What next: {advice}.", err=True)
    except OSError as error:
        _show_traceback(arguments)
        click.echo(f"{PROGRAM}: {_as_asked(error.filename)}: {error.strerror}", err=True)
        return _EXITS[SetupError][0]
    except Exception as error:  # noqa: BLE001 - the last place to catch it; its words may hold a value, its kind not
        _show_traceback(arguments)
        click.echo(f"{PROGRAM}: an unexpected {type(error).__name__}. {_EXITS[LedgerError][1]}", err=True)
        return UNEXPECTED
    return code if isinstance(code, int) else 0


def _as_asked(filename: str | None) -> str:
    """A file by the name that somebody gave: one that is being written has another until it is whole."""
    if filename is None:
        return "a file"
    head, slash, name = filename.rpartition("/")
    return f"{head}{slash}{name_of_part(name) or name}"


def _exit_of(error: LedgerError) -> tuple[int, str]:
    code, advice = next(_EXITS[kind] for kind in type(error).__mro__ if kind in _EXITS)
    if isinstance(error, TamperedError) and error.facts.get("step") == STEP_OF_TABLES:
        return TABLES_DIFFER, f"the log holds; `{PROGRAM} rebuild` makes the tables again from it"
    return code, advice


def _show_traceback(arguments: Sequence[str]) -> None:
    if "--debug" in arguments:
        traceback.print_exc()


def run() -> None:
    sys.exit(main(sys.argv[1:]))


if __name__ == "__main__":
    run()
