"""What of a board is asked for, and in which order: of the board as its reader is shown it, so that nobody learns more
by asking than by reading all of it.

Where it is asked what holds at a node (country, state, a free place), one node must be what all of these say. Nothing
is hidden that is not asked for: a cohort that is closed stands with the others.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from math import inf
from typing import Any, Literal, NamedTuple, TypeAlias, TypeVar, get_args

from ledger.clinical.suppression import Shown
from ledger.errors import ForbiddenError
from ledger.reports.board import Board
from ledger.reports.shown import FEW, PooledBoard, PooledScope, PooledStanding
from ledger.reports.standing import AtNode, Scope, Standing, State
from ledger.reports.tumours import ANY, codes_of, name_of
from ledger.signing.canonical import Json

Sort = Literal["name", "places", "lag", "treated", "opened"]
Order = Literal["up", "down"]
Cohort: TypeAlias = Standing | PooledStanding
_Cohort = TypeVar("_Cohort", Standing, PooledStanding)

STATES: tuple[State, ...] = get_args(State)
_OF_MEMBERS: frozenset[str] = frozenset({"lag", "opened"})  # outsiders are shown no such days
_LEAST_FIRST: frozenset[str] = frozenset({"name"})  # as one sorts who says no order


@dataclass(frozen=True, slots=True)
class Wanted:
    """tumour: an OncoTree code, or `any`; cohorts of any tumour have every one. regimen: its name. country: two
    letters. free: with a place left where it is open. text: words, all of which stand in the definition. order: None
    for what is usual: names from A, of anything else the most first.
    """

    tumour: str | None = None
    gene: str | None = None
    regimen: str | None = None
    country: str | None = None
    state: State | None = None
    free: Literal["yes"] | None = None
    text: str | None = None
    sort: Sort = "name"
    order: Order | None = None

    @property
    def falls(self) -> bool:
        return self.order == "down" if self.order else self.sort not in _LEAST_FIRST

    @property
    def filters(self) -> tuple[str, ...]:
        """The names of what is asked for."""
        return tuple(name for name in _FILTERS if getattr(self, name))

    def without(self, name: str) -> "Wanted":
        fewer: dict[str, Any] = {name: None}
        return replace(self, **fewer)


_FILTERS = ("tumour", "gene", "regimen", "country", "state", "free", "text")


@dataclass(frozen=True, slots=True)
class Choices:
    """What there is to choose from, in the order in which it is offered: each value that stands on the board, with how
    many cohorts there would be with it beside whatever else is asked for.
    """

    tumours: Mapping[str, int]
    genes: Mapping[str, int]
    regimens: Mapping[str, int]
    countries: Mapping[str, int]
    states: Mapping[State, int]
    sorts: tuple[Sort, ...]


class _Site(NamedTuple):
    """A cohort somewhere, as far as it is shown. country: None where that is not told. places: inf where there is no
    limit, None where it is not open; of bands the least number that they hold, as of `treated`.
    """

    country: str | None
    state: State
    places: float | None
    treated: float
    lag: int | None = None
    opened_on: str | None = None


def choices(board: Board | PooledBoard, wanted: Wanted) -> Choices:
    """Raises ForbiddenError as `filtered` does."""
    pooled = isinstance(board, PooledBoard)
    states = [state for state in STATES if not (pooled and state == "suspended")]
    countries = sorted({node.country for node in board.nodes if node.country})
    by_name = sorted(_tumours(board.cohorts), key=lambda code: (code != ANY, name_of(code).casefold()))
    tumours = _tumours(filtered(board, wanted.without("tumour")).cohorts)
    genes = _genes(filtered(board, wanted.without("gene")).cohorts)
    regimens = _regimens(filtered(board, wanted.without("regimen")).cohorts)
    of_any = tumours[ANY]
    return Choices(
        tumours={code: tumours[code] + (of_any if code != ANY else 0) for code in by_name},
        genes={gene: genes[gene] for gene in sorted(_genes(board.cohorts))},
        regimens={regimen: regimens[regimen] for regimen in sorted(_regimens(board.cohorts))},
        countries={each: len(filtered(board, replace(wanted, country=each)).cohorts) for each in countries},
        states={each: len(filtered(board, replace(wanted, state=each)).cohorts) for each in states},
        sorts=tuple(sort for sort in get_args(Sort) if not (pooled and sort in _OF_MEMBERS)),
    )


def filtered(board: Board | PooledBoard, wanted: Wanted) -> Board | PooledBoard:
    """The cohorts that are asked for, sorted; what has no number is last. By what changes from node to node a cohort is
    sorted as it is at the node, of those asked for, that comes first.

    Raises ForbiddenError where an outsider asks by what it is not shown.
    """
    if isinstance(board, Board):
        return replace(board, cohorts=tuple(_chosen(board.cohorts, wanted, _sites_of)))
    if wanted.state == "suspended" or wanted.sort in _OF_MEMBERS:
        raise ForbiddenError(
            "where a cohort is suspended, and when it was opened, members of the alliance are shown: "
            "ask for another state, or sort by name, places or treated"
        )
    countries = {node.node: node.country for node in board.nodes}
    found = _chosen(board.cohorts, wanted, lambda each: _pooled_sites(each, countries))
    return replace(board, cohorts=tuple(found))


def near(board: Board | PooledBoard, wanted: Wanted) -> dict[str, int]:
    """How many cohorts there would be without each thing that is asked for."""
    return {name: len(filtered(board, wanted.without(name)).cohorts) for name in wanted.filters}


def gene_of(biomarker: Json) -> str | None:
    gene = biomarker.get("gene") if isinstance(biomarker, dict) else None
    return gene if isinstance(gene, str) else None


def scope_of(cohort: Standing, node: str) -> Scope | None:
    """Where a patient of a node's would take a place."""
    return next((scope for scope in cohort.scopes if scope.node in {None, node}), None)


def _chosen(cohorts: Iterable[_Cohort], wanted: Wanted, sites: Callable[[_Cohort], Iterable[_Site]]) -> list[_Cohort]:
    """sites: of a cohort, everywhere that it might be."""
    words = (wanted.text or "").casefold().split()
    found: list[tuple[_Cohort, list[_Site]]] = [
        (each, there)
        for each in cohorts
        if _is_of(each, wanted, words) and (there := [site for site in sites(each) if _holds(site, wanted)])
    ]
    found.sort(key=lambda item: ((item[0].label or item[0].cohort).casefold(), item[0].cohort))
    if wanted.sort == "name":
        return [each for each, _ in (reversed(found) if wanted.falls else found)]
    ranked: list[tuple[Any, _Cohort]] = [
        (rank, each) for each, there in found if (rank := _rank(there, wanted)) is not None
    ]
    ranked.sort(key=lambda item: item[0], reverse=wanted.falls)  # stable: names stay in order
    return [each for _, each in ranked] + [each for each, there in found if _rank(there, wanted) is None]


def _is_of(cohort: Cohort, wanted: Wanted, words: Iterable[str]) -> bool:
    codes = codes_of(cohort.tumour)
    if wanted.tumour and wanted.tumour not in codes and codes != (ANY,):
        return False
    if wanted.gene and gene_of(cohort.biomarker) != wanted.gene:
        return False
    if wanted.regimen and cohort.regimen != wanted.regimen:
        return False
    said = _said(cohort, codes) if words else ""
    return all(word in said for word in words)


def _said(cohort: Cohort, codes: Iterable[str]) -> str:
    """All that is said of a cohort in words, to look for some of it there."""
    marker = cohort.biomarker if isinstance(cohort.biomarker, dict) else {}
    tumours = (text for code in codes for text in (code, name_of(code)))
    parts = (cohort.cohort, cohort.label, cohort.regimen, *tumours, marker.get("label"), marker.get("gene"))
    return " ".join(str(part) for part in parts if part).casefold()


def _holds(site: _Site, wanted: Wanted) -> bool:
    return (
        wanted.country in {None, site.country}
        and wanted.state in {None, site.state}
        and not (wanted.free and not site.places)
    )


def _rank(sites: Iterable[_Site], wanted: Wanted) -> Any:
    ranks: list[Any] = [rank for site in sites if (rank := _RANKS[wanted.sort](site)) is not None]
    best = max if wanted.falls else min
    return best(ranks, default=None)  # of one sort all are of one kind


_RANKS: Mapping[Sort, Callable[[_Site], float | str | None]] = {
    "places": lambda site: site.places,
    "lag": lambda site: site.lag,
    "treated": lambda site: site.treated,
    "opened": lambda site: site.opened_on,
}


def _sites_of(cohort: Standing) -> Iterable[_Site]:
    for node in cohort.nodes:
        yield _Site(
            node.country,
            node.state,
            _places(node, scope_of(cohort, node.node)),
            node.started + node.started_stage_3,
            node.days_behind,
            node.opened_on,
        )


def _places(node: AtNode, scope: Scope | None) -> float | None:
    if node.state != "open" or scope is None:
        return None
    return inf if scope.places_left is None else scope.places_left


def _pooled_sites(cohort: PooledStanding, countries: Mapping[str, str | None]) -> Iterable[_Site]:
    """countries: of nodes. That a cohort is suspended somewhere is not told: it counts as open."""
    treated = _least(cohort.treated)
    if cohort.state != "open":
        return [_Site(None, cohort.state, None, treated)]
    return [
        _Site(country, "open", max(_offered(cohort.scopes, countries, country), default=None), treated)
        for country in cohort.countries or (None,)
    ]


def _offered(
    scopes: Iterable[PooledScope], countries: Mapping[str, str | None], country: str | None
) -> Iterable[float]:
    """The places of the scopes that a patient of a country may come into."""
    for scope in scopes:
        if scope.places is not None and (scope.node is None or countries.get(scope.node) == country):
            yield {"full": 0, "few": 1, "open": FEW + 1}[scope.places]


def _least(shown: Shown) -> float:
    """Of a band, the least that it holds, of what is small and not told nothing: `20 to 29`, `<10`."""
    if isinstance(shown, int):
        return shown
    least, _, _ = shown.partition(" ")
    return int(least) if least.isdigit() else 0


def _tumours(found: Iterable[Cohort]) -> Counter[str]:
    return Counter(code for each in found for code in set(codes_of(each.tumour)))


def _genes(found: Iterable[Cohort]) -> Counter[str]:
    return Counter(gene for each in found if (gene := gene_of(each.biomarker)))


def _regimens(found: Iterable[Cohort]) -> Counter[str]:
    return Counter(each.regimen for each in found)
