"""What tests are given: an alliance in memory whose nodes sign with keys of their own, and what they say by example.

Nothing is drawn: keys, salts, event ids and times follow from a count, so equal sentences give equal bytes. Nothing is
stored either: an envelope is verified and stepped into a `Database`, and a refusal must leave no trace in it.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import count
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from states import set_by as set_by  # noqa: PLC0414 - the kit is found in one place
from states import state_of as state_of  # noqa: PLC0414 - as above

from ledger.cohort.database import Database, Registered, Taken
from ledger.cohort.memorandum import Memorandum
from ledger.cohort.view import is_member
from ledger.errors import LedgerError, RuleError
from ledger.events.base import Recorded
from ledger.events.catalog import EVENT_TYPES
from ledger.node.drafts import Draft, seal_draft
from ledger.replay import key_of, step
from ledger.signing.canonical import Json, load
from ledger.signing.cosignature import Cosigner
from ledger.signing.envelope import Actor, Claims, Disclosure, Envelope, parse_jws, seal, sign, verify
from ledger.signing.keys import SigningKey
from ledger.signing.note import COSIGNATURE, ED25519, Verifier
from ledger.signing.possession import prove_possession

Data = Mapping[str, Json]

DRUP, PROTARGET, MEGALIT, IMPRESS, FINPROVE = "drup-nl", "protarget-dk", "megalit-se", "impress-no", "finprove-fi"
FOUNDERS: Mapping[str, tuple[str, str]] = {
    DRUP: ("DRUP", "NL"),
    PROTARGET: ("ProTarget", "DK"),
    MEGALIT: ("MEGALiT", "SE"),
    IMPRESS: ("IMPRESS-Norway", "NO"),
    FINPROVE: ("FINPROVE", "FI"),
}
NEWCOMER = "trial-is"  # of no founder
ORIGIN = "ledger.example/alliance"
LONG_AGO, START = "2021-01", datetime(2022, 1, 3, 9, tzinfo=UTC)
NO_EVENT = "017e1f2a-0000-7000-8000-ffffffffffff"
ACTOR = Actor("u1", "data-manager", "authored")

SMALL: dict[str, Json] = {
    "kind": "two-stage", "n1": 2, "r1": 0, "n": 4, "r": 1, "p0_percent": 10, "p1_percent": 30,
}  # fmt: skip
WEEK_16: dict[str, Json] = {
    "kind": "benefit", "criteria": ["rano", "recist-1.1"], "min_stable_days": 112, "window_days": [-14, 14],
    "confirm_days": 28, "at_week_16_only": False, "evaluator": "investigator", "denominator": "evaluable",
    "missing": "not-evaluable",
}  # fmt: skip
COHORT, REGIMEN = "braf-v600", "dabrafenib+trametinib"
DRUGS: list[Json] = ["dabrafenib", "trametinib"]
DEFINITION: dict[str, Json] = {
    "cohort": COHORT, "label": "BRAF V600, any tumour", "tumour": {"agnostic": True},
    "biomarker": {"label": "BRAF V600", "gene": "BRAF", "class": "missense"}, "regimen": DRUGS, "ages": {"from": 18},
    "line": "exhausted", "design": "small", "endpoint": "week-16", "accrual": "pooled",
}  # fmt: skip
VARIANTS: list[Json] = [{"gene": "BRAF", "hgvs": "p.Val600Glu", "class": "missense", "vaf_percent": "12.5"}]
PROFILE: dict[str, Json] = {
    "assay": "wgs", "sex": "female", "birth_year": 1961, "oncotree": "COAD", "icd10": "C18.9", "variants": VARIANTS,
    "tmb_per_10mb": 32, "msi": "mss", "prior_lines": 3,
}  # fmt: skip
ENROLMENT: dict[str, Json] = {
    "ecog": 1, "sex": "female", "birth_year": 1961, "oncotree": "COAD", "variants": VARIANTS, "prior_lines": 3,
    "consent_version": "2.1",
}  # fmt: skip
DOSES: dict[str, Json] = {"doses": [{"drug": "dabrafenib", "amount": 150, "unit": "mg", "schedule": "twice daily"}]}
ASSESSMENT: dict[str, Json] = {
    "day": 57, "criteria": "recist-1.1", "response": "PR", "evaluator": "investigator", "target_sum_mm": 31,
    "new_lesions": False, "baseline": None,
}  # fmt: skip
CLAIM: dict[str, Json] = {"benefit": "yes", "best_response": "PR", "basis": "partial response at week 8 and 16"}
TOXICITY: dict[str, Json] = {
    "day": 15, "term": "pyrexia", "ctcae_grade": 2, "severity": None, "serious": False, "related": True,
    "outcome": "recovered",
}  # fmt: skip
DEATH: dict[str, Json] = {"day": 401, "status": "dead", "cause": "disease"}


def case(number: int) -> str:
    """A case's handle."""
    return f"ca5e0000-0000-4000-8000-{number:012d}"


def signing_key(name: str) -> SigningKey:
    return SigningKey.from_seed(sha256(name.encode()).digest())


def cosigner(name: str, key: str | None = None) -> Cosigner:
    """A witness's. key: of whom, if not the witness's own."""
    return Cosigner(name, Ed25519PrivateKey.from_private_bytes(sha256((key or name).encode()).digest()))


def memorandum_of(*nodes: str, quorum: str | int = "majority") -> dict[str, Any]:
    """The founding document of these founders; the Nordic ones are bound to open in parallel."""
    members = [
        {
            "node": node,
            "trial": FOUNDERS[node][0],
            "country": FOUNDERS[node][1],
            "key": dict(signing_key(node).public.jwk),
            "opens_in_parallel": node != DRUP,
        }
        for node in nodes
    ]
    return {
        "v": 1,
        "name": "Dutch-Nordic Alliance",
        "origin": ORIGIN,
        "log_key": Verifier(ORIGIN, ED25519, signing_key("log").public.raw).text,
        "signed": "2021-11-11/2021-11-16",
        "members": members,
        "quorum": {"kind": quorum},
        "commitments": ["harmonise study designs", "define similar clinical endpoints", "share data"],
    }


@dataclass(frozen=True)
class Heard:
    """An envelope with all its disclosures, and when the hub received it."""

    envelope: Envelope
    received: datetime


class Alliance:
    """Nodes with their keys, and the database that what they said was folded into. Nobody has signed at first."""

    def __init__(self, founders: Iterable[str] = FOUNDERS, *, quorum: str | int = "majority") -> None:
        self.memorandum = Memorandum.of(memorandum_of(*founders, quorum=quorum))
        self.database = Database()
        self.heard: list[Heard] = []
        self.now = START
        self._drawn = count()

    # ------------------------------------------------------------------ what a node can do

    def says(self, node: str, type_: str, data: Data) -> Taken:
        """Draft, seal and sign as a node's program does, and take it.

        In what is said of an event, `#` and an index may stand for its id.
        """
        data = self._with_id(data)
        return self.takes(
            seal_draft(
                Draft(type_, data, of=self._corrected(data).type if type_ == "event.corrected" else None),
                node=node,
                head=self.database.streams.get(node),
                key=self.key(node),
                actor=ACTOR,
                event_id=self._event_id(),
                issued_at=self.now,
                salts=self._salts(),
            )
        )

    def takes(self, envelope: Envelope) -> Taken:
        """Verify an envelope and step it in; a minute passes."""
        entry = Recorded.of(envelope, index=self.database.size, received=self.now)
        verify(envelope, key_of(self.memorandum, self.database, entry.claims.node, entry.kid))
        taken = step(self.memorandum, self.database, entry)
        self.heard.append(Heard(envelope, self.now))
        self.now += timedelta(minutes=1)
        return taken

    def refuses(
        self, node: str, type_: str, data: Data, *, because: str, error: type[LedgerError] = RuleError, version: int = 1
    ) -> LedgerError:
        """A node whose program checks nothing says this, and the database is left exactly as it was."""
        data = self._with_id(data)
        sealed, disclosures = self._sealed(data, SEALED.get((type_, version), frozenset()))
        replacement = sealed.get("replacement")
        if isinstance(replacement, dict):
            names = SEALED.get((self._corrected(data).type, 1), frozenset())
            sealed["replacement"], more = self._sealed(replacement, names)
            disclosures = (*disclosures, *more)
        claims = self.claims(node, type_, sealed, version=version)
        return self.refuses_envelope(sign(claims, disclosures, self.key(node)), because=because, error=error)

    def refuses_envelope(
        self, envelope: Envelope, *, because: str, error: type[LedgerError] = RuleError
    ) -> LedgerError:
        before = state_of(self.database)

        with pytest.raises(error, match=re.escape(because)) as refusal:
            self.takes(envelope)

        assert state_of(self.database) == before
        return refusal.value

    def claims(self, node: str, type_: str, data: Data, *, version: int = 1) -> Claims:
        """The claims that come next in a node's stream, with these data as they are: nothing is sealed or checked."""
        head = self.database.streams.get(node)
        return Claims(
            node=node,
            event_id=self._event_id(),
            issued_at=int(self.now.timestamp()),
            seq=head.seq + 1 if head else 0,
            prev=head.hash if head else None,
            type=type_,
            version=version,
            actor=ACTOR,
            data=data,
        )

    def key(self, node: str, *, later: int = 0) -> SigningKey:
        """The key that a node signs with now, or so many rotations later."""
        turn = later + max(1, len([*self.database.under("keys", node)]))
        return signing_key(node if turn == 1 else f"{node} {turn}")

    def _sealed(self, data: Data, names: Iterable[str]) -> tuple[dict[str, Json], tuple[Disclosure, ...]]:
        clear = {name: value for name, value in data.items() if name not in names}
        return seal(clear, {name: data.get(name) for name in names}, self._salts())

    def _with_id(self, data: Data) -> Data:
        for field in ("event", "grant"):
            named = data.get(field)
            if isinstance(named, str) and named.startswith("#"):
                found = next((each.event_id for each in self.database.events[int(named[1:]) :]), NO_EVENT)
                return {**data, field: found}
        return data

    def _corrected(self, data: Data) -> Registered:
        """What a correction is about; where there is no such event, the first of the log will do."""
        return self.database.events[self.database.index_of(str(data.get("event"))) or 0]

    # ------------------------------------------------------------------ sentences

    def signs(self, node: str) -> Taken:
        return self.says(node, "memorandum.signed", {"memorandum": self.memorandum_content, "on": "2021-11-16"})

    def rotates(self, node: str) -> Taken:
        return self.says(node, "key.rotated", self.rotation(node))

    def rotation(self, node: str) -> dict[str, Json]:
        return proven(self.key(node, later=1), node, self.database.streams[node].hash)

    def adopts(self, slug: str, subject: str, content: Data) -> Taken:
        """Propose and endorse, as the founders stand, until the resolution is in force."""
        founders = [member.node for member in self.memorandum.members]
        first, *others = [node for node in founders if is_member(self.database, node)]
        taken = self.says(first, "resolution.proposed", resolution(slug, subject, content))
        for node in others[: self.memorandum.votes_needed(len(self.members)) - 1]:
            taken = self.says(node, "resolution.endorsed", {"resolution": slug})
        return taken

    def runs_trial(self, *nodes: str, on: str = LONG_AGO) -> None:
        for node in nodes:
            self.says(node, "trial.registered", trial_of(node))
            self.says(node, "trial.opened", {"on": on})

    def supplies(self, *nodes: str, on: str = LONG_AGO) -> None:
        for node in nodes:
            self.says(node, "supply.available", {"regimen": DRUGS, "on": on})

    def opens(self, *nodes: str, cohort: str = COHORT, on: str = "2021-06") -> None:
        for node in nodes:
            self.says(node, "cohort.opened", {"cohort": cohort, "on": on})

    def allocates(self, node: str, handle: str, *, cohort: str = COHORT, on: str = "2021-12-01") -> Taken:
        """Submit the case, where it is new, and allocate it."""
        if self.row("cases", node, handle) is None:
            self.says(node, "case.submitted", {"case": handle, "on": "2021-11-20"})
        return self.says(node, "case.allocated", {"case": handle, "cohort": cohort, "on": on})

    def enrols(self, node: str, handle: str, *, cohort: str = COHORT) -> Taken:
        self.allocates(node, handle, cohort=cohort)
        return self.says(node, "patient.enrolled", patient(handle, cohort) | {"on": "2021-12-02"} | ENROLMENT)

    def treats(self, node: str, handle: str, *, cohort: str = COHORT, stage: int = 1) -> Taken:
        self.enrols(node, handle, cohort=cohort)
        return self.starts(node, handle, cohort=cohort, stage=stage)

    def starts(self, node: str, handle: str, *, cohort: str = COHORT, stage: int = 1) -> Taken:
        treatment: Data = patient(handle, cohort) | {"on": "2021-12-03", "stage": stage} | DOSES
        return self.says(node, "treatment.started", treatment)

    def finds(self, node: str, handle: str, *, cohort: str = COHORT, evaluable: bool = True) -> Taken:
        rule: Data = {"evaluable": evaluable, "rule": "one-cycle-and-a-scan"}
        return self.says(node, "evaluability.determined", {**patient(handle, cohort), **rule})

    # ------------------------------------------------------------------ what stands there

    @property
    def memorandum_content(self) -> Json:
        content: Json = load(self.memorandum.text)
        return content

    @property
    def members(self) -> list[str]:
        return [record.key[0] for record in self.database.rows("nodes")]

    def row(self, table: str, *key: str) -> dict[str, Json] | None:
        """The values of a row that stand, by field."""
        record = self.database.row(table, key)
        return None if record is None else {field: record.value(field) for field in record.cells}

    def commitments(self, taken: Taken) -> dict[str, Json]:
        """Sealed field -> digest, of the envelope that was taken."""
        return {**self.heard[taken.event.index].envelope.commitments}

    def stood_on(self, taken: Taken) -> list[str]:
        """The types of the events that it needed, sorted."""
        return sorted(self.database.events[index].type for index in taken.event.stands_on)

    def recorded(self) -> list[Recorded]:
        """What was heard, as an auditor reads it from the log: every sealed value withheld."""
        return [
            Recorded.of(parse_jws(heard.envelope.jws.text), index=index, received=heard.received)
            for index, heard in enumerate(self.heard)
        ]

    def _event_id(self) -> str:
        time_ms = int(self.now.timestamp() * 1000)
        return f"{time_ms >> 16:08x}-{time_ms & 0xFFFF:04x}-7000-8000-{next(self._drawn):012x}"

    def _salts(self) -> Iterable[bytes]:
        while True:
            yield sha256(b"salt %d" % next(self._drawn)).digest()[:16]


SEALED = {(each.TYPE, each.VERSION): frozenset(each.Sealed.model_fields) for each in EVENT_TYPES}


def resolution(slug: str, subject: str, content: Data) -> dict[str, Json]:
    return {"resolution": slug, "subject": subject, "content": dict(content)}


def accession(node: str = NEWCOMER) -> dict[str, Json]:
    """The content of the resolution that admits a node, which proves that it holds its key."""
    return {"node": node, "trial": "Newcomer", "country": "IS", **proven(signing_key(node), node)}


def proven(key: SigningKey, node: str, prev: bytes | None = None) -> dict[str, Json]:
    return {"key": {**key.public.jwk}, "proof": prove_possession(key=key, node=node, origin=ORIGIN, prev=prev)}


def witness(name: str = "witness.example") -> dict[str, Json]:
    return {"name": name, "verifier": Verifier(name, COSIGNATURE, signing_key(name).public.raw).text}


def trial_of(node: str) -> dict[str, Json]:
    name, country = FOUNDERS.get(node, ("Newcomer", "IS"))
    return {"name": name, "country": country, "registries": {"nct": "NCT02925234"}, "aliases": [f"{name} trial"]}


def patient(handle: str, cohort: str = COHORT) -> dict[str, Json]:
    return {"case": handle, "cohort": cohort}


# ---------------------------------------------------------------------- situations


def founded() -> Alliance:
    """All five founders have signed."""
    alliance = Alliance()
    for node in FOUNDERS:
        alliance.signs(node)
    return alliance


def agreed(*, design: Data = SMALL) -> Alliance:
    """A design and an endpoint are in force."""
    alliance = founded()
    alliance.adopts("small", "design", design)
    alliance.adopts("week-16", "endpoint", WEEK_16)
    return alliance


def defined(*nodes: str, accrual: str = "pooled", design: Data = SMALL) -> Alliance:
    """DRUP has defined the cohort, and these nodes' trials are open, with its drugs."""
    alliance = agreed(design=design)
    alliance.runs_trial(*nodes)
    alliance.supplies(*nodes)
    alliance.says(DRUP, "cohort.defined", {**DEFINITION, "accrual": accrual})
    return alliance


def opened(*nodes: str, accrual: str = "pooled", design: Data = SMALL) -> Alliance:
    """The cohort is open at these nodes since June 2021."""
    alliance = defined(*nodes, accrual=accrual, design=design)
    alliance.opens(*nodes)
    return alliance


def treated(node: str = DRUP, handle: str = case(1)) -> Alliance:
    """A patient of a cohort that is open at this node has started treatment in stage 1."""
    alliance = opened(node)
    alliance.treats(node, handle)
    return alliance
