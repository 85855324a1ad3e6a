"""A cohort: what it is, where it is open, how far it came, and what became of its patients, as each reader is shown it.

What its data say stands at the same address. A page of what is computed from sealed values is kept by nobody.
"""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from api.caching import OPENED
from api.drawing import draw
from api.negotiating import SharedPage
from api.routes.progress import Progress, log_exact
from api.web.cohort_drawn import facts_of
from ledger.reports.cohort_history import cohort_history
from ledger.reports.findings import findings_for, findings_of_cohort
from ledger.reports.shown import progress_for

router = APIRouter(tags=["pages"], route_class=SharedPage)


@router.get("/cohorts/{cohort}")  # noqa: FAST003 - `Progress` takes it; whose rows these are may have the page there
@router.get("/cohorts/{cohort}/progress")
def show_cohort(request: Request, asked: Progress) -> HTMLResponse:
    """One cohort."""
    snapshot, audience = asked.revealed.snapshot, asked.audience
    found = progress_for(asked.told, audience)  # refuses before anything is written down
    log_exact(request, asked)
    facts, size, headers = facts_of(found), snapshot.size, {}
    if not audience.is_outside:
        cohort = found.standing.cohort
        told = findings_of_cohort(asked.revealed, cohort, request.app.state.patience)
        facts = {
            **facts,
            "findings": findings_for(told, audience.node, is_auditor=audience.tier == "auditor"),
            "opens_all": audience.tier == "auditor",  # whom numbers of sealed values count is for these alone
            "history": cohort_history(snapshot, cohort),
        }
        headers = {"Cache-Control": OPENED}
    return draw(request, "cohort.html", seen_size=size, headers=headers, **facts)
