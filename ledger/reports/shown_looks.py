"""Which answers partners see at the looks of a cohort: see `ledger.reports.shown_progress` for what is enough, and why.

Two looks that are shown may not differ by a few others either. Of the answers by country the sums are known, those of
the rows from clear fields and those of the columns from the cohort's own look, so they are shown for one look alone:
that of now.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from ledger.clinical.suppression import HIDDEN, Shown, shown_within_totals
from ledger.reports.looks import Beyond, Look, Looked, Tally
from ledger.reports.patients import Answer, Patient
from ledger.reports.rates import Rate

Answers = Literal["claimed", "computed"]
_OPEN: tuple[Answer, ...] = ("yes", "no", "not-evaluable")
_Group = tuple[str, str | None]
_Named = frozenset[tuple[str, str]]
_COHORT: _Group = ("cohort", None)


@dataclass(frozen=True, slots=True)
class Enough:
    """own: the reader's node, None where it has none. threshold: how many others it takes, where there are any."""

    own: str | None
    threshold: int

    def __call__(self, others: int) -> bool:
        return others == 0 or others >= self.threshold

    def others(self, patients: Iterable[Patient]) -> list[Patient]:
        return [each for each in patients if each.node != self.own]

    def word(self, number: int) -> str:
        """What stands for counts of so many patients in all."""
        return f"<{self.threshold}" if number < self.threshold else HIDDEN


def looks_for(looked: Sequence[Looked], enough: Enough) -> tuple[Look, ...]:
    """looked: all of a cohort."""
    claimed = _shown(looked, "claimed", enough)
    computed = _shown(looked, "computed", enough)
    return tuple(
        replace(
            each.look,
            claimed=of_claims,
            computed=of_courses,
            follows_design=each.look.follows_design if of_courses == each.look.computed else None,
            claimed_rate=_rate(each.look.claimed_rate, of_claims, each.look.claimed),
            computed_rate=_rate(each.look.computed_rate, of_courses, each.look.computed),
        )
        for each, of_claims, of_courses in zip(looked, claimed, computed, strict=True)
    )


def beyond_for(found: Beyond, patients: Iterable[Patient], enough: Enough) -> Beyond:
    """patients: everybody treated."""
    later = [each for each in patients if not each.outcome.is_planned]
    shows_claimed = enough(len(_open_others(later, "claimed", enough)))
    shows_computed = enough(len(_open_others(later, "computed", enough)))
    return replace(
        found,
        claimed=found.claimed if shows_claimed else _hidden(found.claimed, enough),
        computed=found.computed if shows_computed else _hidden(found.computed, enough),
    )


def _shown(looked: Sequence[Looked], answers: Answers, enough: Enough) -> list[Tally]:
    """The tally of each look as it is shown."""
    exact = _exact(looked, answers, enough)
    cells = _by_country(looked, answers, exact, enough)
    found = []
    for place, each in enumerate(looked):
        tally_of: Tally = getattr(each.look, answers)
        if place in cells:
            yes, no, neither = cells[place]
            tally_of = replace(tally_of, yes=yes, no=no, not_evaluable=neither)
        elif place not in exact:
            tally_of = _hidden(tally_of, enough)
        found.append(tally_of)
    return found


def _exact(looked: Sequence[Looked], answers: Answers, enough: Enough) -> set[int]:
    """The places of the looks that are shown exactly."""
    others = [_open_others(each.patients, answers, enough) for each in looked]
    exact = {place for place, of in enumerate(others) if not of}  # all that is known of them is the reader's own
    # 1. the scopes, look after look
    places_of: dict[_Group, list[int]] = {}
    for place, each in enumerate(looked):
        places_of.setdefault((each.look.of, each.look.name), []).append(place)
    trials = [places for (of, _), places in places_of.items() if of == "trial"]
    for places in trials or [places_of[_COHORT]]:
        exact |= _apart(places, others, enough)
    if not trials:
        return exact
    # 2. trials together, where those that are not shown are enough
    now = {each.look.name: place for place, each in enumerate(looked) if _is_now(each, "trial")}
    rest = sum(len(others[place]) for place in now.values() if place not in exact)
    whole = places_of[_COHORT][-1]
    if enough(rest) and enough(len(others[whole])):
        exact.add(whole)
    # 3. countries, where all of their trials are shown
    for place, each in enumerate(looked):
        nodes = {patient.node for patient in each.patients}
        if each.look.of == "country" and all(now.get(node) in exact for node in nodes):
            exact.add(place)
    return exact


def _apart(places: Iterable[int], others: Sequence[_Named], enough: Enough) -> set[int]:
    """The looks at one group with enough others, that differ by enough from each that is shown before."""
    exact: set[int] = set()
    for place in places:
        if enough(len(others[place])) and all(enough(len(others[place] ^ others[before])) for before in exact):
            exact.add(place)
    return exact


def _by_country(
    looked: Sequence[Looked], answers: Answers, exact: set[int], enough: Enough
) -> Mapping[int, Sequence[Shown]]:
    """The answers by country, of now, where the cohort is looked at as a whole: cells by the place of the look."""
    whole = next(place for place, each in enumerate(looked) if _is_now(each, "cohort"))
    places = [place for place, each in enumerate(looked) if _is_now(each, "country") and place not in exact]
    if whole not in exact or any(each.look.of == "trial" for each in looked):
        return {}
    own = [_counts(looked[place].patients, answers, lambda each: each.node == enough.own) for place in places]
    others = [_counts(looked[place].patients, answers, lambda each: each.node != enough.own) for place in places]
    shown = shown_within_totals(others, enough.threshold) if places else ()
    return {
        place: [cell + mine if isinstance(cell, int) else cell for cell, mine in zip(cells, of_own, strict=True)]
        for place, cells, of_own in zip(places, shown, own, strict=True)
    }


def _is_now(each: Looked, of: str) -> bool:
    return (each.look.of, each.look.look) == (of, "now")


def _counts(patients: Iterable[Patient], answers: Answers, is_of: Callable[[Patient], bool]) -> list[int]:
    found = [_answer(each, answers) for each in patients if is_of(each)]
    return [found.count(answer) for answer in _OPEN]


def _open_others(patients: Iterable[Patient], answers: Answers, enough: Enough) -> _Named:
    """Those others whose answer is there to be counted."""
    return frozenset(each.named for each in enough.others(patients) if _answer(each, answers) in _OPEN)


def _answer(patient: Patient, answers: Answers) -> Answer:
    return patient.claimed if answers == "claimed" else patient.computed


def _hidden(of: Tally, enough: Enough) -> Tally:
    word = enough.word(sum(each for each in (of.yes, of.no, of.not_evaluable) if isinstance(each, int)))
    return replace(of, yes=word, no=word, not_evaluable=word)


def _rate(rate: Rate, shown: Tally, exact: Tally) -> Rate:
    if shown == exact:
        return rate
    return rate.hidden(shown.yes if isinstance(shown.yes, str) else HIDDEN)
