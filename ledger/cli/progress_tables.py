"""What became of a cohort's patients, for people: the looks, responses, curves and adverse events."""

from collections.abc import Iterable, Mapping, Sequence

from ledger.cli.terminal import print_facts, print_table
from ledger.clinical.characteristics import Characteristics
from ledger.reports.cohort_progress import CohortProgress, Results
from ledger.reports.follow_up import TimeToEvent
from ledger.reports.looks import Beyond, Look, Tally
from ledger.reports.rates import cut_in_words, in_words, percent
from ledger.reports.responses import Responses
from ledger.reports.toxicity import Events, Toxicity
from ledger.signing.canonical import Json

_TERMS_MOST = 10


def print_outcomes(found: CohortProgress, *, shut: str | None = None) -> None:
    """shut: why nothing sealed is open, None where something is."""
    if shut is not None:
        print_facts({"shut": shut})
    print_facts({"design at work": _characteristics(found.characteristics, found.design_content)})
    for name, looks in _by_name(each for each in found.looks if each.of != "country").items():
        print_facts({each.look: _look(each) for each in looks}, title=f"Benefit, {name}")
    _print_countries([each for each in found.looks if each.of == "country"])
    if found.stage_3.treated:
        print_facts({"stage 3": _beyond(found.stage_3)})
    if found.results.treated or found.stage_3.treated:
        _print_results(found.results)


def _characteristics(found: Characteristics, design: Json) -> str:
    told = design if isinstance(design, dict) else {}
    return (
        f"type I error {found.type_i_error:.4f}, power {found.power:.4f}; stops early with {found.early_stop_p0:.4f} at"
        f" {told.get('p0_percent')} % and {found.early_stop_p1:.4f} at {told.get('p1_percent')} %; expected size"
        f" {found.expected_size_p0:.2f} and {found.expected_size_p1:.2f}; only if looked at after {told.get('n1')} and"
        f" {told.get('n')}"
    )


def _by_name(looks: Iterable[Look]) -> Mapping[str, list[Look]]:
    found: dict[str, list[Look]] = {}
    for each in looks:
        found.setdefault(each.name or "all nodes", []).append(each)
    return found


def _look(look: Look) -> str:
    lines = [
        in_words(look.computed_rate, "benefit computed"),
        f"claimed {_claimed(look)}; computed {_tally(look.computed)}",
    ]
    if look.decided is not None:
        stated = "" if look.stated is None else f" on {look.stated} of {look.evaluable} as it states"
        override = f", excused by {look.override}" if look.override else ""
        cases = f"cases as of {cut_in_words(look.cases_as_of)}"
        lines.append(f"decided {look.decided}{stated} by entry {look.decided_at}, {cases}{override}")
    if look.pending is not None:
        left = "" if look.places_left is None else f", {look.places_left} places left"
        lines.append(f"evaluable {look.evaluable} of {look.treated} treated, {look.pending} undecided{left}")
    return "\n".join(lines)


def _claimed(look: Look) -> str:
    return _tally(look.claimed)


def _tally(tally: Tally) -> str:
    parts = [f"yes {tally.yes}", f"no {tally.no}"]
    more = {"not evaluable": tally.not_evaluable, "nothing claimed": tally.unclaimed, "shut": tally.shut}
    return ", ".join([*parts, *(f"{name} {count}" for name, count in more.items() if count)])


def _beyond(found: Beyond) -> str:
    return (
        f"beyond the design and in no look: {found.treated} treated, {found.evaluable} evaluable; claimed"
        f" {_tally(found.claimed)}; computed {_tally(found.computed)}"
    )


def _print_countries(looks: Sequence[Look]) -> None:
    print_table(
        ["country", "look", "evaluable", "undecided", "claimed", "computed", "naive %", "95 %"],
        [
            [
                each.name or "",
                each.look,
                str(each.evaluable),
                "" if each.pending is None else str(each.pending),
                _tally(each.claimed),
                _tally(each.computed),
                "" if each.computed_rate.naive_point is None else percent(each.computed_rate.naive_point),
                "" if each.computed_rate.naive_95 is None else " to ".join(map(percent, each.computed_rate.naive_95)),
            ]
            for each in looks
        ],
        right=["evaluable", "undecided", "naive %"],
        title="Benefit by country: naive proportions of what is computed, the design is not of a country",
    )


def _print_results(found: Results) -> None:
    if found.responses is not None:
        _print_responses(found.responses)
    for curve, share in ((found.progression_free, "free %"), (found.overall, "alive %")):
        if curve is not None:
            _print_curve(curve, share)
    if found.toxicity is not None:
        _print_toxicity(found.toxicity)


def _print_responses(found: Responses) -> None:
    best = ", ".join(f"{each.kind} {each.patients}" for each in found.best if each.patients)
    print_facts(
        {
            "objective response": in_words(found.objective, "response"),
            "unconfirmed too": in_words(found.unconfirmed, "response"),
            "best of each": best or "nobody is counted yet",
        }
    )


def _print_curve(curve: TimeToEvent, share: str) -> None:
    """share: what those without the event are called."""
    if not curve.patients:
        return
    median = "median not reached" if curve.median is None else f"median {curve.median} days"
    low, high = (str(day) if day is not None else "not reached" for day in (curve.median_low, curve.median_high))
    left_out = {"left out for a partial date": curve.undated, "shut": curve.shut}
    more = "".join(f", {count} {why}" for why, count in left_out.items() if count)
    words = (
        f"{curve.events} events among {curve.patients} {curve.population}{more}; {curve.estimator}, {median}"
        f" (95 % {low} to {high}, log-log), endpoint {curve.endpoint}, data to {cut_in_words(curve.data_cut)}"
    )
    print_facts({curve.what: words})
    survival = {step.day: step.survival for step in curve.steps}
    print_table(
        ["day", *(str(each.day) for each in curve.at_risk)],
        [
            ["at risk", *(str(each.patients) for each in curve.at_risk)],
            [share, *(percent(_at(survival, each.day)) for each in curve.at_risk)],
        ],
        right=[str(each.day) for each in curve.at_risk],
    )


def _at(survival: Mapping[int, float], day: int) -> float:
    """What part is without the event at the end of a day."""
    past = [each for each in survival if each <= day]
    return survival[max(past)] if past else 1.0


def _print_toxicity(found: Toxicity) -> None:
    grades = ", ".join(f"grade {each.grade} {each.patients}" for each in found.grades if each.patients)
    least = "\nat least: events without a grade, below, may be among them" if found.ungraded.events else ""
    print_facts(
        {
            "grade 3 and over": f"{_events(found.severe)}\nworst of each patient: {grades or 'none of these'}{least}",
            "serious": _events(found.serious),
            "no grade": _events(found.ungraded),
            **({"shut": f"{found.shut_events} adverse events"} if found.shut_events else {}),
        },
        title="Adverse events, of everybody treated in any stage",
    )


def _events(found: Events) -> str:
    terms = [f"{each.term} {each.patients} ({each.events})" for each in found.terms[:_TERMS_MOST]]
    if len(found.terms) > _TERMS_MOST:
        terms.append(f"and {len(found.terms) - _TERMS_MOST} other terms")
    if found.terms_hidden:
        terms.append("other terms are not shown")
    listed = f"\npatients (events) by term: {', '.join(terms)}" if terms else ""
    return f"{in_words(found.patients, 'patients')}; events: {found.events}{listed}"
