"""What a node can say: the types of event, the fields of each, and a draft to begin with."""

import json

import click

from ledger.cli.options import as_json
from ledger.cli.terminal import print_json, print_table
from ledger.errors import NotFoundError
from ledger.events.base import Event
from ledger.events.catalog import EVENT_TYPES
from ledger.node.draft_schema import SEALED, draft_schema, example, in_words


@click.command()
@click.argument("type_", metavar="[TYPE]", required=False)
@as_json
def types(type_: str | None, *, as_json: bool) -> None:
    """List what a node can say; of one TYPE its fields, and a draft with placeholders. `--json` gives JSON Schema."""
    if type_ is None:
        _list(as_json=as_json)
    else:
        _describe(_newest(type_), as_json=as_json)


def _list(*, as_json: bool) -> None:
    listed = [
        {
            "type": each.TYPE,
            "v": each.VERSION,
            "clear": [name for name in each.model_fields if name != "synthetic"],
            "sealed": list(each.Sealed.model_fields),
        }
        for each in EVENT_TYPES
    ]
    if as_json:
        print_json(listed)
        return
    columns = ["type", "clear", "sealed"]
    print_table(columns, [[str(each["type"]), _joined(each["clear"]), _joined(each["sealed"])] for each in listed])


def _describe(event_type: type[Event], *, as_json: bool) -> None:
    schema = draft_schema(event_type)
    if as_json:
        print_json(schema)
        return
    data = schema["properties"]["data"]
    print_table(
        ["field", "", "", "takes"],
        [
            [
                name,
                "sealed" if SEALED in field else "clear",
                "required" if name in data["required"] else "",
                in_words(field, schema["$defs"]),
            ]
            for name, field in data["properties"].items()
        ],
        title=f"{event_type.TYPE}, version {event_type.VERSION}",
    )
    if "of" in schema["properties"]:
        click.echo(
            '"of" stands beside "data": the type of what is corrected, whose fields the replacement holds, all of them'
        )
    click.echo(json.dumps(example(schema), ensure_ascii=False))


def _newest(name: str) -> type[Event]:
    versions = [each for each in EVENT_TYPES if name == each.TYPE]
    if not versions:
        raise NotFoundError(f"no event is called {name[:80]}: `cohort-ledger node types` lists them")
    return max(versions, key=lambda each: each.VERSION)


def _joined(names: object) -> str:
    assert isinstance(names, list)
    return ", ".join(names)
