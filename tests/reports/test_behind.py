"""What is behind a number: as many rows or events as its report says, each by the event that made it count."""

from collections.abc import Iterator

import pytest
from amended import corrects, last_of, retracts
from given import (
    COHORT,
    DEATH,
    DRUP,
    FINPROVE,
    IMPRESS,
    PROTARGET,
    TOXICITY,
    Alliance,
    case,
    opened,
    patient,
)
from stages import decision, four_evaluable, last
from story import FOUNDERS, STORY

from ledger.cohort import rows
from ledger.cohort.rows import TABLES
from ledger.cohort.snapshot import Snapshot, current, of_versions
from ledger.errors import MalformedError, NotFoundError
from ledger.names import When
from ledger.reports.behind import Behind, behind
from ledger.reports.census import census
from ledger.reports.contributions import contributions
from ledger.reports.counted import Counted, Which
from ledger.reports.counts import counts
from ledger.reports.funnel import funnel
from ledger.reports.nouns import NOUNS
from ledger.reports.standing import standings


def snapshot_of(alliance: Alliance) -> Snapshot:
    database = alliance.database
    return of_versions(current(database), database.events, size=database.size)


def the_story() -> Alliance:
    alliance = Alliance(FOUNDERS)
    for sentence in STORY:
        alliance.says(*sentence)
    return alliance


def per_trial() -> Alliance:
    """Cases on every step at two trials, some corrected, one retracted, one returned."""
    alliance = opened(DRUP, IMPRESS, accrual="per-trial")
    alliance.treats(DRUP, case(1))
    alliance.finds(DRUP, case(1), evaluable=False)
    alliance.treats(DRUP, case(2))
    alliance.finds(DRUP, case(2))
    alliance.allocates(DRUP, case(3))
    alliance.treats(IMPRESS, case(4))
    alliance.says(IMPRESS, "adverse_event.reported", {**patient(case(4)), **TOXICITY})
    twice = [
        alliance.says(IMPRESS, "case.prescreened", {
            "case": case(4), "on": f"2021-11-2{day}", "potential_target": day > 3, "targets": None,
        })
        for day in (3, 4)
    ]  # fmt: skip
    corrects(alliance, twice[0], case=case(4), on="2021-11-22", potential_target=False, targets=None)
    survival = alliance.says(IMPRESS, "survival.updated", {**patient(case(4)), **DEATH})
    retracts(alliance, survival)
    alliance.allocates(IMPRESS, case(5))
    started = last_of(alliance, "treatment.started")
    corrects(alliance, started, **patient(case(4)), on="2021-12-04", stage=1, doses=None)
    return alliance


def decided() -> Alliance:
    """Two stages of a pooled cohort; a patient beyond them."""
    alliance = four_evaluable()
    four = [(DRUP, case(1)), (PROTARGET, case(2)), (DRUP, case(3)), (PROTARGET, case(4))]
    told = decision(four, decision="stage-3", data_cut=last(alliance), stage=2, benefits=2)
    alliance.says(DRUP, "cohort.stage_decided", told)
    alliance.treats(PROTARGET, case(5), stage=3)
    alliance.finds(PROTARGET, case(5))
    return alliance


@pytest.fixture(scope="module", params=[the_story, per_trial, decided], ids=lambda each: each.__name__)
def seen(request: pytest.FixtureRequest) -> Snapshot:
    return snapshot_of(request.param())


def number(snapshot: Snapshot, name: str, **which: str | int | None) -> int | None:
    return behind(snapshot, name, Which(**which)).number  # type: ignore[arg-type]  # a keyword is of its own type


# ------------------------------------------------------------------ as many as the report says


def test_what_is_behind_a_cohort_at_a_node_is_as_many_as_the_board_says(seen: Snapshot) -> None:
    for standing in standings(seen):
        for at in standing.nodes:
            here = {"cohort": standing.cohort, "node": at.node}
            assert number(seen, "started", **here) == at.started
            assert number(seen, "started_stage_3", **here) == at.started_stage_3
            assert number(seen, "days_behind", **here) == at.days_behind
        for scope in standing.scopes:
            here = {"cohort": standing.cohort} | ({} if scope.node is None else {"node": scope.node})
            assert number(seen, "evaluable", **here) == scope.evaluable
            assert number(seen, "undecided", **here) == scope.undecided
            assert number(seen, "places_taken", **here) == scope.evaluable + scope.undecided
            assert number(seen, "places_left", **here) == scope.places_left


def test_what_is_behind_a_contribution_is_as_many_as_the_report_says(seen: Snapshot) -> None:
    for each in contributions(seen):
        said = ("events", "corrections", "retractions", "openings", "enrolments", "outcomes", "synthetic")
        assert {name: number(seen, name, node=each.node) for name in said} == {
            name: getattr(each, name) for name in said
        }
        for type_, times in each.by_type.items():
            assert number(seen, "events", node=each.node, type=type_) == times
        for table, told in each.tables.items():
            assert number(seen, "rows", node=each.node, table=table) == told.rows
            assert number(seen, "cells", node=each.node, table=table) == told.cells


def test_what_is_behind_the_funnel_and_the_census_is_as_many_as_they_say(seen: Snapshot) -> None:
    for metric, by_node in counts(seen).items():
        for line in funnel(seen):
            assert number(seen, metric, node=line.node) == by_node[line.node], metric
    for told in census(seen):
        if told.derived is not None and told.as_of is not None:
            then = seen.on(When.parse(told.as_of).last)
            assert number(then, told.metric, node=told.node) == told.derived


def test_what_is_behind_a_decision_is_what_it_names(seen: Snapshot) -> None:
    for row in seen.of(rows.StageDecision):
        entry = row.set_by["decision"]
        assert isinstance(row.evaluable, list)
        assert number(seen, "decided_on", cohort=row.cohort, entry=entry) == len(row.evaluable)
        assert number(seen, "benefits", cohort=row.cohort, entry=entry) == row.benefits


def test_the_stories_come_to_something_for_nearly_every_number() -> None:
    told = [snapshot_of(make()) for make in (the_story, per_trial, decided)]
    names = {name for name, noun in NOUNS.items() if not noun.needs}

    nothing = {name for name in names if not any(number(each, name) for each in told)}

    assert nothing == {"drugs_available", "drugs_committed", "synthetic"}


# ------------------------------------------------------------------ each by its event and its cell


def every(seen: Snapshot) -> Iterator[tuple[Behind, Counted]]:
    for name, noun in NOUNS.items():
        if not noun.needs:
            found = behind(seen, name, Which())
            yield from ((found, each) for each in found.counted)


def test_each_that_counts_names_the_event_that_set_its_cell(seen: Snapshot) -> None:
    for found, each in every(seen):
        if each.table is None:
            continue
        row = next(row for row in seen.tables[each.table] if row.key == each.key)
        assert each.table in TABLES
        assert each.field is not None
        assert row.set_by[each.field] == each.index, found.name


def test_each_counts_by_an_event_of_the_types_that_are_said_or_by_a_correction(seen: Snapshot) -> None:
    types = {event.index: event.type for event in seen.events}

    for found, each in every(seen):
        if found.noun.types:
            assert types[each.index] in {*found.noun.types, "event.corrected"}, found.name


def test_a_corrected_count_brings_what_it_corrects_with_it() -> None:
    alliance = per_trial()
    seen = snapshot_of(alliance)

    found = behind(seen, "started", Which(node=IMPRESS))

    (counted,) = found.counted
    root = last_of(alliance, "treatment.started").event.index
    assert counted.index > root
    assert found.corrects == {counted.index: root}
    assert found.events == (root, counted.index)


# ------------------------------------------------------------------ what is asked wrongly


def test_a_number_that_is_not_known_is_not_found() -> None:
    with pytest.raises(NotFoundError, match="no number of this name"):
        behind(snapshot_of(opened(DRUP)), "patients-who-are-happy", Which())


@pytest.mark.parametrize(
    ("name", "which"),
    [
        ("days_behind", Which(cohort=COHORT)),
        ("rows", Which(node=DRUP)),
        ("corrections", Which(cohort=COHORT)),
        ("started", Which(cohort=COHORT, table="episodes")),
    ],
)
def test_a_number_is_never_told_of_another_thing_than_is_asked(name: str, which: Which) -> None:
    with pytest.raises(MalformedError):
        behind(snapshot_of(opened(DRUP)), name, which)


def test_a_node_that_said_nothing_has_nothing_behind_its_numbers() -> None:
    seen = snapshot_of(opened(DRUP))

    assert [number(seen, name, node=FINPROVE) for name in ("started", "cases_submitted", "openings")] == [0, 0, 0]
