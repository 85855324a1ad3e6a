"""SDTM as drafts: what each domain says, from all three kinds of file, and what cannot be said, with the reason."""

from pathlib import Path
from typing import Any

import pytest
import sdtm_data as made
from sdtm_data import CENTRAL, ae, dm, ds, ecog, events, ex, planned, rs, said, study, tr, unused, write

from ledger.errors import LedgerError
from ledger.node.importing.planning import Plan


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    return planned(write(tmp_path_factory.mktemp("study"), study()))


def test_a_patient_is_told_from_submission_to_death_in_an_order_that_the_hub_admits(plain: Plan) -> None:
    assert said(plain) == [
        ("case.submitted", {"on": "2021-03-01"}),
        ("case.allocated", {"on": "2021-03-01"}),
        (
            "patient.enrolled",
            {
                "on": "2021-03-01",
                "ecog": 1,
                "sex": "female",
                "birth_year": 1960,
                "oncotree": "COAD",
                "variants": [{"gene": "BRAF", "class": "activating"}],
                "prior_lines": 2,
                "consent_version": "3",
            },
        ),
        (
            "treatment.started",
            {
                "on": "2021-03-10",
                "stage": 1,
                "doses": [{"drug": "VEMURAFENIB", "amount": 960, "unit": "mg", "schedule": "BID"}],
            },
        ),
        ("response.assessed", assessed(-2, None, target_sum_mm=62, baseline=True)),
        (
            "adverse_event.reported",
            {
                "day": 11,
                "term": "Rash",
                "ctcae_grade": 2,
                "severity": "moderate",
                "serious": False,
                "related": True,
                "outcome": "recovered-resolved",
            },
        ),
        ("response.assessed", assessed(57, "PR", target_sum_mm=40)),
        ("evaluability.determined", {"evaluable": True, "rule": "one-assessment"}),
        ("treatment.ended", {"day": 141, "reason": "progression"}),
        ("response.assessed", assessed(None, "PD", new_lesions=True)),
        ("survival.updated", {"day": 290, "status": "dead"}),
    ]
    assert unused(plain) == []


def assessed(day: int | None, response: str | None, **more: Any) -> dict[str, Any]:
    return {"day": day, "criteria": "recist-1.1", "response": response, "evaluator": "investigator"} | more


@pytest.mark.parametrize("kind", ["xpt", "parquet"])
def test_the_same_data_give_the_same_drafts_whatever_they_came_in(plain: Plan, kind: str, tmp_path: Path) -> None:
    assert said(planned(write(tmp_path / kind, study(), kind))) == said(plain)


def test_names_of_files_and_columns_may_be_of_any_case(plain: Plan, tmp_path: Path) -> None:
    folder = write(tmp_path / "study", study())
    (folder / "dm.csv").rename(folder / "DM.CSV")
    (folder / "ex.csv").write_text((folder / "ex.csv").read_text().replace("USUBJID", "usubjid"))
    assert said(planned(folder)) == said(plain)


def test_a_partial_first_dose_stays_partial_and_gives_no_study_day(tmp_path: Path) -> None:
    domains = study() | {"ex": [ex("S-1", "2021-03")]}
    plan = planned(write(tmp_path / "study", domains))
    assert [each["on"] for each in events(plan, "treatment.started")] == ["2021-03"]
    days = [each["day"] for each in events(plan, "response.assessed") + events(plan, "survival.updated")]
    assert days == [None] * 4


def test_study_days_count_by_the_dates_and_a_differing_day_is_remarked_on(tmp_path: Path) -> None:
    domains = study()
    domains["rs"] = [
        rs("S-1", 1, "2021-03-10", "SD", RSDY="1"),
        rs("S-1", 2, "2021-03-09", "SD", RSDY="0"),
        rs("S-1", 3, "2021-03", "SD", RSDY="8"),
    ]
    plan = planned(write(tmp_path / "study", domains))
    days = [each["day"] for each in events(plan, "response.assessed") if not each.get("baseline")]
    assert sorted(days, key=str) == [-1, 1, None]
    assert [(each.row, each.what) for each in plan.reading.remarks] == [
        (2, "RSDY differs from the day by the dates, which is used"),
        (3, "RSDY is not used: RSDTC or the first dose is no full day"),
    ]


def test_an_adverse_event_without_a_grade_keeps_its_severity_and_gets_no_grade(tmp_path: Path) -> None:
    domains = study()
    domains["ae"] = [
        ae("S-1", 1, "2021-03-20", AESEV="SEVERE"),
        ae("S-1", 2, "2021", AETOXGR="3"),
        ae("S-1", 3, "2021-03-20"),
        ae("S-1", 4, "2021-03-20", AETOXGR="6"),
        ae("S-1", 5, "2021-03-20", AETOXGR="1", AESER=""),
        ae("S-1", 6, "2021-03-20", AETOXGR="1", AEREL="PERHAPS"),
        ae("S-1", 7, "20.03.2021", AETOXGR="1"),
        ae("S-1", 8, "2021-03-20", AETOXGR="1", AEOUT="GENÄSEN"),
    ]
    plan = planned(write(tmp_path / "study", domains))
    told = [(each["ctcae_grade"], each["severity"], each["day"]) for each in events(plan, "adverse_event.reported")]
    assert sorted(told, key=str) == [(3, None, None), (None, "severe", 11)]
    assert [(row, reason.partition(": ")[2]) for _, row, reason in unused(plan)] == [
        (3, "neither AETOXGR nor AESEV says how severe it was"),
        (4, "AETOXGR is no grade from 1 to 5"),
        (5, "AESER is neither Y nor N"),
        (6, "AEREL has a value that adverse_event.related.values does not list"),
        (7, "AESTDTC is no ISO 8601 date"),
        (8, "AEOUT is no term of CDISC's, and adverse_event.outcomes does not say which it means"),
    ]


def readings(flags: tuple[str, str]) -> made.Rows:
    """One visit, seen by the investigator and by two independent readers."""
    return [
        rs("S-1", 1, "2021-05-05", "PR", VISITNUM="3"),
        *(
            rs("S-1", n + 2, "2021-05-05", code, VISITNUM="3", RSEVAL=CENTRAL, RSEVALID=f"R{n + 1}", RSACPTFL=flag)
            for n, (code, flag) in enumerate(zip(("SD", "PD"), flags, strict=True))
        ),
    ]


@pytest.mark.parametrize(
    ("flags", "readers", "told", "reason"),
    [
        (("", "Y"), "accepted", [("central", "PD")], "another reader's assessment was accepted (RSACPTFL)"),
        (("", ""), "accepted", [], "several readers, and none was accepted (RSACPTFL)"),
        (("Y", "Y"), "accepted", [], "several readers were accepted at one visit (RSACPTFL)"),
        (("", "Y"), "all", [("central", "PD"), ("central", "SD")], None),
    ],
)
def test_every_evaluator_is_kept_and_of_several_readers_the_accepted_one_or_all(
    flags: tuple[str, str], readers: str, told: list[tuple[str, str]], reason: str | None, tmp_path: Path
) -> None:
    folder = write(tmp_path / "study", study() | {"rs": readings(flags)})
    plan = planned(folder, made.MAPPING.replace('readers = "accepted"', f'readers = "{readers}"'))
    found = [
        (each["evaluator"], each["response"]) for each in events(plan, "response.assessed") if not each.get("baseline")
    ]
    assert sorted(found) == sorted([*told, ("investigator", "PR")])
    assert {each[2] for each in unused(plan)} == ({reason} if reason else set())


def test_a_sum_belongs_to_the_same_evaluator_and_visit_and_is_whole(tmp_path: Path) -> None:
    domains = study()
    domains["tr"] = [
        tr("S-1", 1, "2021-05-05", "41", VISITNUM="3", TREVAL=CENTRAL),
        tr("S-1", 2, "2021-07-05", "40.5", VISITNUM="4"),
    ]
    plan = planned(write(tmp_path / "study", domains))
    assert all("target_sum_mm" not in each for each in events(plan, "response.assessed"))
    assert [each.what for each in plan.reading.remarks] == ["the sum is left out: it is no whole number of mm"]


def test_a_missing_column_or_domain_is_named_and_a_domain_that_may_be_missing_is_none(tmp_path: Path) -> None:
    folder = write(tmp_path / "study", study())
    whole = (folder / "rs.csv").read_text()
    (folder / "rs.csv").write_text(whole.replace("RSDTC", "RSDTM"))
    with pytest.raises(LedgerError, match=r"rs\.csv has no column RSDTC"):
        planned(folder)
    (folder / "rs.csv").unlink()
    assert [each["baseline"] for each in events(planned(folder), "response.assessed")] == [True]
    (folder / "qs.csv").unlink()
    with pytest.raises(LedgerError, match="holds no QS"):
        planned(folder)


@pytest.mark.parametrize(
    ("change", "missing"),
    [
        (('on = ["DM.RFICDTC", "DM.DMDTC"]', 'on = ["DM.RFICDTCC", "DM.DMDTC"]'), "dm.csv has no column RFICDTCC"),
        (('column = "QSSTRESC"', 'column = "QSTRESC"'), "qs.csv has no column QSTRESC"),
        (("QSTESTCD =", "QSTEST ="), "qs.csv has no column QSTEST"),
        (('"ADTTE", "DM", "DS"]', '"ADTTE", "DM", "DS"]\nlast_alive = "RFPENDT"'), "dm.csv has no column RFPENDT"),
        (('term = "AEDECOD"', 'term = "AEDECOD"\nseverity = "AESEVV"'), "ae.csv has no column AESEVV"),
    ],
)
def test_a_column_that_the_mapping_names_and_that_is_not_there_is_named(
    change: tuple[str, str], missing: str, tmp_path: Path
) -> None:
    folder = write(tmp_path / "study", study())
    assert change[0] in made.MAPPING
    with pytest.raises(LedgerError, match=missing):
        planned(folder, made.MAPPING.replace(*change))


def test_a_row_that_is_torn_or_of_another_domain_is_listed(tmp_path: Path) -> None:
    domains = study()
    domains["ae"].append(ae("S-1", 2, "2021-03-20", AETOXGR="1", DOMAIN="CM"))
    folder = write(tmp_path / "study", domains)
    with (folder / "ae.csv").open("a") as file:
        file.write("AE,S-1,3\n")
    plan = planned(folder)
    assert [reason for *_, reason in unused(plan)] == ["its DOMAIN is not AE", "has 3 cells, and the header 11"]


def test_of_two_sums_at_one_visit_the_one_of_the_same_group_belongs_to_the_assessment(tmp_path: Path) -> None:
    domains = study() | {"rs": [rs("S-1", 1, "2021-05-05", "SD", VISITNUM="3", RSLNKGRP="A2")]}
    domains["tr"] = [
        tr("S-1", 1, "2021-05-05", "41", VISITNUM="3", TRLNKGRP="A1"),
        tr("S-1", 2, "2021-05-05", "42", VISITNUM="3", TRLNKGRP="A2"),
    ]
    plan = planned(write(tmp_path / "study", domains))
    assert [each["target_sum_mm"] for each in events(plan, "response.assessed")] == [42]


def test_a_dose_without_an_end_may_go_on_and_the_row_that_ends_treatment_says_the_day(tmp_path: Path) -> None:
    domains = study() | {"ex": [ex("S-1", "2021-03-10", "2021-04-10"), ex("S-1", "2021-04-11")]}
    plan = planned(write(tmp_path / "study", domains))
    assert [each["day"] for each in events(plan, "treatment.ended")] == [145]  # 1 August


def test_every_row_that_cannot_be_used_is_listed_with_its_reason(tmp_path: Path) -> None:
    domains = study()
    domains["dm"] += [
        dm("S-1"),
        dm(""),
        dm("S-2", ACTARMCD="S"),
        dm("S-3", ACTARMCD="B"),
        dm("S-4", SEX="X"),
        dm("S-5", BRTHDTC=""),
        dm("S-6"),
        dm("S-7", DMDTC=""),
        dm("S-8"),
    ]
    domains["qs"] += [*(ecog(f"S-{n}", "0") for n in range(2, 7)), ecog("S-8", "0"), ecog("S-8", "1")]
    domains["ex"] += [ex("S-6", ""), ex("S-2", "2021-03-10"), ex("S-9", "2021-03-10"), ex("S-4", "2021-02-30")]
    domains["rs"] += [
        rs("S-1", 5, "2021-09-01", "CHECK"),
        rs("S-1", 6, "2021-09-01", "", RSSTAT="NOT DONE"),
        rs("S-1", 7, "2021-09-01", "SD", RSCAT="CHOI"),
        rs("S-1", 8, "2021-09-01", "SD", RSEVAL=""),
        rs("S-5", 1, "2021-09-01", "SD"),
        rs("S-1", 1, "2021-09-01", "SD"),
    ]
    domains["ds"] += [ds("S-1", "DEATH", "2021-12-24"), ds("S-4", "MOVED", "2021-12-24")]
    plan = planned(write(tmp_path / "study", domains))
    # nobody's name and no value is in any of it
    assert unused(plan) == [
        ("dm.csv", 2, "USUBJID stands in row 1 already"),
        ("dm.csv", 3, "USUBJID is blank"),
        ("dm.csv", 4, "case.allocated: screen failure"),
        ("dm.csv", 5, f"case.allocated: {NEITHER}"),
        ("dm.csv", 6, "patient.enrolled: SEX has a value that enrolment.sex.values does not list"),
        ("dm.csv", 6, "treatment.started: EX has no row of this patient with a date"),
        ("dm.csv", 7, "patient.enrolled: BRTHDTC is blank, or says less than is needed"),
        ("dm.csv", 7, "treatment.started: EX has no row of this patient with a date"),
        ("dm.csv", 8, "treatment.started: EX has no row of this patient with a date"),
        ("dm.csv", 9, "case.submitted: none of DM.DMDTC has a date"),
        ("dm.csv", 9, "treatment.started: EX has no row of this patient with a date"),
        ("dm.csv", 10, "patient.enrolled: rows of QS differ in QSSTRESC: enrolment.ecog.where may say which"),
        ("dm.csv", 10, "treatment.started: EX has no row of this patient with a date"),
        ("ds.csv", 2, "treatment.ended: row 1 of ds.csv says otherwise"),
        ("ds.csv", 3, "treatment.ended: DSDECOD has a value that end.reason.values does not list"),
        ("ex.csv", 3, "EXSTDTC is blank"),
        ("ex.csv", 4, "screen failure"),
        ("ex.csv", 5, "its USUBJID is in no row of DM that could be used"),
        ("ex.csv", 6, "EXSTDTC is a day that no calendar has"),
        (
            "rs.csv",
            3,
            "response.assessed: RSSTRESC is no code of its criteria, and response.codes does not say which it means",
        ),
        ("rs.csv", 4, "response.assessed: RSSTRESC is blank, it was not done"),
        ("rs.csv", 5, "response.assessed: RSCAT has a value that response.criteria.values does not list"),
        ("rs.csv", 6, "response.assessed: RSEVAL is blank, or says less than is needed"),
        ("rs.csv", 7, "there is no treatment.started of its patient that it could stand on"),
        ("rs.csv", 8, "response.assessed: row 1 of rs.csv says otherwise"),
    ]


NEITHER = "ACTARMCD is blank, or has a value that neither cohorts.of nor .left_out lists"


def test_an_allocation_before_the_cohort_opened_is_listed_before_any_hub_refuses_it(tmp_path: Path) -> None:
    told = made.MAPPING.replace("[cohorts]", '[cohorts]\nopened_on = "2021-03-02"')
    plan = planned(write(tmp_path / "study", study()), told)
    assert [event_type for event_type, _ in said(plan)] == ["case.submitted"]
    assert ("dm.csv", 1, "case.allocated: it is before the day that cohorts.opened_on says") in unused(plan)


@pytest.mark.parametrize(
    ("count", "otherwise", "found"),
    [(1, "not-evaluable", [True]), (3, "not-evaluable", [False]), (3, "undetermined", [])],
)
def test_who_is_evaluable_is_the_mapping_s_rule(count: int, otherwise: str, found: list[bool], tmp_path: Path) -> None:
    told = made.MAPPING.replace("assessments = 1", f"assessments = {count}").replace('"undetermined"', f'"{otherwise}"')
    domains = study()
    domains["rs"] += [rs("S-1", 3, "2021-08-01", "NE"), rs("S-1", 4, "2021-08-01", "SD", RSEVAL=CENTRAL)]
    plan = planned(write(tmp_path / "study", domains), told)
    assert [each["evaluable"] for each in events(plan, "evaluability.determined")] == found


def test_of_two_days_of_death_the_more_trusted_source_counts_and_the_other_is_listed(tmp_path: Path) -> None:
    domains = study() | {"dm": [dm("S-1", DTHFL="Y", DTHDTC="2021-12-25")]}
    domains["ds"].append(ds("S-1", "DEATH", "2021-12-24") | {"DSCAT": "OTHER EVENT"})
    plan = planned(write(tmp_path / "study", domains))
    assert events(plan, "survival.updated") == [{"day": 290, "status": "dead"}]
    assert unused(plan) == [("dm.csv", 1, "survival.updated: ADTTE gives another day for it, and counts")]


def test_a_text_that_looks_like_an_identifier_is_listed_and_not_drafted(tmp_path: Path) -> None:
    domains = study() | {"ae": [ae("S-1", 1, "2021-03-20", AETOXGR="1", AEDECOD="Rash, see mail a.b@example.org")]}
    plan = planned(write(tmp_path / "study", domains))
    assert events(plan, "adverse_event.reported") == []
    assert [reason for *_, reason in unused(plan)] == [
        "adverse_event.reported: term seems to hold an e-mail address; take it out and post again"
    ]
