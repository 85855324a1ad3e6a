"""Snapshots: the versions that stand, as typed rows; and what of them was so on a day."""

from datetime import date

import pytest
from given import CLAIM, COHORT, DRUGS, DRUP, Alliance, case, opened, patient
from histories import history
from story import STORY, before

from ledger.cohort import rows
from ledger.cohort.cells import Version
from ledger.cohort.database import Database
from ledger.cohort.snapshot import Snapshot, current, of_versions
from ledger.replay import replay
from ledger.signing.canonical import Json


def snapshot_of(alliance: Alliance) -> Snapshot:
    database = alliance.database
    return of_versions(current(database), database.events, size=database.size)


def whole_story() -> Alliance:
    alliance = before(STORY[-1])
    alliance.says(*STORY[-1])
    return alliance


def test_the_current_versions_are_the_last_that_were_made_of_each_row() -> None:
    alliance = history(3, 400)
    last: dict[tuple[str, tuple[str, ...]], Version] = {}

    for taken in replay(alliance.memorandum, alliance.recorded(), Database()):
        last |= {(version.table, version.key): version for version in taken.versions}

    assert {(version.table, version.key): version for version in current(alliance.database)} == {
        row: version for row, version in last.items() if version.fields
    }  # others stand no more


def test_a_row_knows_which_event_set_each_field() -> None:
    alliance = opened(DRUP)
    alliance.treats(DRUP, case(1))
    types = [event.type for event in alliance.database.events]

    (episode,) = snapshot_of(alliance).of(rows.Episode)

    assert {name: types[index] for name, index in episode.set_by.items()} == {
        "allocated_on": "case.allocated",
        **dict.fromkeys(
            ["enrolled_on", "ecog", "sex", "birth_year", "oncotree", "variants", "prior_lines", "consent_version"],
            "patient.enrolled",
        ),
        **dict.fromkeys(["started_on", "stage", "doses"], "treatment.started"),
    }
    assert episode.key == (COHORT, DRUP, case(1), episode.event)
    assert types[episode.since] == "treatment.started"
    assert (episode.benefit, episode.evaluable) == (None, None)


def test_rows_stand_in_the_order_of_their_keys() -> None:
    for of_table in snapshot_of(history(4, 300)).tables.values():
        assert [row.key for row in of_table] == sorted(row.key for row in of_table)


def test_a_row_is_synthetic_where_an_event_behind_it_says_so() -> None:
    alliance = opened(DRUP)
    for number, synthetic in ((1, {}), (2, {"synthetic": True})):
        alliance.says(DRUP, "case.submitted", {"case": case(number), "on": "2021-11-20", **synthetic})

    told = {row.case: row.synthetic for row in snapshot_of(alliance).of(rows.Case)}

    assert told == {case(1): False, case(2): True}


def test_every_event_of_the_story_sets_fields_that_the_tables_have() -> None:
    snapshot = snapshot_of(whole_story())

    for table, of_table in snapshot.tables.items():
        assert of_table, f"the story has no row of {table}"
        assert set().union(*(row.set_by for row in of_table)) == set(rows.columns_of(table)), table


def test_every_sealed_field_of_a_table_is_sealed_in_the_log_and_no_other() -> None:
    alliance = whole_story()
    digests = {digest for heard in alliance.heard for digest in heard.envelope.commitments.values()}

    for table, of_table in snapshot_of(alliance).tables.items():
        for name, column in rows.columns_of(table).items():
            for row in of_table:
                if name in row.set_by:
                    assert getattr(row, name) in digests if column.sealed else True, (table, name)
                    assert column.sealed or not (isinstance(getattr(row, name), str) and getattr(row, name) in digests)


# ---------------------------------------------------------------------- on a day


@pytest.mark.parametrize(
    ("day", "fields"),
    [
        (date(2021, 11, 30), None),
        (date(2021, 12, 1), {"allocated_on"}),
        (date(2021, 12, 2), {"allocated_on", "enrolled_on"}),
        (date(2021, 12, 3), {"allocated_on", "enrolled_on", "started_on"}),
    ],
)
def test_an_episode_is_seen_on_a_day_as_far_as_it_had_come(day: date, fields: set[str] | None) -> None:
    alliance = opened(DRUP)
    alliance.treats(DRUP, case(1))
    alliance.finds(DRUP, case(1))  # which carries no date, and does not make an episode that had not begun

    episodes = snapshot_of(alliance).on(day).of(rows.Episode)

    if fields is None:
        assert episodes == ()
    else:
        (episode,) = episodes
        dated = {"allocated_on", "enrolled_on", "started_on"}
        assert {name for name in dated if getattr(episode, name) is not None} == fields == dated & set(episode.set_by)
        assert (episode.ecog is None) == ("enrolled_on" not in fields)


@pytest.mark.parametrize(("day", "is_open"), [(date(2021, 6, 29), False), (date(2021, 6, 30), True)])
def test_what_happened_some_day_of_june_is_past_when_june_is(day: date, is_open: bool) -> None:
    alliance = opened(DRUP)  # "2021-06"

    assert bool(snapshot_of(alliance).on(day).of(rows.CohortOpening)) == is_open


def test_a_closing_is_not_seen_before_its_day() -> None:
    alliance = opened(DRUP)
    alliance.says(
        DRUP,
        "cohort.closed",
        {"cohort": COHORT, "on": "2021-12-01", "reason_code": "other", "scope": "here", "reason": "moved"},
    )

    (before_it,) = snapshot_of(alliance).on(date(2021, 11, 30)).of(rows.CohortOpening)
    (after_it,) = snapshot_of(alliance).on(date(2021, 12, 1)).of(rows.CohortOpening)

    assert (before_it.closed_on, before_it.closing_code, before_it.closing_reason) == (None, None, None)
    assert set(before_it.set_by) == {"opened_on"}
    assert after_it.closed_on == "2021-12-01"


def test_a_supply_is_seen_as_committed_before_it_is_available() -> None:
    alliance = opened(DRUP)
    alliance.says(DRUP, "supply.committed", {"regimen": ["olaparib"], "company": "Example Pharma"})
    alliance.says(DRUP, "supply.available", {"regimen": ["olaparib"], "on": "2021-12-01"})

    supplies = {row.regimen: row for row in snapshot_of(alliance).on(date(2021, 11, 30)).of(rows.Supply)}

    assert supplies["olaparib"].company == "Example Pharma"
    assert supplies["olaparib"].available_on is None
    assert len(supplies) == 1 + len([DRUGS])


def test_what_carries_no_date_stays_and_events_of_later_days_go() -> None:
    alliance = opened(DRUP)

    then = snapshot_of(alliance).on(date(2000, 1, 1))

    assert then.of(rows.Trial)
    assert then.of(rows.Cohort)
    assert then.of(rows.Node) == ()
    assert {event.type for event in then.events} == {
        "resolution.proposed", "resolution.endorsed", "trial.registered", "cohort.defined"
    }  # fmt: skip
    assert then.day == date(2000, 1, 1)


def test_what_a_treatment_led_to_is_not_seen_before_it_started() -> None:
    alliance = opened(DRUP)
    alliance.treats(DRUP, case(1))  # on the third
    alliance.finds(DRUP, case(1))
    alliance.says(DRUP, "treatment.ended", {**patient(case(1)), "day": 90, "reason": "progression"})
    alliance.says(DRUP, "outcome.determined", {**patient(case(1)), **CLAIM})
    later = {"end_day", "end_reason", "evaluable", "evaluability_rule", "benefit", "best_response", "basis"}

    (before_it,) = snapshot_of(alliance).on(date(2021, 12, 2)).of(rows.Episode)
    (after_it,) = snapshot_of(alliance).on(date(2021, 12, 3)).of(rows.Episode)

    assert {name for name in later if getattr(before_it, name) is not None} == set() == later & set(before_it.set_by)
    assert later <= set(after_it.set_by)


def test_a_decision_stands_on_a_day_when_all_of_its_cases_are_evaluable() -> None:
    alliance = opened(DRUP)
    for number in range(2):
        alliance.treats(DRUP, case(number))  # on the third
        alliance.finds(DRUP, case(number))
    named: list[Json] = [{"node": DRUP, "case": case(number)} for number in range(2)]
    said: dict[str, Json] = {"cohort": COHORT, "stage": 1, "benefits": 1, "decision": "expand", "evaluable": named}
    alliance.says(DRUP, "cohort.stage_decided", {**said, "data_cut": alliance.database.size - 1})
    snapshot = snapshot_of(alliance)

    seen = [len(snapshot.on(date(2021, 12, day)).of(rows.StageDecision)) for day in (2, 3)]

    assert seen == [0, 1]
    assert len(snapshot.of(rows.StageDecision)) == 1


def test_what_was_closed_by_a_made_up_event_is_not_made_up_before() -> None:
    alliance = opened(DRUP)
    closing: dict[str, Json] = {"cohort": COHORT, "on": "2021-12-01", "reason_code": "other", "scope": "here"}
    alliance.says(DRUP, "cohort.closed", {**closing, "reason": "moved", "synthetic": True})

    seen = [
        [row.synthetic for row in snapshot_of(alliance).on(day).of(rows.CohortOpening)]
        for day in (date(2021, 11, 30), date(2021, 12, 1))
    ]

    assert seen == [[False], [True]]
