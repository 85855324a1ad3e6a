"""Who gave what, how soon, and how far each trial's cases came, in its own nouns: as each reader is shown it."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from api.audience import ShownTo
from api.drawing import draw
from api.negotiating import SharedPage
from api.queries import Seen
from api.web.charts.months import Monthly, months_chart
from ledger.reports.contributions import contributions
from ledger.reports.funnel import funnel
from ledger.reports.shown import contributions_for, funnel_for
from ledger.reports.timeliness import by_month, timeliness

router = APIRouter(tags=["pages"], route_class=SharedPage)

# a noun of the funnel, and its name in words; no outsider is told the last ones
NOUNS = {
    "cases_submitted": "cases submitted",
    "cases_profiled": "cases profiled",
    "cases_prescreened": "cases prescreened",
    "cases_prescreened_with_target": "of these with a target",
    "cases_allocated": "cases allocated",
    "patients_enrolled": "patients enrolled",
    "treatments_started": "treatments started",
    "treatments_started_stage_3": "the same in stage 3",
}


@router.get("/contributions")
def show_contributions(request: Request, seen: Seen, audience: ShownTo) -> HTMLResponse:
    """Who contributed what, over time."""
    found, lines = contributions_for(contributions(seen), audience), funnel_for(funnel(seen), audience)
    chart = None
    if not audience.is_outside:
        told = (Monthly(each.month, each.node, each.events) for each in by_month(seen))
        chart = months_chart(told, "by-month", title="Events by the month that they tell of", what="dated events")
    return draw(
        request,
        "contributions.html",
        seen_size=seen.size,
        found=found,
        lines=lines,
        nouns={noun: words for noun, words in NOUNS.items() if lines and hasattr(lines[0], noun)},
        told=() if audience.is_outside else timeliness(seen),
        chart=chart,
        is_outside=audience.is_outside,
    )
