"""A part of the database as a cBioPortal study folder.

    data_clinical_patient   one line a patient; benefit, overall and progression-free survival are those of the first
                            treatment, in months of 30.4375 days from its first day
    data_clinical_sample    one sample a patient: what the profile found, else what the first enrolment says
    data_mutations          changes of a protein, by gene; other findings stand with the sample, in words. Positions and
                            alleles are not in the ledger: a loader that asks for them needs annotation first
    data_timeline_*         treatments, assessments, adverse events, in days from the first treatment
    case_lists              all samples, and those that were sequenced

Days are study days, so no calendar date is told, and a start that is only a month hides nothing but how far apart two
treatments are. Ids are made of the node and the patient's number; the handle is a column.
"""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from ledger.clinical.benefit import Endpoint
from ledger.cohort import rows
from ledger.cohort.reveal import Revealed
from ledger.exports.cbioportal_files import Attribute, case_list, clinical, line, meta, tabular
from ledger.exports.cbioportal_timeline import Timeline
from ledger.exports.patients import SHUT, LeftOut, Patient, Treatment, Values, leave_out, patients
from ledger.exports.progression import Followed, Status, overall, progression_free
from ledger.exports.protein import protein_change
from ledger.exports.study import About, Cell, Part, Sheet
from ledger.reports.outcomes import Outcome, endpoints_of, outcomes
from ledger.reports.patients import is_fatal

NO_SAMPLE = "neither profiled nor enrolled"
OTHER_FINDINGS = "other findings than the sample's were told"
DAYS_A_MONTH = Decimal("30.4375")
_SEQUENCED = frozenset({"wgs", "wes", "panel"})
_NODE_LENGTH = 40  # of the characters that an id has of a node's name: the portal's ids have 63 at most

PATIENT = (
    Attribute("PATIENT_ID", "Patient", "Identifier of the patient in this study"),
    Attribute("NODE", "Trial", "The trial's node in the ledger"),
    Attribute("CASE", "Case", "The trial's handle of the case", priority=0),
    Attribute("SEX", "Sex", "Sex", priority=9),
    Attribute("BIRTH_YEAR", "Year of birth", "Year of birth", "NUMBER"),
    Attribute("COHORT", "Cohort", "Cohort of the first treatment", priority=50),
    Attribute("STAGE", "Stage", "Stage of the design at the first treatment", "NUMBER"),
    Attribute("ECOG", "ECOG", "ECOG performance status at the first enrolment", "NUMBER"),
    Attribute("PRIOR_LINES", "Prior lines", "Prior lines of systemic treatment", "NUMBER"),
    Attribute("EVALUABLE", "Evaluable", "Whether the first treatment counts in the design"),
    Attribute("BENEFIT_CLAIMED", "Benefit, claimed", "Clinical benefit of the first treatment as the trial claims it"),
    Attribute("BENEFIT_COMPUTED", "Benefit, computed", "The same, computed under the endpoint that the cohort names"),
    Attribute("BEST_RESPONSE", "Best response", "Best response to the first treatment, as computed"),
    Attribute("OS_STATUS", "Overall survival status", "Overall survival status"),
    Attribute("OS_MONTHS", "Overall survival (months)", "Months from the first treatment", "NUMBER"),
    Attribute("PFS_STATUS", "Progression-free status", "Progression or death after the first treatment"),
    Attribute("PFS_MONTHS", "Progression-free survival (months)", "Months from the first treatment", "NUMBER"),
    Attribute("SYNTHETIC", "Synthetic", "Whether this is a made-up patient", "BOOLEAN"),
)
SAMPLE = (
    Attribute("PATIENT_ID", "Patient", "Identifier of the patient in this study"),
    Attribute("SAMPLE_ID", "Sample", "Identifier of the sample in this study"),
    Attribute("ONCOTREE_CODE", "OncoTree code", "Tumour type, a code of OncoTree", priority=60),
    Attribute("ICD_10", "ICD-10 code", "Tumour type, a code of ICD-10"),
    Attribute("ASSAY", "Assay", "What the tumour was profiled with"),
    Attribute("TMB_PER_10MB", "TMB (per 10 Mb)", "Tumour mutational burden, mutations per 10 Mb", "NUMBER"),
    Attribute("MSI", "Microsatellite instability", "Microsatellite instability"),
    Attribute("OTHER_FINDINGS", "Other findings", "Findings that are no change of a protein"),
)
MUTATIONS = ("Hugo_Symbol", "Tumor_Sample_Barcode", "Variant_Classification", "HGVSp_Short")


class Study(NamedTuple):
    """files: path in the folder -> text. There are none where nobody has a sample: the portal takes no such study."""

    files: Mapping[str, str]
    left_out: Sheet
    samples: int


def cbioportal(revealed: Revealed, part: Part, about: About) -> Study:
    """The folder of this part of the database."""
    left_out, study = LeftOut(), study_id(about)
    became = {(each.node, each.case, each.cohort): each for each in outcomes(revealed)}
    endpoints = endpoints_of(revealed.snapshot)
    timeline = Timeline({row.cohort: row.regimen for row in revealed.snapshot.of(rows.Cohort)}, left_out)
    people: list[tuple[Cell, ...]] = []
    samples: list[tuple[Cell, ...]] = []
    mutations: list[tuple[Cell, ...]] = []
    for patient in patients(revealed, part, left_out):
        name = f"{patient.node[:_NODE_LENGTH]}-{patient.number}"
        found = _sample(patient)
        if found is None:
            leave_out(patient, SHUT if _is_shut(patient) else NO_SAMPLE, left_out)
            continue
        people.append(_person(patient, name, became, endpoints))
        changes, others = _findings(f"{name}.1", found["variants"])
        mutations += changes
        told = {
            "PATIENT_ID": name,
            "SAMPLE_ID": f"{name}.1",
            "ONCOTREE_CODE": found["oncotree"],
            "ICD_10": found.get("icd10"),
            "ASSAY": patient.profile_row.assay if patient.profile_row and patient.profile else None,
            "TMB_PER_10MB": found.get("tmb_per_10mb"),
            "MSI": found.get("msi"),
            "OTHER_FINDINGS": "; ".join(others) or None,
        }
        samples.append(line([each.name for each in SAMPLE], told))
        for each in patient.treatments:
            if each.enrolled is not None and each.enrolled["variants"] != found["variants"]:
                left_out.add(each.row, OTHER_FINDINGS, what="enrolments", person=name)
        timeline.add(patient, name)
    files = _files(study, about, people, samples, mutations) | timeline.files(study) if samples else {}
    return Study(files, left_out.table(), len(samples))


def study_id(about: About) -> str:
    named = "-".join(filter(None, (about.log.origin, about.part.node, about.part.cohort)))
    return "cohort_ledger_" + re.sub(r"[^a-z0-9]+", "_", named.lower()).strip("_")


def _sample(patient: Patient) -> Values | None:
    if patient.profile is not None:
        return patient.profile
    return next((each.enrolled for each in patient.treatments if each.enrolled is not None), None)


def _is_shut(patient: Patient) -> bool:
    return patient.profile_row is not None or any(each.row.enrolled_on for each in patient.treatments)


def _person(
    patient: Patient, name: str, became: Mapping[tuple[str, str, str], Outcome], endpoints: Mapping[str, Endpoint]
) -> tuple[Cell, ...]:
    sex = patient.first("sex")
    told: dict[str, Cell] = {
        "PATIENT_ID": name,
        "NODE": patient.node,
        "CASE": patient.case,
        "SEX": None if sex is None else sex.capitalize(),
        "BIRTH_YEAR": patient.first("birth_year"),
        "ECOG": patient.first("ecog"),
        "PRIOR_LINES": patient.first("prior_lines"),
        "SYNTHETIC": "TRUE" if any(row.synthetic for row in patient.rows) else "FALSE",
    }
    begun = next((each for each in patient.treatments if each.row.started_on is not None), None)
    if begun is not None:
        outcome = became[patient.node, patient.case, begun.row.cohort]
        survival = _survival(begun)
        told |= {"COHORT": begun.row.cohort, "STAGE": begun.row.stage, "BENEFIT_CLAIMED": outcome.claimed}
        if outcome.evaluable is not None:
            told["EVALUABLE"] = "yes" if outcome.evaluable else "no"
        if outcome.computed is not None:
            told |= {"BENEFIT_COMPUTED": outcome.computed.benefit, "BEST_RESPONSE": outcome.computed.best}
        told |= _followed("OS", overall(survival), "0:LIVING", "1:DECEASED")
        told |= _followed(
            "PFS",
            progression_free(outcome.course, endpoints[begun.row.cohort], survival),
            "0:PROGRESSION FREE",
            "1:PROGRESSED OR DIED",
        )
    return line([each.name for each in PATIENT], told)


def _survival(treatment: Treatment) -> list[Status]:
    """Everything that tells when the patient was alive, or died; what is told of survival itself comes last."""
    found: list[Status] = [(None, "dead") for each in treatment.adverse_events if is_fatal(each.values)]
    found += [(each.values["day"], "alive") for each in (*treatment.assessments, *treatment.adverse_events)]
    if treatment.end is not None and treatment.end["end_reason"] is not None:
        found.append((treatment.end["end_day"], "dead" if treatment.end["end_reason"] == "death" else "alive"))
    return [*found, *((each.values["day"], each.values["status"]) for each in treatment.survival)]


def _followed(prefix: str, followed: Followed | None, without: str, event: str) -> dict[str, Cell]:
    """A status and the months that belong to it: both, or neither."""
    if followed is None:
        return {}
    months = (Decimal(followed.day - 1) / DAYS_A_MONTH).quantize(Decimal("0.01"))
    return {f"{prefix}_STATUS": event if followed.event else without, f"{prefix}_MONTHS": months}


def _findings(sample: str, variants: Iterable[Mapping[str, Any]]) -> tuple[list[tuple[Cell, ...]], list[str]]:
    """Lines of the mutations' file; and in words what is no change of a protein."""
    changes: list[tuple[Cell, ...]] = []
    others: list[str] = []
    for each in variants:
        change = protein_change(each.get("hgvs"))
        if change is None:
            others.append(" ".join(filter(None, (each["gene"], each.get("hgvs"), each["class"]))))
        else:
            changes.append((each["gene"], sample, change.kind, change.short))
    return changes, others


def _files(
    study: str,
    about: About,
    people: list[tuple[Cell, ...]],
    samples: list[tuple[Cell, ...]],
    mutations: list[tuple[Cell, ...]],
) -> dict[str, str]:
    made_up = " (SYNTHETIC)" if about.synthetic else ""
    of = {"cancer_study_identifier": study}
    every = [str(row[1]) for row in samples]
    sequenced = [str(row[1]) for row in samples if row[4] in _SEQUENCED]
    files = {
        "meta_study.txt": meta(
            {
                "type_of_cancer": "mixed",
                **of,
                "name": f"{about.holder}: {about.part}, {about.log.size} entries{made_up}",
                "description": str(about),
            }
        ),
        "meta_clinical_patient.txt": _clinical_meta(of, "PATIENT_ATTRIBUTES", "data_clinical_patient.txt"),
        "data_clinical_patient.txt": clinical(PATIENT, people),
        "meta_clinical_sample.txt": _clinical_meta(of, "SAMPLE_ATTRIBUTES", "data_clinical_sample.txt"),
        "data_clinical_sample.txt": clinical(SAMPLE, samples),
        "case_lists/cases_all.txt": case_list(study, "all", "All samples", every),
    }
    if sequenced:
        files["case_lists/cases_sequenced.txt"] = case_list(study, "sequenced", "Sequenced samples", sequenced)
    if mutations:
        files["data_mutations.txt"] = tabular(MUTATIONS, mutations)
        files["meta_mutations.txt"] = meta(
            {
                **of,
                "genetic_alteration_type": "MUTATION_EXTENDED",
                "datatype": "MAF",
                "stable_id": "mutations",
                "show_profile_in_analysis_tab": "true",
                "profile_name": "Mutations",
                "profile_description": "Changes of a protein that the trials reported; their positions are not known.",
                "data_filename": "data_mutations.txt",
                "variant_classification_filter": "",
            }
        )
    return files


def _clinical_meta(of: Mapping[str, str], kind: str, file: str) -> str:
    return meta({**of, "genetic_alteration_type": "CLINICAL", "datatype": kind, "data_filename": file})
