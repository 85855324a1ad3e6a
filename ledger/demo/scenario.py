"""The alliance of 2021: everything that the five nodes say, in the order in which they post it.

The stated facts are told as they were stated. What would have had to happen for them to be true is synthetic, and says
so in every event. One seed gives one history.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import chain
from random import Random  # noqa: TID251 - the made-up part is drawn from a seed, on purpose

from ledger.cohort.memorandum import Memorandum
from ledger.demo.catalogue import COMMITTED, DRUP, UNUSED, drup_plans, nordic_plans
from ledger.demo.drup import drup_history
from ledger.demo.facts import Facts
from ledger.demo.founding import census, founding, trial_openings
from ledger.demo.history import Told, in_order
from ledger.demo.nordic import nordic_history
from ledger.names import When
from ledger.node.drafts import Draft
from ledger.signing.canonical import Json

_SUPPLIED_DAYS = 14  # before the first cohort of a drug opens


def scenario(facts: Facts, founded: Memorandum, *, seed: int) -> Iterator[tuple[str, Draft]]:
    """Every node's drafts in one order. They are posted in this order: stage decisions name entries by their index."""
    chance = Random(seed)
    until = When.parse(facts.as_of).last
    opened = {each.node: each.day for each in trial_openings(facts)}
    first = list(founding(facts, founded))
    cohorts = [
        *drup_history(chance, facts.of(DRUP), opened=opened[DRUP], until=until),
        *nordic_history(chance, facts, opened=opened, until=until),
    ]
    history = chain(
        trial_openings(facts),
        _supplies(cohorts, opened, until),
        cohorts,
        _interruptions(chance, cohorts, until),
    )
    told = in_order((each for each in history if each.day <= until), start=len(first))
    for each in chain(first, told, census(facts)):
        yield each.node, each.as_draft()


def _supplies(cohorts: Iterable[Told], opened: Mapping[str, date], until: date) -> Iterator[Told]:
    """A drug is available from a little before its first cohort opens."""
    regimens = {plan.cohort: plan.regimen for plan in chain(drup_plans(), nordic_plans())}
    needed: dict[tuple[str, tuple[str, ...]], date] = {
        (node, (drug,)): opened[node] + timedelta(days=2 * _SUPPLIED_DAYS)
        for node, drugs in UNUSED.items()
        for drug in drugs
    }
    for each in cohorts:
        if each.type == "cohort.opened":
            supply = each.node, regimens[str(each.data["cohort"])]
            needed[supply] = min(each.day, needed.get(supply, until))
        elif each.type == "cohort.closed" and each.data["reason_code"] == "drug-withdrawn":
            on, regimen = each.day, regimens[str(each.data["cohort"])]
            reason: dict[str, Json] = {"reason_code": "company", "reason": each.data["reason"]}
            yield Told(on, each.node, "supply.withdrawn", {"regimen": [*regimen], "on": on.isoformat(), **reason})
    for (node, regimen), day in needed.items():
        on = day - timedelta(days=_SUPPLIED_DAYS)
        yield Told(on, node, "supply.available", {"regimen": [*regimen], "on": on.isoformat()})
    for node, drugs in COMMITTED.items():
        for drug in drugs:
            yield Told(until - timedelta(days=60), node, "supply.committed", {"regimen": [drug]})


def _interruptions(chance: Random, cohorts: Sequence[Told], until: date) -> Iterator[Told]:
    """Cohorts suspended, one for good and one for a month, and patients who withdraw their consent."""
    last: dict[str, date] = {}
    for each in cohorts:
        if each.type == "case.allocated":
            cohort = str(each.data["cohort"])
            last[cohort] = max(each.day, last.get(cohort, each.day))
        elif each.type == "cohort.closed":
            last[str(each.data["cohort"])] = until
    suspended_on = until - timedelta(days=45)
    quiet = sorted(cohort for cohort, day in last.items() if cohort.startswith("drup") and day < suspended_on)
    for cohort, reason, days in zip(chance.sample(quiet, 2), ("drug supply", "safety review"), (None, 30), strict=True):
        data: dict[str, Json] = {"cohort": cohort, "reason_code": "review", "reason": reason}
        yield Told(suspended_on, DRUP, "cohort.suspended", {**data, "on": suspended_on.isoformat()})
        if days is not None:
            resumed_on = suspended_on + timedelta(days=days)
            yield Told(resumed_on, DRUP, "cohort.resumed", {**data, "on": resumed_on.isoformat()})
    submitted = [each for each in cohorts if each.type == "case.submitted" and each.day < suspended_on]
    for each in chance.sample(submitted, 3):
        data = {"case": each.data["case"], "on": suspended_on.isoformat(), "scope": "follow-up"}
        yield Told(suspended_on, each.node, "consent.withdrawn", data)
