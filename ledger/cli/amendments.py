"""What became of an event, for people: beside the event, field by field, and in the trail of its case."""

import json
from collections.abc import Iterator
from typing import Any

from ledger.cli.terminal import print_table
from ledger.operations.amended import History
from ledger.reports.amendments import Amendment
from ledger.signing import envelope as envelopes
from ledger.store.entries import StoredEntry

_SHOWN_MAX = 300  # characters of a value in a table; JSON has it whole


def short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN_MAX else f"{text[:_SHOWN_MAX]}…"


def told_of(stored: StoredEntry, history: History) -> dict[str, Any]:
    """As members of JSON: what the event amends, where it does, and what was done to it, or by it."""
    original = envelopes.parse_jws(history.original.jws).claims
    amends = {"index": history.original.index, "event": original.event_id, "type": original.type}
    is_original = history.original.index == stored.index
    return {"amends": None if is_original else amends, "amendments": _shown(stored, history)}


def in_facts(stored: StoredEntry, history: History) -> dict[str, str]:
    """On a line each, with a name before it."""
    if history.original.index != stored.index:
        original = envelopes.parse_jws(history.original.jws).claims
        facts = {"of": f"entry {history.original.index}, {original.type} {original.event_id}"}
        return {**facts, "why": "; ".join(f"{each.reason_code}: {each.reason}" for each in _shown(stored, history))}
    return {
        f"{kind} by": "; ".join(_by(each) for each in history.done if each.kind == kind)
        for kind in dict.fromkeys(each.kind for each in history.done)
    }


def print_changes(stored: StoredEntry, history: History) -> None:
    for each in _shown(stored, history):
        if each.changes:
            print_table(
                ["field", "old", "new"],
                [[change.field, short(change.old), short(change.new)] for change in each.changes],
                title=f"Corrected by entry {each.index}",
            )


def trail_lines(stored: StoredEntry, history: History) -> Iterator[tuple[int, str, str, str, str]]:
    """Index, received, node, type and words of what was done to an event of the trail."""
    for each in history.done:
        changed = [f"{change.field} {short(change.old)} → {short(change.new)}" for change in each.changes]
        words = ", ".join([f"entry {stored.index}", f"{each.reason_code}: {each.reason}", *changed])
        yield each.index, each.received, each.node, f"event.{each.kind}", words


def _shown(stored: StoredEntry, history: History) -> list[Amendment]:
    """All that was done to an event; of a correction itself, what it did."""
    is_original = history.original.index == stored.index
    return [each for each in history.done if is_original or each.index == stored.index]


def _by(each: Amendment) -> str:
    who = f"{each.user}, {each.role} ({each.meaning}) of {each.node}"
    return f"entry {each.index} {each.event}, {each.received}, {who}: {each.reason_code}: {each.reason}"
