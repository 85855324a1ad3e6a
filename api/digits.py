"""Whole numbers, as requests write them: one spelling each. `int` would take signs, spaces and underscores."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from ledger.errors import MalformedError
from ledger.signing.encoding import from_decimal

INDEX_MAX = 10**15 - 1


def _number(text: object) -> object:
    if not isinstance(text, str):
        return text
    try:
        return from_decimal(text)
    except MalformedError:
        raise ValueError("a whole number is written in digits alone") from None


IN_DIGITS = BeforeValidator(_number)
Index = Annotated[int, Field(ge=0, le=INDEX_MAX), IN_DIGITS]
