"""What became of everybody who started treatment: what the node claims, and what its assessments give.

Benefit is computed anew under the endpoint that the cohort names, from the assessments as they stand. What the node
itself claimed stands beside it. Both rest on sealed values: where these are shut, nothing is said.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from ledger.clinical.benefit import Determined, Endpoint, determine
from ledger.clinical.course import Assessment, Course
from ledger.cohort import rows
from ledger.cohort.places import PLANNED_STAGES
from ledger.cohort.reveal import Revealed
from ledger.cohort.snapshot import Snapshot
from ledger.cohort.view import date_of

Claimed = Literal["yes", "no", "not-evaluable"]
_Patient = tuple[str, str]  # node, case


@dataclass(frozen=True, slots=True)
class Outcome:
    """One episode, from the first treatment on.

    started: index of the entry that told of it, which orders the cases of a design. evaluable: None while that is not
    determined. claimed: None where the node has claimed nothing, or it is shut. course, computed: None where any of its
    assessments is shut. is_open: nothing that was sealed of claim and assessments is shut. synthetic: made up.
    """

    cohort: str
    node: str
    case: str
    event: str
    started: int
    started_on: str
    stage: int
    evaluable: bool | None
    claimed: Claimed | None
    course: Course | None
    computed: Determined | None
    is_open: bool
    synthetic: bool

    @property
    def is_planned(self) -> bool:
        """Whether it counts towards the design: stage 3 is beyond it."""
        return self.stage in PLANNED_STAGES


class _Treated(NamedTuple):
    """What a case's episodes tell of each other: another treatment began."""

    event: str
    started: int
    row: rows.Episode


def outcomes(revealed: Revealed, cohort: str | None = None) -> tuple[Outcome, ...]:
    """Of one cohort or of all, in the order in which their treatments were told to have started."""
    snapshot = revealed.snapshot
    endpoints, root = endpoints_of(snapshot), roots_of(snapshot)
    assessed = defaultdict[tuple[str, str, str], list[rows.Assessment]](list)
    for row in snapshot.of(rows.Assessment):
        assessed[row.cohort, row.node, row.case].append(row)
    treated = defaultdict[_Patient, list[_Treated]](list)
    for each in snapshot.of(rows.Episode):
        if each.started_on is not None:
            index = each.set_by["started_on"]
            treated[each.node, each.case].append(_Treated(each.event, root.get(index, index), each))
    found = [
        _outcome(revealed, each, episodes, assessed[each.row.cohort, node, case], endpoints.get(each.row.cohort))
        for (node, case), episodes in treated.items()
        for each in episodes
        if cohort is None or each.row.cohort == cohort
    ]
    return tuple(sorted(found, key=lambda each: each.started))


def endpoints_of(snapshot: Snapshot) -> Mapping[str, Endpoint]:
    """Cohort -> the endpoint that its definition names."""
    adopted: dict[str, Any] = {row.resolution: row.content for row in snapshot.of(rows.Resolution)}
    return {
        row.cohort: Endpoint.parse(adopted[row.endpoint])
        for row in snapshot.of(rows.Cohort)
        if row.endpoint is not None and row.endpoint in adopted
    }


def _outcome(
    revealed: Revealed,
    told: _Treated,
    episodes: list[_Treated],
    assessments: list[rows.Assessment],
    endpoint: Endpoint | None,
) -> Outcome:
    row = told.row
    claim = revealed.fields(row, "benefit", "best_response", "basis")
    course = _course(revealed, told, episodes, assessments)
    return Outcome(
        cohort=row.cohort,
        node=row.node,
        case=row.case,
        event=row.event,
        started=told.started,
        started_on=row.started_on or "",
        stage=row.stage or 0,
        evaluable=row.evaluable,
        claimed=claim["benefit"] if claim else None,  # type: ignore[arg-type]  # the type's schema admits these alone
        course=course,
        computed=determine(course, endpoint) if course is not None and endpoint is not None else None,
        is_open=claim is not None and course is not None,
        synthetic=row.synthetic,
    )


def _course(
    revealed: Revealed, told: _Treated, episodes: list[_Treated], assessments: list[rows.Assessment]
) -> Course | None:
    """None where an assessment is shut: what is left of a course is no course."""
    found = []
    for row in sorted(assessments, key=lambda each: min(each.set_by.values())):
        values: dict[str, Any] | None = revealed.fields(row, "day", "criteria", "response", "evaluator", "baseline")
        if values is None:
            return None
        sums: dict[str, Any] = revealed.fields(row, "target_sum_mm") or {}  # the course stands without it, too
        found.append(
            Assessment(
                **{**values, "baseline": bool(values["baseline"])},
                target_sum_mm=sums.get("target_sum_mm"),
            )
        )
    return Course(tuple(found), new_treatment_day=min(_later_days(told, episodes), default=None))


def _later_days(told: _Treated, episodes: list[_Treated]) -> Iterator[int]:
    """The study days on which the patient began another treatment; none is made of a date that is not a day."""
    first = date_of(told.row.started_on)
    for each in episodes:
        other = date_of(each.row.started_on)
        if each.event != told.event and first.precision == other.precision == "day" and other.first > first.first:
            yield (other.first - first.first).days + 1


def roots_of(snapshot: Snapshot) -> Mapping[int, int]:
    """Correction -> what it corrects, by their indexes: a corrected event keeps its place in the order.

    Read from the rows, for the register of a store does not say it.
    """
    corrections = snapshot.of(rows.Correction)
    targets = {row.target for row in corrections}
    told = (*snapshot.events, *snapshot.later)
    index_of = {event.event_id: event.index for event in told if event.event_id in targets}
    return {
        row.set_by["target"]: index_of[row.target]
        for row in corrections
        if row.target is not None and row.target in index_of
    }
