"""An alliance whose patients are exported: of every kind of fact one that can be, and one that cannot."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import given
from given import (
    ASSESSMENT,
    CLAIM,
    COHORT,
    DEATH,
    DOSES,
    DRUP,
    ENROLMENT,
    PROFILE,
    PROTARGET,
    TOXICITY,
    Alliance,
    case,
    patient,
)

from ledger.cohort.erasing import erased_entries
from ledger.cohort.reveal import Revealed
from ledger.cohort.snapshot import current, of_versions
from ledger.exports.study import About, Part
from ledger.exports.tables import Provenance
from ledger.signing.canonical import Json

WIDE = given.SMALL | {"n1": 8, "n": 20}
FULL, PARTIAL, SUBMITTED, ERASED, HOSTILE, WITHDREW, PROFILED, MADE_UP, RETURNED = (
    case(number) for number in range(1, 10)
)
SECOND = "braf-second"
FORMULA = '=HYPERLINK("http://example.test")\tand a tab,\r\nand a line of its own that is longer than fifty characters'
SECRET = "SECRETTERM"
VARIANTS: list[Json] = [
    {"gene": "BRAF", "hgvs": "p.Val600Glu", "class": "missense", "vaf_percent": "12.5"},
    {"gene": "BRCA2", "hgvs": "p.Ser1982ArgfsTer22", "class": "loss-of-function", "vaf_percent": 30},
    {"gene": "NTRK1", "class": "fusion"},
]


def told() -> Alliance:
    """At two nodes nine people; see the names above for what is particular about each."""
    alliance = given.opened(DRUP, PROTARGET, design=WIDE)
    # everything, every date a day
    _treats(alliance, DRUP, FULL, on="2021-12-03", variants=VARIANTS)
    _says(alliance, DRUP, FULL, "response.assessed", **{**ASSESSMENT, "day": -5, "response": None, "baseline": True})
    _says(alliance, DRUP, FULL, "response.assessed", **ASSESSMENT)
    _says(alliance, DRUP, FULL, "response.assessed", **{**ASSESSMENT, "day": 113, "response": "PD"})
    _says(alliance, DRUP, FULL, "response.assessed", **{**ASSESSMENT, "day": None})
    irecist = {"criteria": "irecist", "evaluator": "central", "target_sum_mm": None, "new_lesions": None}
    _says(alliance, DRUP, FULL, "response.assessed", **{**ASSESSMENT, **irecist, "day": 60, "response": "iUPD"})
    _says(alliance, DRUP, FULL, "adverse_event.reported", **TOXICITY)
    mild = {"ctcae_grade": None, "severity": "mild", "related": None, "outcome": None, "term": "cough"}
    _says(alliance, DRUP, FULL, "adverse_event.reported", **{**TOXICITY, **mild, "day": 20})
    _says(alliance, DRUP, FULL, "adverse_event.reported", **{**TOXICITY, "day": None})
    _says(alliance, DRUP, FULL, "survival.updated", day=200, status="alive", cause=None)
    _says(alliance, DRUP, FULL, "survival.updated", **{**DEATH, "day": 390, "cause": "unknown"})
    _says(alliance, DRUP, FULL, "survival.updated", **DEATH)
    _says(alliance, DRUP, FULL, "outcome.determined", **CLAIM)
    _says(alliance, DRUP, FULL, "treatment.ended", day=120, reason="progression")
    # a treatment that began in a month
    _treats(alliance, PROTARGET, PARTIAL, on="2021-12", variants=[])
    _says(alliance, PROTARGET, PARTIAL, "response.assessed", **ASSESSMENT)
    _says(alliance, PROTARGET, PARTIAL, "adverse_event.reported", **TOXICITY)
    _says(alliance, PROTARGET, PARTIAL, "treatment.ended", day=None, reason="choice")
    _says(alliance, PROTARGET, PARTIAL, "survival.updated", **{**DEATH, "day": 70})
    # nothing but a handle
    alliance.says(DRUP, "case.submitted", {"case": SUBMITTED, "on": "2021-11-20"})
    # all that was said is erased
    _treats(alliance, DRUP, ERASED, on="2021-12-03", variants=[{"gene": SECRET, "class": "missense"}])
    _says(alliance, DRUP, ERASED, "adverse_event.reported", **{**TOXICITY, "term": SECRET})
    # what a cell, a line or a spreadsheet would trip over
    _treats(alliance, PROTARGET, HOSTILE, on="2021-12-05", variants=[{"gene": "@gene\tx\x1b", "class": "missense"}])
    _says(alliance, PROTARGET, HOSTILE, "adverse_event.reported", **{**TOXICITY, "term": FORMULA})
    # the ends of what was observed are told in the middle, one day is none, and an end comes before its start
    _says(alliance, PROTARGET, HOSTILE, "adverse_event.reported", **{**TOXICITY, "day": -400})
    for day in (300, 10, None):
        _says(alliance, PROTARGET, HOSTILE, "survival.updated", day=day, status="alive", cause=None)
    _says(alliance, PROTARGET, HOSTILE, "treatment.ended", day=-3, reason="other")
    # no more sharing
    _treats(alliance, DRUP, WITHDREW, on="2021-12-06", variants=[])
    alliance.says(DRUP, "consent.withdrawn", {"case": WITHDREW, "on": "2021-12-20", "scope": "sharing"})
    # no treatment, another sex, in a year only
    told = {**PROFILE, "sex": "other", "icd10": None, "tmb_per_10mb": None, "msi": None, "prior_lines": None}
    alliance.says(PROTARGET, "case.profiled", {"case": PROFILED, "on": "2021", **told})
    # came back for a second treatment, with another finding
    _treats(alliance, DRUP, RETURNED, on="2021-12-03", variants=VARIANTS[:1])
    _says(alliance, DRUP, RETURNED, "response.assessed", **ASSESSMENT)
    alliance.says(DRUP, "cohort.defined", {**given.DEFINITION, "cohort": SECOND})
    alliance.opens(DRUP, cohort=SECOND)
    _stays(alliance, DRUP, RETURNED, on="2021-12-30", variants=VARIANTS[1:2], cohort=SECOND)
    alliance.says(DRUP, "response.assessed", {**patient(RETURNED, SECOND), **ASSESSMENT, "response": "SD"})
    # made up
    alliance.says(DRUP, "case.profiled", {"case": MADE_UP, "on": "2021-11-22", "synthetic": True, **PROFILE})
    alliance.says(DRUP, "disclosures.erased", {"case": ERASED, "basis": "consent"})
    return alliance


def revealed(alliance: Alliance) -> Revealed:
    """All that is not erased, as the hub would open it."""
    database = alliance.database
    erased = erased_entries(database)
    values = {
        each.digest: each.value
        for index, heard in enumerate(alliance.heard)
        if index not in erased
        for each in heard.envelope.disclosures
    }
    return Revealed(of_versions(current(database), database.events, size=database.size), values)


def about(alliance: Alliance, *, part: Part = Part(), synthetic: bool = True) -> About:  # noqa: B008 - a tuple
    return About(
        log=Provenance(given.ORIGIN, alliance.database.size, "cm9vdA==", None, None, None, "it 1"),
        holder="Dutch-Nordic Alliance",
        memorandum="ab" * 32,
        until=datetime(2022, 1, 3, 9, tzinfo=UTC),
        made=datetime(2022, 2, 1, 12, tzinfo=UTC),
        part=part,
        synthetic=synthetic,
    )


def facts(alliance: Alliance, type_: str) -> Iterator[dict[str, Any]]:
    """What was said of this type, clear and sealed fields together, from the envelopes alone; erased ones are not."""
    erased = erased_entries(alliance.database)
    for index, heard in enumerate(alliance.heard):
        claims = heard.envelope.claims
        if claims.type == type_ and index not in erased:
            yield {**claims.data, **heard.envelope.opened(), "node": claims.node}


def date_of(started: str, day: int) -> date:
    """By counting, as a nurse would: day 1 is the first, and -1 the one before."""
    first = date.fromisoformat(started)
    return date.fromordinal(first.toordinal() + (day - 1 if day > 0 else day))


def _treats(alliance: Alliance, node: str, handle: str, *, on: str, variants: list[Json]) -> None:
    alliance.says(node, "case.submitted", {"case": handle, "on": "2021-11-20"})
    alliance.says(node, "case.profiled", {"case": handle, "on": "2021-11-22", **PROFILE, "variants": variants})
    _stays(alliance, node, handle, on=on, variants=variants, cohort=COHORT)


def _stays(alliance: Alliance, node: str, handle: str, *, on: str, variants: list[Json], cohort: str) -> None:
    of = patient(handle, cohort)
    alliance.says(node, "case.allocated", {**of, "on": "2021-12-01"})
    alliance.says(node, "patient.enrolled", {**of, "on": "2021-12-02", **ENROLMENT, "variants": variants})
    alliance.says(node, "treatment.started", {**of, "on": on, "stage": 1, **DOSES})


def _says(alliance: Alliance, node: str, handle: str, type_: str, **data: Json) -> None:
    alliance.says(node, type_, {**patient(handle, COHORT), **data})
