"""One box for whatever has a name: an entry, an event, a case, a node, a cohort, a key, a root, a drug.

It looks at clear fields alone. An exact hit leads there at once. What was asked for gets into no log: of
an address the template is written, and nothing behind the question mark.
"""

import re
from collections.abc import Iterator
from functools import partial
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import Field

from api.caching import OPENED, VARY
from api.drawing import draw
from api.hub import Reads
from api.negotiating import Page
from api.queries import AskedWhen, Look
from api.telling import cell_path
from ledger.cohort import rows
from ledger.cohort.snapshot import Snapshot
from ledger.errors import MalformedError
from ledger.names import UUID
from ledger.operations.reading import snapshot_of_tables
from ledger.reports.members import members
from ledger.reports.reasons import regimen_of
from ledger.signing.checkpoint import Checkpoint
from ledger.signing.encoding import to_base64
from ledger.signing.note import Note
from ledger.store.cells import read_versions
from ledger.store.checkpoints import kept_checkpoints
from ledger.store.engine import Connection, reading
from ledger.store.entries import find_entry, nodes_with_case
from ledger.store.head import read_head

router = APIRouter(tags=["pages"], route_class=Page)

HITS_MAX = 50
_NAMED = tuple(each.TABLE for each in (rows.Cohort, rows.Node, rows.Trial, rows.Resolution, rows.Supply))
_INDEX = re.compile(r"0|[1-9][0-9]{0,14}")
_HASHLIKE = re.compile(r"[A-Za-z0-9+/_=-]{6,64}")


class Looked(AskedWhen):
    q: Annotated[str, Field(max_length=120)] = ""


class Hit(NamedTuple):
    """what: is found, in a word. is_exact: it is named by all that was asked for."""

    what: str
    name: str
    address: str
    more: str = ""
    is_exact: bool = False


@router.get("/search")
def show_search(request: Request, reads: Reads, look: Look, asked: Annotated[Looked, Query()]) -> Response:
    """Redirects to the one thing that is meant, and lists them where there are several, or none is named in full."""
    seen, text = look(partial(snapshot_of_tables, tables=_NAMED)), asked.q.strip()
    found: list[Hit] = []
    if text:
        with reading(reads) as connection:
            named = [*_by_number(connection, text), *_by_hash(connection, text)]
        found = list(dict.fromkeys((*named, *_by_name(seen, text.lower()))))
    exact = [each for each in found if each.is_exact]
    if len(exact) == 1:
        return RedirectResponse(exact[0].address, 303, {"Cache-Control": OPENED, "Vary": VARY})
    hits = sorted(found, key=lambda each: not each.is_exact)
    return _page(request, seen, text, hits)


def _page(request: Request, seen: Snapshot, text: str, hits: list[Hit]) -> HTMLResponse:
    return draw(
        request,
        "search.html",
        headers={"Cache-Control": OPENED},
        seen_size=seen.size,
        text=text,
        hits=hits[:HITS_MAX],
        more=max(0, len(hits) - HITS_MAX),
    )


def _by_number(connection: Connection, text: str) -> Iterator[Hit]:
    """Entries by their index, events and cases by their id."""
    if _INDEX.fullmatch(text) and find_entry(connection, index=int(text)):
        yield Hit("event", f"entry {text}", f"/events/{text}", is_exact=True)
    handle = text.lower()
    if UUID.fullmatch(handle):
        if find_entry(connection, event_id=handle):
            yield Hit("event", handle, f"/events/{handle}", is_exact=True)
        for node in nodes_with_case(connection, handle):
            yield Hit("case", handle, f"/cases/{node}/{handle}", f"of {node}", is_exact=True)


def _by_hash(connection: Connection, text: str) -> Iterator[Hit]:
    """Keys by how their thumbprints begin, checkpoints by how their roots do."""
    if not _HASHLIKE.fullmatch(text):
        return
    for version in read_versions(connection, tables=(rows.Key.TABLE,)):
        node, thumbprint = version.key
        if thumbprint.startswith(text):
            yield Hit(
                "key", thumbprint, cell_path(rows.Key.TABLE, version.key), f"of {node}", is_exact=thumbprint == text
            )
    head = read_head(connection)
    notes = [each for each in (head.checkpoint, head.witnessed) if each is not None]
    for note in (*notes, *(each.note for each in kept_checkpoints(connection))):
        checkpoint = _checkpoint(note)
        roots = _spellings(checkpoint.root) if checkpoint else ()
        if checkpoint and checkpoint.size and any(root.startswith(text) for root in roots):
            last = checkpoint.size - 1
            yield Hit("root", roots[0], f"/events/{last}?at={last}", f"of the log with {checkpoint.size} entries")


def _checkpoint(note: bytes) -> Checkpoint | None:
    try:
        return Checkpoint.parse(Note.parse(note).text)
    except MalformedError:
        return None  # an audit tells of it


def _spellings(root: bytes) -> tuple[str, ...]:
    return to_base64(root), root.hex()


def _by_name(seen: Snapshot, text: str) -> Iterator[Hit]:
    """What people chose names for. text: in lower case."""
    for cohort in seen.of(rows.Cohort):
        regimen = regimen_of(cohort)
        label = cohort.label or ""
        gene = str(cohort.biomarker.get("gene", "")) if isinstance(cohort.biomarker, dict) else ""
        if _is_in(text, cohort.cohort, label, regimen, gene):
            names = {cohort.cohort, label.lower()}
            yield Hit("cohort", label or cohort.cohort, f"/cohorts/{cohort.cohort}", regimen, is_exact=text in names)
    for member in members(seen):
        if _is_in(text, member.node, member.trial or ""):
            names = {member.node, (member.trial or "").lower()}
            address = f"/events?node={member.node}"
            yield Hit("node", member.node, address, member.trial or "", is_exact=text in names)
    for adopted in seen.of(rows.Resolution):
        if _is_in(text, adopted.resolution):
            is_design = adopted.subject == "design"
            address = f"/design/{adopted.resolution}" if is_design else cell_path(rows.Resolution.TABLE, adopted.key)
            yield Hit(
                "resolution", adopted.resolution, address, adopted.subject or "", is_exact=text == adopted.resolution
            )
    for supply in seen.of(rows.Supply):
        if _is_in(text, supply.regimen):
            address = cell_path(rows.Supply.TABLE, supply.key)
            yield Hit("supply", supply.regimen, address, f"at {supply.node}")


def _is_in(text: str, *names: str) -> bool:
    return any(text in name.lower() for name in names)
