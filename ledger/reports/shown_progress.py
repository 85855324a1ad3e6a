"""What partners see of a cohort's outcomes. These rest on sealed values: over all nodes they are shown where enough
patients stand behind them, broken down only as far as no small count can be worked out.

A partner knows its own patients, so it subtracts them: what matters is how many others there are. **Enough** are as
many as the threshold, or none. What is said of enough others together is shown exactly; where it is not, it is written
`<5` if the number of all is below the threshold, and `hidden` if only too few of them are others, or a sum would tell.

What a decision states, it states in the clear, whatever is hidden here. And of two moments that a partner chooses, what
is shown differs by what came between them: nothing here hides that.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace

from ledger.clinical.suppression import HIDDEN
from ledger.reports.cohort_progress import CohortProgress, Results, own_of, progress_of
from ledger.reports.follow_up import Line
from ledger.reports.looks import looked
from ledger.reports.material import Material
from ledger.reports.patients import Adverse, Patient
from ledger.reports.responses import BEST, RESPONSES, BestResponse, Responses, kind_of_best
from ledger.reports.shown_looks import Enough, beyond_for, looks_for
from ledger.reports.toxicity import (
    GRADES,
    Events,
    OfGrade,
    Toxicity,
    is_serious,
    is_severe,
    is_ungraded,
    terms_of,
    worst_of,
)
from ledger.reports.waterfall import waterfall

_Counts = Callable[[Adverse], bool]


def progress_for_partner(told: Material, *, node: str | None, threshold: int) -> CohortProgress:
    """node: whose own is shown exactly, None for a partner that contributes nothing."""
    found, enough = progress_of(told), Enough(node, threshold)
    return replace(
        found,
        looks=looks_for(looked(told), enough),
        stage_3=beyond_for(found.stage_3, told.patients, enough),
        results=_results(found.results, told, enough),
        own=None if node is None else own_of(told, node),
    )


def _results(found: Results, told: Material, enough: Enough) -> Results:
    planned = enough.others(told.planned)
    is_followed = enough(sum(each.outcome.course is not None and each.is_followed for each in planned))
    responses = None if found.responses is None else _responses(found.responses, told, enough)
    lines = found.swimmer if is_followed else None
    falls = found.waterfall if is_followed and responses == found.responses else None  # which would be counted from it
    if falls is not None and not enough(sum(_is_measured(each, told) for each in planned)):
        falls = None
    if lines is not None and responses != found.responses:
        lines = tuple(map(_without_codes, lines))  # from which they would be counted
    return replace(
        found,
        responses=responses,
        progression_free=found.progression_free if is_followed else None,
        overall=found.overall if is_followed else None,
        toxicity=None if found.toxicity is None else _toxicity(found.toxicity, told.patients, enough),
        swimmer=lines,
        waterfall=falls,
    )


def _is_measured(patient: Patient, told: Material) -> bool:
    return bool(waterfall([patient], told.endpoint, told.basis).changes)


def _responses(found: Responses, told: Material, enough: Enough) -> Responses:
    """Responders, and all others, are broken down where no kind of them is small: their sums are told by the rate."""
    known = [each for each in told.counted if each.outcome.computed is not None]
    kinds = [kind_of_best(each, told.endpoint, confirmed=True) for each in enough.others(known)]
    if not enough(len(kinds)):
        word = enough.word(len(known))
        best = tuple(BestResponse(each.kind, word) for each in found.best)
        return Responses(found.objective.hidden(word), found.unconfirmed.hidden(word), best)
    told_in_full = {
        kind
        for row in (RESPONSES, frozenset(BEST) - RESPONSES)
        if _may_be_split([kinds.count(each) for each in row], enough)
        for kind in row
    }
    shown = (each if each.kind in told_in_full else BestResponse(each.kind, HIDDEN) for each in found.best)
    return replace(found, best=tuple(shown))


def _toxicity(found: Toxicity, patients: Sequence[Patient], enough: Enough) -> Toxicity:
    others = enough.others(patients)
    known = [each for each in others if not each.shut_events]
    is_shown = enough(len(known))
    word = enough.word(len(patients))
    worst = [worst_of(each) for each in others]
    may_split = is_shown and _may_be_split([worst.count(grade) for grade in GRADES], enough)
    return replace(
        found,
        severe=_events(found.severe, others, is_severe, enough) if is_shown else _no_events(found.severe, word),
        grades=found.grades if may_split else tuple(OfGrade(each.grade, HIDDEN) for each in found.grades),
        serious=_events(found.serious, others, is_serious, enough) if is_shown else _no_events(found.serious, word),
        ungraded=_events(found.ungraded, others, is_ungraded, enough) if is_shown else _no_events(found.ungraded, word),
    )


def _events(found: Events, others: Sequence[Patient], counts: _Counts, enough: Enough) -> Events:
    """The most frequent terms, as long as each is of enough others, and what is left is of enough others or of none."""
    had = [terms for each in others if (terms := terms_of(each, counts))]
    kept = [each for each in found.terms if _is_of_enough([each.term], had, enough)]
    while kept and not _is_of_enough({each.term for each in found.terms} - {each.term for each in kept}, had, enough):
        kept.pop()  # what is left is told by the number of all: more must be left
    return replace(found, terms=tuple(kept), terms_hidden=len(kept) < len(found.terms))


def _is_of_enough(terms: Collection[str], had: Iterable[Sequence[str]], enough: Enough) -> bool:
    """had: the terms of the events of each of the others. One that none of them had is the reader's own."""
    patients = sum(not frozenset(terms).isdisjoint(of_one) for of_one in had)
    return enough(patients) and (patients > 0 or not terms)


def _no_events(found: Events, word: str) -> Events:
    return Events(found.patients.hidden(word), word, (), terms_hidden=True)


def _may_be_split(counts: Sequence[int], enough: Enough) -> bool:
    """Whether the parts of a number that is shown are shown: none is small, or there is nothing to be split."""
    return not sum(counts) or min(counts) >= enough.threshold


def _without_codes(line: Line) -> Line:
    return replace(line, assessments=tuple(replace(each, response=None) for each in line.assessments))
