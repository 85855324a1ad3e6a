"""What the trials attest in total, in their own words, held against what their events add up to."""

from collections import Counter

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from api.audience import ShownTo
from api.drawing import draw
from api.negotiating import SharedPage
from api.queries import Seen
from ledger.cohort import rows
from ledger.cohort.snapshot import Snapshot
from ledger.names import When
from ledger.reports.census import census
from ledger.reports.shown import census_for

router = APIRouter(tags=["pages"], route_class=SharedPage)

SIGNS = {"ge": "at least ", "le": "at most "}


@router.get("/census")
def show_census(request: Request, seen: Seen, audience: ShownTo) -> HTMLResponse:
    """Attested, derived, and whether they agree."""
    lines, said_in = census_for(census(seen), audience), _said_in(seen)
    # attestations stand first, in the order of the log; behind them what nobody attested
    found = [(line, said_in[place] if place < len(said_in) else None) for place, line in enumerate(lines)]
    tally = Counter(line.verdict.partition(" by ")[0] for line in lines)
    days = {line.as_of: When.parse(line.as_of).last.isoformat() for line in lines if line.as_of}
    return draw(request, "census.html", seen_size=seen.size, found=found, tally=tally, signs=SIGNS, days=days)


def _said_in(seen: Snapshot) -> list[tuple[int, str]]:
    """The entry of each attestation and its id, in the order of the log."""
    return sorted((min(row.set_by.values()), row.event) for row in seen.of(rows.Census))
