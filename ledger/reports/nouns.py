"""The catalogue of the numbers that reports show: which rows or events each counts, and in which words.

Each is counted from the same rows as in its report.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from ledger.cohort import rows
from ledger.cohort.places import PLANNED_STAGES, takes_place
from ledger.cohort.snapshot import Snapshot
from ledger.names import REGIMEN_JOINER
from ledger.reports.counted import DECIDED_ON, Counted, Found, Which, events_of, in_table, rows_of, things_of, told_by
from ledger.reports.standing import Standing, standings


@dataclass(frozen=True, slots=True)
class Noun:
    """What a number counts. says: the definition, in a sentence. needs: what of `Which` must be named; takes: what else
    may be. types: of the events that make one count; counts_cases: each case of a node once.
    value: gives the number where it is no count of these, but made from them.
    """

    title: str
    says: str
    found: Found
    takes: frozenset[str]
    needs: frozenset[str] = frozenset()
    types: tuple[str, ...] = ()
    counts_cases: bool = False
    value: Callable[[Snapshot, Which], int | None] | None = None


def _is_planned(row: rows.Episode) -> bool:
    return row.stage in PLANNED_STAGES


def _is_beyond(row: rows.Episode) -> bool:
    return bool(row.started_on) and not _is_planned(row)


def _takes_place(row: rows.Episode) -> bool:
    return takes_place(released=row.released_on is not None, stage=row.stage, evaluable=row.evaluable)


def _is_available(row: rows.Supply) -> bool:
    return bool(row.available_on) and not row.withdrawn_on


def _is_committed(row: rows.Supply) -> bool:
    return not row.available_on and not row.withdrawn_on


def _standing(snapshot: Snapshot, which: Which) -> Standing | None:
    return next((each for each in standings(snapshot) if each.cohort == which.cohort), None)


def _places_left(snapshot: Snapshot, which: Which) -> int | None:
    found = _standing(snapshot, which)
    scopes = found.scopes if found else ()
    return next((each.places_left for each in scopes if each.node in (None, which.node)), None)


def _days_behind(snapshot: Snapshot, which: Which) -> int | None:
    found = _standing(snapshot, which)
    return next((each.days_behind for each in (found.nodes if found else ()) if each.node == which.node), None)


def _stated(snapshot: Snapshot, which: Which) -> int | None:
    return next(
        (each.benefits for each in snapshot.of(rows.StageDecision) if each.set_by["decision"] == which.entry), None
    )


_AT_ALL_NODES = rows_of(rows.CohortOpening, "opened_on")


def _openings(snapshot: Snapshot, which: Which) -> Iterator[Counted]:
    """At all nodes, for one is behind the first of them."""
    return _AT_ALL_NODES.of(snapshot, Which(cohort=which.cohort))


_COHORT, _NODE = frozenset({"cohort"}), frozenset({"node"})
_BOTH = _COHORT | _NODE
_EPISODE = rows.Episode
_STARTED = ("treatment.started",)
_OUTCOMES = (
    (rows.Assessment, None),
    (rows.AdverseEvent, None),
    (rows.SurvivalUpdate, None),
    (rows.Episode, "benefit"),
)

_STARTED_PLANNED = Noun(
    "treatments started",
    "Episodes whose treatment started in stage 1 or 2, which the design counts. A patient counts once an episode.",
    rows_of(_EPISODE, "started_on", _is_planned),
    _BOTH,
    types=_STARTED,
)
_STARTED_BEYOND = Noun(
    "treatments started in stage 3",
    "Episodes whose treatment started in stage 3, which is beyond the design and has no limit.",
    rows_of(_EPISODE, "started_on", _is_beyond),
    _BOTH,
    types=_STARTED,
)
_ENROLLED = Noun(
    "patients enrolled",
    "Episodes with an enrolment that stands. A patient counts once an episode.",
    rows_of(_EPISODE, "enrolled_on", lambda row: bool(row.enrolled_on)),
    _BOTH,
    types=("patient.enrolled",),
)

NOUNS: Mapping[str, Noun] = {
    "started": _STARTED_PLANNED,
    "treated": _STARTED_PLANNED,
    "treatments_started": _STARTED_PLANNED,
    "started_stage_3": _STARTED_BEYOND,
    "treated_stage_3": _STARTED_BEYOND,
    "treatments_started_stage_3": _STARTED_BEYOND,
    "evaluable": Noun(
        "evaluable",
        "Episodes that take a place in the design and were found evaluable.",
        rows_of(_EPISODE, "evaluable", lambda row: _takes_place(row) and row.evaluable is True),
        _BOTH,
        types=("evaluability.determined",),
    ),
    "evaluable_stage_3": Noun(
        "evaluable in stage 3",
        "Episodes of stage 3 that were found evaluable.",
        rows_of(_EPISODE, "evaluable", lambda row: _is_beyond(row) and row.evaluable is True),
        _BOTH,
        types=("evaluability.determined",),
    ),
    "undecided": Noun(
        "undecided",
        "Episodes that take a place in the design and of which nobody has said yet whether they are evaluable.",
        rows_of(_EPISODE, "allocated_on", lambda row: _takes_place(row) and row.evaluable is not True),
        _BOTH,
        types=("case.allocated",),
    ),
    "places_taken": Noun(
        "places taken",
        "Episodes that take a place in the design: evaluable, or not yet decided.",
        rows_of(_EPISODE, "allocated_on", _takes_place),
        _BOTH,
        types=("case.allocated",),
    ),
    "places_left": Noun(
        "places left",
        "What the design has in the stage that the cohort is in, less the places taken: by the episodes that are listed"
        " here. None are left where the cohort is open nowhere.",
        rows_of(_EPISODE, "allocated_on", _takes_place),
        _NODE,
        needs=_COHORT,
        value=_places_left,
    ),
    "days_behind": Noun(
        "days behind",
        "Days from the first opening of the cohort among the members that are bound to open in parallel, until this"
        " one's or until now. The openings are listed here.",
        Found(_openings, _AT_ALL_NODES.tables),
        frozenset(),
        needs=_BOTH,
        value=_days_behind,
    ),
    "decided_on": Noun(
        "cases of the decision",
        "The evaluable cases that the decision itself names.",
        DECIDED_ON,
        _BOTH,
        needs=frozenset({"entry"}),
    ),
    "benefits": Noun(
        "benefits stated by the decision",
        "How many of the evaluable cases benefited, as the decision itself states. The cases are listed here.",
        DECIDED_ON,
        _BOTH,
        needs=frozenset({"entry"}),
        value=_stated,
    ),
    "decisions": Noun(
        "stage decisions",
        "Decisions on a stage of a cohort that stand.",
        rows_of(rows.StageDecision, "decision"),
        _BOTH,
        types=("cohort.stage_decided",),
    ),
    "cohorts": Noun(
        "cohorts", "Cohorts that were defined.", rows_of(rows.Cohort, "label"), _COHORT, types=("cohort.defined",)
    ),
    "members": Noun(
        "members",
        "Nodes that have signed the memorandum.",
        rows_of(rows.Node, "signed_on"),
        _NODE,
        types=("memorandum.signed",),
    ),
    "openings": Noun(
        "openings",
        "Times that a node opened a cohort, those that closed again included.",
        told_by((rows.CohortOpening, "opened_on")),
        _BOTH,
        types=("cohort.opened",),
    ),
    "enrolments": Noun(
        "enrolments",
        _ENROLLED.says,
        told_by((_EPISODE, "enrolled_on")),
        _BOTH,
        types=_ENROLLED.types,
    ),
    "outcomes": Noun(
        "outcomes",
        "Assessments, claims of benefit, adverse events and survival updates that stand.",
        told_by(*_OUTCOMES),
        _BOTH,
        types=("response.assessed", "adverse_event.reported", "survival.updated", "outcome.determined"),
    ),
    "events": Noun("events", "All that the log has, what was corrected or retracted later included.", events_of(),
                   _NODE | {"type"}),
    "synthetic": Noun("synthetic events", "Events that say of themselves that they are made up.",
                      events_of(lambda event: event.synthetic), _NODE | {"type"}),
    "corrections": Noun(
        "corrections",
        "Times that a node said of an event of its own that it was another way.",
        rows_of(rows.Correction, "kind", lambda row: row.kind != "retracted"),
        _NODE,
        types=("event.corrected",),
    ),
    "retractions": Noun(
        "retractions",
        "Times that a node said of an event of its own that it was not so at all.",
        rows_of(rows.Correction, "kind", lambda row: row.kind == "retracted"),
        _NODE,
        types=("event.retracted",),
    ),
    "rows": Noun(
        "rows of a table",
        "Rows with at least one value that stands and that the node set.",
        in_table(each_cell=False),
        _NODE,
        needs=frozenset({"table"}),
    ),
    "cells": Noun(
        "cells of a table",
        "Values that stand and that the node set.",
        in_table(each_cell=True),
        _NODE,
        needs=frozenset({"table"}),
    ),
    "cases_submitted": Noun(
        "cases submitted",
        "Cases with a submission that stands.",
        rows_of(rows.Case, "submitted_on"),
        _NODE,
        types=("case.submitted",),
    ),
    "cases_profiled": Noun(
        "cases profiled",
        "Cases with a molecular profile that stands.",
        rows_of(rows.Profile, "profiled_on"),
        _NODE,
        types=("case.profiled",),
    ),
    "cases_prescreened": Noun(
        "cases prescreened",
        "Cases that were prescreened, each once however often.",
        things_of(rows.Prescreening, "prescreened_on", ("node", "case")),
        _NODE,
        types=("case.prescreened",),
        counts_cases=True,
    ),
    "cases_prescreened_with_target": Noun(
        "cases prescreened with a target",
        "Cases that were prescreened with a potential target, each once however often.",
        things_of(rows.Prescreening, "prescreened_on", ("node", "case"), lambda row: bool(row.potential_target)),
        _NODE,
        types=("case.prescreened",),
        counts_cases=True,
    ),
    "cases_allocated": Noun(
        "cases allocated",
        "Cases that were allocated to a cohort, each once however often it came back.",
        things_of(_EPISODE, "allocated_on", ("node", "case")),
        _BOTH,
        types=("case.allocated",),
        counts_cases=True,
    ),
    "patients_enrolled": _ENROLLED,
    "cohorts_opened": Noun(
        "cohorts opened",
        "Cohorts that a node has opened, each once however often.",
        things_of(rows.CohortOpening, "opened_on", ("node", "cohort")),
        _BOTH,
        types=("cohort.opened",),
    ),
    "drugs_available": Noun(
        "drugs available",
        "Single drugs that are available at a node and were not withdrawn.",
        things_of(
            rows.Supply,
            "available_on",
            ("node", "regimen"),
            lambda row: _is_available(row) and REGIMEN_JOINER not in row.regimen,
        ),
        _NODE,
        types=("supply.available",),
    ),
    "combinations_available": Noun(
        "combinations available",
        "Combinations of drugs that are available at a node and were not withdrawn.",
        things_of(
            rows.Supply,
            "available_on",
            ("node", "regimen"),
            lambda row: _is_available(row) and REGIMEN_JOINER in row.regimen,
        ),
        _NODE,
        types=("supply.available",),
    ),
    "drugs_committed": Noun(
        "drugs committed",
        "Single drugs that a company has promised to a node and that are not available yet.",
        things_of(
            rows.Supply,
            "company",
            ("node", "regimen"),
            lambda row: _is_committed(row) and REGIMEN_JOINER not in row.regimen,
        ),
        _NODE,
        types=("supply.committed",),
    ),
    "attested": Noun(
        "attestations",
        "What a node attested of a number, in total and in its own words.",
        rows_of(rows.Census, "kind"),
        _NODE | {"metric"},
        types=("census.attested",),
    ),
}  # fmt: skip
