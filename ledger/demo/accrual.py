"""How a made-up cohort fills: patient after patient, look after look, by the places that its design leaves.

The ledger admits no allocation without a place. So an allocation here waits until a place is free, and a look is
decided when all of its patients are settled; whoever is found not evaluable is replaced.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random  # noqa: TID251 - synthetic patients are drawn from a seed, on purpose

from ledger.demo.catalogue import Plan
from ledger.demo.history import Told
from ledger.demo.patients import Patient, draw_patient
from ledger.demo.treatment import Fate, treat
from ledger.signing.canonical import Json

Arrival = Callable[[Patient, date], Iterator[Told]]  # what a node tells of a patient before the allocation of that day

# at most so many days from an allocation to ...
_STARTED_DAYS = 12  # the start of treatment
_FREED_DAYS = 45  # the day after its place was freed
_DECIDED_DAYS = 165  # the decision, where it was the last of its stage

STAGE_SIZES = {1: 8, 2: 24}  # of the design; stage 3 has no limit


@dataclass(frozen=True, slots=True)
class Look:
    """The patients of one stage. fates: in order of allocation. decision: that ends it, None where it is still open.

    pace_days: from one allocation to the next, on average.
    """

    stage: int
    fates: tuple[Fate, ...]
    pace_days: int
    decision: str | None = None

    @property
    def starts(self) -> int:
        return sum(fate is not Fate.RELEASED for fate in self.fates)

    @property
    def longest_days(self) -> int:
        """From its beginning to the decision that ends it; where it is open, to the last start of a treatment."""
        waits = sum(fate.frees_place for fate in self.fates) * _FREED_DAYS
        return len(self.fates) * (3 * self.pace_days // 2) + waits + (_DECIDED_DAYS if self.decision else _STARTED_DAYS)


@dataclass(frozen=True, slots=True)
class Course:
    """What is to happen in a cohort. opened: by each node, when. takers: the nodes, patient by patient."""

    plan: Plan
    opened: Mapping[str, date]
    looks: tuple[Look, ...]
    takers: Iterable[str]


def accrue(chance: Random, course: Course, arrival: Arrival) -> Iterator[Told]:
    """All that is told of a cohort's patients, and the decisions on its stages, by the node that defined it."""
    day, kept, benefits = min(course.opened.values()), 0, 0
    takers = iter(course.takers)
    for look in course.looks:
        freed: list[date] = []  # when the places were freed of those who took one for a time
        settled = day
        for fate in look.fates:
            node = next(takers)
            day += timedelta(days=chance.randint(look.pace_days // 2, 3 * look.pace_days // 2))
            day = _next_place(max(day, course.opened[node]), kept, freed, STAGE_SIZES.get(look.stage))
            patient = draw_patient(chance, node, day.year, tumour=course.plan.tumour, marker=course.plan.marker)
            yield from arrival(patient, day)
            episode = treat(chance, course.plan, patient, fate, allocated=day, stage=look.stage)
            yield from episode.told
            settled = max(settled, episode.settled)
            benefits += fate is Fate.BENEFIT
            if fate.frees_place:
                freed.append(episode.settled)
            else:
                kept += 1
        if look.decision is not None:
            day = settled + timedelta(days=chance.randint(7, 21))
            decided: dict[str, Json] = {"stage": look.stage, "benefits": benefits, "decision": look.decision}
            yield Told(day, course.plan.nodes[0], "cohort.stage_decided", {"cohort": course.plan.cohort, **decided})


def share_out(chance: Random, total: int, bounds: Sequence[tuple[int, int]]) -> list[int]:
    """Numbers that add up to the total, each within its bounds (both included), which must leave room for it."""
    shares = [least for least, _ in bounds]
    for _ in range(total - sum(shares)):
        shares[chance.choice([at for at, (_, most) in enumerate(bounds) if shares[at] < most])] += 1
    return shares


def _next_place(day: date, kept: int, freed: Sequence[date], size: int | None) -> date:
    """The first day from `day` on with a place: a place is free on the day after it was freed."""
    while size is not None and kept + sum(end >= day for end in freed) >= size:
        day = min(end for end in freed if end >= day) + timedelta(days=1)
    return day
