"""Patients of a cohort with all that becomes of them, and a recount of it from what their nodes said, word for word."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import amended
from given import (
    CLAIM,
    COHORT,
    DEFINITION,
    DRUP,
    FOUNDERS,
    PROTARGET,
    WEEK_16,
    Alliance,
    Data,
    case,
    founded,
    opened,
    patient,
)
from stages import decision, last

from ledger.clinical.benefit import Endpoint, determine
from ledger.clinical.course import Assessment, Course
from ledger.cohort.erasing import erased_entries
from ledger.cohort.reveal import Revealed
from ledger.cohort.snapshot import Snapshot, current, of_versions

EIGHT_AND_24: dict[str, Any] = {
    "kind": "two-stage", "n1": 8, "r1": 0, "n": 24, "r": 4, "p0_percent": 10, "p1_percent": 30,
}  # fmt: skip
Scan = tuple[int | None, str]
RESPONDS: tuple[Scan, ...] = ((57, "PR"), (113, "PR"))
IS_STABLE: tuple[Scan, ...] = ((57, "SD"), (113, "SD"))
PROGRESSES: tuple[Scan, ...] = ((57, "PD"),)


def opened_under(*nodes: str, accrual: str = "pooled", design: Data = EIGHT_AND_24, **changes: Any) -> Alliance:
    """The cohort is open at these nodes, under an endpoint that differs in this."""
    alliance = founded()
    alliance.adopts("small", "design", design)
    alliance.adopts("week-16", "endpoint", WEEK_16 | changes)
    alliance.runs_trial(*nodes)
    alliance.supplies(*nodes)
    alliance.says(DRUP, "cohort.defined", {**DEFINITION, "accrual": accrual})
    alliance.opens(*nodes)
    return alliance


def snapshot_of(alliance: Alliance) -> Snapshot:
    database = alliance.database
    return of_versions(current(database), database.events, size=database.size)


def revealed(alliance: Alliance, *, is_open: bool = True) -> Revealed:
    """What a hub knows: all that was disclosed and is not erased; nothing of it where it is not open."""
    gone = erased_entries(alliance.database)
    values = {
        each.digest: each.value
        for index, heard in enumerate(alliance.heard)
        if is_open and index not in gone
        for each in heard.envelope.disclosures
    }
    return Revealed(snapshot_of(alliance), values)


def assess(alliance: Alliance, node: str, handle: str, scans: Iterable[Scan], *, cohort: str = COHORT) -> None:
    for day, response in scans:
        alliance.says(node, "response.assessed", patient(handle, cohort) | scan(day, response))


def scan(day: int | None, response: str | None, **more: Any) -> dict[str, Any]:
    return {
        "day": day, "criteria": "recist-1.1", "response": response, "evaluator": "investigator",
        "target_sum_mm": None, "new_lesions": None, "baseline": None, **more,
    }  # fmt: skip


def claims(alliance: Alliance, node: str, handle: str, benefit: str, *, cohort: str = COHORT) -> Any:
    return alliance.says(node, "outcome.determined", patient(handle, cohort) | claim(benefit))


def claim(benefit: str) -> dict[str, Any]:
    return CLAIM | {"benefit": benefit, "best_response": None, "basis": None}


def toxic(alliance: Alliance, node: str, handle: str, term: str, **more: Any) -> None:
    told: dict[str, Any] = {
        "day": 20, "term": term, "ctcae_grade": 3, "severity": None, "serious": False, "related": None, "outcome": None,
    } | more  # fmt: skip
    alliance.says(node, "adverse_event.reported", patient(handle) | told)


def dies(alliance: Alliance, node: str, handle: str, day: int | None) -> None:
    alliance.says(node, "survival.updated", patient(handle) | {"day": day, "status": "dead", "cause": None})


def lives(alliance: Alliance, node: str, handle: str, day: int | None) -> None:
    alliance.says(node, "survival.updated", patient(handle) | {"day": day, "status": "alive", "cause": None})


@dataclass(frozen=True)
class Fate:
    """One patient who is treated. benefit: as the node claims, None where it claims nothing."""

    node: str
    scans: tuple[Scan, ...]
    benefit: str | None
    evaluable: bool | None = True
    stage: int = 1


BENEFITS = Fate(DRUP, RESPONDS, "yes")


def tell(alliance: Alliance, fates: Mapping[int, Fate]) -> None:
    """By the numbers of their cases."""
    for number, fate in fates.items():
        alliance.treats(fate.node, case(number), stage=fate.stage)
        if fate.evaluable is not None:
            alliance.finds(fate.node, case(number), evaluable=fate.evaluable)
        assess(alliance, fate.node, case(number), fate.scans)
        if fate.benefit is not None:
            claims(alliance, fate.node, case(number), fate.benefit)


def to_the_end() -> Alliance:
    """A cohort of two nodes through both looks of the small design and into stage 3, with every kind of patient.

    1 and 2 are looked at in stage 1; 3 is not evaluable, 4 was claimed not to benefit, which is corrected, 5 is
    released, 6 is the last of the design, 7 and 8 are treated in stage 3; 9 is allocated there.
    """
    alliance = opened(DRUP, PROTARGET)
    tell(alliance, {1: Fate(DRUP, RESPONDS, "yes"), 2: Fate(PROTARGET, PROGRESSES, "no")})
    first = [(DRUP, case(1)), (PROTARGET, case(2))]
    alliance.says(DRUP, "cohort.stage_decided", decision(first, decision="expand", data_cut=last(alliance)))
    tell(alliance, {3: Fate(DRUP, (), "not-evaluable", evaluable=False, stage=2)})
    tell(alliance, {4: Fate(DRUP, IS_STABLE, None, stage=2)})
    amended.corrects(alliance, claims(alliance, DRUP, case(4), "no"), **patient(case(4)), **claim("yes"))
    alliance.allocates(PROTARGET, case(5))
    released: Data = patient(case(5)) | {"on": "2021-12-03", "reason_code": "choice", "reason": None}
    alliance.says(PROTARGET, "case.released", released)
    tell(alliance, {6: Fate(PROTARGET, PROGRESSES, "no", stage=2)})
    four = [*first, (DRUP, case(4)), (PROTARGET, case(6))]
    alliance.says(DRUP, "case.submitted", {"case": case(10), "on": "2021-12-20"})  # of no cohort: the data cut
    decided = decision(four, decision="stage-3", stage=2, benefits=2, data_cut=last(alliance))
    alliance.says(DRUP, "cohort.stage_decided", decided)
    tell(alliance, {7: Fate(DRUP, RESPONDS, "yes", stage=3), 8: Fate(PROTARGET, PROGRESSES, "no", stage=3)})
    alliance.allocates(DRUP, case(9))
    alliance.says(DRUP, "consent.withdrawn", {"case": case(4), "on": "2022-01-03", "scope": "follow-up"})
    return alliance


def erase(alliance: Alliance, node: str, number: int) -> None:
    alliance.says(node, "disclosures.erased", {"case": case(number), "basis": "consent"})


# ---------------------------------------------------------------------- recounted


@dataclass
class Raw:
    """All that was said of a case, as it stands. scans: None where any of it is erased."""

    node: str
    allocated: bool = False
    released: bool = False
    stage: int | None = None
    evaluable: bool | None = None
    claim: str = "unclaimed"
    scans: dict[str, dict[str, Any] | None] = field(default_factory=dict)

    @property
    def country(self) -> str:
        return FOUNDERS[self.node][1]

    def computed(self, endpoint: Endpoint) -> str:
        if None in self.scans.values():
            return "shut"
        read = [
            Assessment(*(each[name] for name in ("day", "criteria", "response", "evaluator"))) for each in self._scans
        ]
        return determine(Course(tuple(read)), endpoint).benefit

    @property
    def _scans(self) -> Iterator[dict[str, Any]]:
        return (each for each in self.scans.values() if each is not None)


def retold(alliance: Alliance, cohort: str = COHORT) -> dict[str, Raw]:
    """Case -> what was said of it, read from the envelopes one after the other, by nothing of the ledger's own."""
    said: dict[str, tuple[str, str, dict[str, Any]]] = {}
    erased: set[Any] = set()
    for heard in alliance.heard:
        told = heard.envelope.claims
        values = {each.digest: each.value for each in heard.envelope.disclosures}
        opened_ = {name.split(".")[-1]: values[digest] for name, digest in heard.envelope.commitments.items()}
        data: dict[str, Any] = {**told.data, **opened_}
        if told.type == "disclosures.erased":
            erased.add(data["case"])
        elif told.type == "event.corrected":
            node, type_, _ = said[data["event"]]
            said[data["event"]] = node, type_, {**data["replacement"], **opened_}
        else:
            said[told.event_id] = told.node, told.type, data
    found: dict[str, Raw] = {}
    for event_id, (node, type_, data) in said.items():
        if data.get("cohort") == cohort and "case" in data:
            _read(found.setdefault(data["case"], Raw(node)), type_, data, event_id, gone=data["case"] in erased)
    return found


def _read(raw: Raw, type_: str, data: dict[str, Any], event_id: str, *, gone: bool) -> None:
    match type_:
        case "case.allocated":
            raw.allocated = True
        case "case.released":
            raw.released = True
        case "treatment.started":
            raw.stage = data["stage"]
        case "evaluability.determined":
            raw.evaluable = data["evaluable"]
        case "outcome.determined":
            raw.claim = "shut" if gone else data["benefit"]
        case "response.assessed":
            raw.scans[event_id] = None if gone else data


def recount(raws: Iterable[Raw], endpoint: Endpoint) -> tuple[Counter[str], Counter[str]]:
    """Claimed and computed answers."""
    found = list(raws)
    return Counter(raw.claim for raw in found), Counter(raw.computed(endpoint) for raw in found)
