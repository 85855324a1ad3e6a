"""Cohorts made up for the demonstration: tumour x molecular profile x regimen, as such trials plausibly have them.

The source states how many cohorts the Nordic trials opened and how many drugs each trial had, never which. So all of
this is synthetic: the drugs are real substances, and that a trial had one of them is not said by anyone.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from ledger.names import REGIMEN_JOINER
from ledger.signing.canonical import Json

DESIGN = "two-stage-8-24"
DRUP, PROTARGET, MEGALIT, IMPRESS, FINPROVE = "drup-nl", "protarget-dk", "megalit-se", "impress-no", "finprove-fi"


@dataclass(frozen=True, slots=True)
class Tumour:
    """name: in words. icd10: its usual code. sex: where only one has it. criteria: how its response is assessed."""

    name: str
    icd10: str
    sex: Literal["female", "male"] | None = None
    criteria: str = "recist-1.1"


TUMOURS: Mapping[str, Tumour] = {  # by OncoTree code
    "BLCA": Tumour("bladder urothelial carcinoma", "C67.9"),
    "BRCA": Tumour("invasive breast carcinoma", "C50.9", "female"),
    "CHOL": Tumour("cholangiocarcinoma", "C22.1"),
    "COADREAD": Tumour("colorectal adenocarcinoma", "C18.9"),
    "CUP": Tumour("cancer of unknown primary", "C80.0"),
    "DDLS": Tumour("dedifferentiated liposarcoma", "C49.9"),
    "ESCA": Tumour("oesophageal adenocarcinoma", "C15.9"),
    "GB": Tumour("glioblastoma", "C71.9", criteria="rano"),
    "HNSC": Tumour("head and neck squamous cell carcinoma", "C76.0"),
    "LGSOC": Tumour("low-grade serous ovarian cancer", "C56", "female"),
    "LUAD": Tumour("lung adenocarcinoma", "C34.9"),
    "MBL": Tumour("medulloblastoma", "C71.6", criteria="rano"),
    "MEL": Tumour("melanoma", "C43.9"),
    "OVT": Tumour("ovarian epithelial tumour", "C56", "female"),
    "PAAD": Tumour("pancreatic adenocarcinoma", "C25.9"),
    "PRAD": Tumour("prostate adenocarcinoma", "C61", "male", "pcwg3"),
    "SACA": Tumour("salivary carcinoma", "C08.9"),
    "SARCNOS": Tumour("sarcoma, not otherwise specified", "C49.9"),
    "STAD": Tumour("stomach adenocarcinoma", "C16.9"),
    "THPA": Tumour("papillary thyroid cancer", "C73"),
    "UCEC": Tumour("endometrial carcinoma", "C54.1", "female"),
}


@dataclass(frozen=True, slots=True)
class Marker:
    """A molecular profile. hgvs: variants that a patient of it may have; none where it is not a change of sequence.

    tmb_from: mutations per 10 Mb, for the profile that is a mutational burden.
    """

    label: str
    gene: str | None = None
    kind: str | None = None
    hgvs: tuple[str, ...] = ()
    tmb_from: int | None = None
    msi_high: bool = False

    def as_json(self) -> dict[str, Json]:
        parts: dict[str, Json] = {"label": self.label}
        if self.gene:
            parts |= {"gene": self.gene, "class": self.kind}
        if self.tmb_from:
            parts["range"] = {"measure": "tumour-mutational-burden", "from": self.tmb_from, "unit": "per 10 Mb"}
        return parts


MARKERS: Mapping[str, Marker] = {
    "alk-fus": Marker("ALK fusion", "ALK", "fusion"),
    "atm": Marker("ATM loss of function", "ATM", "loss-of-function", ("p.Arg3008Cys", "p.Glu1978Ter")),
    "braf-v600e": Marker("BRAF V600E", "BRAF", "missense", ("p.Val600Glu",)),
    "brca": Marker("BRCA2 loss of function", "BRCA2", "loss-of-function", ("p.Ser1982ArgfsTer22", "p.Lys3326Ter")),
    "ccnd1-amp": Marker("CCND1 amplification", "CCND1", "amplification"),
    "cdk4-amp": Marker("CDK4 amplification", "CDK4", "amplification"),
    "cdkn2a": Marker("CDKN2A loss", "CDKN2A", "deletion"),
    "egfr": Marker("EGFR activating mutation", "EGFR", "missense", ("p.Leu858Arg", "p.Ala289Val")),
    "erbb2": Marker("ERBB2 activating mutation", "ERBB2", "missense", ("p.Ser310Phe", "p.Val777Leu")),
    "erbb2-amp": Marker("ERBB2 amplification", "ERBB2", "amplification"),
    "fgfr2-fus": Marker("FGFR2 fusion", "FGFR2", "fusion"),
    "flt3-amp": Marker("FLT3 amplification", "FLT3", "amplification"),
    "kit": Marker("KIT activating mutation", "KIT", "missense", ("p.Leu576Pro", "p.Lys642Glu")),
    "map2k1": Marker("MAP2K1 activating mutation", "MAP2K1", "missense", ("p.Lys57Asn", "p.Gln56Pro")),
    "met": Marker("MET exon 14 skipping", "MET", "splice", ("c.3028+1G>T", "c.3028G>A")),
    "met-amp": Marker("MET amplification", "MET", "amplification"),
    "msi": Marker("microsatellite instability", msi_high=True),
    "mtor": Marker("MTOR activating mutation", "MTOR", "missense", ("p.Ser2215Tyr", "p.Glu1799Lys")),
    "nf1": Marker("NF1 loss of function", "NF1", "loss-of-function", ("p.Arg1306Ter", "p.Gln1070Ter")),
    "ntrk-fus": Marker("NTRK1 fusion", "NTRK1", "fusion"),
    "palb2": Marker("PALB2 loss of function", "PALB2", "loss-of-function", ("p.Leu531CysfsTer30", "p.Trp1038Ter")),
    "ptch1": Marker("PTCH1 loss of function", "PTCH1", "loss-of-function", ("p.Gln816Ter", "p.Arg135Ter")),
    "ras-wt": Marker("RAS and BRAF wild type", "KRAS", "wild-type"),
    "ret-fus": Marker("RET fusion", "RET", "fusion"),
    "ros1-fus": Marker("ROS1 fusion", "ROS1", "fusion"),
    "tmb": Marker("mutational burden of 10 per Mb or more", tmb_from=100),
}

_DRUP = """
abemaciclib             | cdk4-amp   | DDLS GB ESCA
afatinib                | erbb2      | LUAD BLCA BRCA CHOL
alectinib               | alk-fus    | COADREAD PAAD
atezolizumab            | tmb        | CUP HNSC
cabozantinib            | met-amp    | STAD CHOL GB
ceritinib               | ros1-fus   | CHOL
cobimetinib             | map2k1     | MEL LGSOC
crizotinib              | met        | CUP LUAD
dabrafenib+trametinib   | braf-v600e | CHOL GB LUAD THPA
dasatinib               | kit        | SARCNOS
durvalumab              | msi        | UCEC GB CHOL
erdafitinib             | fgfr2-fus  | CHOL CUP GB
erlotinib               | egfr       | GB CUP HNSC
everolimus              | mtor       | BLCA UCEC
imatinib                | kit        | MEL
ipilimumab+nivolumab    | msi        | PRAD SARCNOS CUP
lenvatinib              | ret-fus    | COADREAD SACA
lorlatinib              | ros1-fus   | GB PAAD
nilotinib               | kit        | UCEC
nivolumab               | msi        | COADREAD PAAD PRAD BRCA STAD
olaparib                | brca       | PAAD PRAD CHOL COADREAD BRCA
palbociclib             | cdkn2a     | HNSC ESCA PAAD MEL LUAD
panitumumab             | ras-wt     | CUP STAD ESCA
pembrolizumab           | tmb        | BRCA COADREAD PRAD OVT UCEC
pertuzumab+trastuzumab  | erbb2-amp  | COADREAD CHOL CUP SACA
ribociclib              | ccnd1-amp  | BRCA ESCA
rucaparib               | palb2      | PAAD BRCA
sunitinib               | flt3-amp   | COADREAD
talazoparib             | atm        | PRAD STAD
trametinib              | nf1        | MEL LGSOC SARCNOS
trastuzumab emtansine   | erbb2-amp  | BLCA SACA UCEC
vemurafenib             | braf-v600e | CUP
"""

# opened by: all three | ProTarget and IMPRESS | ProTarget | IMPRESS
_NORDIC = """
abemaciclib             | cdk4-amp   |          |               | DDLS GB           |
alectinib               | alk-fus    |          | COADREAD PAAD |                   |
atezolizumab            | tmb        | CUP      | HNSC BRCA     | COADREAD OVT      |
cobimetinib             | map2k1     |          |               |                   | LGSOC MEL LUAD
entrectinib             | ntrk-fus   |          | COADREAD SACA |                   |
entrectinib             | ros1-fus   |          |               |                   | GB CHOL
erlotinib               | egfr       |          | CUP GB        |                   |
lenvatinib              | fgfr2-fus  |          |               | STAD CHOL         |
niraparib               | palb2      |          |               | PAAD BRCA         |
olaparib                | brca       | PAAD     | CHOL UCEC     | ESCA              |
palbociclib             | cdkn2a     |          |               | HNSC ESCA PAAD CUP |
pembrolizumab           | msi        |          |               | PAAD CHOL OVT     |
selpercatinib           | ret-fus    |          |               | COADREAD CUP SACA |
trastuzumab emtansine   | erbb2-amp  | COADREAD | BLCA SACA     |                   | UCEC
vismodegib              | ptch1      |          |               |                   | MBL SARCNOS
"""

WITHDRAWN = ("vemurafenib",)  # at DRUP: available once, not any more
UNUSED = {MEGALIT: ("alectinib",)}  # available, with no cohort opened for it
COMMITTED: Mapping[str, tuple[str, ...]] = {
    DRUP: ("larotrectinib", "selpercatinib"),
    FINPROVE: (
        *("abemaciclib", "alectinib", "atezolizumab", "cobimetinib", "entrectinib", "erlotinib"),
        *("niraparib", "olaparib", "palbociclib", "selpercatinib", "trastuzumab emtansine", "vismodegib"),
    ),
}


@dataclass(frozen=True, slots=True)
class Plan:
    """A cohort as it will be defined. nodes: that will open it, the one that defines it first."""

    cohort: str
    tumour: str
    marker: Marker
    regimen: tuple[str, ...]
    nodes: tuple[str, ...]
    endpoint: str
    pooled: bool

    def as_json(self) -> dict[str, Json]:
        """The data of its definition."""
        name = TUMOURS[self.tumour].name
        return {
            "cohort": self.cohort,
            "label": f"{name[0].upper()}{name[1:]}, {self.marker.label}, {' and '.join(self.regimen)}",
            "tumour": {"oncotree": [self.tumour]},
            "biomarker": self.marker.as_json(),
            "regimen": list(self.regimen),
            "ages": {"from": 18},
            "line": "exhausted",
            "design": DESIGN,
            "endpoint": self.endpoint,
            "accrual": "pooled" if self.pooled else "per-trial",
        }


def drup_plans() -> Iterator[Plan]:
    for regimen, marker, (tumours,) in _lines(_DRUP):
        for tumour in tumours:
            yield _plan("drup", tumour, marker, regimen, nodes=(DRUP,))


def nordic_plans() -> Iterator[Plan]:
    """Pooled cohorts. ProTarget opened first of the three, so it defines what it opens."""
    openers = ((PROTARGET, MEGALIT, IMPRESS), (PROTARGET, IMPRESS), (PROTARGET,), (IMPRESS,))
    for regimen, marker, columns in _lines(_NORDIC):
        for nodes, tumours in zip(openers, columns, strict=True):
            for tumour in tumours:
                yield _plan("nordic", tumour, marker, regimen, nodes=nodes)


def _lines(table: str) -> Iterator[tuple[str, str, list[list[str]]]]:
    for line in table.strip().splitlines():
        regimen, marker, *columns = (cell.strip() for cell in line.split("|"))
        yield regimen, marker, [column.split() for column in columns]


def _plan(family: str, tumour: str, marker: str, regimen: str, *, nodes: tuple[str, ...]) -> Plan:
    drugs = tuple(regimen.split(REGIMEN_JOINER))
    slug = "-".join((family, tumour.lower(), marker, *drugs)).replace(" ", "-")
    return Plan(slug, tumour, MARKERS[marker], drugs, nodes, f"benefit-{family}", pooled=family == "nordic")
