"""Ledgers of any length to measure with: what their nodes say is signed, judged and stored as a hub stores it.

The first 8,000 events or so are the alliance: 30 cohorts, open everywhere, of 24 patients each, and what became of
them. Whatever is longer is longer by what comes afterwards: cases that no cohort was found for, visits of patients of
every cohort but the first, corrections. So the board has the same cohorts and the first cohort's page the same rows,
but for a correction here and there, in a ledger of ten thousand events and in one of a million: only the log is longer.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import count, islice
from pathlib import Path
from random import Random  # noqa: TID251 - drawn from a seed, on purpose
from typing import NamedTuple

import given
import hubs
from given import FOUNDERS, Data

from ledger.clock import new_key
from ledger.cohort.database import Database, Head, Taken
from ledger.events.base import Recorded
from ledger.merkle.hashing import leaf_hash
from ledger.merkle.tiles import extend_tiles
from ledger.operations.hub import Hub, found_ledger, open_store, open_vault
from ledger.operations.uncollected import uncollected
from ledger.replay import step
from ledger.signing.canonical import Json, load
from ledger.signing.entry import format_time
from ledger.signing.envelope import Claims, Disclosure, Envelope, seal, sign
from ledger.store.cells import write_versions
from ledger.store.engine import Connection, reading, writing
from ledger.store.entries import NewEntry, StoredEntry, append_entries
from ledger.store.head import advance, read_head
from ledger.store.tiles import read_tile, write_tiles
from ledger.store.vault import Sealed, Vault

COHORTS, PATIENTS, FIRST_STAGE = 30, 24, 8
DESIGN: dict[str, Json] = {
    "kind": "two-stage", "n1": 8, "r1": 0, "n": 24, "r": 4, "p0_percent": 10, "p1_percent": 30,
}  # fmt: skip
PACE = timedelta(seconds=60)
_BATCH = 1_000
_NODES = tuple(FOUNDERS)


class Said(NamedTuple):
    node: str
    type: str
    data: Data


class Spoken(NamedTuple):
    """An envelope, and when it is received."""

    envelope: Envelope
    received: datetime


def cohort(number: int) -> str:
    return f"cohort-{number:03d}"


def spoken(events: int, *, seed: int = 1) -> Iterator[Spoken]:
    """The first so many events of the history, signed. The same for the same seed."""
    return islice(Speech(Random(seed)).envelopes(), events)  # noqa: S311 - no secret is drawn


class Speech:
    """Says the history. It judges nothing: that all of it is admitted is seen where it is stored."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.memorandum = given.Alliance().memorandum
        self.keys = {node: given.signing_key(node) for node in _NODES}
        self.heads: dict[str, Head] = {}
        self.drawn = count()
        self.size = 0
        self.cases = count(1)
        self.treated: list[tuple[str, str, str]] = []  # cohort, node, case
        self.correctable: list[tuple[str, str, str, Data]] = []  # node, event id, type, what was said

    def envelopes(self) -> Iterator[Spoken]:
        for said in self.sentences():
            now = given.START + self.size * PACE
            yield Spoken(self.signed(said, now), now)

    def signed(self, said: Said, now: datetime) -> Envelope:
        time_ms = int(now.timestamp() * 1000)
        event_id = f"{time_ms >> 16:08x}-{time_ms & 0xFFFF:04x}-7000-8000-{self.size:012x}"
        data, disclosures = self.sealed(said.data, said.type)
        if said.type == "event.corrected":
            replacement, more = self.sealed(said.data["replacement"], self.corrected_type)  # type: ignore[arg-type]  # it is an object
            data, disclosures = {**data, "replacement": replacement}, (*disclosures, *more)
        head = self.heads.get(said.node)
        claims = Claims(
            node=said.node,
            event_id=event_id,
            issued_at=int(now.timestamp()),
            seq=head.seq + 1 if head else 0,
            prev=head.hash if head else None,
            type=said.type,
            version=1,
            actor=given.ACTOR,
            data=data,
        )
        envelope = sign(claims, disclosures, self.keys[said.node])
        self.heads[said.node] = Head(claims.seq, envelope.jws.hash)
        if said.type in ("response.assessed", "adverse_event.reported"):
            self.correctable.append((said.node, event_id, said.type, said.data))
        self.size += 1
        return envelope

    def sealed(self, data: Data, type_: str) -> tuple[dict[str, Json], tuple[Disclosure, ...]]:
        names = given.SEALED[type_, 1]
        clear = {name: value for name, value in data.items() if name not in names}
        salts = (sha256(b"salt %d" % each).digest()[:16] for each in self.drawn)
        return seal(clear, {name: data.get(name) for name in names}, salts)

    # ------------------------------------------------------------------ what is said

    def sentences(self) -> Iterator[Said]:
        yield from self.founding()
        for number in range(COHORTS):
            yield from self.a_cohort(cohort(number))
        elsewhere = [each for each in self.treated if each[0] != cohort(0)]
        while True:
            yield from self.a_word(elsewhere)

    def founding(self) -> Iterator[Said]:
        signing: Data = {"memorandum": self.content, "on": "2021-11-16"}
        yield from (Said(node, "memorandum.signed", signing) for node in _NODES)
        for slug, subject, content in (("two-stage", "design", DESIGN), ("week-16", "endpoint", given.WEEK_16)):
            yield Said(_NODES[0], "resolution.proposed", given.resolution(slug, subject, content))
            yield from (Said(node, "resolution.endorsed", {"resolution": slug}) for node in _NODES[1:3])
        for node in _NODES:
            yield Said(node, "trial.registered", given.trial_of(node))
            yield Said(node, "trial.opened", {"on": given.LONG_AGO})
            yield Said(node, "supply.available", {"regimen": given.DRUGS, "on": given.LONG_AGO})

    @property
    def content(self) -> Json:
        content: Json = load(self.memorandum.text)
        return content

    def a_cohort(self, name: str) -> Iterator[Said]:
        yield Said(_NODES[0], "cohort.defined", {**given.DEFINITION, "cohort": name, "design": "two-stage"})
        yield from (Said(node, "cohort.opened", {"cohort": name, "on": "2021-06"}) for node in _NODES)
        first: list[Json] = []
        for number in range(PATIENTS):
            node, case = _NODES[number % len(_NODES)], given.case(next(self.cases))
            yield from self.a_patient(node, case, name, stage=1 if number < FIRST_STAGE else 2)
            self.treated.append((name, node, case))
            if number < FIRST_STAGE:
                first.append({"node": node, "case": case})
            if number == FIRST_STAGE - 1:
                said: Data = {"cohort": name, "stage": 1, "evaluable": first, "benefits": 3, "decision": "expand"}
                yield Said(_NODES[0], "cohort.stage_decided", {**said, "data_cut": self.size - 1})

    def a_patient(self, node: str, case: str, name: str, *, stage: int) -> Iterator[Said]:
        of = given.patient(case, name)
        yield Said(node, "case.submitted", {"case": case, "on": "2021-11-20"})
        yield Said(node, "case.profiled", {"case": case, "on": "2021-11-22", **given.PROFILE})
        yield Said(node, "case.allocated", {**of, "on": "2021-12-01"})
        yield Said(node, "patient.enrolled", {**of, "on": "2021-12-02", **given.ENROLMENT})
        yield Said(node, "treatment.started", {**of, "on": "2021-12-03", "stage": stage, **given.DOSES})
        yield Said(node, "evaluability.determined", {**of, "evaluable": True, "rule": "one-cycle-and-a-scan"})
        yield Said(node, "response.assessed", {**of, **given.ASSESSMENT})
        yield Said(node, "response.assessed", {**of, **given.ASSESSMENT, "day": 113})
        yield Said(node, "adverse_event.reported", {**of, **given.TOXICITY})
        yield Said(node, "outcome.determined", {**of, **given.CLAIM})

    def a_word(self, treated: list[tuple[str, str, str]]) -> Iterator[Said]:
        """What is said once all cohorts are full."""
        drawn = self.random.random()
        if drawn < 0.2:
            node, case = self.random.choice(_NODES), given.case(next(self.cases))
            yield Said(node, "case.submitted", {"case": case, "on": "2021-12-20"})
            yield Said(node, "case.profiled", {"case": case, "on": "2021-12-22", **given.PROFILE})
            return
        if drawn < 0.25 and self.correctable:
            node, event_id, self.corrected_type, data = self.correctable.pop(
                self.random.randrange(len(self.correctable))
            )
            replacement: dict[str, Json] = {**data, "day": self.random.randint(1, 400)}
            about: dict[str, Json] = {"event": event_id, "reason_code": "typing-error", "reason": "a slip"}
            yield Said(node, "event.corrected", {**about, "replacement": replacement})
            return
        name, node, case = self.random.choice(treated)
        of, day = given.patient(case, name), self.random.randint(1, 900)
        if drawn < 0.75:
            yield Said(node, "response.assessed", {**of, **given.ASSESSMENT, "day": day})
        elif drawn < 0.95:
            yield Said(node, "adverse_event.reported", {**of, **given.TOXICITY, "day": day})
        else:
            yield Said(node, "survival.updated", {**of, "day": day, "status": "alive", "cause": None})


def kept_hub(folder: Path, events: int) -> Hub:
    """A hub on a ledger of so many events. It is stored in the folder the first time, and opened there ever after."""
    alliance, settings = given.Alliance(), hubs.settings_in(folder)
    if not Path(settings.database_url.removeprefix("sqlite:///")).exists():
        found_ledger(settings, alliance.memorandum.text, hubs.LOG)
    engine, _ = open_store(settings)
    with reading(engine) as connection:
        stored = read_head(connection).size
    assert stored == 0 or stored >= events, f"{folder} holds part of a ledger: take it away, it is made anew"
    if stored == 0:
        writer = Writer(Database(), open_vault(settings))
        with uncollected():
            for batch in in_batches(spoken(events), _BATCH):
                with writing(engine) as connection:
                    writer.write(connection, batch)
    engine.dispose()
    return hubs.reopened(folder)


class Writer:
    """Stores what is known to be well signed as `operations.append` does, without verifying it first."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self.database, self.vault = database, vault
        self.memorandum = given.Alliance().memorandum

    def write(self, connection: Connection, batch: list[Spoken]) -> None:
        start, taken = self.database.size, [self.take(each) for each in batch]
        sealed = [
            Sealed(each.event.index, each.event.event_id, "~".join(one.text for one in spoken.envelope.disclosures))
            for each, spoken in zip(taken, batch, strict=True)
            if spoken.envelope.disclosures
        ]
        keys = self.vault.put_keys({each.event_id: new_key() for each in sealed})
        entries = [
            NewEntry(
                StoredEntry(each.event.index, format_time(spoken.received), spoken.envelope.jws.text, each.digest),
                spoken.envelope.claims,
                each.event,
            )
            for each, spoken in zip(taken, batch, strict=True)
        ]
        append_entries(connection, entries)
        self.vault.seal(connection, sealed, keys)
        leaves = [leaf_hash(new.stored.leaf) for new in entries]
        write_tiles(connection, extend_tiles(start, leaves, lambda level, n: read_tile(connection, level, n)))
        write_versions(connection, (version for each in taken for version in each.versions))
        advance(connection, start + len(taken))

    def take(self, spoken: Spoken) -> Taken:
        entry = Recorded.of(spoken.envelope, index=self.database.size, received=spoken.received)
        return step(self.memorandum, self.database, entry)


def in_batches(all_of_it: Iterable[Spoken], size: int) -> Iterator[list[Spoken]]:
    remaining = iter(all_of_it)
    while batch := list(islice(remaining, size)):
        yield batch
