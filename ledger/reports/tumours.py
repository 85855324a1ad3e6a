"""Names of tumours, by their OncoTree codes (oncotree.mskcc.org, 2021-11-02): those that trials of rare matches name.

A code that is not among them is its own name: definitions may name any.
"""

from collections.abc import Mapping

from ledger.signing.canonical import Json

ANY = "any"  # no OncoTree code: those are in capitals

TUMOURS: Mapping[str, str] = {
    "AASTR": "anaplastic astrocytoma",
    "ACC": "adrenocortical carcinoma",
    "ACYC": "adenoid cystic carcinoma",
    "AMPCA": "ampullary carcinoma",
    "ASTR": "astrocytoma",
    "BCC": "basal cell carcinoma",
    "BLCA": "bladder urothelial carcinoma",
    "BRCA": "invasive breast carcinoma",
    "CESC": "cervical squamous cell carcinoma",
    "CHOL": "cholangiocarcinoma",
    "COAD": "colon adenocarcinoma",
    "COADREAD": "colorectal adenocarcinoma",
    "CSCC": "cutaneous squamous cell carcinoma",
    "CUP": "cancer of unknown primary",
    "DDLS": "dedifferentiated liposarcoma",
    "DIFG": "diffuse glioma",
    "EGC": "oesophagogastric adenocarcinoma",
    "ESCA": "oesophageal adenocarcinoma",
    "ESCC": "oesophageal squamous cell carcinoma",
    "GB": "glioblastoma",
    "GBC": "gallbladder cancer",
    "GBM": "glioblastoma multiforme",
    "GIST": "gastrointestinal stromal tumour",
    "HCC": "hepatocellular carcinoma",
    "HGSOC": "high-grade serous ovarian cancer",
    "HNSC": "head and neck squamous cell carcinoma",
    "LGSOC": "low-grade serous ovarian cancer",
    "LUAD": "lung adenocarcinoma",
    "LUSC": "lung squamous cell carcinoma",
    "MBL": "medulloblastoma",
    "MEL": "melanoma",
    "NSCLC": "non-small cell lung cancer",
    "OVT": "ovarian epithelial tumour",
    "PAAD": "pancreatic adenocarcinoma",
    "PAST": "pilocytic astrocytoma",
    "PRAD": "prostate adenocarcinoma",
    "READ": "rectal adenocarcinoma",
    "RCC": "renal cell carcinoma",
    "SACA": "salivary carcinoma",
    "SARCNOS": "sarcoma, not otherwise specified",
    "SBC": "small bowel cancer",
    "SCLC": "small cell lung cancer",
    "SKCM": "cutaneous melanoma",
    "STAD": "stomach adenocarcinoma",
    "THAP": "anaplastic thyroid cancer",
    "THME": "medullary thyroid cancer",
    "THPA": "papillary thyroid cancer",
    "UCEC": "endometrial carcinoma",
    "UCS": "uterine carcinosarcoma",
    "UCU": "urethral urothelial carcinoma",
    "UM": "uveal melanoma",
    "UTUC": "upper tract urothelial carcinoma",
}


def codes_of(tumour: Json) -> tuple[str, ...]:
    """The OncoTree codes of a cohort's tumour; `ANY` alone where it takes any."""
    codes = tumour.get("oncotree") if isinstance(tumour, dict) else None
    return tuple(map(str, codes)) if isinstance(codes, list) else (ANY,)


def name_of(code: str) -> str:
    return "any tumour" if code == ANY else TUMOURS.get(code, code)
