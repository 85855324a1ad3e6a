"""Findings about stage decisions: off their design, or such that what is known now would have decided otherwise.

A decision stands as it was taken; late data never rewrite it. What is computed of its cases rests on sealed values, so
a case whose value is shut or not told may count either way, and only what no way of counting bears out is found.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ledger.clinical.two_stage import Design, decisions_allowed
from ledger.cohort.rows import Cohort, StageDecision
from ledger.cohort.snapshot import cases_of
from ledger.reports.decisions import designs_of, evaluable_in
from ledger.reports.finding import Finding, Looked, key_of
from ledger.reports.outcomes import Outcome


class _Decided(NamedTuple):
    """A decision with the design that it is held against, and the outcomes of its cases as they stand, in order."""

    row: StageDecision
    design: Design
    cases: tuple[Outcome, ...]

    @property
    def stage(self) -> int:
        return int(self.row.stage)

    @property
    def follows_the_rule(self) -> bool:
        """Whether the design gives this decision at the benefits that it states."""
        return self.is_allowed_at(self.row.benefits or 0)

    def is_allowed_at(self, benefits: int) -> bool:
        return self.row.decision in decisions_allowed(self.design, self.stage, benefits)

    def found(self, kind: str, message: str) -> Finding:
        row = self.row
        return Finding(kind, f"stage {row.stage} of {row.cohort} {message}", row.set_by["decision"], row.node)


class _Bounds(NamedTuple):
    """How many benefit at least, and at most."""

    least: int
    most: int


def off_design(looked: Looked) -> Iterator[Finding]:
    """Decided on another number of cases than the design looks at, or otherwise than it does at the stated benefits."""
    for each in _decided(looked):
        if _departs(each):
            size = each.design.size_of(each.stage)
            yield each.found(
                "decision-off-design",
                f"is decided {each.row.decision} at {each.row.benefits} benefits of {len(each.cases)} cases, where the "
                f"design looks at {size}: off its design by {each.row.override}",
            )


def override(looked: Looked) -> Iterator[Finding]:
    """A decision that names a resolution which excuses it from the design, and follows it all the same."""
    for each in _decided(looked):
        if each.row.override is not None and not _departs(each):
            yield each.found("override", f"is excused from its design by {each.row.override}, and follows it")


def decision_claims(looked: Looked) -> Iterator[Finding]:
    """The benefits that a decision states are not those that the nodes had claimed of its cases by its data cut.

    That can be told of a claim which was last said or corrected by then; any other may have been either way.
    """
    claimed_at = looked.claimed_at
    for each in _decided(looked):
        cut = each.row.data_cut or 0
        by_then = [case.claimed if claimed_at.get(key_of(case), cut + 1) <= cut else None for case in each.cases]
        bounds = _bounds(by_then)
        if not bounds.least <= (each.row.benefits or 0) <= bounds.most:
            yield each.found(
                "decision-claims",
                f"states {each.row.benefits} benefits: that is not what was claimed of its cases by entry {cut}",
            )


def decision_late_data(looked: Looked) -> Iterator[Finding]:
    """By what is claimed of its cases now, or by what their assessments give now, the design would decide otherwise.

    Assessments that do not tell whether a case benefits may turn out either way. Not said of one that is off the design
    already by its own numbers.
    """
    for each in _decided(looked):
        if not each.follows_the_rule:
            continue
        by_claims = _bounds(case.claimed for case in each.cases)
        by_assessments = _bounds(_computed(case) for case in each.cases)
        otherwise = [
            words
            for words, bounds in (
                ("what is claimed", by_claims),
                ("what the assessments give", by_assessments),
            )
            if not any(each.is_allowed_at(benefits) for benefits in bounds)
        ]
        if otherwise:
            yield each.found(
                "decision-late-data",
                f"is decided {each.row.decision}: by {' and by '.join(otherwise)} of its cases now, the design would "
                "have decided otherwise",
            )


def decision_cases(looked: Looked) -> Iterator[Finding]:
    """The cases that a decision names are not the first evaluable ones any more: one that started earlier was found
    evaluable since, or a correction changed the order.
    """
    pooled = {row.cohort for row in looked.snapshot.of(Cohort) if row.accrual == "pooled"}
    for each in _decided(looked):
        scope = None if each.row.cohort in pooled else each.row.node
        first = evaluable_in(looked.outcomes, each.row.cohort, scope)[: len(each.cases)]
        if first != each.cases:
            yield each.found(
                "decision-cases", f"names {len(each.cases)} cases, which are not the first evaluable ones any more"
            )


def _computed(case: Outcome) -> str | None:
    """None where a value is shut, or the assessments tell nothing."""
    benefit = case.computed.benefit if case.computed else None
    return None if benefit == "not-evaluable" else benefit


def _departs(decided: _Decided) -> bool:
    return len(decided.cases) != decided.design.size_of(decided.stage) or not decided.follows_the_rule


def _decided(looked: Looked) -> Iterator[_Decided]:
    outcome_of = {(each.cohort, each.node, each.case): each for each in looked.outcomes}
    designs = designs_of(looked.snapshot)
    for row in looked.snapshot.of(StageDecision):
        cases = [outcome_of.get(named) for named in cases_of(row)]
        if row.cohort in designs and all(cases):
            yield _Decided(row, designs[row.cohort], tuple(each for each in cases if each is not None))


def _bounds(told: Iterable[str | None]) -> _Bounds:
    """told: what is known of each case's benefit, None where nothing is."""
    known = list(told)
    yes = known.count("yes")
    return _Bounds(yes, yes + known.count(None))
