"""Reports as tables: their columns are their fields, whatever they come to say, and their cells are what JSON has."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import given
import pytest
from given import COHORT, DRUP, IMPRESS, case

from ledger.cohort.reveal import Revealed
from ledger.cohort.rows import TABLES, Episode
from ledger.cohort.snapshot import Snapshot, current, of_versions
from ledger.errors import NotFoundError
from ledger.exports.lines import part_of, table_of
from ledger.exports.plain import plain
from ledger.exports.reports import report_table
from ledger.exports.tables import Table
from ledger.reports.board import board
from ledger.reports.census import census
from ledger.reports.cohort_progress import cohort_progress
from ledger.reports.contributions import contributions
from ledger.reports.funnel import funnel
from ledger.signing.canonical import Json


@dataclass(frozen=True)
class Estimate:
    point: float | None
    interval: tuple[float, float] | None
    kind: Literal["naive", "exact"]


@dataclass(frozen=True)
class Country:
    country: str
    places: int


@dataclass(frozen=True)
class Look:
    look: int
    stages: tuple[int, ...]
    estimate: Estimate | None
    countries: tuple[Country, ...]


@dataclass(frozen=True)
class Report:
    """Of more shapes than the reports have today."""

    cohort: str
    shown: int | Literal["<5"]
    rate: int | float
    content: Json
    looks: Sequence[Look]
    by_name: Mapping[str, Country]
    first: Look


@dataclass(frozen=True)
class Inner:
    of_node: str
    node: str


@dataclass(frozen=True)
class Outer:
    node: str
    inner: tuple[Inner, ...]


LOOKS = (
    Look(1, (1, 2), Estimate(0.25, (0.1, 0.5), "exact"), (Country("NL", 3), Country("DK", 0))),
    Look(2, (), None, (Country("NO", 9),)),
)
REPORT = Report("braf", "<5", 2, {"n": 8}, LOOKS, {"a": Country("SE", 1), "b": Country("FI", 2)}, LOOKS[1])


def records(table: Table) -> list[dict[str, Any]]:
    return [dict(zip(table.names, row, strict=True)) for row in table.rows]


def test_a_line_is_flattened_and_what_is_many_things_in_it_is_json() -> None:
    table = table_of("report", Report, [REPORT])

    assert [tuple(column) for column in table.columns] == [
        ("cohort", "text"),
        ("shown", "text"),
        ("rate", "real"),
        ("content", "json"),
        ("looks", "json"),
        ("by_name", "json"),
        ("first_look", "integer"),
        ("first_stages", "json"),
        ("first_estimate_point", "real"),
        ("first_estimate_interval_low", "real"),
        ("first_estimate_interval_high", "real"),
        ("first_estimate_kind", "text"),
        ("first_countries", "json"),
    ]
    (record,) = records(table)
    assert (record["shown"], record["first_look"], record["first_estimate_interval_low"]) == ("<5", 2, None)


def test_lines_within_lines_are_a_table_with_the_first_column_of_those_that_they_stand_in() -> None:
    looks = part_of("report/looks", Report, [REPORT], part="looks")
    countries = part_of("report/looks.countries", Report, [REPORT], part="looks.countries")

    assert [(each["cohort"], each["look"], each["estimate_interval_high"]) for each in records(looks)] == [
        ("braf", 1, 0.5),
        ("braf", 2, None),
    ]
    assert countries.names == ("cohort", "look", "country", "places")
    assert countries.rows == (("braf", 1, "NL", 3), ("braf", 1, "DK", 0), ("braf", 2, "NO", 9))


def test_lines_that_have_names_say_them_and_a_line_within_one_is_reached() -> None:
    named = part_of("report/by_name", Report, [REPORT], part="by_name")
    nested = part_of("report/first.countries", Report, [REPORT], part="first.countries")

    assert (named.names, named.rows[1]) == (("cohort", "key", "country", "places"), ("braf", "b", "FI", 2))
    assert nested.rows == (("braf", "NO", 9),)


def test_an_outer_column_gives_way_to_an_inner_one_of_its_name() -> None:
    table = part_of("t", Outer, [Outer("drup-nl", (Inner("x", "y"),))], part="inner")

    assert (table.names, table.rows) == (("of_of_node", "of_node", "node"), (("drup-nl", "x", "y"),))


def test_a_part_that_is_not_there_is_answered_with_those_that_are() -> None:
    with pytest.raises(NotFoundError, match=r"it has looks, looks.countries, by_name, first.countries"):
        part_of("report/nothing", Report, [REPORT], part="nothing")


@pytest.fixture(scope="module")
def seen() -> Snapshot:
    alliance = given.opened(DRUP, IMPRESS)
    alliance.enrols(DRUP, case(1))
    alliance.says(DRUP, "case.submitted", {"case": case(2), "on": "2021-12-01", "synthetic": True})
    database = alliance.database
    return of_versions(current(database), database.events, size=database.size)


def as_lines(report: Iterable[object]) -> list[dict[str, Any]]:
    return [plain(each) for each in report]


def test_the_lines_of_a_report_are_those_of_its_json(seen: Snapshot) -> None:
    for name, report in (("census", census(seen)), ("contributions", contributions(seen)), ("funnel", funnel(seen))):
        told = [plain(record) for record in records(report_table(seen, name))]

        assert told == as_lines(report)
        assert told


def test_a_cohort_and_the_parts_of_it_say_what_its_json_says(seen: Snapshot) -> None:
    progress = plain(cohort_progress(Revealed(seen), COHORT))

    (record,) = records(report_table(seen, f"cohort:{COHORT}"))
    nodes = records(report_table(seen, f"cohort:{COHORT}/standing.nodes"))

    assert record["standing_cohort"] == COHORT
    assert plain(record["standing_nodes"]) == progress["standing"]["nodes"]
    assert record["design_content"] == progress["design_content"]
    assert [{name: cell for name, cell in each.items() if name != "standing_cohort"} for each in nodes] == (
        progress["standing"]["nodes"]
    )


def test_the_board_has_a_line_for_each_cohort_at_each_node(seen: Snapshot) -> None:
    (cohort,) = plain(board(seen))["cohorts"]

    lines = {record["node"]: record for record in records(report_table(seen, "board"))}

    assert sorted(lines) == sorted(each["node"] for each in cohort["nodes"])
    for at_node in cohort["nodes"]:
        assert at_node.items() <= lines[at_node["node"]].items()
        assert lines[at_node["node"]]["places_left"] == cohort["scopes"][0]["places_left"]


def test_every_table_of_the_cohort_database_has_its_rows_and_what_is_sealed_as_a_commitment(seen: Snapshot) -> None:
    for name, rows in seen.tables.items():
        table = report_table(seen, f"table:{name}")

        assert [row[: len(TABLES[name].KEY)] for row in table.rows] == [row.key for row in rows]

    (episode,) = records(report_table(seen, "table:episodes"))
    (row,) = seen.tables["episodes"]
    assert "ecog" not in episode
    assert isinstance(row, Episode)
    assert row.ecog is not None
    assert episode["ecog_commitment"] == row.ecog
    assert (episode["enrolled_on"], episode["set_by"]) == ("2021-12-02", row.set_by)


@pytest.mark.parametrize(
    "asked", ["", "nothing", "cohort", "cohort:", "board:x", "table", "table:", "table:x", "funnel/x"]
)
def test_a_report_that_is_not_there_is_answered_with_those_that_are(seen: Snapshot, asked: str) -> None:
    with pytest.raises(NotFoundError, match=r"there (is|are)|it has"):
        report_table(seen, asked)
