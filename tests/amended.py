"""What tests say of an event that was taken: that it was another way, or not so at all."""

from given import ASSESSMENT, DRUP, Alliance, case, patient, treated

from ledger.cohort.database import Taken
from ledger.signing.canonical import Json


def correction(taken: Taken, **replacement: Json) -> dict[str, Json]:
    return {**retraction(taken), "replacement": replacement}


def retraction(taken: Taken) -> dict[str, Json]:
    return {"event": taken.event.event_id, "reason_code": "typing-error", "reason": "read from the wrong line"}


def corrects(alliance: Alliance, taken: Taken, **replacement: Json) -> Taken:
    """The node that said it says it anew, whole."""
    return alliance.says(taken.event.node, "event.corrected", correction(taken, **replacement))


def retracts(alliance: Alliance, taken: Taken) -> Taken:
    return alliance.says(taken.event.node, "event.retracted", retraction(taken))


def last_of(alliance: Alliance, type_: str) -> Taken:
    """What took the last event of a type: its event is all that is asked of it."""
    event = next(each for each in reversed(alliance.database.events) if each.type == type_)
    return Taken(event, (), b"", None, b"")


def assessed() -> tuple[Alliance, Taken]:
    alliance = treated()
    return alliance, alliance.says(DRUP, "response.assessed", {**patient(case(1)), **ASSESSMENT})
