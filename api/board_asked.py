"""What of the board somebody asks for, as an address says it: the same for the page, the data and the table."""

from typing import Annotated, Literal

from pydantic import Field, field_validator

from api.queries import Asked
from ledger.reports.board_filter import Order, Sort, Wanted
from ledger.reports.standing import State


class BoardAsked(Asked):
    """tumour: an OncoTree code, or `any`. country: two letters. free: only where a place is left. text: words, all of
    which stand in what defines the cohort. Order: up or down; else names from A, and of anything else the most first.
    """

    tumour: Annotated[str | None, Field(max_length=40)] = None
    gene: Annotated[str | None, Field(max_length=40)] = None
    regimen: Annotated[str | None, Field(max_length=400)] = None
    country: Annotated[str | None, Field(max_length=2)] = None
    state: State | None = None
    free: Literal["yes"] | None = None
    text: Annotated[str | None, Field(max_length=120)] = None
    sort: Sort | None = None
    order: Order | None = None

    @property
    def wanted(self) -> Wanted:
        return Wanted(**self.model_dump(exclude_none=True))


class BoardForm(BoardAsked):
    """As a browser sends it: what was not chosen stands there, too, and is empty."""

    @field_validator("*", mode="before")
    @classmethod
    def _none_for_empty(cls, value: object) -> object:
        return None if value == "" else value
