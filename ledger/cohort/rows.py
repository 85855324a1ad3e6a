"""The tables of the shared cohort database: one frozen dataclass each.

Key parts are text, in the order in which rules look rows up. Everything else that knows tables (SQL, digest, exports,
access) is made from these classes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from ledger.cohort.columns import Column, Row, clear, columns_in, sealed
from ledger.signing.canonical import Json


@dataclass(frozen=True, kw_only=True)
class Node(Row):
    TABLE = "nodes"
    KEY = ("node",)
    BEGUN = "signed_on"
    node: str
    trial: str | None = clear(dated="signed_on", tier="public")
    country: str | None = clear(dated="signed_on", tier="public")
    opens_in_parallel: bool | None = clear(dated="signed_on", tier="public")
    signed_on: str | None = clear(dated="signed_on", tier="public")
    removed_at: str | None = clear(tier="public")


@dataclass(frozen=True, kw_only=True)
class Key(Row):
    TABLE = "keys"
    KEY = ("node", "thumbprint")
    node: str
    thumbprint: str
    jwk: Json = clear(tier="public")


@dataclass(frozen=True, kw_only=True)
class Resolution(Row):
    TABLE = "resolutions"
    KEY = ("resolution",)
    resolution: str
    proposer: str | None = clear()
    subject: str | None = clear()
    content: Json = clear()
    membership: Json = clear()
    in_force_at: str | None = clear()


@dataclass(frozen=True, kw_only=True)
class Endorsement(Row):
    TABLE = "endorsements"
    KEY = ("resolution", "node")
    resolution: str
    node: str
    endorsed_at: str | None = clear()


@dataclass(frozen=True, kw_only=True)
class Trial(Row):
    TABLE = "trials"
    KEY = ("node",)
    node: str
    name: str | None = clear(tier="public")
    country: str | None = clear(tier="public")
    registries: Json = clear(tier="public")
    aliases: Json = clear(tier="public")


@dataclass(frozen=True, kw_only=True)
class TrialPeriod(Row):
    TABLE = "trial_periods"
    KEY = ("node", "event")
    BEGUN = "opened_on"
    node: str
    event: str
    opened_on: str | None = clear(dated="opened_on", tier="public")
    opening_source: str | None = clear(dated="opened_on", tier="public")
    closed_on: str | None = clear(dated="closed_on", tier="public")
    closing_source: str | None = clear(dated="closed_on", tier="public")
    closing_code: str | None = clear(dated="closed_on", tier="public")
    closing_reason: str | None = sealed(dated="closed_on", tier="partner")


@dataclass(frozen=True, kw_only=True)
class Supply(Row):
    """A regimen at a node, from its commitment or first availability to its withdrawal."""

    TABLE = "supplies"
    KEY = ("node", "regimen", "event")
    node: str
    regimen: str
    event: str
    company: str | None = clear()
    atc: str | None = clear()
    available_by: str | None = clear()
    available_on: str | None = clear(dated="available_on")
    withdrawn_on: str | None = clear(dated="withdrawn_on")
    withdrawal_code: str | None = clear(dated="withdrawn_on")
    withdrawal_reason: str | None = sealed(dated="withdrawn_on", tier="partner")


@dataclass(frozen=True, kw_only=True)
class Census(Row):
    TABLE = "census"
    KEY = ("node", "metric", "event")
    BEGUN = "as_of"
    node: str
    metric: str
    event: str
    kind: str | None = clear(dated="as_of")
    operator: str | None = clear(dated="as_of")
    value: int | None = clear(dated="as_of")
    when: str | None = clear(dated="as_of")
    as_of: str | None = clear(dated="as_of")
    by: str | None = clear(dated="as_of")
    quote: str | None = clear(dated="as_of")


@dataclass(frozen=True, kw_only=True)
class Cohort(Row):
    """A definition, which is the alliance's; `closed_on` is set where its definer closed it everywhere."""

    TABLE = "cohorts"
    KEY = ("cohort",)
    cohort: str
    defined_by: str | None = clear(tier="public")
    label: str | None = clear(tier="public")
    tumour: Json = clear(tier="public")
    biomarker: Json = clear(tier="public")
    regimen: Json = clear(tier="public")
    ages: Json = clear(tier="public")
    line: str | None = clear(tier="public")
    design: str | None = clear(tier="public")
    endpoint: str | None = clear(tier="public")
    accrual: str | None = clear(tier="public")
    closed_on: str | None = clear(dated="closed_on", tier="public")
    closing_code: str | None = clear(dated="closed_on")
    closing_reason: str | None = sealed(dated="closed_on", tier="partner")


@dataclass(frozen=True, kw_only=True)
class CohortOpening(Row):
    TABLE = "cohort_openings"
    KEY = ("cohort", "node", "event")
    BEGUN = "opened_on"
    cohort: str
    node: str
    event: str
    opened_on: str | None = clear(dated="opened_on", tier="public")
    closed_on: str | None = clear(dated="closed_on", tier="public")
    closing_code: str | None = clear(dated="closed_on")
    closing_reason: str | None = sealed(dated="closed_on", tier="partner")


@dataclass(frozen=True, kw_only=True)
class Suspension(Row):
    TABLE = "suspensions"
    KEY = ("cohort", "node", "event")
    BEGUN = "suspended_on"
    cohort: str
    node: str
    event: str
    suspended_on: str | None = clear(dated="suspended_on")
    suspension_code: str | None = clear(dated="suspended_on")
    suspension_reason: str | None = sealed(dated="suspended_on", tier="partner")
    resumed_on: str | None = clear(dated="resumed_on")
    resumption_code: str | None = clear(dated="resumed_on")
    resumption_reason: str | None = sealed(dated="resumed_on", tier="partner")


@dataclass(frozen=True, kw_only=True)
class StageDecision(Row):
    TABLE = "stage_decisions"
    KEY = ("cohort", "node", "stage")
    cohort: str
    node: str
    stage: str
    evaluable: Json = clear()
    benefits: int | None = clear()
    decision: str | None = clear()
    data_cut: int | None = clear()
    override: str | None = clear()


@dataclass(frozen=True, kw_only=True)
class Case(Row):
    TABLE = "cases"
    KEY = ("node", "case")
    BEGUN = "submitted_on"
    node: str
    case: str
    submitted_on: str | None = clear(dated="submitted_on")


@dataclass(frozen=True, kw_only=True)
class Profile(Row):
    TABLE = "profiles"
    KEY = ("node", "case")
    BEGUN = "profiled_on"
    node: str
    case: str
    profiled_on: str | None = clear(dated="profiled_on")
    assay: str | None = clear(dated="profiled_on")
    sex: str | None = sealed(dated="profiled_on")
    birth_year: str | None = sealed(dated="profiled_on")
    oncotree: str | None = sealed(dated="profiled_on")
    icd10: str | None = sealed(dated="profiled_on")
    variants: str | None = sealed(dated="profiled_on")
    tmb_per_10mb: str | None = sealed(dated="profiled_on")
    msi: str | None = sealed(dated="profiled_on")
    prior_lines: str | None = sealed(dated="profiled_on")


@dataclass(frozen=True, kw_only=True)
class Prescreening(Row):
    TABLE = "prescreenings"
    KEY = ("node", "case", "event")
    BEGUN = "prescreened_on"
    node: str
    case: str
    event: str
    prescreened_on: str | None = clear(dated="prescreened_on")
    potential_target: bool | None = clear(dated="prescreened_on")
    targets: str | None = sealed(dated="prescreened_on")


@dataclass(frozen=True, kw_only=True)
class ConsentWithdrawal(Row):
    TABLE = "consent_withdrawals"
    KEY = ("node", "case", "event")
    BEGUN = "withdrawn_on"
    node: str
    case: str
    event: str
    withdrawn_on: str | None = clear(dated="withdrawn_on")
    scope: str | None = clear(dated="withdrawn_on")


@dataclass(frozen=True, kw_only=True)
class Episode(Row):
    """A case in a cohort, from an allocation on; `event` is that allocation."""

    TABLE = "episodes"
    KEY = ("cohort", "node", "case", "event")
    BEGUN = "allocated_on"
    cohort: str
    node: str
    case: str
    event: str
    allocated_on: str | None = clear(dated="allocated_on")
    released_on: str | None = clear(dated="released_on")
    release_code: str | None = clear(dated="released_on")
    release_reason: str | None = sealed(dated="released_on", tier="partner")
    enrolled_on: str | None = clear(dated="enrolled_on")
    ecog: str | None = sealed(dated="enrolled_on")
    sex: str | None = sealed(dated="enrolled_on")
    birth_year: str | None = sealed(dated="enrolled_on")
    oncotree: str | None = sealed(dated="enrolled_on")
    variants: str | None = sealed(dated="enrolled_on")
    prior_lines: str | None = sealed(dated="enrolled_on")
    consent_version: str | None = sealed(dated="enrolled_on")
    started_on: str | None = clear(dated="started_on")
    stage: int | None = clear(dated="started_on")
    doses: str | None = sealed(dated="started_on")
    # those below carry no date of their own, and cannot be before the treatment that they are of
    end_day: str | None = sealed(dated="started_on")
    end_reason: str | None = sealed(dated="started_on")
    evaluable: bool | None = clear(dated="started_on")
    evaluability_rule: str | None = clear(dated="started_on")
    benefit: str | None = sealed(dated="started_on")
    best_response: str | None = sealed(dated="started_on")
    basis: str | None = sealed(dated="started_on")


@dataclass(frozen=True, kw_only=True)
class Assessment(Row):
    TABLE = "assessments"
    KEY = ("cohort", "node", "case", "event")
    cohort: str
    node: str
    case: str
    event: str
    day: str | None = sealed()
    criteria: str | None = sealed()
    response: str | None = sealed()
    evaluator: str | None = sealed()
    target_sum_mm: str | None = sealed()
    new_lesions: str | None = sealed()
    baseline: str | None = sealed()


@dataclass(frozen=True, kw_only=True)
class AdverseEvent(Row):
    TABLE = "adverse_events"
    KEY = ("cohort", "node", "case", "event")
    cohort: str
    node: str
    case: str
    event: str
    day: str | None = sealed()
    term: str | None = sealed()
    ctcae_grade: str | None = sealed()
    severity: str | None = sealed()
    serious: str | None = sealed()
    related: str | None = sealed()
    outcome: str | None = sealed()


@dataclass(frozen=True, kw_only=True)
class SurvivalUpdate(Row):
    TABLE = "survival_updates"
    KEY = ("cohort", "node", "case", "event")
    cohort: str
    node: str
    case: str
    event: str
    day: str | None = sealed()
    status: str | None = sealed()
    cause: str | None = sealed()


@dataclass(frozen=True, kw_only=True)
class Grant(Row):
    """What a node opens to somebody of its own contributions; `event` is the granting."""

    TABLE = "grants"
    KEY = ("node", "event")
    node: str
    event: str
    jwk: Json = clear()
    grantee: str | None = sealed(tier="partner")
    role: str | None = clear()
    regimens: Json = clear()
    purpose: Json = clear()
    granted_until: str | None = clear()
    revoked_at: str | None = clear()
    revocation_code: str | None = clear()
    revocation_reason: str | None = sealed(tier="partner")


@dataclass(frozen=True, kw_only=True)
class Correction(Row):
    """What was done to an event after it was taken, and why. `event` is the correction or retraction."""

    TABLE = "corrections"
    KEY = ("node", "event")
    node: str
    event: str
    target: str | None = clear()
    kind: str | None = clear()
    reason_code: str | None = clear()
    reason: str | None = sealed(tier="partner")


@dataclass(frozen=True, kw_only=True)
class Erasure(Row):
    """What a node had erased: a case with all that was said of it until then, or events by their ids."""

    TABLE = "erasures"
    KEY = ("node", "event")
    node: str
    event: str
    case: str | None = clear()
    events: Json = clear()
    basis: str | None = clear()


TABLES: Mapping[str, type[Row]] = {
    row_type.TABLE: row_type
    for row_type in (
        Node, Key, Resolution, Endorsement, Trial, TrialPeriod, Supply, Census, Cohort, CohortOpening, Suspension,
        StageDecision, Case, Profile, Prescreening, ConsentWithdrawal, Episode, Assessment, AdverseEvent,
        SurvivalUpdate, Grant, Correction, Erasure,
    )
}  # fmt: skip


@cache
def columns_of(table: str) -> Mapping[str, Column]:
    """The fields of a table beside its key, in their order."""
    return columns_in(TABLES[table])
