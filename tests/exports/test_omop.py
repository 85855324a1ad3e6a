"""The OMOP tables: held against the model's own definition by another hand, and against what was said."""

from collections import Counter, defaultdict
from datetime import date
from decimal import Decimal
from typing import Any

import exported
import given
import pytest
from exported import ERASED, FULL, HOSTILE, PARTIAL, PROFILED, RETURNED, SUBMITTED, WITHDREW, facts
from given import DRUP, PROTARGET
from omop_cdm.regular import cdm54
from sqlalchemy import Date, Integer, Numeric, String, Text
from story import STORY

from ledger.exports.omop import Omop, omop
from ledger.exports.omop_model import GRADES
from ledger.exports.study import Part

Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def alliance() -> given.Alliance:
    return exported.told()


@pytest.fixture(scope="module")
def made(alliance: given.Alliance) -> Omop:
    return omop(exported.revealed(alliance), Part(), exported.about(alliance))


def rows_of(made: Omop, name: str) -> Rows:
    table = next(each for each in (*made.tables, made.left_out) if each.name == name)
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]


def person(made: Omop, handle: str) -> dict[str, Any]:
    return next(row for row in rows_of(made, "person") if row["person_source_value"].endswith(handle))


def of(made: Omop, name: str, handle: str) -> Rows:
    number = person(made, handle)["person_id"]
    return [row for row in rows_of(made, name) if row["person_id"] == number]


# ---------------------------------------------------------------------- the model, by another hand

MODEL = {table.name: table for table in cdm54.Base.metadata.tables.values()}


def test_every_table_has_the_models_columns_in_its_order(made: Omop) -> None:
    for table in made.tables:
        assert list(table.columns) == [column.name for column in MODEL[table.name].columns], table.name


def test_what_the_model_requires_is_there_and_every_value_is_of_its_type(made: Omop) -> None:
    seen = 0
    for table in made.tables:
        assert table.rows, table.name
        for row in rows_of(made, table.name):
            for column in MODEL[table.name].columns:
                value = row[column.name]
                seen += 1
                if value is None:
                    assert column.nullable, (table.name, column.name)
                elif isinstance(column.type, Integer):
                    assert type(value) is int, (table.name, column.name, value)
                    assert 0 <= value < 2**31
                elif isinstance(column.type, Numeric):
                    assert isinstance(value, int | Decimal), (table.name, column.name, value)
                elif isinstance(column.type, Date):
                    assert type(value) is date, (table.name, column.name, value)
                elif isinstance(column.type, String):
                    assert isinstance(value, str), (table.name, column.name, value)
                    assert isinstance(column.type, Text) or len(value) <= (column.type.length or len(value))
                else:
                    raise AssertionError((table.name, column.name, column.type))
    assert seen > 1000


def test_every_number_is_there_once_and_every_pointer_points_at_something(made: Omop) -> None:
    numbers = {}
    for table in made.tables:
        first = table.columns[0]
        if first == f"{table.name}_id" or table.name in ("person", "death"):
            numbers[table.name] = [row[0] for row in table.rows]
            assert len(set(numbers[table.name])) == len(table.rows), table.name
        if "person_id" in table.columns:
            at = table.columns.index("person_id")
            assert {row[at] for row in table.rows} <= set(numbers["person"]), table.name
    for row in rows_of(made, "episode_event"):
        assert row["episode_id"] in numbers["episode"]
        assert row["event_id"] in numbers["drug_exposure"]
    for row in rows_of(made, "measurement"):
        if row["measurement_event_id"] is not None:
            assert row["measurement_event_id"] in numbers["condition_occurrence"]
            assert row["meas_event_field_concept_id"] == 1147127


def test_every_date_lies_within_the_persons_observation_period(made: Omop) -> None:
    periods = {row["person_id"]: row for row in rows_of(made, "observation_period")}
    checked = 0
    for table in made.tables:
        if table.name in ("observation_period", "cdm_source"):
            continue
        for row in rows_of(made, table.name):
            for name, value in row.items():
                if isinstance(value, date):
                    period = periods[row["person_id"]]
                    start, end = period["observation_period_start_date"], period["observation_period_end_date"]
                    assert start <= value <= end, (table.name, name)
                    checked += 1
    assert checked > 50


# ---------------------------------------------------------------------- against what was said


def test_persons_are_those_whose_year_of_birth_is_open_and_who_still_share(
    alliance: given.Alliance, made: Omop
) -> None:
    told = {(each["node"], each["case"]) for each in facts(alliance, "case.profiled")}
    told -= {(each["node"], each["case"]) for each in facts(alliance, "consent.withdrawn")}

    found = {tuple(row["person_source_value"].split("/")) for row in rows_of(made, "person")}

    assert found == told
    first = next(index for index, heard in enumerate(alliance.heard) if heard.envelope.claims.data.get("case") == FULL)
    assert person(made, FULL)["person_id"] == first + 1
    assert person(made, FULL)["gender_concept_id"] == 8532
    assert (person(made, PROFILED)["gender_concept_id"], person(made, PROFILED)["gender_source_value"]) == (0, "other")
    assert {row["year_of_birth"] for row in rows_of(made, "person")} == {1961}


def test_a_persons_number_is_the_same_in_a_later_and_in_a_smaller_export(alliance: given.Alliance, made: Omop) -> None:
    later = exported.told()
    later.says(DRUP, "case.profiled", {"case": SUBMITTED, "on": "2021-11-25", **given.PROFILE})

    grown = omop(exported.revealed(later), Part(), exported.about(later))
    part = omop(exported.revealed(alliance), Part(node=PROTARGET), exported.about(alliance))

    assert person(grown, SUBMITTED)["person_id"] != person(grown, FULL)["person_id"]
    for handle in (FULL, PARTIAL, HOSTILE):
        assert person(grown, handle)["person_id"] == person(made, handle)["person_id"]
    assert {row["person_id"] for row in rows_of(part, "person")} == {
        person(made, handle)["person_id"] for handle in (PARTIAL, HOSTILE, PROFILED)
    }


def dated(alliance: given.Alliance, type_: str) -> list[tuple[dict[str, Any], date]]:
    """What was said of this type, of people who are in the export, with the date where one can be told."""
    starts = {(each["case"], each["cohort"]): each["on"] for each in facts(alliance, "treatment.started")}
    found = [(each, starts[each["case"], each["cohort"]]) for each in facts(alliance, type_)]
    return [
        (each, exported.date_of(start, each["day"]))
        for each, start in found
        if each["day"] is not None and len(start) == len("2021-12-03") and each["case"] != WITHDREW
    ]


def test_no_response_is_lost_and_none_is_invented(alliance: given.Alliance, made: Omop) -> None:
    said = Counter(
        (each["case"], day, each["response"], f"response {each['criteria']} {each['evaluator']}")
        for each, day in dated(alliance, "response.assessed")
        if each["response"] is not None
    )
    sums = Counter(
        (each["case"], day, each["target_sum_mm"], bool(each["baseline"]))
        for each, day in dated(alliance, "response.assessed")
        if each["target_sum_mm"] is not None
    )
    handles = {row["person_id"]: row["person_source_value"].split("/")[1] for row in rows_of(made, "person")}
    measured = rows_of(made, "measurement")

    assert said == Counter(
        (handles[row["person_id"]], row["measurement_date"], row["value_source_value"], row["measurement_source_value"])
        for row in measured
        if row["measurement_source_value"].startswith("response ")
    )
    assert sums == Counter(
        (
            handles[row["person_id"]],
            row["measurement_date"],
            row["value_as_number"],
            row["measurement_source_value"].endswith(" baseline"),
        )
        for row in measured
        if row["measurement_source_value"].startswith("target-sum ")
    )
    assert sum(said.values()) == 5


def test_an_adverse_event_is_a_condition_with_what_is_said_of_it_pointing_at_it(
    alliance: given.Alliance, made: Omop
) -> None:
    said = Counter((each["term"][:50], day) for each, day in dated(alliance, "adverse_event.reported"))
    grades = Counter(
        each["ctcae_grade"] for each, _ in dated(alliance, "adverse_event.reported") if each["ctcae_grade"] is not None
    )
    conditions = rows_of(made, "condition_occurrence")
    events = [row for row in conditions if not row["condition_source_value"].startswith(("OncoTree:", "ICD10:"))]

    assert Counter((row["condition_source_value"], row["condition_start_date"]) for row in events) == said
    graded = [row for row in rows_of(made, "measurement") if row["measurement_source_value"] == "ctcae-grade"]
    assert Counter(row["value_as_number"] for row in graded) == grades
    assert {row["value_as_concept_id"] for row in graded} == {765927}
    assert [GRADES[grade] for grade in range(1, 6)] == [763790, 765927, 763791, 765765, 765766]
    cough = next(row["condition_occurrence_id"] for row in events if row["condition_source_value"] == "cough")
    assert {
        row["measurement_source_value"]: row["value_source_value"]
        for row in rows_of(made, "measurement")
        if row["measurement_event_id"] == cough
    } == {"severity": "mild", "serious": "no"}


def test_a_treatment_is_an_episode_with_each_drug_of_its_regimen(made: Omop) -> None:
    (episode,) = of(made, "episode", FULL)
    drugs = of(made, "drug_exposure", FULL)

    assert (episode["episode_concept_id"], episode["episode_source_value"]) == (32531, given.COHORT)
    assert episode["episode_start_date"] == date(2021, 12, 3)
    assert episode["episode_end_date"] == exported.date_of("2021-12-03", 120)
    assert [row["drug_source_value"] for row in drugs] == given.DRUGS
    assert [row["sig"] for row in drugs] == ["150 mg twice daily", None]
    assert {row["verbatim_end_date"] for row in drugs} == {episode["episode_end_date"]}
    assert {row["stop_reason"] for row in drugs} == {"progression"}
    assert [(row["episode_id"], row["event_id"]) for row in rows_of(made, "episode_event")][:2] == [
        (episode["episode_id"], row["drug_exposure_id"]) for row in drugs
    ]


def test_an_end_that_is_not_known_is_not_made_up(made: Omop) -> None:
    (episode,) = of(made, "episode", HOSTILE)  # it is said to have ended before it began
    drugs = of(made, "drug_exposure", HOSTILE)

    assert episode["episode_end_date"] is None
    assert {row["verbatim_end_date"] for row in drugs} == {None}
    assert {row["drug_exposure_end_date"] for row in drugs} == {date(2021, 12, 5)}  # as the model asks


def test_a_start_that_is_a_month_gives_no_date_and_is_listed(made: Omop) -> None:
    for name in ("episode", "drug_exposure"):
        assert of(made, name, PARTIAL) == []
    assert {row["measurement_date"] for row in of(made, "measurement", PARTIAL)} == {
        date(2021, 11, 22), date(2021, 12, 2),
    }  # fmt: skip

    whose = f"{PROTARGET}/{PARTIAL}"
    listed = {row["what"]: row["reason"] for row in rows_of(made, "not-exported") if row["person"] == whose}
    assert listed == dict.fromkeys(
        ("treatments", "assessments", "adverse_events", "survival_updates"), "the treatment's start is no full date"
    )


def test_what_has_no_day_is_listed_with_its_person(made: Omop) -> None:
    whose = f"{DRUP}/{FULL}"
    listed = {row["what"]: row["rows"] for row in rows_of(made, "not-exported") if row["person"] == whose}

    assert listed == {"assessments": 1, "adverse_events": 1, "survival_updates": 1}  # the last: an earlier death

    whose = f"{PROTARGET}/{HOSTILE}"
    listed = {row["what"]: row["reason"] for row in rows_of(made, "not-exported") if row["person"] == whose}
    assert listed == {
        "survival_updates": "the source has no full date",
        "ends of treatment": "the end is before the start",
        "condition_source_value": "cut to 50 characters",
    }


def test_a_period_reaches_from_the_first_to_the_last_day_that_is_known_in_whatever_order_they_were_told(
    made: Omop,
) -> None:
    (period,) = of(made, "observation_period", HOSTILE)

    assert period["observation_period_start_date"] == exported.date_of("2021-12-05", -400)
    assert period["observation_period_end_date"] == exported.date_of("2021-12-05", 300)


def test_who_came_back_has_an_episode_for_each_treatment_in_their_order(made: Omop) -> None:
    told = [
        (row["episode_number"], row["episode_source_value"], row["episode_start_date"])
        for row in of(made, "episode", RETURNED)
    ]

    assert told == [(1, given.COHORT, date(2021, 12, 3)), (2, exported.SECOND, date(2021, 12, 30))]


def test_a_person_of_whom_nothing_has_a_day_has_no_period_and_is_listed(made: Omop) -> None:
    assert of(made, "observation_period", PROFILED) == []
    assert of(made, "condition_occurrence", PROFILED) == []
    whose = [row for row in rows_of(made, "not-exported") if row["person"].endswith(PROFILED)]
    assert {row["what"] for row in whose} == {"observation_period", "profiles"}


def test_a_death_is_told_once_with_its_cause(made: Omop) -> None:
    (death,) = rows_of(made, "death")

    assert death["person_id"] == person(made, FULL)["person_id"]
    assert death["death_date"] == exported.date_of("2021-12-03", 401)
    assert (death["cause_concept_id"], death["cause_source_value"]) == (0, "disease")


def test_iupd_and_icpd_share_a_concept_and_keep_their_own_words(made: Omop) -> None:
    found = [row for row in of(made, "measurement", FULL) if row["value_source_value"] == "iUPD"]

    assert [row["measurement_concept_id"] for row in found] == [1633423]
    recist = {
        row["value_source_value"]: row["measurement_concept_id"]
        for row in of(made, "measurement", FULL)
        if row["measurement_source_value"].startswith("response recist")
    }
    assert recist == {"PR": 1633368, "PD": 1633597}


def test_ecog_is_the_grade_as_it_was_told(alliance: given.Alliance, made: Omop) -> None:
    said = Counter(each["ecog"] for each in facts(alliance, "patient.enrolled") if each["case"] != WITHDREW)

    found = [row for row in rows_of(made, "measurement") if row["measurement_concept_id"] == 36305384]

    assert Counter(row["value_as_number"] for row in found) == said


def test_what_the_profile_found_is_measured(made: Omop) -> None:
    found = [row for row in of(made, "measurement", FULL) if row["measurement_date"] == date(2021, 11, 22)]

    assert {row["measurement_source_value"]: (row["value_as_number"], row["value_source_value"]) for row in found} == {
        "prior-lines": (3, "3"),
        "tumour-mutational-burden": (32, "32"),
        "microsatellite-instability": (None, "mss"),
        "BRAF p.Val600Glu": (Decimal("12.5"), "missense"),
        "BRCA2 p.Ser1982ArgfsTer22": (Decimal(30), "loss-of-function"),
        "NTRK1": (None, "fusion"),
    }


# ---------------------------------------------------------------------- who is not there


def test_of_who_was_erased_withdrew_or_is_unknown_nothing_is_told_but_how_many_rows(made: Omop) -> None:
    told = repr(made)
    for handle in (ERASED, WITHDREW, SUBMITTED, exported.SECRET):
        assert handle not in told

    nameless = [row for row in rows_of(made, "not-exported") if not row["person"]]
    assert {row["reason"] for row in nameless} == {
        "erased or withheld", "consent to sharing was withdrawn", "no year of birth was told",
    }  # fmt: skip
    withdrawn = [row for row in nameless if row["reason"].startswith("consent")]
    assert {row["what"]: row["rows"] for row in withdrawn} == {"cases": 1, "profiles": 1, "episodes": 1}


def test_with_nothing_open_nobody_is_exported_and_every_row_is_counted(alliance: given.Alliance) -> None:
    shut = exported.revealed(alliance)

    made = omop(type(shut)(shut.snapshot, {}), Part(), exported.about(alliance))

    assert [table.name for table in made.tables if table.rows] == ["cdm_source"]
    counted = Counter[str]()
    for row in rows_of(made, "not-exported"):
        counted[row["what"]] += row["rows"]
    for name in ("cases", "episodes", "assessments", "adverse_events"):
        assert counted[name] == len(shut.snapshot.tables[name]), name


def test_a_part_is_of_one_cohort_or_node_alone(alliance: given.Alliance) -> None:
    made = omop(exported.revealed(alliance), Part(cohort=given.COHORT), exported.about(alliance))

    handles = {row["person_source_value"].split("/")[1] for row in rows_of(made, "person")}
    assert handles == {FULL, PARTIAL, HOSTILE, RETURNED}
    assert [row["episode_source_value"] for row in of(made, "episode", RETURNED)] == [given.COHORT]
    assert "microsatellite-instability" in repr(made)  # a profile is in every part of its patient's


def test_where_the_data_come_from_is_a_row_of_its_own(alliance: given.Alliance, made: Omop) -> None:
    (source,) = rows_of(made, "cdm_source")

    assert source["cdm_version_concept_id"] == 756265
    assert source["vocabulary_version"] == "unmapped"
    assert f"{alliance.database.size} entries" in source["source_description"]
    assert "SYNTHETIC" in source["source_description"]
    assert (source["source_release_date"], source["cdm_release_date"]) == (date(2022, 1, 3), date(2022, 2, 1))


def test_in_a_history_of_every_kind_of_event_what_was_corrected_counts_and_what_was_retracted_does_not() -> None:
    alliance = given.Alliance((DRUP, PROTARGET))
    for sentence in STORY:
        alliance.says(*sentence)

    made = omop(exported.revealed(alliance), Part(), exported.about(alliance))

    told = defaultdict[str, list[Any]](list)
    for row in rows_of(made, "measurement"):
        told[row["measurement_source_value"].split()[0]].append(row["value_source_value"])
    assert {name: told[name] for name in ("response", "target-sum", "ctcae-grade")} == {
        "response": ["SD"], "target-sum": ["44"], "ctcae-grade": ["2"],
    }  # fmt: skip
    assert given.case(2) not in repr(made)
