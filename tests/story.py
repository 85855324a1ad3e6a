"""The shortest history in which every kind of event happens: what a type's schema and its golden file are tried on.

A new type gets its sentence at the end, never in between: golden files are of this history, and are only ever added.
"""

from collections.abc import Iterable
from typing import NamedTuple

from given import (
    ASSESSMENT,
    CLAIM,
    COHORT,
    DEATH,
    DEFINITION,
    DOSES,
    DRUGS,
    DRUP,
    ENROLMENT,
    LONG_AGO,
    PROFILE,
    PROTARGET,
    SMALL,
    TOXICITY,
    WEEK_16,
    Alliance,
    Data,
    case,
    memorandum_of,
    patient,
    proven,
    resolution,
    signing_key,
    trial_of,
)
from granting import grant
from resolved import log_key, off_design, removal

FOUNDERS = (DRUP, PROTARGET)


class Sentence(NamedTuple):
    node: str
    type: str
    data: Data


def _signs(node: str) -> Sentence:
    return Sentence(node, "memorandum.signed", {"memorandum": memorandum_of(*FOUNDERS), "on": "2021-11-11/2021-11-16"})


def _drup(type_: str, **data: object) -> Sentence:
    return Sentence(DRUP, type_, data)  # type: ignore[arg-type]  # keywords lose the type of what JSON is made of


CASE = patient(case(1))
RETURNED = patient(case(2))
ASSESSED, REPORTED_TWICE = "#20", "#39"  # indexes of what turns out to be wrong
ONE_EACH = SMALL | {"n1": 1, "n": 2}  # so that one patient decides a stage

_TOLD: tuple[Sentence, ...] = (
    _signs(DRUP),
    _signs(PROTARGET),
    _drup("resolution.proposed", **resolution("small", "design", ONE_EACH)),
    Sentence(PROTARGET, "resolution.endorsed", {"resolution": "small"}),
    _drup("resolution.proposed", **resolution("week-16", "endpoint", WEEK_16)),
    Sentence(PROTARGET, "resolution.endorsed", {"resolution": "week-16"}),
    _drup("trial.registered", **trial_of(DRUP)),
    _drup("trial.opened", on="2016-Q3", source="opened for inclusion in Q3 2016"),
    _drup("supply.committed", regimen=DRUGS, company="Example Pharma", atc="L01EC02", by="2021-Q2"),
    _drup("supply.available", regimen=DRUGS, on=LONG_AGO),
    _drup("cohort.defined", **DEFINITION),
    _drup("cohort.opened", cohort=COHORT, on="2021-06"),
    _drup("cohort.suspended", cohort=COHORT, on="2021-07-01", reason_code="safety", reason="a signal to look into"),
    _drup("cohort.resumed", cohort=COHORT, on="2021-08-01", reason_code="safety", reason=None),
    _drup("case.submitted", case=case(1), on="2021-11-20"),
    _drup("case.profiled", case=case(1), on="2021-11-22", **PROFILE),
    _drup("case.prescreened", case=case(1), on="2021-11-23", potential_target=True, targets=["BRAF V600E"]),
    _drup("case.allocated", **CASE, on="2021-12-01"),
    _drup("patient.enrolled", **CASE, on="2021-12-02", **ENROLMENT),
    _drup("treatment.started", **CASE, on="2021-12-03", stage=1, **DOSES),
    _drup("response.assessed", **CASE, **ASSESSMENT),
    _drup("adverse_event.reported", **CASE, **TOXICITY),
    _drup("survival.updated", **CASE, **DEATH),
    _drup("outcome.determined", **CASE, **CLAIM),
    _drup("evaluability.determined", **CASE, evaluable=True, rule="one-cycle-and-a-scan"),
    _drup("treatment.ended", **CASE, day=120, reason="progression"),
    _drup(
        "cohort.stage_decided",
        cohort=COHORT,
        stage=1,
        evaluable=[{"node": DRUP, "case": case(1)}],
        benefits=1,
        decision="expand",
        data_cut=25,
    ),
    _drup("case.submitted", case=case(2), on="2021-12-06"),
    _drup("case.allocated", **RETURNED, on="2021-12-07"),
    _drup("case.released", **RETURNED, on="2021-12-08", reason_code="ineligible", reason="a second tumour was found"),
    _drup("consent.withdrawn", case=case(2), on="2021-12-09", scope="sharing"),
    _drup(
        "census.attested",
        metric="cases_submitted",
        kind="count",
        operator="ge",
        value=2,
        as_of="2021-12",
        by="2022",
        quote="two and counting",
    ),
    _drup("cohort.closed", cohort=COHORT, on="2021-12-19", reason_code="other", scope="here", reason="done here"),
    _drup("cohort.closed", cohort=COHORT, on="2021-12-20", reason_code="other", scope="everywhere", reason="done"),
    _drup("supply.withdrawn", regimen=DRUGS, on="2021-12-21", reason_code="stopped", reason="no longer made"),
    _drup("trial.closed", on="2021-12-22", reason_code="completed", source=None, reason="all have been followed up"),
    _drup("access.granted", **grant("partner", role="industry", regimens=[DRUGS])),
    _drup("access.revoked", grant="#36", reason_code="purpose-met", reason="the analysis was published"),
    _drup(
        "event.corrected",
        event=ASSESSED,
        reason_code="typing-error",
        reason="the scan was read again",
        replacement={**CASE, **ASSESSMENT, "response": "SD", "target_sum_mm": 44},
    ),
    _drup("adverse_event.reported", **CASE, **TOXICITY),
    _drup("event.retracted", event=REPORTED_TWICE, reason_code="wrong-patient", reason="it was another patient's"),
)
_ERASED = _drup("disclosures.erased", case=case(2), basis="consent")


def _rotation(node: str, told: Iterable[Sentence]) -> Sentence:
    """A proof is of its place in the stream. told: the story up to the node's last sentence, at least."""
    alliance = Alliance(FOUNDERS)
    for sentence in told:
        alliance.says(*sentence)
    return Sentence(node, "key.rotated", alliance.rotation(node))


_RESOLVED: tuple[Sentence, ...] = (
    _drup(
        "resolution.proposed",
        **resolution(
            "new-key",
            "key-replacement",
            {
                "node": PROTARGET,
                **proven(signing_key(f"{PROTARGET} 3"), PROTARGET),
                "compromised_since": 5,
                "grants_void": True,
            },
        ),
    ),
    _drup("resolution.proposed", **resolution("few-came", "decision", off_design("cases", "decision"))),
    _drup("resolution.proposed", **resolution("next-log-key", "log-key", log_key())),
    _drup("resolution.proposed", **resolution("farewell", "removal", removal(PROTARGET))),
)

STORY: tuple[Sentence, ...] = (*_TOLD, _rotation(PROTARGET, _TOLD[:6]), *_RESOLVED, _ERASED)


def first_of(type_: str) -> Sentence:
    return next(sentence for sentence in STORY if sentence.type == type_)


def before(sentence: Sentence) -> Alliance:
    """An alliance that has heard the story up to this sentence."""
    alliance = Alliance(FOUNDERS)
    for earlier in STORY[: STORY.index(sentence)]:
        alliance.says(*earlier)
    return alliance
