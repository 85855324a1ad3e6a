"""The cBioPortal study: held against the portal's written rules for its files, and against what was said."""

import re
from collections import Counter
from io import StringIO

import exported
import given
import pandas as pd
import pytest
from exported import ERASED, FULL, HOSTILE, MADE_UP, PARTIAL, PROFILED, RETURNED, SUBMITTED, WITHDREW, facts

from ledger.exports.cbioportal import MUTATIONS, Study, cbioportal, study_id
from ledger.exports.study import Part
from ledger.signing.canonical import Json

ID = re.compile(r"[A-Za-z0-9._-]{1,63}")


@pytest.fixture(scope="module")
def alliance() -> given.Alliance:
    return exported.told()


@pytest.fixture(scope="module")
def study(alliance: given.Alliance) -> Study:
    return cbioportal(exported.revealed(alliance), Part(), exported.about(alliance))


def read(study: Study, name: str) -> "pd.DataFrame":
    """As anybody's reader of tables takes it, every cell as text."""
    return pd.read_csv(StringIO(study.files[name]), sep="\t", comment="#", dtype=str, keep_default_na=False)


def meta(study: Study, name: str) -> dict[str, str]:
    told = dict(line.partition(": ")[::2] for line in study.files[name].splitlines())
    assert len(told) == len(study.files[name].splitlines())
    return told


def person(study: Study, handle: str) -> dict[str, str]:
    found = read(study, "data_clinical_patient.txt")
    (row,) = found[found["CASE"] == handle].to_dict("records")
    return {str(name): value for name, value in row.items()}


# ---------------------------------------------------------------------- the portal's rules

META = {
    "study": {"type_of_cancer", "cancer_study_identifier", "name", "description"},
    "clinical": {"cancer_study_identifier", "genetic_alteration_type", "datatype", "data_filename"},
    "timeline": {"cancer_study_identifier", "genetic_alteration_type", "datatype", "data_filename"},
    "mutations": {
        *("cancer_study_identifier", "genetic_alteration_type", "datatype", "stable_id", "data_filename"),
        *("show_profile_in_analysis_tab", "profile_name", "profile_description"),
    },
}  # fmt: skip


def test_every_data_file_has_a_meta_file_with_the_fields_that_it_needs(study: Study) -> None:
    described = set()
    for file in study.files:
        if file.startswith("meta_"):
            told = meta(study, file)
            assert META[file.split("_")[1].removesuffix(".txt")] <= told.keys(), file
            assert told["cancer_study_identifier"] == study_id(exported.about(exported.told()))
            described.add(told.get("data_filename"))
    assert described - {None} == {file for file in study.files if file.startswith("data_")}
    assert {meta(study, f"meta_clinical_{kind}.txt")["datatype"] for kind in ("patient", "sample")} == {
        "PATIENT_ATTRIBUTES", "SAMPLE_ATTRIBUTES",
    }  # fmt: skip
    assert ID.fullmatch(meta(study, "meta_study.txt")["cancer_study_identifier"])


@pytest.mark.parametrize("kind", ["patient", "sample"])
def test_a_clinical_file_has_four_lines_about_its_columns(study: Study, kind: str) -> None:
    lines = [line.split("\t") for line in study.files[f"data_clinical_{kind}.txt"].splitlines()]

    assert [line[0][0] for line in lines[:4]] == ["#"] * 4
    assert not any(line[0].startswith("#") for line in lines[4:])
    assert len({len(line) for line in lines}) == 1
    kinds = [lines[2][0][1:], *lines[2][1:]]
    assert set(kinds) <= {"STRING", "NUMBER", "BOOLEAN"}
    assert all(priority.lstrip("#").isdecimal() for priority in lines[3])
    assert all(re.fullmatch(r"[A-Z][A-Z0-9_]*", name) for name in lines[4])
    assert len(set(lines[4])) == len(lines[4])
    assert not {"MUTATION_COUNT", "FRACTION_GENOME_ALTERED"} & set(lines[4])
    for line in lines[5:]:
        for cell, of in zip(line, kinds, strict=True):
            if of == "NUMBER":
                assert cell == "" or re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", cell)
            elif of == "BOOLEAN":
                assert cell in ("TRUE", "FALSE")


def test_ids_are_unique_and_of_the_portals_letters_and_every_reference_holds(study: Study) -> None:
    people, samples = read(study, "data_clinical_patient.txt"), read(study, "data_clinical_sample.txt")

    for ids in (people["PATIENT_ID"], samples["SAMPLE_ID"]):
        assert ids.is_unique
        assert all(ID.fullmatch(each) for each in ids)
    assert set(samples["PATIENT_ID"]) == set(people["PATIENT_ID"])
    assert set(read(study, "data_mutations.txt")["Tumor_Sample_Barcode"]) <= set(samples["SAMPLE_ID"])
    for file in study.files:
        if file.startswith("data_timeline"):
            assert set(read(study, file)["PATIENT_ID"]) <= set(people["PATIENT_ID"])


def test_a_status_begins_with_0_or_1_and_stands_with_its_months_or_not_at_all(study: Study) -> None:
    people = read(study, "data_clinical_patient.txt")

    for prefix in ("OS", "PFS"):
        for status, months in zip(people[f"{prefix}_STATUS"], people[f"{prefix}_MONTHS"], strict=True):
            assert (status == "") == (months == "")
            assert status == "" or (re.match(r"[01]:\S", status) and float(months) >= 0)
    assert set(people["OS_STATUS"]) == {"", "0:LIVING", "1:DECEASED"}


def test_case_lists_name_samples_that_are_there_once_each(study: Study) -> None:
    samples = list(read(study, "data_clinical_sample.txt")["SAMPLE_ID"])

    for name in ("all", "sequenced"):
        told = meta(study, f"case_lists/cases_{name}.txt")
        assert told["stable_id"] == f"{told['cancer_study_identifier']}_{name}"
        assert {"case_list_name", "case_list_description"} <= told.keys()
        assert told["case_list_ids"].split("\t") == samples  # all of them were sequenced here


def test_mutations_have_the_columns_and_the_words_of_their_format(study: Study) -> None:
    found = read(study, "data_mutations.txt")

    assert tuple(found.columns) == MUTATIONS
    assert set(found["Variant_Classification"]) <= {"Missense_Mutation", "Unknown"}
    assert all(re.fullmatch(r"p\.[A-Z*][0-9]+\S*", each) for each in found["HGVSp_Short"])


@pytest.mark.parametrize("kind", ["treatment", "status", "toxicity"])
def test_a_timeline_has_its_columns_and_whole_days(study: Study, kind: str) -> None:
    found = read(study, f"data_timeline_{kind}.txt")

    assert list(found.columns)[:4] == ["PATIENT_ID", "START_DATE", "STOP_DATE", "EVENT_TYPE"]
    assert set(found["EVENT_TYPE"]) == {kind.upper()}
    for start, stop in zip(found["START_DATE"], found["STOP_DATE"], strict=True):
        assert re.fullmatch(r"-?[0-9]+", start)
        assert stop == "" or int(stop) >= int(start)


def test_every_line_of_a_table_has_as_many_cells_as_it_has_columns_whatever_a_label_holds(study: Study) -> None:
    for file, text in study.files.items():
        if file.startswith("data_"):
            body = [line for line in text.split("\n") if not line.startswith("#")]
            assert body.pop() == ""
            assert {line.count("\t") for line in body} == {body[0].count("\t")}, file
            assert not re.search(r'[\r"]', text) or "HYPERLINK" in text
            assert not any(cell.startswith(("=", "+", "@")) for line in body for cell in line.split("\t"))
    (label,) = (each for each in read(study, "data_timeline_toxicity.txt")["TOXICITY"] if "HYPERLINK" in each)
    assert label == "'" + " ".join(exported.FORMULA.split())
    assert person_sample(study, HOSTILE)["OTHER_FINDINGS"] == "'@gene x missense"


def test_no_line_of_a_table_is_taken_for_a_comment() -> None:
    alliance = given.opened(given.DRUP)
    findings: list[Json] = [{"gene": "#x", "hgvs": "p.V600E", "class": "missense"}]
    alliance.says(
        given.DRUP, "case.profiled", {"case": FULL, "on": "2021-11-22", **given.PROFILE, "variants": findings}
    )

    study = cbioportal(exported.revealed(alliance), Part(), exported.about(alliance))

    assert study.files["data_mutations.txt"].splitlines()[1].startswith("'#x\t")


def person_sample(study: Study, handle: str) -> dict[str, str]:
    found = read(study, "data_clinical_sample.txt")
    (row,) = found[found["PATIENT_ID"] == person(study, handle)["PATIENT_ID"]].to_dict("records")
    return {str(name): value for name, value in row.items()}


# ---------------------------------------------------------------------- against what was said


def test_a_patient_is_told_with_what_became_of_the_first_treatment(study: Study) -> None:
    told = person(study, FULL)

    assert (told["NODE"], told["COHORT"], told["SEX"], told["BIRTH_YEAR"]) == (
        given.DRUP, given.COHORT, "Female", "1961",
    )  # fmt: skip
    assert (told["ECOG"], told["PRIOR_LINES"], told["STAGE"], told["BENEFIT_CLAIMED"]) == ("1", "3", "1", "yes")
    assert told["BENEFIT_COMPUTED"] in ("yes", "no", "not-evaluable")
    assert (told["OS_STATUS"], told["OS_MONTHS"]) == ("1:DECEASED", f"{389 / 30.4375:.2f}")  # the first day told
    assert told["PFS_STATUS"] == "1:PROGRESSED OR DIED"
    assert told["PFS_MONTHS"] == f"{112 / 30.4375:.2f}"
    assert (told["SYNTHETIC"], person(study, MADE_UP)["SYNTHETIC"]) == ("FALSE", "TRUE")


@pytest.mark.parametrize(
    ("handle", "alive_until", "free_until"),
    [
        (RETURNED, 57, 1),  # nothing was told of survival, the last look is known; it came after another treatment
        (HOSTILE, 300, 1),  # known alive, and never assessed
    ],
)
def test_who_did_not_die_or_progress_is_followed_as_the_report_of_the_cohort_follows(
    study: Study, handle: str, alive_until: int, free_until: int
) -> None:
    told = person(study, handle)

    assert (told["OS_STATUS"], told["PFS_STATUS"]) == ("0:LIVING", "0:PROGRESSION FREE")
    assert told["OS_MONTHS"] == f"{(alive_until - 1) / 30.4375:.2f}"
    assert told["PFS_MONTHS"] == f"{(free_until - 1) / 30.4375:.2f}"


def test_a_death_on_an_unknown_day_gives_no_status_and_no_months() -> None:
    alliance = given.treated()
    of = given.patient(given.case(1), given.COHORT)
    alliance.says(given.DRUP, "survival.updated", {**of, "day": None, "status": "dead", "cause": None})

    told = person(cbioportal(exported.revealed(alliance), Part(), exported.about(alliance)), given.case(1))

    assert [told[f"{prefix}_{what}"] for prefix in ("OS", "PFS") for what in ("STATUS", "MONTHS")] == [""] * 4


def test_a_start_that_is_a_month_takes_nothing_from_study_days(study: Study) -> None:
    name = person(study, PARTIAL)["PATIENT_ID"]
    status, treatment = (read(study, f"data_timeline_{kind}.txt") for kind in ("status", "treatment"))

    assert list(status[status["PATIENT_ID"] == name]["START_DATE"]) == ["56"]
    assert set(treatment[treatment["PATIENT_ID"] == name]["START_DATE"]) == {"0"}
    told = person(study, PARTIAL)
    assert (told["OS_MONTHS"], told["PFS_STATUS"]) == (f"{69 / 30.4375:.2f}", "1:PROGRESSED OR DIED")


def test_who_came_back_is_followed_from_the_first_treatment(study: Study) -> None:
    name = person(study, RETURNED)["PATIENT_ID"]
    status, treatment = (read(study, f"data_timeline_{kind}.txt") for kind in ("status", "treatment"))

    told = treatment[treatment["PATIENT_ID"] == name]
    assert list(zip(told["COHORT"], told["START_DATE"], strict=True)) == [
        *[(given.COHORT, "0")] * 2, *[(exported.SECOND, "27")] * 2,
    ]  # fmt: skip
    assert list(status[status["PATIENT_ID"] == name]["START_DATE"]) == ["56", "83"]
    listed = {(row[0], row[4]) for row in study.left_out.rows if row[3] == name}
    assert listed == {("enrolments", "other findings than the sample's were told")}


def test_a_second_treatment_that_began_in_a_month_is_on_no_day_and_listed() -> None:
    alliance = given.treated()
    alliance.says(given.DRUP, "cohort.defined", {**given.DEFINITION, "cohort": exported.SECOND})
    alliance.opens(given.DRUP, cohort=exported.SECOND)
    of = given.patient(given.case(1), exported.SECOND)
    alliance.says(given.DRUP, "case.allocated", {**of, "on": "2021-12-20"})
    alliance.says(given.DRUP, "patient.enrolled", {**of, "on": "2021-12-20", **given.ENROLMENT})
    alliance.says(given.DRUP, "treatment.started", {**of, "on": "2021-12", "stage": 1, **given.DOSES})

    study = cbioportal(exported.revealed(alliance), Part(), exported.about(alliance))

    assert set(read(study, "data_timeline_treatment.txt")["COHORT"]) == {given.COHORT}
    assert {(row[0], row[2], row[4]) for row in study.left_out.rows} == {
        ("treatments", exported.SECOND, "the treatment's start is no full date")
    }


def test_what_has_no_day_or_ends_before_it_began_is_listed(study: Study) -> None:
    name = person(study, HOSTILE)["PATIENT_ID"]

    assert {(row[0], row[4]) for row in study.left_out.rows if row[3] == name} == {
        ("survival_updates", "the source has no full date"),
        ("ends of treatment", "the end is before the start"),
    }


def test_no_assessment_or_adverse_event_is_lost_and_none_is_invented(alliance: given.Alliance, study: Study) -> None:
    handles = dict(read(study, "data_clinical_patient.txt")[["PATIENT_ID", "CASE"]].to_numpy().tolist())
    kinds = {
        "response.assessed": ("status", "response", "STATUS"),
        "adverse_event.reported": ("toxicity", "term", "TOXICITY"),
    }
    later = {exported.SECOND: 27}  # days from the first treatment
    for type_, (file, field, column) in kinds.items():
        said = Counter(
            (
                each["case"],
                later.get(each["cohort"], 0) + (each["day"] - 1 if each["day"] > 0 else each["day"]),
                each[field] or "baseline",
            )
            for each in facts(alliance, type_)
            if each["day"] is not None and each["case"] != WITHDREW and each[field] != exported.FORMULA
        )
        found = read(study, f"data_timeline_{file}.txt")
        shown = Counter(
            (handles[name], int(day), value)
            for name, day, value in zip(found["PATIENT_ID"], found["START_DATE"], found[column], strict=True)
            if "HYPERLINK" not in value
        )
        assert shown == said, file


def test_every_finding_of_a_sample_is_a_mutation_or_is_told_in_words(alliance: given.Alliance, study: Study) -> None:
    said = [each for each in facts(alliance, "case.profiled") if each["case"] != WITHDREW]
    mutations, samples = read(study, "data_mutations.txt"), read(study, "data_clinical_sample.txt")

    in_words = sum(len(each.split("; ")) for each in samples["OTHER_FINDINGS"] if each)
    assert len(samples) == len(said)
    assert len(mutations) + in_words == sum(len(each["variants"]) for each in said)
    own = mutations[mutations["Tumor_Sample_Barcode"] == person_sample(study, FULL)["SAMPLE_ID"]]
    assert own[["Hugo_Symbol", "HGVSp_Short", "Variant_Classification"]].to_numpy().tolist() == [
        ["BRAF", "p.V600E", "Missense_Mutation"],
        ["BRCA2", "p.S1982Rfs*22", "Unknown"],
    ]
    assert person_sample(study, FULL)["OTHER_FINDINGS"] == "NTRK1 fusion"


def test_who_was_erased_withdrew_or_has_no_sample_is_nowhere(study: Study) -> None:
    told = repr(study)

    for handle in (ERASED, WITHDREW, SUBMITTED, exported.SECRET):
        assert handle not in told
    assert person(study, PROFILED)["COHORT"] == ""
    assert "neither profiled nor enrolled" in told


@pytest.mark.parametrize(("scope", "is_there"), [("all", False), ("sharing", False), ("follow-up", True)])
def test_who_withdrew_consent_to_sharing_or_to_all_is_nowhere(scope: str, is_there: bool) -> None:
    alliance = given.treated()
    alliance.says(given.DRUP, "consent.withdrawn", {"case": given.case(1), "on": "2021-12-20", "scope": scope})

    study = cbioportal(exported.revealed(alliance), Part(), exported.about(alliance))

    assert (given.case(1) in repr(study)) == is_there


def test_made_up_patients_make_the_study_say_so(alliance: given.Alliance, study: Study) -> None:
    assert "(SYNTHETIC)" in meta(study, "meta_study.txt")["name"]
    assert "SYNTHETIC" in meta(study, "meta_study.txt")["description"]
    real = cbioportal(exported.revealed(alliance), Part(), exported.about(alliance, synthetic=False))
    assert "SYNTHETIC" not in real.files["meta_study.txt"]


def test_where_nobody_has_a_sample_there_is_no_study(alliance: given.Alliance) -> None:
    shut = exported.revealed(alliance)

    assert not cbioportal(type(shut)(shut.snapshot, {}), Part(), exported.about(alliance)).files
