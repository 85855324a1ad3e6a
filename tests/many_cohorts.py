"""An alliance with cohorts that differ in everything that a board is asked by."""

import given
from given import COHORT as COHORT  # noqa: PLC0414 - the kit is found in one place
from given import DEFINITION, DRUGS, DRUP, IMPRESS, PROTARGET, Alliance, case, opened
from granting import grant

from ledger.signing.canonical import Json

COLON, OVARY, BLADDER = "colon-braf", "ovary-brca2", "bladder-erbb2"
OLAPARIB: list[Json] = ["olaparib"]
COHORTS: tuple[tuple[str, str, str, str, given.Data], ...] = (
    (COLON, "Colorectal cancer, BRAF V600E", "COADREAD", "BRAF", {"accrual": "per-trial", "regimen": DRUGS}),
    (OVARY, "Ovarian cancer, BRCA2", "OVT", "BRCA2", {"regimen": OLAPARIB, "synthetic": True}),
    (BLADDER, "Bladder cancer, ERBB2", "BLCA", "ERBB2", {"regimen": OLAPARIB}),
)
CLOSING: given.Data = {
    "cohort": OVARY, "on": "2021-10-01", "scope": "here", "reason_code": "drug-withdrawn", "reason": "no more of it",
}  # fmt: skip
AGREED: given.Data = {
    "key": dict(given.signing_key("auditor-of-all").public.jwk),
    "role": "auditor",
    "purpose": ["DUO:0000042"],
    "until": "2099",
    "organisation": "Example Institute",
}


def many_cohorts() -> Alliance:
    """BRAF of any tumour: open in NL and NO, pooled, one patient of DRUP's, so one place. BRAF in colon: each trial for
    itself, suspended in NO, open in DK, where it is full. BRCA2 in ovary: closed in NL, made up. ERBB2 in bladder: not
    opened. Grants for an investigator, an auditor of DRUP, a company for DRUP's drugs, and an auditor of all.
    """
    alliance = opened(DRUP, IMPRESS)
    alliance.runs_trial(PROTARGET)
    alliance.supplies(PROTARGET)
    alliance.says(DRUP, "supply.available", {"regimen": OLAPARIB, "on": "2021-01"})
    for name, label, tumour, gene, more in COHORTS:
        marker: Json = {"label": gene, "gene": gene, "class": "missense"}
        defined: given.Data = {"cohort": name, "label": label, "tumour": {"oncotree": [tumour]}, "biomarker": marker}
        alliance.says(DRUP, "cohort.defined", {**DEFINITION, **defined, **more})
    alliance.opens(IMPRESS, cohort=COLON, on="2021-07-10")
    alliance.opens(PROTARGET, cohort=COLON, on="2021-08-10")
    alliance.opens(DRUP, cohort=OVARY, on="2021-03-10")
    alliance.says(
        IMPRESS, "cohort.suspended", {"cohort": COLON, "on": "2021-11-25", "reason_code": "safety", "reason": None}
    )
    alliance.says(DRUP, "cohort.closed", CLOSING)
    alliance.treats(DRUP, case(1))
    for number in (2, 3):
        alliance.treats(PROTARGET, case(number), cohort=COLON)
    terms: dict[str, dict[str, Json]] = {
        "auditor": {},
        "investigator": {"role": "investigator"},
        "company": {"role": "industry", "regimens": [DRUGS]},
    }
    for holder, each in terms.items():
        alliance.says(DRUP, "access.granted", grant(holder, until="2099", **each))
    alliance.adopts("auditor-of-all", "access", AGREED)
    return alliance
