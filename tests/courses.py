"""Patients whose course is told with values: what an alliance's reports compute from, opened as a hub opens it."""

from collections.abc import Collection

from given import COHORT, DRUP, Alliance, case, patient

from ledger.cohort.database import Taken
from ledger.cohort.reveal import Revealed
from ledger.cohort.snapshot import Snapshot, current, of_versions

BENEFIT, NONE = (
    ((57, "PR"), (113, "PR")),
    ((57, "PD"),),
)  # whichever endpoint: a response that lasts; progression at once


def snapshot_of(alliance: Alliance) -> Snapshot:
    return of_versions(current(alliance.database), alliance.database.events, size=alliance.database.size)


def revealed(alliance: Alliance, *, shut: Collection[int] = ()) -> Revealed:
    """With all values open but those of these entries."""
    values = {
        each.digest: each.value
        for index, heard in enumerate(alliance.heard)
        if index not in shut
        for each in heard.envelope.disclosures
    }
    return Revealed(snapshot_of(alliance), values)


def follows(
    alliance: Alliance,
    number: int,
    *,
    node: str = DRUP,
    course: tuple[tuple[int, str], ...] = BENEFIT,
    claim: str | None = "yes",
    cohort: str = COHORT,
) -> Taken | None:
    """What is assessed of a treated patient, and what the node claims of it; returns the claim."""
    told = patient(case(number), cohort)
    for day, response in course:
        alliance.says(
            node,
            "response.assessed",
            {**told, "day": day, "criteria": "recist-1.1", "response": response, "evaluator": "investigator"},
        )
    if claim is None:
        return None
    said = {"benefit": claim, "best_response": None, "basis": "as the assessments have it"}
    return alliance.says(node, "outcome.determined", {**told, **said})
