"""What the five trials stated of themselves on 16 November 2021: figures with the words they were said in.

The file is package data, taken over as it was compiled from the partners' own announcement and the public registries.
Nothing in it is made up, and nothing is derived from it here.
"""

from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import BaseModel, ConfigDict


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Attested(_Part):
    """A figure, or a date where `when` stands in place of `value`. note: how its compiler read it."""

    metric: str
    kind: Literal["count", "plan", "target", "unresolved"]
    operator: Literal["eq", "ge", "le"]
    value: int | None = None
    when: str | None = None
    by: str | None = None
    quote: str
    note: str | None = None


class Opened(_Part):
    on: str
    quote: str
    note: str | None = None


class NodeFacts(_Part):
    """opened: None where the trial was not open yet."""

    node: str
    name: str
    title: str
    country: str
    aliases: list[str]
    registries: dict[str, str]
    opened: Opened | None
    census: list[Attested]

    def figure(self, metric: str) -> int:
        """The number attested as a count; 0 where the node attested none of this metric."""
        return next((each.value or 0 for each in self.census if (each.metric, each.kind) == (metric, "count")), 0)


class Policies(_Part):
    opened_in_parallel_by: list[str]
    database_holds: list[str]


class AllianceFacts(_Part):
    name: str
    memorandum_signed: str
    commitments: list[str]
    policies: Policies


class Facts(_Part):
    title: str
    source: str
    as_of: str
    published_on: str
    alliance: AllianceFacts
    nodes: list[NodeFacts]
    how_each_metric_is_derived: dict[str, str]
    traps: list[str]

    def of(self, node: str) -> NodeFacts:
        return next(each for each in self.nodes if each.node == node)


@cache
def alliance_of_2021() -> Facts:
    return Facts.model_validate_json(files("ledger.demo").joinpath("facts.json").read_bytes())
