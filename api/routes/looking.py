"""What is to be looked at, and what is to be decided: computed from sealed values, which are opened in the hub for it.

Nothing of these answers is kept: what they rest on may be erased.
"""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from api.access import Asking
from api.audience import Releases
from api.caching import OPENED
from api.hub import OpenHub
from api.problems import documented
from api.queries import Seen
from ledger.cohort.reveal import Revealed
from ledger.cohort.snapshot import Snapshot
from ledger.names import SLUG, SLUG_MAX
from ledger.operations.hub import Hub
from ledger.operations.reading import Moment, snapshot_at
from ledger.operations.revealing import reveal
from ledger.reports.decisions import Suggestion, shown_to, suggestions
from ledger.reports.finding import Finding
from ledger.reports.findings import findings, findings_for
from ledger.store.engine import reading

router = APIRouter(tags=["cohorts"], responses=documented(400, 401, 403, 404))

CohortName = Annotated[str, Path(pattern=f"^{SLUG.pattern}$", max_length=SLUG_MAX, examples=["braf-v600"])]


@router.get("/findings")
def read_findings(
    request: Request, hub: OpenHub, seen: Seen, asking: Asking, response: Response
) -> tuple[Finding, ...]:
    """What is to be looked at: it was admitted, and no rule refuses it. None shows a patient's value."""
    found = findings(_opened(hub, seen, response), request.app.state.patience)
    return findings_for(found, asking.node, is_auditor=asking.view == "full")


@router.get("/cohorts/{cohort}/decision")
def read_decision(
    hub: OpenHub, asking: Asking, outside: Releases, response: Response, cohort: CohortName
) -> tuple[Suggestion, ...]:
    """The stage decision that comes next, one a scope: on which cases, at how many benefits, and what may be decided.

    What is counted is over all nodes, and told to members where enough patients stand behind it; else, and where each
    trial accrues for itself, who decides alone and auditors are told the benefits.
    """
    found = suggestions(_opened(hub, snapshot_at(hub.engine, Moment()), response, cohort), cohort)
    is_auditor, threshold = asking.view == "full", outside.thresholds.partner
    return tuple(shown_to(each, asking.node, is_auditor=is_auditor, threshold=threshold) for each in found)


def _opened(hub: Hub, snapshot: Snapshot, response: Response, cohort: str | None = None) -> Revealed:
    """cohort: whose values are opened, None for all."""
    with reading(hub.engine) as connection:
        found = reveal(connection, hub.vault, snapshot, cohort=cohort)
    response.headers["Cache-Control"] = OPENED
    if "etag" in response.headers:
        del response.headers["etag"]
    return found
