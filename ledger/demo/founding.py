"""What was stated and is told as such: the memorandum, the trials, their openings and their census, word for word.

The resolutions are the exception. That study designs and endpoints are harmonised was agreed; which ones is made up
here, after DRUP's published monitoring plan and the endpoints that the trials published.
"""

from collections.abc import Iterator, Mapping

from ledger.cohort.memorandum import Memorandum
from ledger.demo.catalogue import DESIGN, DRUP, IMPRESS
from ledger.demo.facts import Facts, NodeFacts
from ledger.demo.history import Told
from ledger.names import When
from ledger.signing import canonical
from ledger.signing.canonical import Json
from ledger.signing.keys import PublicKey
from ledger.signing.note import Verifier

_ENDPOINT: Mapping[str, Json] = {
    "kind": "benefit",
    "min_stable_days": 112,
    "window_days": [-7, 14],
    "evaluator": "investigator",
    "denominator": "evaluable",
    "missing": "not-evaluable",
}
# slug -> who proposes it, its subject and its content
_RESOLUTIONS: Mapping[str, tuple[str, str, Mapping[str, Json]]] = {
    DESIGN: (
        DRUP,
        "design",
        {"kind": "two-stage", "n1": 8, "r1": 0, "n": 24, "r": 4, "p0_percent": 10, "p1_percent": 30},
    ),
    "benefit-drup": (
        DRUP,
        "endpoint",
        {**_ENDPOINT, "criteria": ["pcwg3", "rano", "recist-1.1"], "confirm_days": 28, "at_week_16_only": False},
    ),
    "benefit-nordic": (
        IMPRESS,
        "endpoint",
        {**_ENDPOINT, "criteria": ["pcwg3", "rano", "recist-1.1"], "confirm_days": 0, "at_week_16_only": True},
    ),
}


def memorandum(facts: Facts, keys: Mapping[str, PublicKey], log_key: Verifier) -> Memorandum:
    """The alliance's founding document, for a log of this key and the members' first keys, by node."""
    return Memorandum.of(
        {
            "v": 1,
            "name": facts.alliance.name,
            "origin": log_key.name,
            "log_key": log_key.text,
            "signed": facts.alliance.memorandum_signed,
            "members": [
                {
                    "node": each.node,
                    "trial": each.name,
                    "country": each.country,
                    "key": dict(keys[each.node].jwk),
                    "opens_in_parallel": each.node in facts.alliance.policies.opened_in_parallel_by,
                }
                for each in facts.nodes
            ],
            "quorum": {"kind": "majority"},
            "commitments": list(facts.alliance.commitments),
        }
    )


def founding(facts: Facts, founded: Memorandum) -> Iterator[Told]:
    """Every founder signs; the designs and endpoints are adopted; every trial is registered."""
    signed = When.parse(facts.alliance.memorandum_signed)
    for each in facts.nodes:
        document: Json = canonical.load(founded.text)
        yield Told(
            signed.last, each.node, "memorandum.signed", {"memorandum": document, "on": signed.text}, synthetic=False
        )
    for slug, (proposer, subject, content) in _RESOLUTIONS.items():
        proposed: dict[str, Json] = {"resolution": slug, "subject": subject, "content": dict(content)}
        yield Told(signed.last, proposer, "resolution.proposed", proposed)
        others = [each.node for each in facts.nodes if each.node != proposer]
        for node in others[: founded.votes_needed(len(facts.nodes)) - 1]:
            yield Told(signed.last, node, "resolution.endorsed", {"resolution": slug})
    for each in facts.nodes:
        trial: dict[str, Json] = {"registries": {**each.registries}, "aliases": [*each.aliases]}
        yield Told(
            signed.last,
            each.node,
            "trial.registered",
            {"name": each.name, "country": each.country, **trial},
            synthetic=False,
        )


def trial_openings(facts: Facts) -> Iterator[Told]:
    for each in facts.nodes:
        if each.opened is not None:
            source = f"“{each.opened.quote}” ({facts.source})"
            day = When.parse(each.opened.on).last
            yield Told(day, each.node, "trial.opened", {"on": each.opened.on, "source": source}, synthetic=False)


def census(facts: Facts) -> Iterator[Told]:
    """What every trial stated, node by node."""
    for node in facts.nodes:
        for data in _attestations(node, facts.as_of):
            yield Told(When.parse(facts.as_of).last, node.node, "census.attested", data, synthetic=False)


def _attestations(node: NodeFacts, as_of: str) -> Iterator[dict[str, Json]]:
    for each in node.census:
        stated = each.model_dump(exclude={"note"}, exclude_none=True)
        yield {**stated, "as_of": as_of}
