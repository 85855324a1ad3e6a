"""Both study exports of the demonstration's history, counted again from its drafts alone."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime
from hashlib import sha256
from itertools import count
from typing import Any

import exported
import given
import pytest

from ledger.cohort.database import Database
from ledger.cohort.reveal import Revealed
from ledger.cohort.snapshot import current, of_versions
from ledger.demo.facts import alliance_of_2021
from ledger.demo.founding import memorandum
from ledger.demo.scenario import scenario
from ledger.events.base import Recorded
from ledger.exports.cbioportal import Study, cbioportal
from ledger.exports.omop import Omop, omop
from ledger.exports.study import Part
from ledger.node.drafts import Draft
from ledger.replay import step
from ledger.signing.canonical import Json
from ledger.signing.envelope import Claims, seal
from ledger.signing.note import ED25519, Verifier

FACTS = alliance_of_2021()
FOUNDED = memorandum(
    FACTS,
    {each.node: given.signing_key(each.node).public for each in FACTS.nodes},
    Verifier(given.ORIGIN, ED25519, given.signing_key("log").public.raw),
)
TODAY = datetime(2026, 1, 5, 12, tzinfo=UTC)
History = list[tuple[str, Draft]]


@pytest.fixture(scope="module")
def history() -> History:
    return list(scenario(FACTS, FOUNDED, seed=2021))


@pytest.fixture(scope="module")
def revealed(history: History) -> Revealed:
    """Sealed as nodes seal, and not signed: that would cost most of the time, and is tested elsewhere."""
    database, values, salts = Database(), dict[str, Json](), count()
    for index, (node, draft) in enumerate(history):
        names = set(draft.sealed_fields())
        clear = {name: value for name, value in draft.data.items() if name not in names}
        opened = {name: draft.data.get(name) for name in names}
        data, disclosures = seal(clear, opened, (sha256(b"%d" % n).digest()[:16] for n in salts))
        values |= {each.digest: each.value for each in disclosures}
        head = database.streams.get(node)
        claims = Claims(
            node=node,
            event_id=f"{index:08x}-0000-7000-8000-000000000000",
            issued_at=int(TODAY.timestamp()),
            seq=head.seq + 1 if head else 0,
            prev=head.hash if head else None,
            type=draft.type,
            version=draft.version,
            actor=given.ACTOR,
            data=data,
        )
        place = sha256(b"entry %d" % index).digest()
        step(FOUNDED, database, Recorded(index, TODAY, claims, given.signing_key(node).public.thumbprint, place))
    return Revealed(of_versions(current(database), database.events, size=database.size), values)


@pytest.fixture(scope="module")
def tables(revealed: Revealed) -> Omop:
    return omop(revealed, Part(), exported.about(given.Alliance()))


@pytest.fixture(scope="module")
def study(revealed: Revealed) -> Study:
    return cbioportal(revealed, Part(), exported.about(given.Alliance()))


def said(history: History, type_: str) -> list[dict[str, Any]]:
    return [{**draft.data} for _, draft in history if draft.type == type_]


def column(tables: Omop, table: str, name: str) -> list[Any]:
    found = next(each for each in tables.tables if each.name == table)
    return [row[found.columns.index(name)] for row in found.rows]


def cells(study: Study, file: str, name: str) -> list[str]:
    header, *lines = (line.split("\t") for line in study.files[file].splitlines() if not line.startswith("#"))
    return [line[header.index(name)] for line in lines]


def left_out(found: Omop | Study) -> Iterable[tuple[Any, Any, Any]]:
    """What, why and how many."""
    return ((row[0], row[4], row[5]) for row in found.left_out.rows)


def test_everybody_who_was_profiled_is_a_person_with_a_period_that_holds_all_dates(
    history: History, tables: Omop
) -> None:
    profiled = {each["case"] for each in said(history, "case.profiled")}

    assert {each.split("/")[1] for each in column(tables, "person", "person_source_value")} == profiled
    ends = column(tables, "observation_period", "observation_period_end_date")
    periods = dict(zip(column(tables, "observation_period", "person_id"), ends, strict=True))
    assert len(periods) == len(profiled)
    for table, name in (("measurement", "measurement_date"), ("condition_occurrence", "condition_start_date")):
        days: list[date] = column(tables, table, name)
        assert all(day <= periods[who] for who, day in zip(column(tables, table, "person_id"), days, strict=True))


def test_every_response_and_adverse_event_is_there_or_counted_as_left_out(
    history: History, tables: Omop, study: Study
) -> None:
    responses = Counter(each["response"] for each in said(history, "response.assessed") if each["response"])
    events = said(history, "adverse_event.reported")
    measured = zip(
        column(tables, "measurement", "measurement_source_value"),
        column(tables, "measurement", "value_source_value"),
        strict=True,
    )

    assert Counter(value for name, value in measured if name.startswith("response ")) == responses
    assert not {what for what, _, _ in left_out(tables)} & {"assessments", "adverse_events", "treatments"}
    terms = Counter(each["term"] for each in events)
    conditions = column(tables, "condition_occurrence", "condition_source_value")
    assert Counter(each for each in conditions if not each.startswith(("OncoTree:", "ICD10:"))) == terms
    assert Counter(cells(study, "data_timeline_toxicity.txt", "TOXICITY")) == terms
    status = Counter(cells(study, "data_timeline_status.txt", "STATUS"))
    assert {name: status[name] for name in responses} == responses


def test_every_treatment_is_an_episode_and_every_drug_of_it_an_exposure(history: History, tables: Omop) -> None:
    regimens = {each["cohort"]: each["regimen"] for each in said(history, "cohort.defined")}
    started = Counter(each["cohort"][:50] for each in said(history, "treatment.started"))
    drugs = Counter(drug for each in said(history, "treatment.started") for drug in regimens[each["cohort"]])

    assert Counter(column(tables, "episode", "episode_source_value")) == started
    assert Counter(column(tables, "drug_exposure", "drug_source_value")) == drugs
    assert len(column(tables, "episode_event", "event_id")) == sum(drugs.values())


def test_every_finding_of_a_profile_is_a_mutation_or_is_told_in_words(history: History, study: Study) -> None:
    findings = sum(len(each["variants"]) for each in said(history, "case.profiled"))

    in_words = sum(len(each.split("; ")) for each in cells(study, "data_clinical_sample.txt", "OTHER_FINDINGS") if each)
    assert len(cells(study, "data_mutations.txt", "Hugo_Symbol")) + in_words == findings
    assert set(cells(study, "data_clinical_patient.txt", "SYNTHETIC")) == {"TRUE"}
