"""The decision that is due in a cohort: on which cases, at how many benefits, and what the design then allows.

The cases are the first so many evaluable ones, in the order in which their treatments were told to have started, as of
the last entry. Their benefits are counted twice: as their nodes claim them, and as their assessments give them under
the cohort's endpoint. A decision states one of the two numbers; where they differ, a person says which.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from ledger.clinical.two_stage import Design, decisions_allowed
from ledger.cohort import rows
from ledger.cohort.places import PLANNED_STAGES, stage_after
from ledger.cohort.reveal import Revealed
from ledger.cohort.snapshot import Snapshot
from ledger.errors import NotFoundError, RuleError
from ledger.reports.outcomes import Outcome, outcomes
from ledger.signing.canonical import Json

By = Literal["claimed", "computed"]


@dataclass(frozen=True, slots=True)
class NamedCase:
    node: str
    case: str


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The decision that comes next in a scope: node None where accrual is pooled, else the trial that it is of.

    decider: the node that takes it; where that was removed, any member with a resolution of the alliance (None).
    stage: None where no stage is left to be decided. wanted: evaluable cases that the design looks at; evaluable: the
    first so many, in order, as of entry data_cut. claimed, computed: how many of them benefit; None while `missing`
    names anything, or where a case has no claim, or one of them is shut. unclaimed, shut: of how many cases that is so.
    as_claimed, as_computed: what the design allows then. missing: in words, what must come before the decision.
    synthetic: a made-up event is behind any of the cases.
    """

    cohort: str
    node: str | None
    decider: str | None
    design: str
    stage: int | None
    wanted: int
    evaluable: tuple[NamedCase, ...]
    data_cut: int
    claimed: int | None
    computed: int | None
    unclaimed: int
    shut: int
    as_claimed: tuple[str, ...]
    as_computed: tuple[str, ...]
    missing: tuple[str, ...]
    synthetic: bool

    @property
    def is_due(self) -> bool:
        return self.stage is not None and not self.missing

    @property
    def differs(self) -> bool:
        """Whether claims and assessments give different numbers."""
        return None not in (self.claimed, self.computed) and self.claimed != self.computed

    @property
    def decides_differently(self) -> bool:
        return self.differs and self.as_claimed != self.as_computed


def suggestions(revealed: Revealed, cohort: str) -> tuple[Suggestion, ...]:
    """One for each scope of a cohort: itself where accrual is pooled, else each trial that has opened it.

    Raises NotFoundError where no cohort of this name was defined.
    """
    snapshot = revealed.snapshot
    definition = next((each for each in snapshot.of(rows.Cohort) if each.cohort == cohort), None)
    if definition is None:
        raise NotFoundError(f"no cohort named {cohort} is defined: the board lists those that are")
    found = outcomes(revealed, cohort)
    nodes = {each.node for each in snapshot.of(rows.CohortOpening) if each.cohort == cohort}
    scopes: Iterable[str | None] = [None] if definition.accrual == "pooled" else sorted(nodes)
    return tuple(_suggestion(snapshot, definition, node, found) for node in scopes)


def shown_to(suggestion: Suggestion, node: str | None, *, is_auditor: bool, threshold: int) -> Suggestion:
    """What a member or an auditor is told of it: one trial's benefits are a part of all, and so are that trial's. Where
    cases are pooled, and fewer of them than `threshold` are not the reader's own, who may decide alone is told.
    """
    decides = suggestion.node or suggestion.decider  # None: any member may
    others = sum(each.node != node for each in suggestion.evaluable)
    is_enough = suggestion.node is None and (others == 0 or others >= threshold)
    if is_auditor or is_enough or (node is not None and decides in (None, node)):
        return suggestion
    return replace(suggestion, claimed=None, computed=None, as_claimed=(), as_computed=())


def draft_of(suggestion: Suggestion, *, by: By | None = None, decision: str | None = None) -> dict[str, Json]:
    """The draft of the decision, as `node post` takes it. by: whose number of benefits it states; None for the claims,
    where the assessments do not differ. decision: None where the design leaves no choice.

    Raises RuleError where no decision is due, where claims and assessments differ and `by` is not said, and for a
    decision that the design does not allow or leaves to be chosen.
    """
    what = f"stage {suggestion.stage} of {suggestion.cohort}"
    if suggestion.stage is None:
        raise RuleError(f"no stage of {suggestion.cohort} is left to be decided")
    if suggestion.missing:
        raise RuleError(f"{what} is not to be decided yet: {'; '.join(suggestion.missing)}")
    if by is None and suggestion.differs:
        raise RuleError(
            f"{what}: claims and assessments give different numbers of benefits"
            f"{' and lead to different decisions' if suggestion.decides_differently else ''}: say which the decision "
            "states, claimed or computed (--benefits)"
        )
    benefits = suggestion.computed if by == "computed" else suggestion.claimed
    allowed = suggestion.as_computed if by == "computed" else suggestion.as_claimed
    if benefits is None:
        raise RuleError(
            f"{what}: how many benefit, {by or 'claimed'}, cannot be told: {suggestion.unclaimed} of its cases have no "
            f"claim, and of {suggestion.shut} what is needed is erased or withheld"
        )
    if decision is None and len(allowed) > 1:
        raise RuleError(f"{what}: at {benefits} benefits the design leaves a choice, say which: {' or '.join(allowed)}")
    if decision is not None and decision not in allowed:
        raise RuleError(f"{what}: at {benefits} benefits the design allows {' or '.join(allowed)}, not {decision}")
    cases: list[Json] = [{"node": each.node, "case": each.case} for each in suggestion.evaluable]
    data: dict[str, Json] = {
        "cohort": suggestion.cohort,
        "stage": suggestion.stage,
        "evaluable": cases,
        "benefits": benefits,
        "decision": decision or allowed[0],
        "data_cut": suggestion.data_cut,
    }
    return {"type": "cohort.stage_decided", "data": data | ({"synthetic": True} if suggestion.synthetic else {})}


def evaluable_in(found: Iterable[Outcome], cohort: str, node: str | None) -> tuple[Outcome, ...]:
    """The evaluable cases of a scope in stages 1 and 2, in order. node: None where accrual is pooled."""
    return tuple(each for each in found if each.cohort == cohort and _counts(each, node) and each.evaluable is True)


def designs_of(snapshot: Snapshot) -> Mapping[str, Design]:
    """Cohort -> the design that its definition names."""
    adopted: dict[str, Any] = {row.resolution: row.content for row in snapshot.of(rows.Resolution)}
    return {
        row.cohort: Design.parse(adopted[row.design])
        for row in snapshot.of(rows.Cohort)
        if row.design is not None and row.design in adopted
    }


def _suggestion(snapshot: Snapshot, definition: rows.Cohort, node: str | None, found: Sequence[Outcome]) -> Suggestion:
    cohort, design = definition.cohort, designs_of(snapshot)[definition.cohort]
    decided = [row for row in snapshot.of(rows.StageDecision) if row.cohort == cohort and node in (None, row.node)]
    stage = stage_after({int(row.stage): row.decision or "" for row in decided})
    stage = stage if stage in PLANNED_STAGES else None
    wanted = 0 if stage is None else design.size_of(stage)
    first = evaluable_in(found, cohort, node)[:wanted]
    missing = tuple(_missing(first, wanted, [each for each in found if _counts(each, node)]))
    claim_of = {each.key: each for each in snapshot.of(rows.Episode)}
    unclaimed = sum("benefit" not in claim_of[each.cohort, each.node, each.case, each.event].set_by for each in first)
    is_told = stage is not None and not missing
    claimed = _benefits(each.claimed for each in first) if is_told else None
    computed = _benefits(each.computed.benefit if each.computed else None for each in first) if is_told else None
    return Suggestion(
        cohort=cohort,
        node=node,
        decider=_decider(snapshot, definition, node),
        design=definition.design or "",
        stage=stage,
        wanted=wanted,
        evaluable=tuple(NamedCase(each.node, each.case) for each in first),
        data_cut=snapshot.size - 1,
        claimed=claimed,
        computed=computed,
        unclaimed=unclaimed,
        shut=sum(not each.is_open for each in first),
        as_claimed=_allowed(design, stage, claimed),
        as_computed=_allowed(design, stage, computed),
        missing=missing,
        synthetic=any(each.synthetic for each in first),
    )


def _missing(first: Sequence[Outcome], wanted: int, treated: Iterable[Outcome]) -> Iterable[str]:
    undetermined = [each for each in treated if each.evaluable is None]
    if len(first) < wanted:
        yield f"{len(first)} of the {wanted} evaluable cases are there, {len(undetermined)} treated are undetermined"
        return
    for each in undetermined:
        if first and each.started < first[-1].started:
            yield f"case {each.case} of {each.node} comes before one of these, and is not determined yet"


def _counts(outcome: Outcome, node: str | None) -> bool:
    return outcome.is_planned and node in (None, outcome.node)


def _benefits(told: Iterable[str | None]) -> int | None:
    """None where one of them is not told."""
    known = list(told)
    return None if None in known else sum(each == "yes" for each in known)


def _allowed(design: Design, stage: int | None, benefits: int | None) -> tuple[str, ...]:
    return () if stage is None or benefits is None else tuple(sorted(decisions_allowed(design, stage, benefits)))


def _decider(snapshot: Snapshot, definition: rows.Cohort, node: str | None) -> str | None:
    decider = node or definition.defined_by
    removed = {row.node for row in snapshot.of(rows.Node) if row.removed_at is not None}
    return None if decider in removed else decider
