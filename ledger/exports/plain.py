"""Whatever a report holds, as what JSON is made of."""

from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from typing import Any


def plain(value: object) -> Any:
    """value: JSON, or dataclasses, or sequences and mappings of them; what else there is becomes text."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value if isinstance(value, str | int | float | None) else str(value)
