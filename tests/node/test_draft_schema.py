"""What a draft may hold is told from the types themselves."""

import given
import pytest

from ledger.events.base import Event
from ledger.events.catalog import EVENT_TYPES
from ledger.node.draft_schema import SEALED, draft_schema, example, in_words


@pytest.mark.parametrize("event_type", EVENT_TYPES, ids=lambda each: f"{each.TYPE}-{each.VERSION}")
def test_every_type_is_described_with_all_its_fields_and_an_example_of_each(event_type: type[Event]) -> None:
    schema = draft_schema(event_type)
    fields = schema["properties"]["data"]["properties"]
    draft = example(schema)

    sealed = {name for name, field in fields.items() if SEALED in field}
    assert sealed == set(event_type.Sealed.model_fields)
    assert set(fields) == set(event_type.model_fields) | sealed
    assert set(draft["data"]) == set(fields) - {"synthetic"}
    assert set(schema["properties"]["data"]["required"]) <= set(draft["data"])
    assert draft["type"] == event_type.TYPE
    assert all(in_words(field, schema["$defs"]) for field in fields.values())


def test_what_nodes_say_has_what_is_required_and_nothing_that_is_not_allowed() -> None:
    said = {heard.envelope.claims.type: heard.envelope for heard in given.treated().heard}
    types = {each.TYPE: each for each in EVENT_TYPES if each.VERSION == 1}

    for type_, envelope in said.items():
        data = {**envelope.claims.data, **envelope.opened()}
        allowed = draft_schema(types[type_])["properties"]["data"]
        stated = {name for name, value in data.items() if value is not None}
        assert set(allowed["required"]) <= stated <= set(allowed["properties"]), type_
    assert len(said) > 10


def test_a_field_is_told_in_words() -> None:
    schema = draft_schema(next(each for each in EVENT_TYPES if each.TYPE == "case.profiled"))
    fields, definitions = schema["properties"]["data"]["properties"], schema["$defs"]

    assert in_words(fields["assay"], definitions) == "wgs | wes | panel | rna | ihc | other"
    assert in_words(fields["birth_year"], definitions) == "whole number from 1900 to 2100"
    assert in_words(fields["case"], definitions) == "UUID, in lower case"
    assert in_words(fields["on"], definitions).startswith("date: 2021-11-16")
    assert in_words(fields["variants"], definitions) == "list of object of gene, hgvs, class, vaf_percent"
    assert in_words(fields["msi"], definitions) == "msi-high | msi-low | mss"
