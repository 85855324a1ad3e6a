"""A drug that the regimen and the doses spell with other letters is one drug, in every export."""

from io import StringIO

import exported
import given
import pandas as pd
from given import DRUP, case, patient

from ledger.exports.cbioportal import cbioportal
from ledger.exports.omop import omop
from ledger.exports.study import Part

DOSES: given.Data = {
    "doses": [{"drug": drug, "amount": 1, "unit": "mg", "schedule": "QD"} for drug in ("DABRAFENIB", "aspirin")]
}


def test_a_drug_in_capitals_is_no_second_exposure() -> None:
    alliance = given.opened(DRUP)
    alliance.enrols(DRUP, case(1))
    start: given.Data = {**patient(case(1)), "on": "2021-12-03", "stage": 1, **DOSES}
    alliance.says(DRUP, "treatment.started", start)
    seen, about = exported.revealed(alliance), exported.about(alliance)

    table = next(each for each in omop(seen, Part(), about).tables if each.name == "drug_exposure")
    text = cbioportal(seen, Part(), about).files["data_timeline_treatment.txt"]

    of = table.columns.index("drug_source_value"), table.columns.index("sig")
    expected = {"dabrafenib": "1 mg QD", "trametinib": "", "aspirin": "1 mg QD"}
    assert {str(row[of[0]]): row[of[1]] or "" for row in table.rows} == expected
    study = pd.read_csv(StringIO(text), sep="\t", dtype=str, keep_default_na=False)
    assert dict(zip(study["AGENT"], study["DOSES"], strict=True)) == expected
