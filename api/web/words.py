"""What a cohort is, in sentences: its definition, design and endpoint as they were adopted, which is JSON.

The definition was checked when it was admitted. What is there and not understood here is left out of no sentence: the
page shows the content itself beside it.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from ledger.clinical.benefit import WEEK_16_DAYS, Endpoint
from ledger.clinical.characteristics import Characteristics
from ledger.clinical.two_stage import Design
from ledger.names import REGIMEN_JOINER
from ledger.reports.cohort_progress import CohortProgress
from ledger.reports.shown import PooledProgress
from ledger.signing.canonical import Json

_ACCRUAL = {
    "pooled": "all trials together, under one design",
    "per-trial": "each trial for itself, under the same design",
}


def definition_in_words(found: CohortProgress | PooledProgress) -> Iterator[tuple[str, str]]:
    """What each part is called, and the part."""
    standing = found.standing
    yield "Tumour", _tumour(_members(standing.tumour))
    yield "Biomarker", _biomarker(_members(found.biomarker))
    yield "Treatment", standing.regimen.replace(REGIMEN_JOINER, " with ")
    yield "Line", found.line.replace("-", " ") if found.line else "any"
    yield "Age", _ages(_members(found.ages))
    yield "Accrual", _ACCRUAL.get(standing.accrual or "", standing.accrual or "not stated")


def design_in_words(design: Design) -> str:
    return (
        f"Treat {design.n1} evaluable patients. {_at_most(design.r1)} of them with benefit closes the cohort, more"
        f" extend it to {design.n}. {_at_least(design.r)} of {design.n} is a signal of activity, {design.r} or fewer"
        " close it. There is no early stop for success."
    )


def characteristics_in_words(found: Characteristics, design: Design) -> Iterator[tuple[str, str]]:
    """Exact, and true only where the looks come after the design's numbers."""
    p0, p1 = f"{design.p0_percent} %", f"{design.p1_percent} %"
    yield f"Signal though the rate is {p0} (type I error)", f"{found.type_i_error:.4f}"
    yield f"Signal where the rate is {p1} (power)", f"{found.power:.4f}"
    yield f"Early stop at {p0}", f"{found.early_stop_p0:.4f}"
    yield f"Early stop at {p1}", f"{found.early_stop_p1:.4f}"
    yield f"Expected patients at {p0}", f"{found.expected_size_p0:.2f}"
    yield f"Expected patients at {p1}", f"{found.expected_size_p1:.2f}"


def endpoint_in_words(endpoint: Endpoint) -> str:
    first, last = (WEEK_16_DAYS + days for days in endpoint.window_days)
    confirmed = f", confirmed at least {endpoint.confirm_days} days later," if endpoint.confirm_days else ""
    if endpoint.at_week_16_only:
        benefit = f"Benefit is response or stable disease at week 16 (day {first} to {last})"
    else:
        stable = f"stable disease for at least {endpoint.min_stable_days} days of treatment"
        benefit = f"Benefit is a response{confirmed} or {stable}"
    whose = {
        "investigator": "as the investigator assessed it",
        "central-first": "as the central review assessed it, or else the investigator",
    }[endpoint.evaluator]
    missing = "no benefit" if endpoint.missing == "no" else "not evaluable"
    return (
        f"{benefit}, {whose}, by {', '.join(endpoint.criteria)}. Of {endpoint.denominator} patients; who lacks the"
        f" assessments for it counts as {missing}."
    )


def _tumour(told: Mapping[str, Any]) -> str:
    if told.get("agnostic"):
        return "any tumour"
    return f"OncoTree {', '.join(map(str, told.get('oncotree') or ())) or 'not stated'}"


def _biomarker(told: Mapping[str, Any]) -> str:
    parts = [str(told.get("label", "not stated"))]
    named = [str(told[each]).replace("-", " ") for each in ("gene", "class") if told.get(each)]
    named = [each for each in named if each.lower() not in parts[0].lower()]  # most labels say it already
    if named:
        parts.append(f"({', '.join(named)})")
    within = _members(told.get("range"))
    if within:
        limits = [f"{word} {within[each]}" for each, word in (("from", "from"), ("to", "below")) if within.get(each)]
        parts.append(f"{str(within.get('measure', '')).replace('-', ' ')} {' '.join(limits)} {within.get('unit', '')}")
    return " ".join(parts)


def _ages(told: Mapping[str, Any]) -> str:
    first, last = told.get("from"), told.get("to")
    match first, last:
        case None, None:
            return "any"
        case _, None:
            return f"{first} years and over"
        case None, _:
            return f"up to {last} years"
    return f"{first} to {last} years"


def _members(told: Json) -> Mapping[str, Any]:
    return told if isinstance(told, dict) else {}


def _at_most(bound: int) -> str:
    return "None" if bound == 0 else f"{bound} or fewer"


def _at_least(bound: int) -> str:
    return f"{bound + 1} or more"
