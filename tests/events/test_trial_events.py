"""Trials, supplies and census: trial.*, supply.*, census.attested."""

from typing import get_args

import pytest
from given import DRUGS, DRUP, LONG_AGO, PROTARGET, REGIMEN, Alliance, Data, founded, set_by, trial_of
from story import before, first_of

from ledger.events.trials import Metric

CLOSING: Data = {"on": "2021-12-22", "reason_code": "completed", "source": "news", "reason": "all were followed up"}


def registered() -> Alliance:
    alliance = founded()
    alliance.says(DRUP, "trial.registered", trial_of(DRUP))
    return alliance


def running(on: str = "2021-03") -> Alliance:
    alliance = registered()
    alliance.says(DRUP, "trial.opened", {"on": on})
    return alliance


# ---------------------------------------------------------------------- trial.registered


def test_a_node_registers_its_trial() -> None:
    alliance = founded()

    taken = alliance.says(DRUP, "trial.registered", trial_of(DRUP))

    assert set_by(taken) == {
        ("trials", (DRUP,)): {
            "name": "DRUP",
            "country": "NL",
            "registries": {"nct": "NCT02925234"},
            "aliases": ["DRUP trial"],
        }
    }
    assert alliance.stood_on(taken) == []


def test_a_node_has_one_trial() -> None:
    registered().refuses(DRUP, "trial.registered", trial_of(DRUP), because="drup-nl has registered its trial already")


@pytest.mark.parametrize(
    "registries", [{"nct": "02925234"}, {"eudract": "2015-004398"}, {"euct": "2021-123456-12"}, {"isrctn": "1"}]
)
def test_registry_numbers_have_the_shape_of_their_registry(registries: Data) -> None:
    data = {**trial_of(DRUP), "registries": dict(registries)}

    founded().refuses(DRUP, "trial.registered", data, because="trial.registered: ")


# ---------------------------------------------------------------------- trial.opened, trial.closed


def test_a_trial_opens() -> None:
    alliance = registered()

    taken = alliance.says(DRUP, "trial.opened", {"on": "2016-Q3", "source": "opened for inclusion in Q3 2016"})

    assert set_by(taken) == {
        ("trial_periods", (DRUP, taken.event.event_id)): {
            "opened_on": "2016-Q3",
            "opening_source": "opened for inclusion in Q3 2016",
        }
    }
    assert alliance.stood_on(taken) == ["trial.registered"]


def test_a_trial_that_is_not_registered_does_not_open() -> None:
    founded().refuses(
        DRUP, "trial.opened", {"on": LONG_AGO}, because="trial.opened needs a registered trial of drup-nl"
    )


def test_a_trial_that_is_open_does_not_open() -> None:
    running().refuses(
        DRUP, "trial.opened", {"on": "2021-05"}, because="the trial of drup-nl is open already on 2021-05"
    )


def test_a_trial_closes() -> None:
    alliance = running()
    opening = alliance.database.events[-1].event_id

    taken = alliance.says(DRUP, "trial.closed", CLOSING)

    assert set_by(taken) == {
        ("trial_periods", (DRUP, opening)): {
            "closed_on": "2021-12-22",
            "closing_source": "news",
            "closing_code": "completed",
            "closing_reason": alliance.commitments(taken)["reason"],
        }
    }
    assert alliance.stood_on(taken) == ["trial.opened"]


def test_a_trial_that_was_never_opened_does_not_close() -> None:
    registered().refuses(DRUP, "trial.closed", CLOSING, because="trial.closed needs an opening of the trial of drup-nl")


def test_a_trial_closes_once() -> None:
    alliance = running()
    alliance.says(DRUP, "trial.closed", CLOSING)

    alliance.refuses(DRUP, "trial.closed", CLOSING, because="trial.closed needs an opening of the trial of drup-nl")


@pytest.mark.parametrize("on", ["2021-02-28", "2021-03-30", "2021-02", "2020"])
def test_a_trial_that_opened_some_day_in_march_is_not_closed_before_march_is_over(on: str) -> None:
    running("2021-03").refuses(
        DRUP, "trial.closed", {**CLOSING, "on": on}, because=f"the trial of drup-nl was not open on {on}"
    )


@pytest.mark.parametrize("on", ["2021-03-31", "2021-03", "2021-Q1", "2021-03-01/2021-03-31", "2021"])
def test_a_trial_that_opened_some_day_in_march_may_be_closed_once_march_is_over(on: str) -> None:
    alliance = running("2021-03")

    taken = alliance.says(DRUP, "trial.closed", {**CLOSING, "on": on})

    assert taken.event.on == on


def test_a_trial_opens_again_with_a_row_of_its_own() -> None:
    alliance = running("2021-03")
    alliance.says(DRUP, "trial.closed", {**CLOSING, "on": "2021-05-10"})

    alliance.refuses(DRUP, "trial.opened", {"on": "2021-05-09"}, because="open already on 2021-05-09")
    taken = alliance.says(DRUP, "trial.opened", {"on": "2021-05-10"})

    assert set_by(taken) == {
        ("trial_periods", (DRUP, taken.event.event_id)): {"opened_on": "2021-05-10", "opening_source": None}
    }


# ---------------------------------------------------------------------- supply.*

AVAILABLE: Data = {"regimen": DRUGS, "on": "2021-03"}
WITHDRAWAL: Data = {"regimen": DRUGS, "on": "2021-12-21", "reason_code": "stopped", "reason": None}


def test_a_supply_is_committed_with_a_row_of_its_own() -> None:
    alliance = registered()

    taken = alliance.says(
        DRUP, "supply.committed", {"regimen": DRUGS, "company": "Example Pharma", "atc": "L01EC02", "by": "2021-Q2"}
    )

    assert set_by(taken) == {
        ("supplies", (DRUP, REGIMEN, taken.event.event_id)): {
            "company": "Example Pharma",
            "atc": "L01EC02",
            "available_by": "2021-Q2",
        }
    }
    assert alliance.stood_on(taken) == ["trial.registered"]


def test_what_a_commitment_does_not_say_it_sets_to_nothing() -> None:
    alliance = registered()

    taken = alliance.says(DRUP, "supply.committed", {"regimen": DRUGS})

    assert [*set_by(taken).values()] == [{"company": None, "atc": None, "available_by": None}]


def test_a_committed_supply_becomes_available_in_the_same_row() -> None:
    alliance = registered()
    committed = alliance.says(DRUP, "supply.committed", {"regimen": DRUGS})

    taken = alliance.says(DRUP, "supply.available", AVAILABLE)

    assert set_by(taken) == {("supplies", (DRUP, REGIMEN, committed.event.event_id)): {"available_on": "2021-03"}}
    assert alliance.stood_on(taken) == ["supply.committed", "trial.registered"]


def test_a_supply_becomes_available_without_a_commitment() -> None:
    alliance = registered()

    taken = alliance.says(DRUP, "supply.available", AVAILABLE)

    assert set_by(taken) == {("supplies", (DRUP, REGIMEN, taken.event.event_id)): {"available_on": "2021-03"}}


def test_an_available_supply_is_withdrawn() -> None:
    alliance = registered()
    available = alliance.says(DRUP, "supply.available", AVAILABLE)

    taken = alliance.says(DRUP, "supply.withdrawn", WITHDRAWAL)

    assert set_by(taken) == {
        ("supplies", (DRUP, REGIMEN, available.event.event_id)): {
            "withdrawn_on": "2021-12-21",
            "withdrawal_code": "stopped",
            "withdrawal_reason": alliance.commitments(taken)["reason"],
        }
    }
    assert alliance.stood_on(taken) == ["supply.available", "trial.registered"]


def test_a_commitment_is_withdrawn_before_it_was_kept() -> None:
    alliance = registered()
    alliance.says(DRUP, "supply.committed", {"regimen": DRUGS})

    taken = alliance.says(DRUP, "supply.withdrawn", WITHDRAWAL)

    assert alliance.stood_on(taken) == ["supply.committed", "trial.registered"]


@pytest.mark.parametrize(
    ("type_", "data"),
    [("supply.committed", {"regimen": DRUGS}), ("supply.available", AVAILABLE), ("supply.withdrawn", WITHDRAWAL)],
)
def test_a_node_without_a_registered_trial_has_no_supplies(type_: str, data: Data) -> None:
    founded().refuses(DRUP, type_, data, because=f"{type_} needs a registered trial of drup-nl")


def test_a_regimen_is_not_committed_twice() -> None:
    alliance = registered()
    alliance.says(DRUP, "supply.committed", {"regimen": DRUGS})

    alliance.refuses(
        DRUP, "supply.committed", {"regimen": DRUGS}, because="drup-nl has dabrafenib + trametinib committed"
    )


def test_a_regimen_is_committed_again_after_it_was_withdrawn() -> None:
    alliance = registered()
    alliance.says(DRUP, "supply.committed", {"regimen": DRUGS})
    alliance.says(DRUP, "supply.withdrawn", WITHDRAWAL)

    taken = alliance.says(DRUP, "supply.committed", {"regimen": DRUGS})

    assert [*set_by(taken)] == [("supplies", (DRUP, REGIMEN, taken.event.event_id))]


@pytest.mark.parametrize("on", ["2021-03", "2021-04-01", "2020"])
def test_a_regimen_that_is_available_does_not_become_so(on: str) -> None:
    alliance = registered()
    alliance.says(DRUP, "supply.available", AVAILABLE)

    alliance.refuses(
        DRUP,
        "supply.available",
        {"regimen": DRUGS, "on": on},
        because="dabrafenib + trametinib is available at drup-nl already",
    )


def test_a_regimen_becomes_available_again_from_its_withdrawal_on() -> None:
    alliance = registered()
    alliance.says(DRUP, "supply.available", AVAILABLE)
    alliance.says(DRUP, "supply.withdrawn", WITHDRAWAL)

    alliance.refuses(
        DRUP,
        "supply.available",
        {"regimen": DRUGS, "on": "2021-12-20"},
        because="withdrawn at drup-nl after 2021-12-20",
    )
    taken = alliance.says(DRUP, "supply.available", {"regimen": DRUGS, "on": "2021-12-21"})

    assert set_by(taken) == {("supplies", (DRUP, REGIMEN, taken.event.event_id)): {"available_on": "2021-12-21"}}


def test_what_was_never_committed_nor_available_is_not_withdrawn() -> None:
    alliance = registered()
    because = "supply.withdrawn needs dabrafenib + trametinib committed or available at drup-nl"
    alliance.refuses(DRUP, "supply.withdrawn", WITHDRAWAL, because=because)
    alliance.says(DRUP, "supply.available", {"regimen": ["dabrafenib"], "on": LONG_AGO})  # one drug, another regimen

    alliance.refuses(DRUP, "supply.withdrawn", WITHDRAWAL, because=because)


def test_a_regimen_is_withdrawn_once() -> None:
    alliance = registered()
    alliance.says(DRUP, "supply.available", AVAILABLE)
    alliance.says(DRUP, "supply.withdrawn", WITHDRAWAL)

    alliance.refuses(DRUP, "supply.withdrawn", WITHDRAWAL, because="committed or available at drup-nl")


def test_a_regimen_is_not_withdrawn_before_it_was_available() -> None:
    alliance = registered()
    alliance.says(DRUP, "supply.available", AVAILABLE)

    alliance.refuses(
        DRUP, "supply.withdrawn", {**WITHDRAWAL, "on": "2021-03-30"}, because="was not available at drup-nl"
    )


@pytest.mark.parametrize(
    "regimen", [[], ["trametinib", "dabrafenib"], ["dabrafenib", "dabrafenib"], ["Dabrafenib"], ["a+b"], [""]]
)
def test_a_regimen_is_a_sorted_list_of_drugs_in_lower_case(regimen: list[str]) -> None:
    registered().refuses(
        DRUP, "supply.available", {"regimen": [*regimen], "on": LONG_AGO}, because="supply.available: regimen"
    )


@pytest.mark.parametrize("atc", ["L1", "l01ec02", "L01EC2", "01EC02", ""])
def test_an_atc_code_has_its_shape(atc: str) -> None:
    registered().refuses(DRUP, "supply.committed", {"regimen": DRUGS, "atc": atc}, because="supply.committed: atc")


# ---------------------------------------------------------------------- census.attested

CENSUS: Data = {
    "metric": "cases_submitted",
    "kind": "count",
    "operator": "eq",
    "value": 1873,
    "as_of": "2021-11-16",
    "quote": "Included 1873",
}


def test_a_census_is_what_a_node_says_in_total() -> None:
    alliance = founded()

    taken = alliance.says(PROTARGET, "census.attested", {**CENSUS, "by": "2022"})

    assert set_by(taken) == {
        ("census", (PROTARGET, "cases_submitted", taken.event.event_id)): {
            "kind": "count",
            "operator": "eq",
            "value": 1873,
            "when": None,
            "as_of": "2021-11-16",
            "by": "2022",
            "quote": "Included 1873",
        }
    }
    assert alliance.stood_on(taken) == []
    assert taken.event.on == "2021-11-16"


def test_a_census_may_give_a_date_in_place_of_a_number() -> None:
    alliance = founded()
    opening = {name: value for name, value in CENSUS.items() if name != "value"}

    taken = alliance.says(DRUP, "census.attested", {**opening, "metric": "trial_opening", "when": "2016-Q3"})

    (cells,) = set_by(taken).values()
    assert (cells["value"], cells["when"]) == (None, "2016-Q3")


@pytest.mark.parametrize("both", [True, False])
def test_a_census_gives_a_number_or_a_date_and_not_both(both: bool) -> None:
    neither = {name: value for name, value in CENSUS.items() if name != "value"}
    data: Data = {**CENSUS, "when": "2021"} if both else neither

    founded().refuses(DRUP, "census.attested", data, because="a census gives a value or a date, one of them")


def test_only_an_opening_is_told_by_a_date() -> None:
    number: Data = {**CENSUS, "metric": "trial_opening"}
    date: Data = {name: value for name, value in CENSUS.items() if name != "value"} | {"when": "2021"}

    for told in (number, date):
        founded().refuses(DRUP, "census.attested", told, because="trial_opening is told by a date")


@pytest.mark.parametrize(
    ("field", "value"),
    [("metric", "lunches"), ("kind", "guess"), ("operator", "gt"), ("value", -1), ("quote", "  "), ("value", 2**40)],
)
def test_a_census_says_nothing_that_is_not_listed(field: str, value: str | int) -> None:
    founded().refuses(DRUP, "census.attested", {**CENSUS, field: value}, because=f"census.attested: {field}")


def test_every_metric_of_the_closed_list_can_be_attested() -> None:
    alliance = before(first_of("census.attested"))

    for metric in get_args(Metric):
        told: Data = {**CENSUS, "metric": metric}
        if metric == "trial_opening":
            told = {name: value for name, value in told.items() if name != "value"} | {"when": "2022-Q1"}
        alliance.says(DRUP, "census.attested", told)

    assert len([*alliance.database.rows("census")]) == len(get_args(Metric))


def test_a_census_can_be_attested_again() -> None:
    alliance = founded()
    alliance.says(DRUP, "census.attested", CENSUS)

    alliance.says(DRUP, "census.attested", {**CENSUS, "value": 1874, "as_of": "2021-11-17"})

    assert len([*alliance.database.rows("census")]) == 2
