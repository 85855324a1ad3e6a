"""What each node's events add up to: one count for every noun that can be derived, and nothing for the others.

The nouns differ between the trials, so no count here is ever added over nodes. A case is counted once however often
it came back; a patient enrolled or treated is counted once an episode.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from ledger.cohort import rows
from ledger.cohort.places import PLANNED_STAGES
from ledger.cohort.snapshot import Snapshot, once
from ledger.names import REGIMEN_JOINER

Counts = Mapping[str, Counter[str]]


@once
def counts(snapshot: Snapshot) -> Counts:
    """Metric -> node -> number, of every derivable metric; a node that contributed nothing to it counts 0."""
    episodes = snapshot.of(rows.Episode)
    available = [each for each in snapshot.of(rows.Supply) if each.available_on and not each.withdrawn_on]
    committed = [
        each
        for each in snapshot.of(rows.Supply)
        if "company" in each.set_by and not each.available_on and not each.withdrawn_on
    ]
    return {
        "cases_submitted": Counter(each.node for each in snapshot.of(rows.Case)),
        "cases_profiled": Counter(each.node for each in snapshot.of(rows.Profile)),
        "cases_prescreened": _once((each.node, each.case) for each in snapshot.of(rows.Prescreening)),
        "cases_prescreened_with_target": _once(
            (each.node, each.case) for each in snapshot.of(rows.Prescreening) if each.potential_target
        ),
        "cases_allocated": _once((each.node, each.case) for each in episodes),
        "patients_enrolled": Counter(each.node for each in episodes if each.enrolled_on),
        "treatments_started": Counter(each.node for each in episodes if each.stage in PLANNED_STAGES),
        "treatments_started_stage_3": Counter(
            each.node for each in episodes if each.started_on and each.stage not in PLANNED_STAGES
        ),
        "cohorts_opened": _once((each.node, each.cohort) for each in snapshot.of(rows.CohortOpening)),
        "drugs_available": _once(_drugs(available)),
        "combinations_available": _once(_combinations(available)),
        "drugs_committed": _once(_drugs(committed)),
    }


@once
def made_up(snapshot: Snapshot) -> Snapshot:
    """The same snapshot with only those rows that a synthetic event is behind."""
    tables = {table: tuple(row for row in kept if row.synthetic) for table, kept in snapshot.tables.items()}
    return replace(snapshot, tables=tables)


def _once(pairs: Iterable[tuple[str, str]]) -> Counter[str]:
    """Node -> how many different things it has."""
    return Counter(node for node, _ in set(pairs))


def _drugs(supplies: Iterable[rows.Supply]) -> Iterable[tuple[str, str]]:
    return ((each.node, each.regimen) for each in supplies if REGIMEN_JOINER not in each.regimen)


def _combinations(supplies: Iterable[rows.Supply]) -> Iterable[tuple[str, str]]:
    return ((each.node, each.regimen) for each in supplies if REGIMEN_JOINER in each.regimen)
