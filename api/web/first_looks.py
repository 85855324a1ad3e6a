"""What each role is shown first, beside the board."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from api.entries import Entry, Reach, entry_of
from api.refusals import Refusals
from api.web.cohort_rows import drawn_with
from api.web.naming import SHAPES, country_name
from ledger.cohort.witnesses import cosignatures_on
from ledger.operations.hub import Hub
from ledger.operations.watch import stored_witnesses
from ledger.reports.board import Board
from ledger.reports.board_filter import Wanted, choices, filtered, scope_of
from ledger.reports.shown import PooledBoard
from ledger.reports.standing import Standing
from ledger.reports.tumours import name_of
from ledger.signing import envelope as envelopes
from ledger.signing.checkpoint import Checkpoint
from ledger.signing.encoding import to_base64, to_base64url
from ledger.signing.note import Note
from ledger.store.engine import Connection, Engine, reading
from ledger.store.entries import find_entry, page_back
from ledger.store.head import Head, read_head

_LAST = 8  # events of a node
FREE = Wanted(state="open", free="yes")


def of_public(shown: Board | PooledBoard) -> dict[str, Any]:
    """What anybody may know of how large this is."""
    members = [node for node in shown.nodes if node.removed_on is None]
    return {
        "trials": [node.trial or node.node for node in members],
        "countries": sorted({country_name(node.country) for node in members if node.country}),
        "cohorts": len(shown.cohorts),
        "open": len(filtered(shown, Wanted(state="open")).cohorts),
        "free": len(filtered(shown, FREE).cohorts),
        "synthetic": bool(drawn_with(shown.cohorts)["made_up"]["names"]),
    }


def of_node(found: Board, node: str, *, reads: Engine, size: int, refusals: Refusals) -> dict[str, Any]:
    """What a member posted last, where its stream stands, what of it was refused, what it has open.

    size: of the log that is looked at.
    """
    with reading(reads) as connection:
        reach = Reach.of(read_head(connection))
        entries = [entry_of(each, reach) for each in page_back(connection, before=size, limit=_LAST, node=node)]
    running = [_at(each, node) for each in found.cohorts]
    return {
        "country_name": country_name,
        "node": next(each for each in found.nodes if each.node == node),
        "entries": entries,
        "head": _head_of(entries),
        "refused": refusals.of(node)[:_LAST],
        "refused_since": _minute(refusals.since),
        "running": [each for each in running if each["state"] in {"open", "suspended"}],
    }


def of_auditor(hub: Hub, found: Board, *, refusals: Refusals, audits: frozenset[str] | None) -> dict[str, Any]:
    """The newest checkpoint, who cosigned it, what was refused. audits: of which nodes that is shown, None for all."""
    with reading(hub.engine) as connection:
        head = read_head(connection)
        checkpoint = _checkpoint(connection, hub, head)
    mine = [each for node in found.nodes if audits is None or node.node in audits for each in refusals.of(node.node)]
    return {
        "checkpoint": checkpoint,
        "witnessed": head.witnessed_size,
        "read_only": hub.standing.read_only,
        "pin": hub.memorandum.hash.hex(),
        "refused": sorted(mine, key=lambda each: each.at, reverse=True)[:_LAST],
        "refused_since": _minute(refusals.since),
    }


def of_investigator(shown: Board | PooledBoard) -> dict[str, Any]:
    """Where a place is free, and for which tumours and genes."""
    offered = choices(shown, FREE)
    return {
        "offered": offered,
        "tumours": {code: count for code, count in offered.tumours.items() if count},
        "genes": {gene: count for gene, count in offered.genes.items() if count},
        "tumour_name": name_of,
        "country_name": country_name,
    }


def of_industry(shown: Board | PooledBoard, regimens: frozenset[str]) -> dict[str, Any]:
    return {"regimens": sorted(regimens), "found": shown, "pooled": True, **drawn_with(shown.cohorts)}


def _at(cohort: Standing, node: str) -> dict[str, Any]:
    """A cohort as it is at one node."""
    (here,) = (each for each in cohort.nodes if each.node == node)
    scope = scope_of(cohort, node)
    return {
        "cohort": cohort.cohort,
        "label": cohort.label or cohort.cohort,
        "state": here.state,
        "shape": SHAPES[here.state],
        "opened_on": here.opened_on,
        "started": here.started,
        "stage": scope.stage if scope else None,
        "left": scope.places_left if scope else 0,
        "scope": scope.node if scope else None,
        "synthetic": cohort.synthetic or here.synthetic > 0,
    }


def _head_of(entries: Sequence[Entry]) -> dict[str, Any] | None:
    """Where a stream stands, by its last entry; None before the first."""
    if not entries:
        return None
    return {"seq": entries[0].seq, "hash": to_base64url(envelopes.parse_jws(entries[0].jws).hash)}


def _checkpoint(connection: Connection, hub: Hub, head: Head) -> dict[str, Any] | None:
    """The newest that the log signed, with who cosigned it; None before the first."""
    if head.checkpoint is None or head.digest_note is None:
        return None
    note = Note.parse(head.checkpoint)
    signed, digest = Checkpoint.parse(note.text), Checkpoint.parse(Note.parse(head.digest_note).text)
    last = find_entry(connection, index=signed.size - 1)
    witnesses = stored_witnesses(connection, head.size)
    given = {each.witness: each.time_s for each in cosignatures_on(note, witnesses)}
    return {
        "origin": hub.memorandum.origin,
        "size": signed.size,
        "root": to_base64(signed.root),
        "digest": to_base64(digest.root),
        "received": last.received if last else None,
        "witnesses": {each.name: _at_second(given[each.name]) if each.name in given else None for each in witnesses},
    }


def _minute(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _at_second(time_s: int) -> str:
    return _minute(datetime.fromtimestamp(time_s, UTC))
