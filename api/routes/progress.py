"""One cohort's progress, as far as each reader sees it: `ledger.reports.shown` says how far.

It rests on sealed values, which may be erased any time. So no answer is for ever, not even one about an entry long
past: whoever is shown what is over all nodes asks again, and has the same answer until the log grows. What a reader is
shown exactly, an auditor all and a member its own, is opened for it: nobody keeps it, and it is written down.
"""

from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from api.audience import Releases, ShownTo
from api.caching import NOT_MODIFIED, OPENED, check_unchanged
from api.hub import OpenHub
from api.logged import log_access
from api.problems import documented
from api.queries import AskedWhen, ReadsOfMoment, moment_for, tags_of_pooled, tags_of_release
from api.routes.cohorts import CohortName
from api.tables import CsvResponse, csv_answer
from ledger.cohort.reveal import Revealed
from ledger.cohort.snapshot import Snapshot
from ledger.errors import ForbiddenError
from ledger.operations.hub import Hub
from ledger.operations.kept_snapshots import KeptSnapshots
from ledger.operations.reading import last_index, snapshot_of_cohort
from ledger.operations.revealing import reveal
from ledger.reports.cohort_progress import CohortProgress
from ledger.reports.look_lines import LookLine, look_lines
from ledger.reports.material import Material, material
from ledger.reports.patients import Patient
from ledger.reports.shown import Audience, PooledProgress, progress_for
from ledger.store.engine import reading
from ledger.store.head import read_head

router = APIRouter(tags=["cohorts"], responses={**NOT_MODIFIED, **documented(400, 401, 403, 404)})


@dataclass(frozen=True, slots=True)
class Asked:
    """What a report is made from, and who is shown it. revealed: the same with what is open to the hub. exact: the
    patients of whom it shows all.
    """

    revealed: Revealed
    told: Material
    audience: Audience
    exact: Sequence[Patient]


def _asked(
    request: Request,
    hub: OpenHub,
    reads: ReadsOfMoment,
    audience: ShownTo,
    outside: Releases,
    response: Response,
    cohort: CohortName,
    asked: Annotated[AskedWhen, Query()],
) -> Asked:
    moment = moment_for(audience, outside, asked, now=hub.appender.now())
    with reading(reads) as connection:
        known = read_head(connection).size  # before anything is read: what comes meanwhile has another tag
        size = last_index(connection, moment) + 1

    def tags(size: int) -> dict[str, str]:
        if audience.is_outside:
            return tags_of_release(request, audience, size=size)
        return tags_of_pooled(request, audience, size=size, known=known)

    check_unchanged(request, tags(size))  # who was opened anything was given no tag
    kept: KeptSnapshots = request.app.state.snapshots
    snapshot = kept.at(reads, moment) or snapshot_of_cohort(reads, moment, cohort)  # either gives the same report
    if audience.is_outside:
        response.headers.update(tags(snapshot.size))
        return Asked(Revealed(snapshot), material(Revealed(snapshot), cohort), audience, ())
    revealed = _revealed(hub, snapshot, cohort)
    told = material(revealed, cohort)
    exact = [each for each in told.patients if audience.tier == "auditor" or each.node == audience.node]
    if exact:
        response.headers["Cache-Control"] = OPENED
    else:
        response.headers.update(tags(snapshot.size))
    return Asked(revealed, told, audience, exact)


Progress = Annotated[Asked, Depends(_asked)]


@router.get("/cohorts/{cohort}/progress")  # noqa: FAST003 - `_asked` takes it
def read_progress(request: Request, asked: Progress) -> CohortProgress | PooledProgress:
    """One cohort's design and endpoint, how far every scope came, what was decided, and what became of its patients."""
    log_exact(request, asked)
    return progress_for(asked.told, asked.audience)


def log_exact(request: Request, asked: Asked) -> None:
    """Write down whose patients are shown exactly, where any are: before they are. Errors: as `log_access`."""
    if asked.exact:
        log_access(request, nodes={each.node for each in asked.exact}, rows=len(asked.exact))


@router.get("/cohorts/{cohort}/progress.csv", response_class=CsvResponse)  # noqa: FAST003 - as above
def read_progress_csv(request: Request, asked: Progress, response: Response) -> CsvResponse:
    """The looks at a cohort, by country too: a line for what is claimed at each, and one for what is computed."""
    found = progress_for(asked.told, asked.audience)
    if not isinstance(found, CohortProgress):
        raise ForbiddenError("what became of patients is for members and auditors of the alliance")
    names = tuple(field.name for field in fields(LookLine))
    whose = {each.node for each in asked.told.patients}
    return csv_answer(request, names, map(astuple, look_lines(found)), response.headers, nodes=whose)


def _revealed(hub: Hub, snapshot: Snapshot, cohort: str) -> Revealed:
    with reading(hub.engine) as connection:
        return reveal(connection, hub.vault, snapshot, cohort=cohort)
