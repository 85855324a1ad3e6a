"""What is to be looked at, and what is to be decided: computed from sealed values, which are opened in the hub for it.

Nobody who is answered keeps any of it: what it rests on may be erased. What the hub keeps of it: see `api.found`.
"""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from api.access import Asking
from api.audience import Releases
from api.caching import OPENED
from api.hub import OpenHub
from api.problems import documented
from api.queries import Seen
from ledger.names import SLUG, SLUG_MAX
from ledger.operations.reading import Moment
from ledger.operations.revealing import reveal
from ledger.reports.decisions import Suggestion, shown_to, suggestions
from ledger.reports.finding import Finding
from ledger.reports.findings import findings_for
from ledger.store.engine import reading

router = APIRouter(tags=["cohorts"], responses=documented(400, 401, 403, 404))

CohortName = Annotated[str, Path(pattern=f"^{SLUG.pattern}$", max_length=SLUG_MAX, examples=["braf-v600"])]


@router.get("/findings")
def read_findings(
    request: Request, hub: OpenHub, seen: Seen, asking: Asking, response: Response
) -> tuple[Finding, ...]:
    """What is to be looked at: it was admitted, and no rule refuses it. None shows a patient's value."""
    found = request.app.state.findings.of(hub, seen, request.app.state.patience)
    _is_opened(response)
    return findings_for(found, asking.node, is_auditor=asking.view == "full")


@router.get("/cohorts/{cohort}/decision")
def read_decision(
    request: Request, hub: OpenHub, asking: Asking, outside: Releases, response: Response, cohort: CohortName
) -> tuple[Suggestion, ...]:
    """The stage decision that comes next, one a scope: on which cases, at how many benefits, and what may be decided.

    What is counted is over all nodes, and told to members where enough patients stand behind it; else, and where each
    trial accrues for itself, who decides alone and auditors are told the benefits.
    """
    seen = request.app.state.snapshots.read(hub.engine, Moment())
    with reading(hub.engine) as connection:
        opened = reveal(connection, hub.vault, seen, cohort=cohort)
    _is_opened(response)
    found = suggestions(opened, cohort)
    is_auditor, threshold = asking.view == "full", outside.thresholds.partner
    return tuple(shown_to(each, asking.node, is_auditor=is_auditor, threshold=threshold) for each in found)


def _is_opened(response: Response) -> None:
    response.headers["Cache-Control"] = OPENED
    if "etag" in response.headers:
        del response.headers["etag"]
