"""What a draft of a type may hold, as JSON Schema and by example, from the type's own description.

A sealed field stands beside the clear ones, marked `x-sealed`; one that may be null may be left out, for sealing fills
it in. What a schema cannot say (which fields go together, what the rules ask) is said when a draft is added or posted.
"""

from collections.abc import Mapping
from typing import Any

from ledger.events.base import Event
from ledger.events.catalog import CORRECTABLE
from ledger.events.corrections import EventCorrected
from ledger.names import UUID
from ledger.signing.envelope import Meaning

Schema = dict[str, Any]

SEALED = "x-sealed"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_MEANINGS: tuple[Meaning, ...] = ("authored", "reviewed", "approved")


def draft_schema(event_type: type[Event]) -> Schema:
    """The schema of a draft line of this type."""
    clear = event_type.model_json_schema()
    sealed = event_type.Sealed.model_json_schema()
    fields = {
        **clear.get("properties", {}),
        **{name: {**field, SEALED: True} for name, field in sealed.get("properties", {}).items()},
    }
    required = [
        *clear.get("required", []),
        *(name for name in sealed.get("required", []) if not _may_be_null(fields[name])),
    ]
    of = _OF if issubclass(event_type, EventCorrected) else {}
    return {
        "$schema": _DIALECT,
        "title": event_type.TYPE,
        "type": "object",
        "additionalProperties": False,
        "required": ["type", *list(of)[:1], "data"],
        "properties": {
            "type": {"const": event_type.TYPE},
            "v": {"const": event_type.VERSION},
            **of,
            "data": {"type": "object", "additionalProperties": False, "required": required, "properties": fields},
            "actor": {
                "type": "object",
                "additionalProperties": False,
                "required": ["user", "role", "meaning"],
                "properties": {"user": _TEXT, "role": _TEXT, "meaning": {"enum": list(_MEANINGS)}},
            },
        },
        "$defs": {**clear.get("$defs", {}), **sealed.get("$defs", {})},
    }


def example(schema: Schema) -> Schema:
    """A draft with a placeholder for each field, but those that only `synthetic` ones have."""
    data = schema["properties"]["data"]
    fields = {name: field for name, field in data["properties"].items() if name != "synthetic"}
    of = {"of": schema["properties"]["of"]["enum"][0]} if "of" in schema["properties"] else {}
    data = {name: _placeholder(field, schema["$defs"]) for name, field in fields.items()}
    draft = {"type": schema["title"], **of, "data": data}
    return draft if schema["properties"]["v"]["const"] == 1 else {**draft, "v": schema["properties"]["v"]["const"]}


def in_words(field: Schema, definitions: Mapping[str, Schema]) -> str:  # noqa: PLR0911 - one for each kind of schema
    """What a field takes, on one line."""
    match _resolved(field, definitions):
        case {"anyOf": list(choices)}:
            return " or ".join(in_words(each, definitions) for each in choices if each != _NULL)
        case {"enum": list(choices)}:
            return " | ".join(map(str, choices))
        case {"const": value}:
            return str(value)
        case {"type": "array", "items": dict(items)}:
            return f"list of {in_words(items, definitions)}"
        case {"type": "object", "properties": dict(members)}:
            return f"object of {', '.join(members)}"
        case {"type": "integer", **bounds}:
            low, high = bounds.get("minimum", bounds.get("exclusiveMinimum")), bounds.get("maximum")
            return "whole number" if low is None else f"whole number from {low}" + (f" to {high}" if high else "")
        case {"type": "string", **grammar}:
            return _text_in_words(grammar)
        case {"type": str(kind)}:
            return "true | false" if kind == "boolean" else kind
    return "anything"


def _text_in_words(grammar: Schema) -> str:
    pattern = grammar.get("pattern")
    if grammar.get("title") == "date":
        return "date: 2021-11-16, 2021-11, 2021-Q3, 2021, or two days joined by /"
    if pattern == f"^{UUID.pattern}$":
        return "UUID, in lower case"
    return f"text like {pattern}" if pattern else "text"


_TEXT: Schema = {"type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[A-Za-z0-9._-]+$"}
_OF: Schema = {  # of what type the replacement is
    "of": {"enum": sorted({each.TYPE for each in CORRECTABLE})},
    "of_v": {"type": "integer", "minimum": 1},
}
_NULL: Schema = {"type": "null"}


def _placeholder(field: Schema, definitions: Mapping[str, Schema]) -> Any:  # noqa: PLR0911 - as above
    match _resolved(field, definitions):
        case {"examples": [first, *_]} | {"enum": [first, *_]} | {"const": first}:
            return first
        case {"anyOf": [first, *_]} | {"oneOf": [first, *_]}:
            return _placeholder(first, definitions)
        case {"type": "array", "items": dict(items)}:
            return [_placeholder(items, definitions)]
        case {"type": "object", "properties": dict(members)}:
            return {name: _placeholder(each, definitions) for name, each in members.items()}
        case {"type": "object"}:
            return {}
        case {"type": "integer", **bounds}:
            return max(bounds.get("minimum", 1), 0)
        case {"type": "boolean"}:
            return True
        case {"type": "null"}:
            return None
    return "…"


def _resolved(field: Schema, definitions: Mapping[str, Schema]) -> Schema:
    reference = field.get("$ref")
    return field if reference is None else definitions[reference.removeprefix("#/$defs/")]


def _may_be_null(field: Schema) -> bool:
    return _NULL in field.get("anyOf", ())
