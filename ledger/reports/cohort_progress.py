"""One cohort: what was defined, under which design and endpoint, how far every scope came, and what was decided.

No rate is given here: a rate needs its estimator, and the claims that it would rest on are sealed.
"""

from dataclasses import dataclass

from ledger.cohort import rows
from ledger.cohort.snapshot import Snapshot, cases_of
from ledger.errors import NotFoundError
from ledger.reports.standing import Standing, standings
from ledger.signing.canonical import Json


@dataclass(frozen=True, slots=True)
class Decision:
    """A stage decision. index: of the event that took it. evaluable: how many cases it names; data_cut: the index as
    of which they were counted; override: the resolution that excused it, where one had to.
    """

    index: int
    node: str
    stage: int
    decision: str | None
    evaluable: int
    benefits: int | None
    data_cut: int | None
    override: str | None
    synthetic: bool


@dataclass(frozen=True, slots=True)
class CohortProgress:
    """design, endpoint: the slugs of the resolutions, and beside each the content that was adopted."""

    standing: Standing
    biomarker: Json
    ages: Json
    line: str | None
    design: str | None
    design_content: Json
    endpoint: str | None
    endpoint_content: Json
    decisions: tuple[Decision, ...]


def cohort_progress(snapshot: Snapshot, cohort: str) -> CohortProgress:
    """Raises NotFoundError where no cohort of this name was defined."""
    definition = next((each for each in snapshot.of(rows.Cohort) if each.cohort == cohort), None)
    if definition is None:
        raise NotFoundError(f"no cohort named {cohort} is defined: the board lists those that are")
    invented = {(each.cohort, each.node, each.case) for each in snapshot.of(rows.Episode) if each.synthetic}
    adopted = {each.resolution: each.content for each in snapshot.of(rows.Resolution)}
    return CohortProgress(
        standing=next(each for each in standings(snapshot) if each.cohort == cohort),
        biomarker=definition.biomarker,
        ages=definition.ages,
        line=definition.line,
        design=definition.design,
        design_content=adopted.get(definition.design or ""),
        endpoint=definition.endpoint,
        endpoint_content=adopted.get(definition.endpoint or ""),
        decisions=tuple(
            sorted(
                (_decision(each, invented) for each in snapshot.of(rows.StageDecision) if each.cohort == cohort),
                key=lambda each: each.index,
            )
        ),
    )


def _decision(row: rows.StageDecision, invented: set[tuple[str, str, str]]) -> Decision:
    """invented: the cases with an episode that is made up: cohort, node, case."""
    named = tuple(cases_of(row))
    return Decision(
        index=row.set_by["decision"],
        node=row.node,
        stage=int(row.stage),
        decision=row.decision,
        evaluable=len(named),
        benefits=row.benefits,
        data_cut=row.data_cut,
        override=row.override,
        synthetic=row.synthetic or not invented.isdisjoint(named),
    )
