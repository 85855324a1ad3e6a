"""`cohort-ledger cohort ID decide`: the stage decision that is due, and its draft, ready for `node post`."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import click

from ledger.cli.node_options import client_of
from ledger.cli.options import File, as_json, hub_options
from ledger.cli.revealed import revealed
from ledger.cli.terminal import print_facts, print_json, print_table, remark
from ledger.clinical.two_stage import Decision
from ledger.errors import NotFoundError, RuleError, SetupError
from ledger.node.folder import NodeFolder
from ledger.operations.reading import Moment
from ledger.operations.replacing import replacing
from ledger.reports.decisions import By, Suggestion, draft_of, suggestions
from ledger.settings import Settings
from ledger.signing.canonical import Json

WORD = "decide"


class WithDecision(click.Command):
    """A command whose first argument names a cohort, and that hands `ID decide …` on to the command below."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        if args[1:2] == [WORD]:
            return decide.make_context(f"{info_name} ID {WORD}", [args[0], *args[2:]], parent, **extra)
        return super().make_context(info_name, args, parent, **extra)


@click.command()
@click.argument("name", metavar="ID")
@click.option("--benefits", type=click.Choice(get_args(By)), help="Whose number it states, where the two differ.")
@click.option("--decision", type=click.Choice(get_args(Decision)), help="Which, where the design leaves a choice.")
@click.option("--node", metavar="NODE", help="Whose decision, where each trial accrues for itself.")
@click.option("--out", type=File, metavar="FILE", help="Write the draft into this file, for `node post`.")
@click.option("--node-dir", type=File, help="Ask the hub as this node; without it this is the hub's own folder.")
@click.option("--url", help="The hub's address, with --node-dir.")
@click.option("--passphrase-file", type=File, help="What opens the node's key, with --node-dir.")
@hub_options
@as_json
def decide(  # noqa: PLR0913 - each is one thing that may have to be said
    *,
    name: str,
    benefits: By | None,
    decision: str | None,
    node: str | None,
    out: Path | None,
    node_dir: Path | None,
    url: str | None,
    passphrase_file: Path | None,
    as_json: bool,
    **flags: Any,
) -> None:
    """Suggest the decision that is due in a cohort, and draft it: the ordered cases, the benefits, what follows.

    The benefits are those that the nodes claim. Where the assessments give another number, nothing is drafted until
    --benefits says which of them the decision states.
    """
    if node_dir is None and (url is not None or passphrase_file is not None):
        raise click.UsageError("--url and --passphrase-file go with --node-dir")
    if node_dir is None:
        opened, shut = revealed(Settings.here(flags), Moment(), cohort=name)
        if shut is not None:
            raise SetupError(shut)
        found = _only(suggestions(opened, name), node)
    else:
        settings = Settings.here({"node_dir": node_dir, "url": url})
        folder = NodeFolder.open(settings.node_dir)
        with client_of(folder, settings.url, passphrase_file) as client:
            found = _only(client.suggestions(name), node or folder.name)
    if not as_json:
        print_suggestion(found)
    if node_dir is not None and found.decider != folder.name:
        raise RuleError(f"{found.decider or 'nobody'} decides in {name}, not {folder.name}")
    draft = draft_of(found, by=benefits, decision=decision)
    if out is not None:
        _write(out, draft)
    if as_json:
        print_json({"suggestion": found, "draft": draft})
    else:
        click.echo(json.dumps(draft, ensure_ascii=False))


def print_suggestion(found: Suggestion) -> None:
    who = found.decider or "any member, with the alliance's resolution"
    print_facts(
        {
            "cohort": found.cohort if found.node is None else f"{found.cohort} at {found.node}",
            "stage": "none is left to be decided" if found.stage is None else f"{found.stage} of {found.design}",
            "decides": who,
            **(_counts(found) if found.stage is not None else {}),
            **({"missing": "; ".join(found.missing)} if found.missing else {}),
            **({"without a claim": str(found.unclaimed)} if found.unclaimed else {}),
            **({"erased or withheld": str(found.shut)} if found.shut else {}),
            **({"synthetic": "made up for demonstration"} if found.synthetic else {}),
        }
    )
    if found.evaluable:
        lines = [[str(place), each.node, each.case] for place, each in enumerate(found.evaluable, start=1)]
        print_table(["", "node", "case, in the order of their treatment"], lines, right=[""])
    if found.decides_differently:
        remark("CLAIMS AND ASSESSMENTS LEAD TO DIFFERENT DECISIONS: see `cohort-ledger findings` before anything else")
    elif found.differs:
        remark("claims and assessments give different numbers of benefits: see `cohort-ledger findings`")


def _counts(found: Suggestion) -> dict[str, str]:
    return {
        "evaluable": f"{len(found.evaluable)} of {found.wanted}, as of entry {found.data_cut}",
        "benefits as claimed": _counted(found.claimed, found.as_claimed),
        "benefits as computed": _counted(found.computed, found.as_computed),
    }


def _counted(benefits: int | None, allowed: Sequence[str]) -> str:
    return "not told" if benefits is None else f"{benefits}, so {' or '.join(allowed)}"


def _only(found: Sequence[Suggestion], node: str | None) -> Suggestion:
    """The only one, or the node's. Raises NotFoundError where it is not clear which, or there is none."""
    if len(found) == 1 and None in (node, found[0].node):
        return found[0]
    of_node = [each for each in found if each.node == node]
    if not of_node:
        trials = ", ".join(str(each.node) for each in found) or "none"
        raise NotFoundError(f"each trial accrues for itself here: name one with --node; it was opened by {trials}")
    return of_node[0]


def _write(out: Path, draft: dict[str, Json]) -> None:
    with replacing(out) as opened:
        opened.write(json.dumps(draft, ensure_ascii=False).encode() + b"\n")
    remark(f"the draft is in {out}: `cohort-ledger node post {out}`")
