"""What of each report somebody sees: members and auditors all of it, industry and the public what is said here.

Every report but a cohort's progress is made from clear fields, which members hold anyway, in the log; what of progress
rests on sealed values, and members see of it: `reports.shown_progress`. Outsiders see cohorts, never a node's
patients; of counts of patients those over all nodes, and each patient in one kind of count alone, so that no two
reports subtract: those treated by cohort, cases by trial. Industry is told a count that is large enough, the public the
band that it is in, because what is published every month is subtracted every month. Neither is told an outcome; a
decision says what it says. Outsiders choose no moment: see `reports.releases`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields
from typing import Literal

from ledger.clinical.characteristics import Characteristics
from ledger.clinical.suppression import Shown, Thresholds, shown_band, shown_count
from ledger.errors import ForbiddenError
from ledger.reports.board import Board
from ledger.reports.census import CensusLine
from ledger.reports.cohort_progress import CohortProgress, Decision, progress_of
from ledger.reports.contributions import Contribution
from ledger.reports.funnel import FunnelLine
from ledger.reports.material import Material
from ledger.reports.members import Member
from ledger.reports.shown_progress import progress_for_partner
from ledger.reports.standing import AtNode, Scope, Standing
from ledger.signing.canonical import Json

Tier = Literal["public", "industry", "partner", "investigator", "auditor"]
Places = Literal["open", "few", "full"]

FEW = 3  # places
_OUTSIDE = frozenset({"public", "industry"})


@dataclass(frozen=True, slots=True)
class Audience:
    """regimens: the names of those whose cohorts industry is granted, as a cohort's regimen is named; of no meaning to
    other tiers. node: a member's own, whose contributions it is shown exactly.
    """

    tier: Tier
    regimens: frozenset[str] = frozenset()
    thresholds: Thresholds = field(default_factory=Thresholds)
    node: str | None = None

    @property
    def is_outside(self) -> bool:
        return self.tier in _OUTSIDE

    def may_see(self, cohort: Standing) -> bool:
        return self.tier != "industry" or cohort.regimen in self.regimens

    def count(self, number: int) -> Shown:
        """A count of patients over all nodes, of which no sum is shown."""
        if not self.is_outside:
            return number
        if self.tier == "industry":
            return shown_count(number, self.thresholds.partner)
        return shown_band(number, self.thresholds.public)


@dataclass(frozen=True, slots=True)
class PooledScope:
    """node: None where accrual is pooled. places: few where three or fewer are left; None where the scope has ended or
    is open nowhere.
    """

    node: str | None
    stage: int | None
    places: Places | None


@dataclass(frozen=True, slots=True)
class PooledStanding:
    """One cohort, over all nodes. countries: where it is open; that it is suspended somewhere is not told. treated: in
    all stages. synthetic: a made-up event is behind any of this.
    """

    cohort: str
    label: str | None
    defined_by: str | None
    regimen: str
    tumour: Json
    biomarker: Json
    accrual: str | None
    state: Literal["open", "closed", "not opened"]
    closed_on: str | None
    countries: tuple[str, ...]
    scopes: tuple[PooledScope, ...]
    treated: Shown
    synthetic: bool


@dataclass(frozen=True, slots=True)
class PooledLine:
    """One scope of a cohort, for a table. countries: with a space between two. treated: of the whole cohort."""

    cohort: str
    label: str | None
    regimen: str
    accrual: str | None
    state: str
    countries: str
    node: str | None
    stage: int | None
    places: str | None
    treated: Shown
    synthetic: bool


@dataclass(frozen=True, slots=True)
class PooledBoard:
    nodes: tuple[Member, ...]
    cohorts: tuple[PooledStanding, ...]


@dataclass(frozen=True, slots=True)
class PooledDecision:
    """off_design: it took a resolution to excuse it. What it rests on is not told, only what it decides."""

    stage: int
    decision: str | None
    off_design: bool
    synthetic: bool


@dataclass(frozen=True, slots=True)
class PooledProgress:
    """As `CohortProgress`."""

    standing: PooledStanding
    biomarker: Json
    ages: Json
    line: str | None
    design: str | None
    design_content: Json
    characteristics: Characteristics
    endpoint: str | None
    endpoint_content: Json
    decisions: tuple[PooledDecision, ...]


@dataclass(frozen=True, slots=True)
class PublicContribution:
    """openings: of cohorts; what a node tells of patients is counted by cohort only."""

    node: str
    trial: str | None
    country: str | None
    openings: int
    synthetic: bool


@dataclass(frozen=True, slots=True)
class PublicFunnelLine:
    """Cases alone: whoever is treated is counted by cohort."""

    node: str
    trial: str | None
    country: str | None
    cases_submitted: Shown
    cases_profiled: Shown
    cases_prescreened: Shown
    cases_prescreened_with_target: Shown
    synthetic: bool


def standings_for(found: Iterable[Standing], audience: Audience) -> tuple[Standing, ...] | tuple[PooledStanding, ...]:
    """Industry: those of its own regimens only."""
    if not audience.is_outside:
        return tuple(found)
    return tuple(_pooled(each, audience) for each in found if audience.may_see(each))


def board_for(found: Board, audience: Audience) -> Board | PooledBoard:
    if not audience.is_outside:
        return found
    return PooledBoard(found.nodes, tuple(_pooled(each, audience) for each in found.cohorts if audience.may_see(each)))


def progress_for(told: Material, audience: Audience) -> CohortProgress | PooledProgress:
    """Exact for auditors, for other members as far as `shown_progress` says, for outsiders without any outcome.

    Raises ForbiddenError for industry where the cohort is of another regimen.
    """
    if audience.tier == "auditor":
        return progress_of(told)
    if not audience.is_outside:
        return progress_for_partner(told, node=audience.node, threshold=audience.thresholds.partner)
    if not audience.may_see(told.standing):
        raise ForbiddenError("the grant does not cover this cohort's regimen: ask the alliance for one that does")
    found = progress_of(told)
    return PooledProgress(
        standing=_pooled(found.standing, audience),
        biomarker=found.biomarker,
        ages=found.ages,
        line=found.line,
        design=found.design,
        design_content=found.design_content,
        characteristics=found.characteristics,
        endpoint=found.endpoint,
        endpoint_content=found.endpoint_content,
        decisions=tuple(map(_decided, found.decisions)),
    )


def contributions_for(
    found: Iterable[Contribution], audience: Audience
) -> tuple[Contribution, ...] | tuple[PublicContribution, ...]:
    """Raises ForbiddenError for industry: what nodes contribute is no report of a regimen."""
    if not audience.is_outside:
        return tuple(found)
    _not_for_industry(audience, "who contributed what")
    return tuple(
        PublicContribution(each.node, each.trial, each.country, each.openings, synthetic=each.synthetic > 0)
        for each in found
    )


def funnel_for(
    found: Iterable[FunnelLine], audience: Audience
) -> tuple[FunnelLine, ...] | tuple[PublicFunnelLine, ...]:
    """Raises ForbiddenError for industry, as above."""
    if not audience.is_outside:
        return tuple(found)
    _not_for_industry(audience, "the funnel")
    return tuple(
        PublicFunnelLine(
            node=each.node,
            trial=each.trial,
            country=each.country,
            cases_submitted=audience.count(each.cases_submitted),
            cases_profiled=audience.count(each.cases_profiled),
            cases_prescreened=audience.count(each.cases_prescreened),
            cases_prescreened_with_target=audience.count(each.cases_prescreened_with_target),
            synthetic=each.synthetic,
        )
        for each in found
    )


def census_for(found: Iterable[CensusLine], audience: Audience) -> tuple[CensusLine, ...]:
    """Raises ForbiddenError for outsiders: it holds exact counts of single trials against each other."""
    if audience.is_outside:
        raise ForbiddenError("the census is for members and auditors of the alliance")
    return tuple(found)


def pooled_lines(cohorts: Iterable[PooledStanding]) -> Iterator[PooledLine]:
    """One for each scope; one for a cohort that has none."""
    same = [each.name for each in fields(PooledLine) if each.name in PooledStanding.__dataclass_fields__]
    for cohort in cohorts:
        shared = {name: getattr(cohort, name) for name in same} | {"countries": " ".join(cohort.countries)}
        for scope in cohort.scopes or (PooledScope(None, None, None),):
            yield PooledLine(**shared, node=scope.node, stage=scope.stage, places=scope.places)


def _pooled(cohort: Standing, audience: Audience) -> PooledStanding:
    running = [each for each in cohort.nodes if each.state in {"open", "suspended"}]
    had_it_open = any(each.state != "not opened" for each in cohort.nodes)
    is_made_up = any(each.synthetic for each in cohort.scopes) or any(each.synthetic for each in cohort.nodes)
    return PooledStanding(
        cohort=cohort.cohort,
        label=cohort.label,
        defined_by=cohort.defined_by,
        regimen=cohort.regimen,
        tumour=cohort.tumour,
        biomarker=cohort.biomarker,
        accrual=cohort.accrual,
        state="open" if running else "closed" if had_it_open or cohort.closed_on else "not opened",
        closed_on=cohort.closed_on,
        countries=tuple(sorted({each.country for each in running if each.country})),
        scopes=tuple(_scope(each, running) for each in cohort.scopes),
        treated=audience.count(sum(each.started + each.started_stage_3 for each in cohort.nodes)),
        synthetic=cohort.synthetic or is_made_up,
    )


def _scope(scope: Scope, running: Iterable[AtNode]) -> PooledScope:
    is_open = scope.stage is not None and any(scope.node in {None, each.node} for each in running)
    return PooledScope(scope.node, scope.stage, _places(scope.places_left) if is_open else None)


def _places(left: int | None) -> Places:
    """left: None where there is no limit."""
    if left == 0:
        return "full"
    return "few" if left is not None and left <= FEW else "open"


def _decided(decision: Decision) -> PooledDecision:
    return PooledDecision(
        decision.stage, decision.decision, off_design=decision.override is not None, synthetic=decision.synthetic
    )


def _not_for_industry(audience: Audience, what: str) -> None:
    if audience.tier == "industry":
        raise ForbiddenError(f"{what} is no report of a regimen: a grant for industry does not open it")
