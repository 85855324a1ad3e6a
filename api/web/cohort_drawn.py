"""What the page of a cohort draws: its report in charts and words. It adds nothing that the report does not say."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from api.web.charts.chart import Chart
from api.web.charts.countries import countries_chart
from api.web.charts.estimate import estimate_chart
from api.web.charts.survival import survival_chart
from api.web.charts.swimmer import swimmer_chart
from api.web.charts.two_stage import Reached, Taken, two_stage_chart
from api.web.charts.waterfall import waterfall_chart
from api.web.words import characteristics_in_words, definition_in_words, design_in_words, endpoint_in_words
from ledger.clinical.benefit import Endpoint
from ledger.clinical.estimates import Interval
from ledger.clinical.two_stage import Design
from ledger.reports.cohort_progress import CohortProgress, Results
from ledger.reports.looks import Look
from ledger.reports.rates import LEAST_P, cut_in_words, in_words, percent
from ledger.reports.shown import PooledProgress
from ledger.reports.standing import Scope


@dataclass(frozen=True, slots=True)
class Group:
    """Looks at one group of patients: the last is that of now. name: None for all nodes. charts: of now."""

    name: str | None
    looks: tuple[Look, ...]
    charts: tuple[Chart, ...]


@dataclass(frozen=True, slots=True)
class Fared:
    """What became of some patients. charts: of what is shown and there; hidden: what is not shown, in words."""

    results: Results
    charts: tuple[Chart, ...]
    hidden: tuple[str, ...]


def facts_of(found: CohortProgress | PooledProgress) -> Mapping[str, Any]:
    """For `cohort.html`."""
    design = Design.parse(_content(found.design_content))
    endpoint = Endpoint.parse(_content(found.endpoint_content))
    shared: dict[str, Any] = {
        "found": found,
        "tell": _TELL,
        "is_synthetic": _is_synthetic(found),
        "is_pooled": isinstance(found, PooledProgress),
        "definition": tuple(definition_in_words(found)),
        "design": design,
        "design_words": design_in_words(design),
        "characteristics": tuple(characteristics_in_words(found.characteristics, design)),
        "endpoint_words": endpoint_in_words(endpoint),
    }
    if isinstance(found, PooledProgress):
        return shared
    return shared | {
        "groups": tuple(_groups(found, design)),
        "countries": countries_chart([each for each in found.looks if _is(each, "country", "now")], "by-country"),
        "country_looks": tuple(each for each in found.looks if _is(each, "country", "now")),
        "fared": _fared(found.results, "all"),
        "own": None if found.own is None else _fared(found.own.results, "own"),
        "own_group": None if found.own is None else Group(found.own.node, found.own.looks, ()),
    }


def _groups(found: CohortProgress, design: Design) -> Iterator[Group]:
    """The cohort as a whole, and each trial where each accrues for itself."""
    names = list(dict.fromkeys((each.of, each.name) for each in found.looks if each.of in ("cohort", "trial")))
    is_one_scope = not any(of == "trial" for of, _ in names)
    for place, (of, name) in enumerate(names):
        looks = tuple(each for each in found.looks if (each.of, each.name) == (of, name))
        scope = _scope(found.standing.scopes, name, is_one_scope=is_one_scope)
        charts = [estimate_chart(looks[-1].computed_rate, design, f"rate-{place}")]
        if scope is not None:
            charts.insert(0, two_stage_chart(_reached(scope, looks), design, f"stages-{place}"))
        yield Group(name, looks, tuple(charts))


def _scope(scopes: Sequence[Scope], name: str | None, *, is_one_scope: bool) -> Scope | None:
    """That the design is of: of a cohort whose trials accrue for themselves, each trial and never the whole."""
    if is_one_scope:
        return scopes[0] if scopes else None
    return next((each for each in scopes if name is not None and each.node == name), None)


def _reached(scope: Scope, looks: Sequence[Look]) -> Reached:
    stages = {"stage 1": 1, "stage 2": 2}
    taken = [Taken(stages[each.look], each.decided) for each in looks if each.decided and each.look in stages]
    return Reached(scope.evaluable, scope.undecided, looks[-1].computed.yes, taken)


def _fared(results: Results, name: str) -> Fared:
    hidden = [
        words
        for part, words in (
            (results.swimmer, "the course of each patient"),
            (results.waterfall, "target lesions"),
            (results.progression_free, "progression-free survival"),
            (results.overall, "overall survival"),
        )
        if part is None
    ]
    drawn = [
        None if results.swimmer is None else swimmer_chart(results.swimmer, f"{name}-courses"),
        None if results.waterfall is None else waterfall_chart(results.waterfall, f"{name}-lesions"),
        None if results.progression_free is None else survival_chart(results.progression_free, f"{name}-pfs"),
        None if results.overall is None else survival_chart(results.overall, f"{name}-os"),
    ]
    return Fared(results, tuple(each for each in drawn if each is not None), tuple(hidden))


def _is_synthetic(found: CohortProgress | PooledProgress) -> bool:
    """Whether anything made up is behind any of it."""
    if isinstance(found, PooledProgress):
        return found.standing.synthetic
    standing = found.standing
    return standing.synthetic or any(each.synthetic for each in standing.scopes + standing.nodes)


def _between(interval: Interval | None) -> str:
    return "none" if interval is None else f"{percent(interval[0])} to {percent(interval[1])} %"


def _chance(p_value: float) -> str:
    return f"{p_value:.4f}" if p_value >= LEAST_P else f"below {LEAST_P}"


def _spaced(slug: str) -> str:
    return slug.replace("-", " ")


_TELL: Mapping[str, Callable[..., str]] = {
    "percent": percent,
    "between": _between,
    "chance": _chance,
    "cut": cut_in_words,
    "rate": in_words,
    "spaced": _spaced,
}


def _is(look: Look, of: str, when: str) -> bool:
    return (look.of, look.look) == (of, when)


def _content(told: object) -> Mapping[str, Any]:
    assert isinstance(told, dict)  # what was adopted, and a definition names nothing else
    return told
