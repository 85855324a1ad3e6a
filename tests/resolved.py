"""What members agree on about each other: a key to replace, a member to remove, a decision off the design."""

from collections.abc import Sequence

from given import COHORT, DRUP, FOUNDERS, ORIGIN, Alliance, Data, proven, resolution, signing_key

from ledger.cohort.database import Taken
from ledger.signing.canonical import Json
from ledger.signing.note import ED25519, Verifier


def replacement(alliance: Alliance, node: str = DRUP, **more: int | bool) -> dict[str, Json]:
    """A key for a member that has lost its own: the one that `Alliance.key` gives once it is in force."""
    return {"node": node, **proven(alliance.key(node, later=1), node), **more}


def removal(node: str = DRUP) -> dict[str, Json]:
    return {"node": node}


def log_key(name: str = "log 2") -> dict[str, Json]:
    return {"verifier": Verifier(ORIGIN, ED25519, signing_key(name).public.raw).text}


def off_design(*off: str, stage: int = 1, cohort: str = COHORT) -> dict[str, Json]:
    return {"cohort": cohort, "stage": stage, "off_design": [*off], "why": "the drug is withdrawn from the market"}


def agree(alliance: Alliance, slug: str, subject: str, content: Data, *, without: Sequence[str] = ()) -> Taken:
    """All members but these propose and endorse, until it is in force."""
    first, *others = [node for node in alliance.members if node not in without]
    taken = alliance.says(first, "resolution.proposed", resolution(slug, subject, content))
    for node in others:
        if "in_force_at" in (alliance.row("resolutions", slug) or {}):
            break
        taken = alliance.says(node, "resolution.endorsed", {"resolution": slug})
    return taken


def others(node: str = DRUP) -> list[str]:
    return [each for each in FOUNDERS if each != node]
