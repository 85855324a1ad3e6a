"""A hand-made study in SDTM: a handful of patients, each with something to stumble over, as CSV, XPORT or Parquet."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyreadstat
from pyarrow import parquet

from ledger.clock import now
from ledger.node.importing.planning import Plan, Planner
from ledger.node.importing.sdtm import read_sdtm
from ledger.node.importing.sdtm_mapping import SdtmMapping
from ledger.node.importing.sdtm_mapping_file import read_sdtm_mapping
from ledger.node.importing.subjects import Memory
from ledger.node.importing.toml import read_toml

Rows = list[dict[str, str]]
Domains = dict[str, Rows]

MAPPING = """
kind = "sdtm"
source = "hand-made"

[split.site]
"01" = "drup-nl"
"02" = "protarget-dk"

[split.country]
NLD = "drup-nl"
DNK = "protarget-dk"

[cohorts]
of = { A = "braf-v600" }
left_out = { S = "screen failure" }

[case]
on = "DM.DMDTC"

[allocation]
on = ["DM.RFICDTC", "DM.DMDTC"]

[enrolment]
on = ["DM.RFICDTC", "DM.DMDTC"]
sex = { column = "SEX", values = { F = "female", M = "male" } }
birth_year = { column = "BRTHDTC", part = "year" }
ecog = { domain = "QS", where = { QSTESTCD = "ECOG101" }, column = "QSSTRESC" }
oncotree = { constant = "COAD", because = "the protocol's only tumour" }
variants = { constant = [{ gene = "BRAF", class = "activating" }], because = "inclusion criterion 2" }
prior_lines = { constant = 2, because = "inclusion criterion 3" }
consent_version = { constant = "3", because = "the only version" }

[treatment]
stage = 1
doses = true

[end]
where = { DSCAT = "DISPOSITION EVENT" }
reason = { column = "DSDECOD", values = { "PROGRESSIVE DISEASE" = "progression", DEATH = "death" } }

[response]
where = { RSTESTCD = "OVRLRESP" }
criteria = { column = "RSCAT", values = { "RECIST 1.1" = "recist-1.1" } }
evaluator = { column = "RSEVAL", values = { INVESTIGATOR = "investigator", "INDEPENDENT ASSESSOR" = "central" } }
readers = "accepted"
sums = { TRTESTCD = "SUMDIAM" }
baseline = { VISIT = "BASELINE" }
new_lesions = { TUSTRESC = "NEW" }

[adverse_event]
term = "AEDECOD"
related = { column = "AEREL", values = { Y = true, N = false } }

[survival]
sources = ["ADTTE", "DM", "DS"]

[evaluability]
rule = "one-assessment"
assessments = 1
otherwise = "undetermined"
"""

INVESTIGATOR, CENTRAL = "INVESTIGATOR", "INDEPENDENT ASSESSOR"


def dm(subject: str, **more: str) -> dict[str, str]:
    row = {
        **dict(zip(("DOMAIN", "USUBJID", "SITEID", "COUNTRY"), ("DM", subject, "01", "NLD"), strict=True)),
        "DMDTC": "2021-03-01",
        "RFICDTC": "",
        "BRTHDTC": "1960-05-04",
        "SEX": "F",
        "ACTARMCD": "A",
        "DTHFL": "",
        "DTHDTC": "",
    }
    return row | more


def ex(subject: str, start: str, end: str = "", **more: str) -> dict[str, str]:
    dose = {"EXTRT": "VEMURAFENIB", "EXDOSE": "960", "EXDOSU": "mg", "EXDOSFRQ": "BID"}
    return {"DOMAIN": "EX", "USUBJID": subject, "EXSTDTC": start, "EXENDTC": end, **dose} | more


def rs(subject: str, number: int, when: str, response: str, **more: str) -> dict[str, str]:
    row = {
        "DOMAIN": "RS",
        "USUBJID": subject,
        "RSSEQ": str(number),
        "RSTESTCD": "OVRLRESP",
        "RSCAT": "RECIST 1.1",
        "RSSTRESC": response,
        "RSEVAL": INVESTIGATOR,
        "RSEVALID": "",
        "RSACPTFL": "",
        "VISITNUM": str(number),
        "RSDTC": when,
        "RSDY": "",
        "RSLNKGRP": "",
    }
    return row | more


def tr(subject: str, number: int, when: str, total: str, **more: str) -> dict[str, str]:
    row = {
        "DOMAIN": "TR",
        "USUBJID": subject,
        "TRSEQ": str(number),
        "TRTESTCD": "SUMDIAM",
        "TRSTRESN": total,
        "TRSTRESU": "mm",
        "TREVAL": INVESTIGATOR,
        "TREVALID": "",
        "TRACPTFL": "",
        "VISIT": "WEEK",
        "VISITNUM": "",
        "TRDTC": when,
        "TRLNKGRP": "",
    }
    return row | more


def ae(subject: str, number: int, when: str, **more: str) -> dict[str, str]:
    row = {
        "DOMAIN": "AE",
        "USUBJID": subject,
        "AESEQ": str(number),
        "AEDECOD": "Rash",
        "AESEV": "",
        "AETOXGR": "",
        "AESER": "N",
        "AEREL": "Y",
        "AEOUT": "RECOVERED/RESOLVED",
        "AESTDTC": when,
        "AESTDY": "",
    }
    return row | more


def ds(subject: str, term: str, when: str) -> dict[str, str]:
    found = {"DOMAIN": "DS", "USUBJID": subject, "DSSEQ": "1", "DSDECOD": term, "DSCAT": "DISPOSITION EVENT"}
    return {**found, "DSSTDTC": when}


def ecog(subject: str, status: str) -> dict[str, str]:
    return {"DOMAIN": "QS", "USUBJID": subject, "QSTESTCD": "ECOG101", "QSSTRESC": status}


def os(subject: str, censored: str, when: str) -> dict[str, str]:
    return {"USUBJID": subject, "PARAMCD": "OS", "CNSR": censored, "ADT": when}


def study() -> Domains:
    """One patient who is well recorded."""
    return {
        "dm": [dm("S-1")],
        "qs": [ecog("S-1", "1")],
        "ex": [ex("S-1", "2021-03-10", "2021-04-10"), ex("S-1", "2021-04-11", "2021-07-28")],
        "ds": [ds("S-1", "PROGRESSIVE DISEASE", "2021-08-01")],
        "rs": [rs("S-1", 1, "2021-05-05", "PR", VISITNUM="3"), rs("S-1", 2, "2021-07", "PD", VISITNUM="4")],
        "tr": [
            tr("S-1", 1, "2021-03-08", "62", VISIT="BASELINE", VISITNUM="1"),
            tr("S-1", 2, "2021-05-05", "40", VISITNUM="3"),
        ],
        "tu": [{"USUBJID": "S-1", "TUSTRESC": "NEW", "TUEVAL": INVESTIGATOR, "TUEVALID": "", "VISITNUM": "4"}],
        "ae": [ae("S-1", 1, "2021-03-20", AETOXGR="2", AESEV="MODERATE")],
        "adtte": [os("S-1", "0", "2021-12-24")],
    }


def write(folder: Path, domains: Mapping[str, Rows], kind: str = "csv") -> Path:
    """Write the domains into a folder, in one of the three kinds of file."""
    folder.mkdir(exist_ok=True)
    for name, rows in domains.items():
        write_table(folder / f"{name}.{kind}", rows)
    return folder


def write_table(file: Path, rows: Sequence[Mapping[str, str]]) -> None:
    frame = pd.DataFrame(rows, dtype=str).fillna("")
    if file.suffix == ".csv":
        frame.to_csv(file, index=False)
        return
    for name in frame.columns:  # these kinds have numbers, dates and nulls
        if name.endswith(("SEQ", "DY", "STRESN")) or name in ("VISITNUM", "CNSR"):
            frame[name] = pd.to_numeric(frame[name])
    if file.suffix == ".xpt":
        pyreadstat.write_xport(frame, str(file), file_format_version=5 if file.stem == "dm" else 8)
    else:
        parquet.write_table(pa.Table.from_pandas(frame, preserve_index=False), file)


def mapping(told: str = MAPPING) -> SdtmMapping:
    return read_sdtm_mapping(read_toml(Path("mapping.toml"), told))


def planned(folder: Path, told: str = MAPPING, memory: Memory | None = None) -> Plan:
    """What an import of the folder would say, for one node."""
    numbers = iter(range(1, 1000))
    planner = Planner(
        memories={"drup-nl": memory or Memory()},
        node_of=lambda _subject: ("drup-nl", ""),
        new_case=lambda: f"00000000-0000-4000-8000-{next(numbers):012d}",
        now=now(),
    )
    return planner.plan(read_sdtm(folder, mapping(told)))


def said(plan: Plan) -> list[tuple[str, dict[str, Any]]]:
    """Type and data of each draft, in order, without case and cohort."""
    return [
        (each.told.type, {name: value for name, value in each.data.items() if name not in ("case", "cohort")})
        for lines in plan.lines.values()
        for each in lines
    ]


def events(plan: Plan, event_type: str) -> list[dict[str, Any]]:
    """The data of the drafts of a type, as `said` has them."""
    return [data for each, data in said(plan) if each == event_type]


def unused(plan: Plan) -> list[tuple[str, int, str]]:
    return sorted((each.file, each.row, each.reason) for each in plan.reading.unused)
