"""SDTM that says of one thing two, or what cannot be: doses not given, deaths that differ, numbers that are none."""

from pathlib import Path

import pytest
import sdtm_data as made
from sdtm_data import CENTRAL, dm, ds, events, ex, planned, rs, said, study, tr, unused, write


@pytest.mark.parametrize("not_given", [{"EXOCCUR": "N"}, {"EXSTAT": "NOT DONE"}, {"EXDOSE": "0"}, {"EXDOSE": "0.0"}])
def test_a_dose_that_was_not_given_starts_no_treatment_and_ends_none(not_given: dict[str, str], tmp_path: Path) -> None:
    doses = [
        ex("S-1", "2021-03-03", "2021-03-03", **not_given),
        ex("S-1", "2021-03-10", "2021-07-28"),
        ex("S-1", "2021-08-01", **not_given),
    ]
    plan = planned(write(tmp_path / "study", study() | {"ex": doses}))
    assert [each["on"] for each in events(plan, "treatment.started")] == ["2021-03-10"]
    assert [each["day"] for each in events(plan, "treatment.ended")] == [141]
    reason = "EXOCCUR, EXSTAT or EXDOSE says that it was not given"
    assert unused(plan) == [("ex.csv", 1, reason), ("ex.csv", 3, reason)]


def test_a_placebo_has_no_dose_and_is_given_all_the_same(tmp_path: Path) -> None:
    plan = planned(write(tmp_path / "study", study() | {"ex": [ex("S-1", "2021-03-10", EXDOSE="0", EXTRT="Placebo")]}))
    assert [each["on"] for each in events(plan, "treatment.started")] == ["2021-03-10"]


def test_a_whole_number_with_a_point_is_the_same_number(tmp_path: Path) -> None:
    plain = planned(write(tmp_path / "plain", study()))
    domains = study()
    numbers = ("AESEQ", "AETOXGR", "CNSR", "EXDOSE", "RSSEQ", "TRSEQ", "TRSTRESN")
    for rows in domains.values():
        for row in rows:
            row |= {name: f"{row[name]}.0" for name in numbers if row.get(name)}
    for row in domains["rs"]:  # not in TR and TU
        row["VISITNUM"] += ".0"
    plan = planned(write(tmp_path / "study", domains))
    assert said(plan) == said(plain)
    assert [each.told.key for each in plan.lines["drup-nl"]] == [each.told.key for each in plain.lines["drup-nl"]]


def test_a_source_that_names_no_day_of_death_gives_way_to_one_that_does(tmp_path: Path) -> None:
    domains = study() | {"dm": [dm("S-1", DTHFL="Y")], "adtte": [made.os("S-1", "0", "")]}
    domains["ds"].append(ds("S-1", "DEATH", "2021-12-24") | {"DSCAT": "OTHER EVENT"})
    plan = planned(write(tmp_path / "study", domains))
    assert events(plan, "survival.updated") == [{"day": 290, "status": "dead"}]
    assert unused(plan) == []


@pytest.mark.parametrize("died", ["2021-11-30", "2021-11"])
def test_a_death_before_a_day_on_which_a_more_trusted_source_has_the_patient_alive_is_listed(
    died: str, tmp_path: Path
) -> None:
    domains = study() | {"adtte": [made.os("S-1", "1", "2021-12-24")], "dm": [dm("S-1", DTHFL="Y", DTHDTC=died)]}
    plan = planned(write(tmp_path / "study", domains))
    assert events(plan, "survival.updated") == [{"day": 290, "status": "alive"}]
    reason = "survival.updated: ADTTE says that its patient was alive then, and counts"
    assert unused(plan) == [("dm.csv", 1, reason)]


def test_a_death_after_the_last_day_alive_is_told_beside_it(tmp_path: Path) -> None:
    domains = study() | {"adtte": [made.os("S-1", "1", "2021-12-24")], "dm": [dm("S-1", DTHDTC="2021-12-25")]}
    plan = planned(write(tmp_path / "study", domains))
    assert sorted(each["status"] for each in events(plan, "survival.updated")) == ["alive", "dead"]
    assert unused(plan) == []


@pytest.mark.parametrize("number", ["²", "4²"])
def test_what_looks_like_a_number_and_is_none_is_listed_or_left_out(number: str, tmp_path: Path) -> None:
    domains = study() | {"adtte": [made.os("S-1", number, "2021-12-24")]}
    domains["tr"][1]["TRSTRESN"] = number
    plan = planned(write(tmp_path / "study", domains))
    assert unused(plan) == [("adtte.csv", 1, "survival.updated: CNSR is no number")]
    assert [each.what for each in plan.reading.remarks] == ["the sum is left out: it is no whole number of mm"]


def test_a_last_dose_on_a_partial_date_ends_treatment_on_no_day_and_none_is_taken_from_elsewhere(
    tmp_path: Path,
) -> None:
    plan = planned(write(tmp_path / "study", study() | {"ex": [ex("S-1", "2021-03-10", "2021-07")]}))
    assert [each["day"] for each in events(plan, "treatment.ended")] == [None]


def test_of_two_sums_at_one_visit_that_nothing_tells_apart_none_is_taken(tmp_path: Path) -> None:
    domains = study()
    domains["tr"] = [tr("S-1", n, "2021-05-05", str(40 + n), VISITNUM="3") for n in (1, 2)]
    plan = planned(write(tmp_path / "study", domains))
    assert all("target_sum_mm" not in each for each in events(plan, "response.assessed"))
    assert sum(plan.reading.passed.values()) == 1 + 2  # that of TU, and both sums


def test_a_look_before_treatment_or_by_a_second_reader_makes_nobody_evaluable(tmp_path: Path) -> None:
    told = made.MAPPING.replace('readers = "accepted"', 'readers = "all"').replace("assessments = 1", "assessments = 2")
    domains = study()
    domains["rs"] = [
        rs("S-1", 1, "2021-03-01", "SD", RSEVAL=CENTRAL, VISITNUM="1"),
        rs("S-1", 2, "2021-05-05", "SD", RSEVAL=CENTRAL, RSEVALID="R1", VISITNUM="3"),
        rs("S-1", 3, "2021-05-05", "PR", RSEVAL=CENTRAL, RSEVALID="R2", VISITNUM="3"),
    ]
    assert events(planned(write(tmp_path / "study", domains), told), "evaluability.determined") == []
    domains["rs"].append(rs("S-1", 4, "2021-07-01", "SD", RSEVAL=CENTRAL, RSEVALID="R1", VISITNUM="4"))
    found = events(planned(write(tmp_path / "study", domains), told), "evaluability.determined")
    assert [each["evaluable"] for each in found] == [True]


def test_an_end_or_a_death_before_the_first_dose_is_remarked_on(tmp_path: Path) -> None:
    domains = study() | {"ex": [ex("S-1", "2021-03-10", "2021-03-01")], "adtte": [made.os("S-1", "0", "2021-03-09")]}
    plan = planned(write(tmp_path / "study", domains))
    assert [each.what for each in plan.reading.remarks] == [
        "the end of treatment is before the first dose",
        "the day on which its patient was dead is before the first dose",
    ]
