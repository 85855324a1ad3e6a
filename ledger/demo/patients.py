"""Synthetic patients: nobody's data, drawn from a seed, with the tumour and the profile that a cohort asks for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from random import Random  # noqa: TID251 - synthetic patients are drawn from a seed, on purpose
from uuid import UUID

from ledger.demo.catalogue import TUMOURS, Marker
from ledger.demo.history import Told
from ledger.signing.canonical import Json

_BYSTANDERS = (
    ("TP53", "p.Arg273His", "missense"),
    ("KRAS", "p.Gly12Asp", "missense"),
    ("PIK3CA", "p.His1047Arg", "missense"),
    ("ARID1A", "p.Arg1989Ter", "loss-of-function"),
    ("APC", "p.Arg1450Ter", "loss-of-function"),
    ("PTEN", "p.Arg130Gln", "missense"),
)
_ASSAYS = ("wgs", "wgs", "wes", "panel", "panel", "panel")


@dataclass(frozen=True, slots=True)
class Patient:
    """case: a random handle. target: what may be treated, in words. shared: sealed values, in a profile as in an
    enrolment.
    """

    node: str
    case: str
    target: str | None
    shared: Mapping[str, Json]
    icd10: str
    tmb_per_10mb: int
    msi: str

    def submitted(self, on: date) -> Told:
        return self.tells(on, "case.submitted", on=on.isoformat())

    def profiled(self, chance: Random, on: date) -> Told:
        sealed: dict[str, Json] = {"icd10": self.icd10, "tmb_per_10mb": self.tmb_per_10mb, "msi": self.msi}
        assay = chance.choice(_ASSAYS)
        return self.tells(on, "case.profiled", on=on.isoformat(), assay=assay, **self.shared, **sealed)

    def prescreened(self, on: date) -> Told:
        target: dict[str, Json] = {"potential_target": False}
        if self.target is not None:
            target = {"potential_target": True, "targets": [self.target]}
        return self.tells(on, "case.prescreened", on=on.isoformat(), **target)

    def tells(self, day: date, event_type: str, /, **data: Json) -> Told:
        """Something of this patient, said by its node."""
        return Told(day, self.node, event_type, {"case": self.case, **data})


def draw_patient(chance: Random, node: str, year: int, *, tumour: str = "", marker: Marker | None = None) -> Patient:
    """year: of the first contact. tumour: an OncoTree code, drawn where it does not matter."""
    code = tumour or chance.choice(sorted(TUMOURS))
    kind = TUMOURS[code]
    return Patient(
        node=node,
        case=str(UUID(int=chance.getrandbits(128), version=4)),
        target=marker.label if marker else None,
        shared={
            "sex": kind.sex or chance.choice(("female", "male")),
            "birth_year": year - min(88, max(19, round(chance.gauss(60, 12)))),
            "oncotree": code,
            "variants": _variants(chance, marker),
            "prior_lines": chance.choice((1, 1, 2, 2, 2, 3, 3, 4, 5)),
        },
        icd10=kind.icd10,
        tmb_per_10mb=(marker.tmb_from if marker and marker.tmb_from else 0) + chance.randint(5, 90),
        msi="msi-high" if marker and marker.msi_high else "mss",
    )


def _variants(chance: Random, marker: Marker | None) -> list[Json]:
    found: list[Json] = []
    if marker and marker.gene and marker.kind != "wild-type":
        found.append(_variant(chance, marker.gene, chance.choice(marker.hgvs) if marker.hgvs else None, marker.kind))
    for gene, hgvs, kind in chance.sample(_BYSTANDERS, chance.randint(0, 2)):
        found.append(_variant(chance, gene, hgvs, kind))
    return found


def _variant(chance: Random, gene: str, hgvs: str | None, kind: str | None) -> dict[str, Json]:
    variant: dict[str, Json] = {"gene": gene, "class": kind}
    return variant | ({"hgvs": hgvs, "vaf_percent": chance.randint(5, 70)} if hgvs else {})
