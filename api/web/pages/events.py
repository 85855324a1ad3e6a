"""The log as a list: newest first, by node, type, cohort, case and place; and followed as it grows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse
from pydantic import BeforeValidator, Field

from api.digits import Index
from api.drawing import draw
from api.entries import Entry, Reach, entry_of
from api.hub import Reads
from api.negotiating import SharedPage
from api.queries import AskedWhen
from ledger.events.catalog import EVENT_TYPES
from ledger.names import SLUG_MAX
from ledger.operations.reading import Moment, last_index
from ledger.signing.envelope import REPLACEMENT, Claims, parse_jws
from ledger.store.cells import amended_among
from ledger.store.engine import Connection, reading
from ledger.store.entries import StoredEntry, page_back, page_entries
from ledger.store.head import read_head

router = APIRouter(tags=["pages"], route_class=SharedPage)

PAGE = 50  # events
_BLANK = BeforeValidator(lambda text: None if text == "" else text)  # what a form sends of a field left empty
_Place = Annotated[Index | None, _BLANK]
_FILTERS = ("node", "type", "cohort", "case", "from", "to")


class Wanted(AskedWhen):
    """Which events. first, last: indexes between which they lie, both included. before, after: where a page begins."""

    node: Annotated[str | None, Field(max_length=SLUG_MAX), _BLANK] = None
    type: Annotated[str | None, Field(max_length=100), _BLANK] = None
    cohort: Annotated[str | None, Field(max_length=SLUG_MAX), _BLANK] = None
    case: Annotated[str | None, Field(max_length=36), _BLANK] = None
    first: Annotated[_Place, Field(alias="from")] = None
    last: Annotated[_Place, Field(alias="to")] = None
    before: _Place = None
    after: _Place = None

    @property
    def about(self) -> dict[str, str]:
        """What the events are of, as the store asks."""
        asked = {"node": self.node, "type": self.type, "cohort": self.cohort, "case": self.case}
        return {name: value for name, value in asked.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Told:
    """An entry as a line. amends: id of the event that it corrects or retracts; amended: what was done to it by then,
    by index.
    """

    entry: Entry
    actor: str
    cohort: str | None
    case: str | None
    amends: str | None
    amended: Mapping[int, str]


@router.get("/events")
def show_events(request: Request, reads: Reads, wanted: Annotated[Wanted, Query()]) -> HTMLResponse:
    """A page of the log."""
    moment = Moment.parse(wanted.at, wanted.on)
    with reading(reads) as connection:
        head = read_head(connection)
        size = last_index(connection, moment) + 1
        stop = size if wanted.last is None else min(size, wanted.last + 1)
        found, has_newer = _page(connection, wanted, stop)
        lines = tell(connection, found, Reach.of(head), size=size)
        start = wanted.first or 0
        has_older = bool(found) and bool(
            page_back(connection, before=found[-1].index, limit=1, start=start, **wanted.about)
        )
    return draw(
        request,
        "events.html",
        counts_days=False,
        seen_size=size,
        lines=lines,
        wanted=wanted,
        types=sorted({each.TYPE for each in EVENT_TYPES}),
        newer=_paged(request, after=found[0].index) if has_newer else None,
        older=_paged(request, before=found[-1].index) if has_older else None,
        newest=_paged(request),
        live_after=_live_after(wanted, head.published, is_top=not has_newer),
    )


def tell(connection: Connection, found: Iterable[StoredEntry], reach: Reach, *, size: int) -> list[Told]:
    """Entries as lines. size: of the log at the moment that the page is about."""
    entries = [(entry_of(stored, reach), parse_jws(stored.jws).claims) for stored in found]
    amended = amended_among(connection, [claims.event_id for _, claims in entries], size=size)
    return [_told(entry, claims, amended.get(claims.event_id, {})) for entry, claims in entries]


def _told(entry: Entry, claims: Claims, amended: Mapping[int, str]) -> Told:
    replacement = claims.data.get(REPLACEMENT)
    data: Mapping[str, Any] = {**(replacement if isinstance(replacement, dict) else {}), **claims.data}
    target = data.get("event") if claims.type.startswith("event.") else None
    return Told(entry, claims.actor.role, _text(data.get("cohort")), _text(data.get("case")), _text(target), amended)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _page(connection: Connection, wanted: Wanted, stop: int) -> tuple[list[StoredEntry], bool]:
    """Newest first, and whether there is anything newer. stop: index behind the last that is shown."""
    start, about = wanted.first or 0, wanted.about
    if wanted.after is not None:
        behind = page_entries(connection, after=max(wanted.after, start - 1), limit=PAGE + 1, **about)
        within = [each for each in behind if each.index < stop]
        if len(within) > PAGE:
            return within[PAGE - 1 :: -1], True
        wanted = wanted.model_copy(update={"before": None})  # the newest page, whole
    before = stop if wanted.before is None else min(stop, wanted.before)
    found = page_back(connection, before=before, limit=PAGE, start=start, **about)
    if not found or before == stop:
        return found, False
    newer = page_entries(connection, after=found[0].index, limit=1, **about)
    return found, bool(newer) and newer[0].index < stop


def _live_after(wanted: Wanted, published: int, *, is_top: bool) -> int | None:
    """Behind which entry the page may be followed: where it shows the newest there are. None where it does not."""
    is_now = is_top and (wanted.at, wanted.on, wanted.last) == (None, None, None)
    return max(published - 1, 0) if is_now and published else None


def _paged(request: Request, **place: int) -> str:
    kept = {name: value for name in (*_FILTERS, "at", "on") if (value := request.query_params.get(name))}
    query = urlencode({**kept, **place})
    return f"/events?{query}" if query else "/events"
