"""An export of the database on a day holds nothing of what came after that day, also where a sealed day says so."""

from collections import Counter
from dataclasses import replace
from datetime import date
from io import StringIO

import exported
import pandas as pd
import pytest
from exported import FULL
from given import PROTARGET

from ledger.cohort.reveal import Revealed
from ledger.cohort.rows import SurvivalUpdate
from ledger.exports.cbioportal import cbioportal
from ledger.exports.omop import omop
from ledger.exports.patients import LATER
from ledger.exports.study import Part

ALLIANCE = exported.told()
TABLE = SurvivalUpdate.TABLE
BEFORE_THE_RESPONSE = date(2022, 1, 27)  # FULL began on 2021-12-03, and responded on day 57


def seen_on(day: date) -> Revealed:
    seen = exported.revealed(ALLIANCE)
    return replace(seen, snapshot=seen.snapshot.on(day))


def patient_on(day: date, handle: str) -> dict[str, str]:
    text = cbioportal(seen_on(day), Part(), exported.about(ALLIANCE)).files["data_clinical_patient.txt"]
    found = pd.read_csv(StringIO(text), sep="\t", comment="#", dtype=str, keep_default_na=False)
    (row,) = found[found["CASE"] == handle].to_dict("records")
    return {str(name): value for name, value in row.items()}


def test_no_date_of_the_omop_tables_is_later_than_the_day() -> None:
    made = omop(seen_on(BEFORE_THE_RESPONSE), Part(), exported.about(ALLIANCE))

    dates = [
        date.fromisoformat(str(value))
        for table in made.tables
        if table.name != "cdm_source"
        for row in table.rows
        for column, value in zip(table.columns, row, strict=True)
        if column.endswith("_date") and value is not None
    ]
    assert dates
    assert max(dates) <= BEFORE_THE_RESPONSE


def test_what_was_later_is_counted_among_what_was_not_exported() -> None:
    left_out = omop(seen_on(BEFORE_THE_RESPONSE), Part(), exported.about(ALLIANCE)).left_out

    lines = [dict(zip(left_out.columns, row, strict=True)) for row in left_out.rows]
    later = Counter(str(line["what"]) for line in lines if line["reason"] == LATER)
    assert {"assessments", "survival_updates", "ends of treatment"} <= set(later)


@pytest.mark.parametrize(("day", "progressed"), [(date(2022, 3, 24), "0:"), (date(2022, 3, 25), "1:")])
def test_progression_is_there_from_its_day_on(day: date, progressed: str) -> None:
    assert patient_on(day, FULL)["PFS_STATUS"].startswith(progressed)


def test_nobody_is_dead_and_no_response_is_computed_before_it_was_so() -> None:
    found = patient_on(BEFORE_THE_RESPONSE, FULL)

    assert not found["OS_STATUS"].startswith("1:")
    assert found["BEST_RESPONSE"] != patient_on(date(2023, 12, 31), FULL)["BEST_RESPONSE"]


def test_a_day_counted_from_a_month_is_past_once_it_is_so_for_all_of_the_month() -> None:
    """PARTIAL began in 2021-12, and died on day 70: on 2022-03-10 at the latest."""
    counts = []
    for day in (date(2022, 3, 9), date(2022, 3, 10)):
        rows = omop(seen_on(day), Part(), exported.about(ALLIANCE)).left_out.rows
        counts.append(sum(int(str(row[5])) for row in rows if (row[0], row[1], row[4]) == (TABLE, PROTARGET, LATER)))

    assert counts[0] == counts[1] + 1
