"""The response scales: what each calls one assessment as a whole, best first, and what kind of finding that is.

The spelling is that of CDISC where CDISC has one:

    recist-1.1    Eisenhauer et al., Eur J Cancer 2009, 45:228. NON-CR/NON-PD: no target lesions, and neither of the two
    irecist       Seymour et al., Lancet Oncol 2017, 18:e143, table 2. Its own codes have the prefix; sources also write
                  those of RECIST 1.1 for what comes before a first progression. iUPD is no progression yet; iCPD
                  confirms it
    rano          Wen et al., J Clin Oncol 2010, 28:1963
    lugano        Cheson et al., J Clin Oncol 2014, 32:3059. By PET-CT (metabolic) or by CT alone; NMR, no metabolic
                  response, is its stable disease by PET-CT
    pcwg3         Scher et al., J Clin Oncol 2016, 34:1402. Soft tissue and bone together; PDu: new lesions on a first
                  bone scan, which the next must confirm
    gcig-ca125    Rustin et al., Int J Gynecol Cancer 2011, 21:419. RECIST 1.1 and CA-125 together
    imwg          Kumar et al., Lancet Oncol 2016, 17:e328. VGPR is more than a partial response, and in the response
                  rate; MR, minimal response, is less than one and not in it: here it counts as stable

NE, not evaluable, is neither success nor failure on any of them.
"""

from collections.abc import Mapping
from typing import Literal, get_args

from ledger.errors import MalformedError

Criteria = Literal["gcig-ca125", "imwg", "irecist", "lugano", "pcwg3", "rano", "recist-1.1"]
# best first, but for the last: it is no finding at all
Kind = Literal["complete", "partial", "stable", "unconfirmed-progression", "progression", "not-evaluable"]

_RECIST: Mapping[str, Kind] = {
    "CR": "complete",
    "PR": "partial",
    "SD": "stable",
    "PD": "progression",
    "NE": "not-evaluable",
}
# scale -> its codes, best first -> the kind of each
_SCALES: Mapping[str, Mapping[str, Kind]] = {
    "recist-1.1": {
        "CR": "complete",
        "PR": "partial",
        "SD": "stable",
        "NON-CR/NON-PD": "stable",
        "PD": "progression",
        "NE": "not-evaluable",
    },
    "irecist": {
        "CR": "complete",
        "iCR": "complete",
        "PR": "partial",
        "iPR": "partial",
        "SD": "stable",
        "iSD": "stable",
        "NON-CR/NON-PD": "stable",
        "NON-iCR/NON-iUPD": "stable",
        "iUPD": "unconfirmed-progression",
        "PD": "progression",
        "iCPD": "progression",
        "NE": "not-evaluable",
    },
    "rano": _RECIST,
    "lugano": {
        "CMR": "complete",
        "CR": "complete",
        "PMR": "partial",
        "PR": "partial",
        "NMR": "stable",
        "SD": "stable",
        "PMD": "progression",
        "PD": "progression",
        "NE": "not-evaluable",
    },
    "pcwg3": {
        "CR": "complete",
        "PR": "partial",
        "SD": "stable",
        "NON-CR/NON-PD": "stable",
        "PDu": "unconfirmed-progression",
        "PD": "progression",
        "NE": "not-evaluable",
    },
    "gcig-ca125": _RECIST,
    "imwg": {
        "sCR": "complete",
        "CR": "complete",
        "VGPR": "partial",
        "PR": "partial",
        "MR": "stable",
        "SD": "stable",
        "PD": "progression",
        "NE": "not-evaluable",
    },
}
RESPONSE_CODES: Mapping[str, frozenset[str]] = {criteria: frozenset(codes) for criteria, codes in _SCALES.items()}

# A response that is not confirmed was no worse than stable disease, which these would have called in their own way.
_STABLE_INSTEAD: Mapping[str, str] = {"iCR": "iSD", "iPR": "iSD", "CMR": "NMR", "PMR": "NMR"}


def kind_of(criteria: Criteria, code: str) -> Kind:
    """Say what kind of finding a code is. Raises MalformedError for a code that is none of its scale's."""
    kind = _SCALES[criteria].get(code)
    if kind is None:
        raise MalformedError(f"the response is no code of {criteria}; its codes are {', '.join(_SCALES[criteria])}")
    return kind


def is_response(criteria: Criteria, code: str) -> bool:
    """Say whether a code is an objective response: complete or partial. Raises MalformedError as kind_of does."""
    return kind_of(criteria, code) in {"complete", "partial"}


def rank(criteria: Criteria, code: str) -> tuple[int, int, str]:
    """Where a code stands among all of all scales, smallest best: by its kind, then by its place in its own scale.

    Two scales do not tell which of their partial responses is the better; their names then do, so that there is one
    order. Raises MalformedError as kind_of does.
    """
    return get_args(Kind).index(kind_of(criteria, code)), list(_SCALES[criteria]).index(code), criteria


def stable_instead(code: str) -> str:
    """What the scale calls stable disease where it calls this a response: what an unconfirmed response counts as."""
    return _STABLE_INSTEAD.get(code, "SD")
