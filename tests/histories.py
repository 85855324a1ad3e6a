"""Random histories of an alliance: valid, of any length, and the same for the same seed.

The founding comes first, told in full; then nodes say what comes to their minds. What a rule refuses is forgotten, and
tried again in another form: only what was admitted is in the history. So its refusals are a test as well.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from random import Random  # noqa: TID251 - drawn from a seed, on purpose
from typing import NamedTuple

from given import (
    ASSESSMENT,
    CLAIM,
    DEATH,
    DEFINITION,
    DOSES,
    DRUGS,
    ENROLMENT,
    FOUNDERS,
    LONG_AGO,
    NEWCOMER,
    NO_EVENT,
    PROFILE,
    SMALL,
    TOXICITY,
    WEEK_16,
    Alliance,
    Data,
    accession,
    case,
    patient,
    resolution,
    trial_of,
    witness,
)
from granting import grant
from resolved import removal, replacement

from ledger.cohort.cells import Record
from ledger.cohort.database import Registered
from ledger.cohort.view import View
from ledger.errors import RuleError
from ledger.events import catalog
from ledger.signing.canonical import Json

NODES = (*FOUNDERS, NEWCOMER)
COHORTS = ("pooled-a", "pooled-b", "each-c", "each-d", "pooled-e", "late-f")
DESIGN = SMALL | {"n1": 3, "n": 8}


class Said(NamedTuple):
    node: str
    type: str
    data: Data


def history(seed: int, n: int) -> Alliance:
    """An alliance that has heard n random events, two hours apart. seed: of all that is drawn."""
    alliance = Alliance()
    speech = Speech(alliance, Random(seed))  # noqa: S311 - no secret is drawn
    for said in speech.sentences():
        if alliance.database.size == n:
            break
        try:
            alliance.says(*said)
        except RuleError:
            continue
        alliance.now += timedelta(hours=2)
    return alliance


class Speech:
    """What is said next. Each method that draws a sentence takes the node that says it."""

    def __init__(self, alliance: Alliance, random: Random) -> None:
        self.alliance = alliance
        self.random = random
        self.cases = 0

    def sentences(self) -> Iterator[Said]:
        yield from self.founding()
        while True:
            kind = self.random.choices([each for each, _ in KINDS], [weight for _, weight in KINDS])[0]
            node = self.random.choice(NODES)
            yield Said(node, *kind(self, node))

    def founding(self) -> Iterator[Said]:
        signing: Data = {"memorandum": self.alliance.memorandum_content, "on": "2021-11-16"}
        founders = self.random.sample([*FOUNDERS], len(FOUNDERS))
        yield from (Said(node, "memorandum.signed", signing) for node in founders)
        for slug, subject, content in (
            ("small", "design", DESIGN),
            ("week-16", "endpoint", WEEK_16),
            ("welcome", "accession", accession()),
        ):
            first, second, third = self.random.sample(founders, 3)
            yield Said(first, "resolution.proposed", resolution(slug, subject, content))
            yield from (Said(node, "resolution.endorsed", {"resolution": slug}) for node in (second, third))
        yield Said(NEWCOMER, "memorandum.signed", signing)
        for node in NODES:
            yield Said(node, "trial.registered", trial_of(node))
            yield Said(node, "trial.opened", {"on": LONG_AGO})
            yield Said(node, "supply.available", {"regimen": DRUGS, "on": LONG_AGO})
        for cohort in COHORTS[:-1]:
            yield Said(founders[0], *self.a_definition(founders[0], cohort))
            yield from (Said(node, "cohort.opened", {"cohort": cohort, "on": "2021-06"}) for node in NODES)

    # ------------------------------------------------------------------ what can be said

    def a_new_case(self, _node: str) -> tuple[str, Data]:
        self.cases += 1
        if self.random.random() < 0.8:
            return "case.submitted", {"case": case(self.cases), "on": self.day()}
        return "case.profiled", {"case": case(self.cases), "on": self.day(), **PROFILE}

    def an_allocation(self, node: str) -> tuple[str, Data]:
        return "case.allocated", {**patient(self.case_of(node), self.random.choice(COHORTS)), "on": self.day()}

    def a_step_of_an_episode(self, node: str) -> tuple[str, Data]:
        """The next one of an episode that is under way: all of a way's steps come in time."""
        episode = self.episode_of(node, lambda episode: episode.root("evaluable") is None)
        if episode is None:
            return self.an_allocation(node)
        of: Data = patient(episode.key[2], episode.key[0])
        if episode.root("started_on") is not None:
            return "evaluability.determined", {**of, "evaluable": self.random.random() < 0.8, "rule": "one-cycle"}
        if self.random.random() < 0.1:
            return "case.released", {**of, "on": self.day(), "reason_code": "choice", "reason": self.words()}
        if episode.root("enrolled_on") is None:
            return "patient.enrolled", {**of, "on": self.day(), **ENROLMENT}
        stage = self.view(node).stage(episode.key[0])
        return "treatment.started", {**of, "on": self.day(), "stage": stage or 1, **DOSES}

    def an_outcome(self, node: str) -> tuple[str, Data]:
        episode = self.episode_of(node, lambda episode: episode.root("started_on") is not None)
        of: Data = patient(episode.key[2], episode.key[0]) if episode else patient(case(1), COHORTS[0])
        ended: Data = {"day": self.random.randint(1, 400), "reason": "progression"}
        type_, told = self.random.choice(
            [
                ("response.assessed", {**ASSESSMENT, "target_sum_mm": self.random.randint(0, 90)}),
                ("outcome.determined", CLAIM),
                ("adverse_event.reported", TOXICITY),
                ("survival.updated", DEATH),
                ("treatment.ended", ended),
            ]
        )
        return type_, {**of, **told}

    def a_word_on_a_case(self, node: str) -> tuple[str, Data]:
        of: Data = {"case": self.case_of(node), "on": self.day()}
        return self.random.choice(
            [
                ("case.profiled", {**of, **PROFILE}),
                ("case.prescreened", {**of, "potential_target": self.random.random() < 0.5, "targets": None}),
                ("consent.withdrawn", {**of, "scope": "sharing"}),
            ]
        )

    def a_turn_of_a_cohort(self, node: str) -> tuple[str, Data]:
        of: Data = {"cohort": self.random.choice(COHORTS), "on": self.day()}
        why: Data = {"reason_code": "other", "reason": self.words()}
        resumed = ("cohort.resumed", {**of, **why})
        if self.view(node).running_suspension(str(of["cohort"])) is not None and self.random.random() < 0.8:
            return resumed
        scope = "everywhere" if self.random.random() < 0.03 else "here"
        opened = ("cohort.opened", of)
        return self.random.choice(
            [
                opened,
                opened,
                opened,
                ("cohort.suspended", {**of, **why}),
                ("cohort.closed", {**of, **why, "scope": scope}),
            ]
        )

    def a_decision(self, node: str) -> tuple[str, Data]:
        """What the design asks of this node, or of the definer where accrual is pooled."""
        cohort = self.random.choice(COHORTS)
        view = self.view(node)
        stage = view.stage(cohort) if view.cohort(cohort) else None
        if stage not in (1, 2):
            return self.a_census(node)
        cut, size = self.alliance.database.size - 1, view.design_of(cohort).size_of(stage)
        first: list[Json] = [
            {"node": episode.key[1], "case": episode.key[2]} for episode in view.evaluable_in_order(cohort, cut)[:size]
        ]
        benefits = self.random.choice([0, size, size])
        words = {(1, 0): "close-futility", (2, 0): "close-no-activity", (1, size): "expand"}
        said = words.get((stage, benefits), self.random.choice(["success", "stage-3", "stage-3"]))
        return "cohort.stage_decided", {
            "cohort": cohort,
            "stage": stage,
            "evaluable": first,
            "benefits": benefits,
            "decision": said,
            "data_cut": cut,
        }

    def a_supply(self, _node: str) -> tuple[str, Data]:
        drug = self.random.choice(["olaparib", "nivolumab", "imatinib"])
        of: Data = {"regimen": [drug]}
        return self.random.choice(
            [
                ("supply.committed", of),
                ("supply.available", {**of, "on": self.day()}),
                ("supply.withdrawn", {**of, "on": self.day(), "reason_code": "stopped", "reason": self.words()}),
            ]
        )

    def a_trial(self, _node: str) -> tuple[str, Data]:
        closing: Data = {"on": self.day(), "reason_code": "pause", "source": None, "reason": "a pause"}
        return self.random.choice([("trial.closed", closing), ("trial.opened", {"on": self.day()})])

    def a_census(self, _node: str) -> tuple[str, Data]:
        return "census.attested", {
            "metric": "cases_submitted",
            "kind": "count",
            "operator": "ge",
            "value": self.random.randint(0, self.cases),
            "as_of": self.day(),
            "quote": "so many",
            "synthetic": True,
        }

    def a_resolution(self, _node: str) -> tuple[str, Data]:
        open_ones = [
            record.key[0] for record in self.alliance.database.rows("resolutions") if not record.root("in_force_at")
        ]
        if open_ones and self.random.random() < 0.8:
            return "resolution.endorsed", {"resolution": self.random.choice(open_ones)}
        slug = f"witness-{self.alliance.database.size}"
        return "resolution.proposed", resolution(slug, "witness", witness(f"{slug}.example"))

    def a_new_key_for_another(self, _node: str) -> tuple[str, Data]:
        lost = self.random.choice(NODES)
        slug, since = f"key-{self.alliance.database.size}", self.random.randrange(self.alliance.database.size)
        content = replacement(self.alliance, lost, compromised_since=since, grants_void=self.random.random() < 0.5)
        return "resolution.proposed", resolution(slug, "key-replacement", content)

    def a_removal(self, _node: str) -> tuple[str, Data]:
        """Of the one that acceded; the founders stay."""
        slug = f"removal-{self.alliance.database.size}"
        return "resolution.proposed", resolution(slug, "removal", removal(NEWCOMER))

    def a_rotation(self, node: str) -> tuple[str, Data]:
        return "key.rotated", self.alliance.rotation(node)

    def a_definition(self, _node: str, cohort: str = COHORTS[-1]) -> tuple[str, Data]:
        accrual = "pooled" if cohort.startswith("pooled") else "per-trial"
        return "cohort.defined", {**DEFINITION, "cohort": cohort, "accrual": accrual}

    def a_correction(self, node: str) -> tuple[str, Data]:
        """What the node said, whole, with a field or two that are other now."""
        event = self.event_of(node)
        if event is None:
            return self.a_census(node)
        envelope = self.alliance.heard[event.index].envelope
        sealed = envelope.opened()
        told: dict[str, Json] = {name: value for name, value in envelope.claims.data.items() if name not in sealed}
        for name in self.random.sample([*told], min(len(told), self.random.randint(0, 2))):
            told[name] = self.other(name, told[name])
        return "event.corrected", {**self.about(event), "replacement": {**told, **sealed}}

    def a_retraction(self, node: str) -> tuple[str, Data]:
        event = self.event_of(node)
        return self.a_census(node) if event is None else ("event.retracted", self.about(event))

    def a_grant(self, _node: str) -> tuple[str, Data]:
        return "access.granted", grant(f"holder {self.random.randint(1, 9)}")

    def a_revocation(self, node: str) -> tuple[str, Data]:
        grants = [record.key[1] for record in self.alliance.database.under("grants", node)]
        named = self.random.choice(grants) if grants else NO_EVENT
        return "access.revoked", {"grant": named, "reason_code": "purpose-met", "reason": None}

    def an_erasure(self, node: str) -> tuple[str, Data]:
        own = [event.event_id for event in self.alliance.database.events if event.node == node]
        if own and self.random.random() < 0.3:
            named: list[Json] = [*self.random.sample(own, min(len(own), self.random.randint(1, 3)))]
            return "disclosures.erased", {"events": named, "basis": "mistake"}
        return "disclosures.erased", {"case": self.case_of(node), "basis": "art-17"}

    # ------------------------------------------------------------------ what it is said of

    def event_of(self, node: str) -> Registered | None:
        """One of the node's own that may be corrected: mostly a new one, for much stands on an old one."""
        events = self.alliance.database.events
        recent = events if self.random.random() < 0.1 else events[-150:]
        own = [each for each in recent if each.node == node and each.type in CORRECTABLE]
        return self.random.choice(own) if own else None

    def about(self, event: Registered) -> dict[str, Json]:
        flag: dict[str, Json] = {"synthetic": True} if event.synthetic else {}
        return {"event": event.event_id, "reason_code": "typing-error", "reason": self.words(), **flag}

    def other(self, name: str, value: Json) -> Json:
        """Another value of a field, or the same, of which some are valid."""
        others: dict[str, list[Json]] = {
            "on": [self.day()],
            "as_of": [self.day()],
            "evaluable": [True, False],
            "potential_target": [True, False],
            "stage": [1, 2, 3],
            "scope": ["here", "everywhere"] if value in ("here", "everywhere") else [value],
            "value": [self.random.randint(0, self.cases)],
            "accrual": ["pooled", "per-trial"],
            "reason_code": ["other", "second-look"],
            "rule": ["one-cycle", "second-look"],
        }
        return self.random.choice(others.get(name, [value]))

    def day(self) -> str:
        """Mostly today; at times only the month, or a week that ends today."""
        today = self.alliance.now.date()
        forms = [f"{today}", f"{today:%Y-%m}", f"{today - timedelta(7)}/{today}"]
        return self.random.choices(forms, [8, 1, 1])[0]

    def words(self) -> str:
        return f"because of {self.random.randint(1, 999)} things"

    def case_of(self, node: str) -> str:
        known = [record.key[1] for record in self.alliance.database.under("cases", node)][-12:]
        return self.random.choice(known) if known else case(0)

    def episode_of(self, node: str, fits: Callable[[Record], bool]) -> Record | None:
        fitting = [
            episode
            for cohort in COHORTS
            for episode in self.alliance.database.under("episodes", cohort, node)
            if episode.root("released_on") is None and fits(episode)
        ]
        return self.random.choice(fitting) if fitting else None

    def view(self, node: str) -> View:
        database = self.alliance.database
        return View(database, self.alliance.memorandum, database.size, self.alliance.now, node, "")


CORRECTABLE = frozenset(each.TYPE for each in catalog.CORRECTABLE)
KINDS: list[tuple[Callable[[Speech, str], tuple[str, Data]], float]] = [  # with their weights: what a node may say next
    (Speech.a_new_case, 12),
    (Speech.an_allocation, 16),
    (Speech.a_step_of_an_episode, 50),
    (Speech.an_outcome, 12),
    (Speech.a_word_on_a_case, 6),
    (Speech.a_turn_of_a_cohort, 6),
    (Speech.a_decision, 8),
    (Speech.a_supply, 3),
    (Speech.a_trial, 2),
    (Speech.a_census, 3),
    (Speech.a_resolution, 2),
    (Speech.a_definition, 1),
    (Speech.a_rotation, 1),
    (Speech.a_new_key_for_another, 1),
    (Speech.a_removal, 0.05),
    (Speech.an_erasure, 2),
    (Speech.a_grant, 2),
    (Speech.a_revocation, 1),
    (Speech.a_correction, 10),
    (Speech.a_retraction, 6),
]
