"""The looks at a cohort: how many of those who count benefited, as their nodes claim and as their assessments give.

A look that a decision was taken at counts exactly the cases that the decision names. Their outcomes are those of the
snapshot: read the database at the decision's own data cut to see what was known then. `now` counts everybody who
counts in the design by now.

The design speaks for its scope alone: the cohort as a whole where accrual is pooled or one trial alone has it, else
each trial. Any other group (a country; trials that accrue each for itself, together) was never looked at by it, and is
told by the bare proportion.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from ledger.clinical.estimates import Situation, estimate
from ledger.clinical.suppression import Shown
from ledger.clinical.two_stage import Design
from ledger.cohort import rows
from ledger.cohort.places import PLANNED_STAGES, takes_place
from ledger.cohort.snapshot import cases_of
from ledger.reports.material import Material
from ledger.reports.patients import Answer, Patient, countries_of
from ledger.reports.rates import DataCut, Population, Rate, cut_at, rate_of
from ledger.reports.standing import Scope

Of = Literal["cohort", "trial", "country", "node"]
When = Literal["stage 1", "stage 2", "now"]

_CLOSED_EARLY = "close-futility"
_NOT_ITS_OWN = "naive: the design is not of this group"


@dataclass(frozen=True, slots=True)
class Tally:
    """Patients of a look by their answer, or the words that stand for these counts. unclaimed: their node has said
    nothing yet. shut: what was said is erased, withheld, or was never given.
    """

    yes: Shown
    no: Shown
    not_evaluable: Shown
    unclaimed: int
    shut: int


@dataclass(frozen=True, slots=True)
class Look:
    """One look at one group. of, name: the cohort (None), a trial by its node, a country; `node`: what is the reader's
    own.

    decided: the decision taken at it, and its entry; override: the resolution that excused it; stated: the benefits
    that the decision itself states; all None at a look that nobody decided on. cases_as_of: when it was settled who
    counts, where outcomes are as of each rate's own data cut. population: of the tallies. evaluable: who counts.
    pending: take a place and are undecided; places_left: None where there is no limit, or it is a part of a scope
    that was looked at; both of `now` only. follows_design: whether the design speaks for these numbers, None where
    they are not shown.
    """

    of: Of
    name: str | None
    look: When
    decided: str | None
    decided_at: int | None
    override: str | None
    stated: int | None
    cases_as_of: DataCut
    population: Population
    evaluable: int
    treated: int
    pending: int | None
    places_left: int | None
    follows_design: bool | None
    claimed: Tally
    computed: Tally
    claimed_rate: Rate
    computed_rate: Rate


@dataclass(frozen=True, slots=True)
class Beyond:
    """Stage 3, which is beyond the design: in no look and in no rate."""

    treated: int
    evaluable: int
    claimed: Tally
    computed: Tally


@dataclass(frozen=True, slots=True)
class _Group:
    of: Of
    name: str | None
    has: Callable[[str], bool]  # of a node: whether its patients are of the group
    is_scope: bool


@dataclass(frozen=True, slots=True)
class _Counted:
    """Who is counted at one look, and by which decision."""

    look: When
    decision: rows.StageDecision | None
    patients: tuple[Patient, ...]


class Looked(NamedTuple):
    """A look, and who is counted at it."""

    look: Look
    patients: tuple[Patient, ...]


def looks(told: Material) -> tuple[Look, ...]:
    """The cohort, its trials where each accrues for itself, then its countries; of each, look after look."""
    return tuple(each.look for each in looked(told))


def looked(told: Material) -> tuple[Looked, ...]:
    """The same with their patients."""
    return tuple(each for group in _groups(told) for each in _looks_at(told, group))


def looks_of(told: Material, node: str) -> tuple[Look, ...]:
    """The looks at what a node contributed itself."""
    own = _Group("node", node, _is(node), is_scope=not told.is_one_scope)
    return tuple(each.look for each in _looks_at(told, own))


def beyond(found: Iterable[Patient]) -> Beyond:
    later = [each for each in found if not each.outcome.is_planned]
    return Beyond(
        treated=len(later),
        evaluable=sum(each.outcome.evaluable is True for each in later),
        claimed=tally(each.claimed for each in later),
        computed=tally(each.computed for each in later),
    )


def tally(answers: Iterable[Answer]) -> Tally:
    found = list(answers)
    return Tally(
        yes=found.count("yes"),
        no=found.count("no"),
        not_evaluable=found.count("not-evaluable"),
        unclaimed=found.count("unclaimed"),
        shut=found.count("shut"),
    )


def _counted_at(told: Material, decision: rows.StageDecision | None) -> tuple[Patient, ...]:
    """Whoever is counted at a look: by a decision, or by now. Whom a decision names is there: no evaluability that it
    stands on is taken back, and a view on a day has no decision before its cases.
    """
    if decision is None:
        return told.counted
    named = {(node, case) for _, node, case in cases_of(decision)}
    return tuple(each for each in told.patients if each.named in named)


def _decisions_of(told: Material, node: str | None) -> list[rows.StageDecision]:
    """Of a trial, or of all where `node` is None; in the order of the stages."""
    found = [each for each in told.snapshot.of(rows.StageDecision) if each.cohort == told.standing.cohort]
    return sorted((each for each in found if node in (None, each.node)), key=lambda each: each.stage)


def _groups(told: Material) -> Iterator[_Group]:
    yield _Group("cohort", None, lambda _node: True, is_scope=told.is_one_scope)
    if not told.is_one_scope:
        for scope in told.standing.scopes:
            yield _Group("trial", scope.node, _is(scope.node), is_scope=True)
    countries = countries_of(told.snapshot)
    opened = {each.node for each in told.standing.nodes if each.state != "not opened"}
    here = opened | {each.node for each in told.patients}
    for country in sorted({countries.get(node, node) for node in here}):
        nodes = frozenset(node for node in here if countries.get(node, node) == country)
        yield _Group("country", country, nodes.__contains__, is_scope=False)


def _looks_at(told: Material, group: _Group) -> Iterator[Looked]:
    taken: list[rows.StageDecision] = []  # where each trial decides for itself, nobody looks at them together
    if told.is_one_scope or group.is_scope:
        # of one trial alone its own: another may have decided, by a resolution, on none of its cases
        taken = _decisions_of(told, told.standing.scopes[0].node if told.is_one_scope else group.name)
    for decision in taken:
        here = tuple(each for each in _counted_at(told, decision) if group.has(each.node))
        when: When = "stage 1" if decision.stage == "1" else "stage 2"
        yield Looked(_look(told, group, taken, _Counted(when, decision, here)), here)
    here = tuple(each for each in _counted_at(told, None) if group.has(each.node))
    yield Looked(_look(told, group, taken, _Counted("now", None, here)), here)


def _look(told: Material, group: _Group, taken: Sequence[rows.StageDecision], counted: _Counted) -> Look:
    decision, is_now = counted.decision, counted.look == "now"
    population: Population = "evaluable" if decision is not None else told.endpoint.denominator
    claimed = tally(each.claimed for each in counted.patients)
    computed = tally(each.computed for each in counted.patients)
    rates = [_rate(told, group, taken, counted, answers) for answers in (claimed, computed)]
    episodes = [
        each for each in told.snapshot.of(rows.Episode) if each.cohort == told.standing.cohort and group.has(each.node)
    ]
    scope = _scope_of(told, group)
    return Look(
        of=group.of,
        name=group.name,
        look=counted.look,
        decided=decision.decision if decision else None,
        decided_at=decision.set_by["decision"] if decision else None,
        override=decision.override if decision else None,
        stated=decision.benefits if decision and group.is_scope else None,
        cases_as_of=told.basis.data_cut if decision is None else cut_at(told.snapshot, decision.data_cut or 0),
        population=population,
        evaluable=_evaluable(counted),
        treated=_treated(told, group) if is_now else _evaluable(counted),
        pending=sum(map(_is_pending, episodes)) if is_now else None,
        places_left=scope.places_left if scope and is_now else None,
        follows_design=rates[1][1] != "not-followed",
        claimed=claimed,
        computed=computed,
        claimed_rate=rates[0][0],
        computed_rate=rates[1][0],
    )


def _scope_of(told: Material, group: _Group) -> Scope | None:
    if not group.is_scope:
        return None
    scopes = told.standing.scopes
    return scopes[0] if told.is_one_scope else next(each for each in scopes if each.node == group.name)


def _evaluable(counted: _Counted) -> int:
    """Whom a decision names is evaluable: the rules saw to it."""
    if counted.decision is not None:
        return len(counted.patients)
    return sum(each.outcome.evaluable is True for each in counted.patients)


def _treated(told: Material, group: _Group) -> int:
    return sum(group.has(each.node) and each.outcome.is_planned for each in told.patients)


def _is_pending(episode: rows.Episode) -> bool:
    takes = takes_place(released=episode.released_on is not None, stage=episode.stage, evaluable=episode.evaluable)
    return takes and episode.evaluable is not True


def _rate(
    told: Material, group: _Group, taken: Sequence[rows.StageDecision], counted: _Counted, answers: Tally
) -> tuple[Rate, Situation]:
    yes, no, neither = (int(each) for each in (answers.yes, answers.no, answers.not_evaluable))
    population: Population = "evaluable" if counted.decision is not None else told.endpoint.denominator
    counts_as_no = population == "treated" or told.endpoint.missing == "no"
    denominator = yes + no + (neither if counts_as_no else 0)
    situation = _situation(told.design, group, taken, counted, benefits=yes, of=denominator)
    if situation == "interim" and counted.decision is None and _is_over(told, group):
        situation = "not-followed"
    found = estimate(told.design, situation, benefits=yes, evaluable=denominator)
    rate = rate_of(found, told.basis, population=population, unknown=answers.unclaimed + answers.shut)
    return rate if group.is_scope else replace(rate, label=_NOT_ITS_OWN), situation


def _situation(
    design: Design,
    group: _Group,
    taken: Sequence[rows.StageDecision],
    counted: _Counted,
    *,
    benefits: int,
    of: int,
) -> Situation:
    """How the trial stood at a look, if the design can speak for it at all. benefits, of: the rate that is estimated.

    Where a patient's answer is not known, or is neither, fewer are counted than the design asks for: it does not speak.
    """
    until = [each for each in taken if counted.decision is None or int(each.stage) <= int(counted.decision.stage)]
    if not group.is_scope or not all(_is_by_design(design, each) for each in until):
        return "not-followed"
    if not until:
        return "interim"
    last = until[-1]
    if last.stage == "2":
        return "completed" if of == design.n and benefits > design.r1 else "not-followed"
    if last.decision == _CLOSED_EARLY:
        return "stopped-at-stage-1" if of == design.n1 and benefits <= design.r1 else "not-followed"
    return "interim" if counted.decision is None or of == design.n1 else "not-followed"


def _is_over(told: Material, group: _Group) -> bool:
    """Whether the cohort was closed everywhere before its next look, with too few patients for that: nothing is
    interim about what is left of it.
    """
    scope = _scope_of(told, group)
    if scope is None or scope.stage not in PLANNED_STAGES or told.standing.closed_on is None:
        return False
    return scope.evaluable + scope.undecided < told.design.size_of(scope.stage)


def _is_by_design(design: Design, decision: rows.StageDecision) -> bool:
    planned = int(decision.stage) in PLANNED_STAGES
    named = len(list(cases_of(decision)))
    return planned and decision.override is None and named == design.size_of(int(decision.stage))


def _is(node: str | None) -> Callable[[str], bool]:
    return lambda each: each == node
