"""Protein changes as tables of mutations have them: `p.Val600Glu` is `p.V600E` there."""

import re
from typing import NamedTuple

_LETTERS = dict(
    zip(
        "Ala Arg Asn Asp Cys Gln Glu Gly His Ile Leu Lys Met Phe Pro Ser Thr Trp Tyr Val Sec Ter".split(),  # noqa: SIM905 - a table
        "ARNDCQEGHILKMFPSTWYVU*",
        strict=True,
    )
)
_CHANGE = re.compile(r"(?:[A-Za-z0-9_.]+:)?p\.\(?([A-Za-z0-9_*=>]{2,80})\)?")
_THREE = re.compile("|".join(_LETTERS))
_KINDS = (  # what a change looks like in one letter an amino acid, and how the mutation annotation format calls it
    (re.compile(r"[A-Z][0-9]+="), "Silent"),
    (re.compile(r"M1[A-Z]"), "Translation_Start_Site"),
    (re.compile(r"[A-Z][0-9]+\*"), "Nonsense_Mutation"),
    (re.compile(r"\*[0-9]+[A-Z].*"), "Nonstop_Mutation"),
    (re.compile(r"[A-Z][0-9]+[A-Z]"), "Missense_Mutation"),
    (re.compile(r"[A-Z][0-9]+(_[A-Z][0-9]+)?del"), "In_Frame_Del"),
    (re.compile(r"[A-Z][0-9]+(_[A-Z][0-9]+)?(ins[A-Z]+|dup)"), "In_Frame_Ins"),
)


class ProteinChange(NamedTuple):
    """short: HGVS with one letter an amino acid. kind: a Variant_Classification."""

    short: str
    kind: str


def protein_change(hgvs: str | None) -> ProteinChange | None:
    """None for what is no change of a protein. Of a frameshift no change tells whether it adds or takes away: that, and
    whatever is not among the kinds, is Unknown.
    """
    found = _CHANGE.fullmatch(hgvs or "")
    if found is None:
        return None
    short = _THREE.sub(lambda each: _LETTERS[each[0]], found[1])
    if re.search(r"[A-Z*][0-9]", short) is None:
        return None
    kind = next((kind for shape, kind in _KINDS if shape.fullmatch(short)), "Unknown")
    return ProteinChange(f"p.{short}", kind)
