"""The tables of the OMOP common data model 5.4 that an export fills, with their columns in the model's order, and the
codes of the standard vocabularies that are known here. What is not in this file is not mapped: it is 0, beside what the
source said.
"""

from collections.abc import Mapping

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "person": (
        "person_id",
        "gender_concept_id",
        "year_of_birth",
        "month_of_birth",
        "day_of_birth",
        "birth_datetime",
        "race_concept_id",
        "ethnicity_concept_id",
        "location_id",
        "provider_id",
        "care_site_id",
        "person_source_value",
        "gender_source_value",
        "gender_source_concept_id",
        "race_source_value",
        "race_source_concept_id",
        "ethnicity_source_value",
        "ethnicity_source_concept_id",
    ),
    "observation_period": (
        "observation_period_id",
        "person_id",
        "observation_period_start_date",
        "observation_period_end_date",
        "period_type_concept_id",
    ),
    "death": (
        "person_id",
        "death_date",
        "death_datetime",
        "death_type_concept_id",
        "cause_concept_id",
        "cause_source_value",
        "cause_source_concept_id",
    ),
    "condition_occurrence": (
        "condition_occurrence_id",
        "person_id",
        "condition_concept_id",
        "condition_start_date",
        "condition_start_datetime",
        "condition_end_date",
        "condition_end_datetime",
        "condition_type_concept_id",
        "condition_status_concept_id",
        "stop_reason",
        "provider_id",
        "visit_occurrence_id",
        "visit_detail_id",
        "condition_source_value",
        "condition_source_concept_id",
        "condition_status_source_value",
    ),
    "drug_exposure": (
        "drug_exposure_id",
        "person_id",
        "drug_concept_id",
        "drug_exposure_start_date",
        "drug_exposure_start_datetime",
        "drug_exposure_end_date",
        "drug_exposure_end_datetime",
        "verbatim_end_date",
        "drug_type_concept_id",
        "stop_reason",
        "refills",
        "quantity",
        "days_supply",
        "sig",
        "route_concept_id",
        "lot_number",
        "provider_id",
        "visit_occurrence_id",
        "visit_detail_id",
        "drug_source_value",
        "drug_source_concept_id",
        "route_source_value",
        "dose_unit_source_value",
    ),
    "measurement": (
        "measurement_id",
        "person_id",
        "measurement_concept_id",
        "measurement_date",
        "measurement_datetime",
        "measurement_time",
        "measurement_type_concept_id",
        "operator_concept_id",
        "value_as_number",
        "value_as_concept_id",
        "unit_concept_id",
        "range_low",
        "range_high",
        "provider_id",
        "visit_occurrence_id",
        "visit_detail_id",
        "measurement_source_value",
        "measurement_source_concept_id",
        "unit_source_value",
        "unit_source_concept_id",
        "value_source_value",
        "measurement_event_id",
        "meas_event_field_concept_id",
    ),
    "episode": (
        "episode_id",
        "person_id",
        "episode_concept_id",
        "episode_start_date",
        "episode_start_datetime",
        "episode_end_date",
        "episode_end_datetime",
        "episode_parent_id",
        "episode_number",
        "episode_object_concept_id",
        "episode_type_concept_id",
        "episode_source_value",
        "episode_source_concept_id",
    ),
    "episode_event": ("episode_id", "event_id", "episode_event_field_concept_id"),
    "cdm_source": (
        "cdm_source_name",
        "cdm_source_abbreviation",
        "cdm_holder",
        "source_description",
        "source_documentation_reference",
        "cdm_etl_reference",
        "source_release_date",
        "cdm_release_date",
        "cdm_version",
        "cdm_version_concept_id",
        "vocabulary_version",
    ),
}

_WIDTH = 50  # characters, of a text whose column is not listed
_WIDTHS: Mapping[str, int | None] = {
    "stop_reason": 20,
    "sig": None,
    "cdm_source_name": 255,
    "cdm_source_abbreviation": 25,
    "cdm_holder": 255,
    "source_description": None,
    "source_documentation_reference": 255,
    "cdm_etl_reference": 255,
    "cdm_version": 10,
    "vocabulary_version": 20,
}

UNMAPPED = 0
CDM_5_4 = 756265  # "OMOP CDM Version 5.4.0"
UNMAPPED_VOCABULARY = "unmapped"
CASE_REPORT_FORM = 32809  # what kind of source a row is from
TREATMENT_REGIMEN = 32531  # what kind of episode
ECOG = 36305384  # LOINC 89247-1, ECOG performance status score
MILLIMETRE, PERCENT = 8588, 8554  # UCUM
# a field of the model, as another row's pointer names it
OF_CONDITION = 1147127  # condition_occurrence.condition_occurrence_id
OF_DRUG = 1147094  # drug_exposure.drug_exposure_id

GENDER: Mapping[str, int] = {"male": 8507, "female": 8532}
GRADES: Mapping[int, int] = {1: 763790, 2: 765927, 3: 763791, 4: 765765, 5: 765766}  # CTCAE

_RECIST: Mapping[str, int] = {"CR": 1634772, "PR": 1633368, "SD": 1634680, "PD": 1633597}
# iUPD and iCPD share one concept: only the source value tells a first progression from a confirmed one
RESPONSES: Mapping[str, Mapping[str, int]] = {
    "recist-1.1": _RECIST,
    "irecist": {**_RECIST, "iCR": 1633954, "iPR": 1635284, "iSD": 1635887, "iUPD": 1633423, "iCPD": 1633423},
    "rano": {"CR": 1634853, "PR": 1634574, "SD": 1633447, "PD": 1634653},
}


def width_of(column: str) -> int | None:
    """How many characters a text of this column may have; None: any number."""
    return _WIDTHS.get(column, _WIDTH)
