"""What a table of the shared cohort database says of its fields, and what every row of it has.

A field says whether it is sealed (its value here is then a commitment, never a patient's value), who may see it (its
tier), and which date it goes by, so that a view *on* a day can leave out what had not happened yet.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import UnionType
from typing import Any, ClassVar, Literal, get_args, get_type_hints

Tier = Literal["public", "partner", "auditor"]
Kind = Literal["text", "integer", "boolean", "json"]


def clear(*, dated: str | None = None, tier: Tier = "partner") -> Any:
    """Mark a clear field; `dated` names the date of the same row that it goes by (none: it carries no date)."""
    return field(default=None, metadata={"sealed": False, "dated": dated, "tier": tier})


def sealed(*, dated: str | None = None, tier: Tier = "auditor") -> Any:
    """Mark a field whose value in the row is a commitment (base64url SHA-256 of its disclosure)."""
    return field(default=None, metadata={"sealed": True, "dated": dated, "tier": tier})


@dataclass(frozen=True, slots=True)
class Column:
    """What a table says about one of its fields. `dated` names the date field it goes by, which may be itself."""

    name: str
    kind: Kind
    sealed: bool
    tier: Tier
    dated: str | None


@dataclass(frozen=True, kw_only=True)
class Row:
    """One version of one row.

    set_by: field -> index of the event that set it (or of the correction that did); a field that no standing event
    sets is missing there and None here. since: index of the event that made this version. synthetic: an event behind
    it was made up, and said so.
    """

    TABLE: ClassVar[str]
    KEY: ClassVar[tuple[str, ...]]
    BEGUN: ClassVar[str | None] = None  # the date without which the row had not begun

    set_by: Mapping[str, int] = field(default_factory=dict)
    since: int = -1
    synthetic: bool = False

    @property
    def key(self) -> tuple[str, ...]:
        return tuple(getattr(self, part) for part in self.KEY)


_BOOKKEEPING = frozenset(field.name for field in fields(Row))


def columns_in(row_type: type[Row]) -> Mapping[str, Column]:
    """The fields of a table beside its key, in their order."""
    hints = get_type_hints(row_type)
    skip = _BOOKKEEPING | set(row_type.KEY)
    return {
        each.name: Column(each.name, _kind(hints[each.name], sealed=each.metadata["sealed"]), **each.metadata)
        for each in fields(row_type)
        if each.name not in skip
    }


def _kind(hint: Any, *, sealed: bool) -> Kind:
    kinds: dict[Any, Kind] = {str: "text", int: "integer", bool: "boolean"}
    bare = [arg for arg in get_args(hint) if arg is not type(None)] if isinstance(hint, UnionType) else [hint]
    return "text" if sealed else kinds.get(bare[0], "json") if len(bare) == 1 else "json"
