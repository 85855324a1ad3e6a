"""One cohort: what was defined, under which design and endpoint, how far every scope came, what was decided, and what
became of its patients.

What rests on sealed values is computed from what of them is open: where nothing is, everybody is `shut`. Who is shown
how much of all this: `ledger.reports.shown_progress`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.clinical.characteristics import Characteristics, characteristics
from ledger.cohort import rows
from ledger.cohort.reveal import Revealed
from ledger.cohort.snapshot import cases_of
from ledger.reports.follow_up import Line, TimeToEvent, overall, progression_free, swimmer
from ledger.reports.looks import Beyond, Look, beyond, looks, looks_of
from ledger.reports.material import Material, material
from ledger.reports.patients import Patient
from ledger.reports.responses import Responses, responses
from ledger.reports.standing import Standing
from ledger.reports.toxicity import Toxicity, toxicity
from ledger.reports.waterfall import Waterfall, waterfall
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
class Results:
    """What became of some patients. treated: in the stages that the design plans, of whom all but the adverse events
    are; these are of everybody treated. A part is None where it is not shown.
    """

    treated: int
    responses: Responses | None
    progression_free: TimeToEvent | None
    overall: TimeToEvent | None
    toxicity: Toxicity | None
    swimmer: tuple[Line, ...] | None
    waterfall: Waterfall | None


@dataclass(frozen=True, slots=True)
class Own:
    """What the reader's own node contributed."""

    node: str
    looks: tuple[Look, ...]
    stage_3: Beyond
    results: Results


@dataclass(frozen=True, slots=True)
class CohortProgress:
    """design, endpoint: the slugs of the resolutions, and beside each the content that was adopted. characteristics: of
    the design, which hold where its looks come at its numbers.

    own: of who has treated somebody and may not see everything.
    """

    standing: Standing
    biomarker: Json
    ages: Json
    line: str | None
    design: str | None
    design_content: Json
    characteristics: Characteristics
    endpoint: str | None
    endpoint_content: Json
    decisions: tuple[Decision, ...]
    looks: tuple[Look, ...]
    stage_3: Beyond
    results: Results
    own: Own | None


def cohort_progress(revealed: Revealed, cohort: str) -> CohortProgress:
    """All of it, exactly. Raises NotFoundError where no cohort of this name was defined."""
    return progress_of(material(revealed, cohort))


def progress_of(told: Material) -> CohortProgress:
    definition = told.definition
    return CohortProgress(
        standing=told.standing,
        biomarker=definition.biomarker,
        ages=definition.ages,
        line=definition.line,
        design=definition.design,
        design_content=told.adopted.get(definition.design or ""),
        characteristics=characteristics(told.design),
        endpoint=definition.endpoint,
        endpoint_content=told.adopted.get(definition.endpoint or ""),
        decisions=decisions(told),
        looks=looks(told),
        stage_3=beyond(told.patients),
        results=results(told, told.patients),
        own=None,
    )


def own_of(told: Material, node: str) -> Own | None:
    """What a node contributed itself, exactly; None where it treated nobody."""
    own = [each for each in told.patients if each.node == node]
    return Own(node, looks_of(told, node), beyond(own), results(told, own)) if own else None


def results(told: Material, patients: Sequence[Patient]) -> Results:
    """patients: some of those treated."""
    planned = [each for each in patients if each.outcome.is_planned]
    here = {each.outcome.event for each in patients}
    counted = [each for each in told.counted if each.outcome.event in here]
    return Results(
        treated=len(planned),
        responses=responses(counted, told.endpoint, told.basis),
        progression_free=progression_free(planned, told.endpoint, told.basis),
        overall=overall(planned, told.basis),
        toxicity=toxicity(patients, told.basis),
        swimmer=swimmer(planned),
        waterfall=waterfall(planned, told.endpoint, told.basis),
    )


def decisions(told: Material) -> tuple[Decision, ...]:
    """In the order in which they were taken."""
    of = told.standing.cohort
    invented = {(each.cohort, each.node, each.case) for each in told.snapshot.of(rows.Episode) if each.synthetic}
    found = (_decision(each, invented) for each in told.snapshot.of(rows.StageDecision) if each.cohort == of)
    return tuple(sorted(found, key=lambda each: each.index))


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
