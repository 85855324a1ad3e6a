"""What is asked of every event, whatever its type: each rule is tried on every type of the catalogue."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from given import DRUP, PROTARGET, Alliance, Data, case, founded, signing_key
from story import FOUNDERS, STORY, Sentence, before, first_of

from ledger.errors import RuleError
from ledger.events.base import DatedEvent, Event
from ledger.events.catalog import EVENT_TYPES
from ledger.events.corrections import Amendment
from ledger.signing.canonical import Json
from ledger.signing.envelope import Envelope, seal, sign

DATED = [each for each in EVENT_TYPES if issubclass(each, DatedEvent) or "as_of" in each.model_fields]
every_type = pytest.mark.parametrize("event_type", EVENT_TYPES, ids=lambda event_type: event_type.TYPE)
every_dated_type = pytest.mark.parametrize("event_type", DATED, ids=lambda event_type: event_type.TYPE)
WRONG: tuple[Json, ...] = (17, True, "no such thing", [], {}, ["a", "b"], [{"a": None}], {"a": 1}, -1, "")


def clear_fields(event_type: type[Event]) -> Iterator[str]:
    """The names of the fields as they are written, without `synthetic`."""
    for name, field in event_type.model_fields.items():
        if name != "synthetic":
            yield field.alias or name


def without(data: Data, *names: str) -> dict[str, Json]:
    return {name: value for name, value in data.items() if name not in names}


def signed(alliance: Alliance, sentence: Sentence, clear: Data, *, sealed: Iterable[str]) -> Envelope:
    """An envelope with these fields sealed and no others."""
    commitments, disclosures = seal({}, {name: sentence.data.get(name) for name in sealed}, alliance._salts())
    claims = alliance.claims(sentence.node, sentence.type, {**clear, **commitments})
    return sign(claims, disclosures, alliance.key(sentence.node))


@every_type
def test_the_story_holds_an_event_of_every_type(event_type: type[Event]) -> None:
    sentence = first_of(event_type.TYPE)

    taken = before(sentence).says(*sentence)

    assert taken.event.type == event_type.TYPE
    assert taken.versions


@every_type
def test_a_field_that_the_type_does_not_have_is_refused(event_type: type[Event]) -> None:
    sentence = first_of(event_type.TYPE)

    before(sentence).refuses(*sentence[:2], {**sentence.data, "remark": "x"}, because="the event has a field too many")


@every_type
def test_a_required_field_that_is_missing_is_refused(event_type: type[Event]) -> None:
    sentence = first_of(event_type.TYPE)
    alliance = before(sentence)
    required = {field.alias or name for name, field in event_type.model_fields.items() if field.is_required()}

    assert required
    for name in required:
        alliance.refuses(
            *sentence[:2], without(sentence.data, name), because=f"{sentence.type}: {name}: Field required"
        )


@every_type
def test_a_field_of_another_type_is_refused(event_type: type[Event]) -> None:
    sentence = first_of(event_type.TYPE)
    alliance = before(sentence)

    for name in clear_fields(event_type):
        allowed = sentence.data.get(name)
        for wrong in WRONG:
            if type(wrong) is not type(allowed) and not (allowed is None and isinstance(wrong, str)):
                alliance.refuses(*sentence[:2], {**sentence.data, name: wrong}, because=f"{sentence.type}: {name}")


@every_type
def test_a_clear_field_that_is_null_without_being_optional_is_refused(event_type: type[Event]) -> None:
    sentence = first_of(event_type.TYPE)
    alliance = before(sentence)

    for name, field in event_type.model_fields.items():
        if field.is_required():
            alliance.refuses(*sentence[:2], {**sentence.data, field.alias or name: None}, because=f"{sentence.type}: ")


@every_type
def test_a_clear_field_that_is_sealed_is_refused(event_type: type[Event]) -> None:
    sentence = first_of(event_type.TYPE)
    alliance = before(sentence)
    names = set(event_type.Sealed.model_fields)

    for name in clear_fields(event_type):
        envelope = signed(alliance, sentence, without(sentence.data, name, *names), sealed={name} | names)
        alliance.refuses_envelope(envelope, because=f"{sentence.type}: ")


@every_type
def test_a_sealed_field_that_is_missing_or_clear_is_refused(event_type: type[Event]) -> None:
    sentence = first_of(event_type.TYPE)
    alliance = before(sentence)
    names = set(event_type.Sealed.model_fields)
    clear = without(sentence.data, *names)

    for name in names:
        because = f"{sentence.type}: the field {name} is always there, and always sealed"
        absent = signed(alliance, sentence, clear, sealed=names - {name})
        shown = signed(alliance, sentence, {**clear, name: sentence.data.get(name)}, sealed=names - {name})
        alliance.refuses_envelope(absent, because=because)
        alliance.refuses_envelope(shown, because=because)


@every_type
def test_a_version_that_is_not_built_yet_is_unknown(event_type: type[Event]) -> None:
    sentence = first_of(event_type.TYPE)

    before(sentence).refuses(
        *sentence[:2],
        sentence.data,
        version=99,
        because=f"{sentence.type} version 99 is no event that this ledger knows",
    )


@pytest.mark.parametrize("type_", ["key.replaced", "access.given", "a.b"])
def test_a_type_that_is_not_built_yet_is_unknown(type_: str) -> None:
    founded().refuses(DRUP, type_, {}, because=f"{type_} version 1 is no event that this ledger knows")


@every_dated_type
def test_what_has_not_come_yet_is_refused(event_type: type[Event]) -> None:
    sentence = first_of(event_type.TYPE)
    alliance = before(sentence)
    field = "as_of" if "as_of" in event_type.model_fields else "on"
    tomorrow, after = (alliance.now.date() + timedelta(days) for days in (1, 2))

    for day in (f"{after}", f"{after}/2031-01-01", "2022-Q2", "2023"):
        alliance.refuses(*sentence[:2], {**sentence.data, field: day}, because="has not come yet")
    taken = alliance.says(*sentence[:2], {**sentence.data, field: f"{tomorrow}"})

    assert taken.event.on == f"{tomorrow}"  # a node east of the hub may be a day ahead


@every_dated_type
def test_a_day_that_no_calendar_has_is_refused(event_type: type[Event]) -> None:
    sentence = first_of(event_type.TYPE)
    alliance = before(sentence)
    field = "as_of" if "as_of" in event_type.model_fields else "on"

    for day in ("2021-02-30", "2021-13", "2021-Q5", "20211116", "2021-11-16/2021-11-11", "2021-11-16T00:00:00Z"):
        alliance.refuses(
            *sentence[:2],
            {**sentence.data, field: day},
            because=f"{sentence.type}: {field}: a date is 2021-11-16",
        )


def test_a_period_that_has_begun_may_be_told_before_it_ends() -> None:
    sentence = first_of("trial.opened")
    alliance = before(sentence)

    taken = alliance.says(DRUP, "trial.opened", {"on": "2022"})

    assert taken.event.on == "2022"


@pytest.mark.parametrize("sentence", STORY[2:], ids=lambda sentence: sentence.type)
def test_nothing_but_signatures_is_admitted_before_every_founder_has_signed(sentence: Sentence) -> None:
    alliance = Alliance(FOUNDERS)
    alliance.takes(_first_signature(alliance))

    alliance.refuses(*sentence, because="the alliance is not in force: protarget-dk must sign the memorandum first")


def _first_signature(alliance: Alliance) -> Envelope:
    claims = alliance.claims(DRUP, "memorandum.signed", STORY[0].data)
    return sign(claims, (), signing_key(DRUP))


@pytest.mark.parametrize("event_type", [each for each in EVENT_TYPES if not issubclass(each, Amendment)])
def test_made_up_data_say_so_for_ever(event_type: type[Event]) -> None:
    sentence = first_of(event_type.TYPE)
    alliance = before(sentence)

    for lie in (False, 1, "true"):
        alliance.refuses(*sentence[:2], {**sentence.data, "synthetic": lie}, because=f"{sentence.type}: synthetic: ")
    taken = alliance.says(*sentence[:2], {**sentence.data, "synthetic": True})

    assert taken.event.synthetic
    assert "synthetic" not in {field for version in taken.versions for field in version.fields}


SLUGS: dict[str, Any] = {"upper": "BRAF", "blank": "a b", "double": "a--b", "edge": "-a", "long": "a" * 65, "none": ""}


@pytest.mark.parametrize("slug", SLUGS.values(), ids=SLUGS)
def test_names_that_people_choose_are_slugs(slug: str) -> None:
    for type_, field in (
        ("resolution.proposed", "resolution"),
        ("cohort.defined", "cohort"),
        ("trial.closed", "reason_code"),
        ("evaluability.determined", "rule"),
    ):
        sentence = first_of(type_)
        before(sentence).refuses(*sentence[:2], {**sentence.data, field: slug}, because=f"{type_}: {field}: ")


@pytest.mark.parametrize("handle", ["ca5e", "CA5E0000-0000-4000-8000-000000000001", f" {case(1)}", f"{case(1)}\n"])
def test_a_case_is_a_uuid(handle: str) -> None:
    sentence = first_of("case.submitted")

    before(sentence).refuses(*sentence[:2], {**sentence.data, "case": handle}, because="case.submitted: case: ")


def test_a_refusal_by_schema_names_the_field_and_never_what_stood_there() -> None:
    sentence = first_of("census.attested")
    alliance = before(sentence)

    error = alliance.refuses(
        *sentence[:2], {**sentence.data, "Jane Doe": 1, "metric": "Jane Doe"}, because="census.attested: metric"
    )

    assert isinstance(error, RuleError)
    assert "Jane" not in str(error)


def test_a_node_speaks_for_itself_alone() -> None:
    alliance = founded()
    alliance.runs_trial(DRUP)

    alliance.refuses(
        PROTARGET, "case.submitted", {"case": case(1), "on": "2021-11-20"}, because="a registered trial of protarget-dk"
    )
