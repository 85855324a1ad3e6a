"""Every number is a link: what it counts, in words, the rows behind it, and the event that made each of them count."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from json import dumps
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import HTMLResponse
from pydantic import Field

from api.access import Asking
from api.audience import ShownTo
from api.caching import OPENED
from api.digits import Index
from api.drawing import draw
from api.hub import OpenHub, Reads
from api.logged import log_access
from api.negotiating import Page
from api.queries import AskedWhen, Look, Taken
from ledger.cohort.database import Registered
from ledger.cohort.rows import TABLES, Correction
from ledger.cohort.snapshot import Snapshot
from ledger.errors import ForbiddenError, MalformedError, NotFoundError
from ledger.names import SLUG_MAX
from ledger.operations.hub import Hub
from ledger.operations.reading import snapshot_at, snapshot_of_cohort, snapshot_of_tables
from ledger.operations.revealing import reveal
from ledger.reports.behind import Behind, behind, noun_of
from ledger.reports.counted import Counted, Which
from ledger.reports.findings import findings_for
from ledger.reports.looks import Looked, looked
from ledger.reports.material import Material, material
from ledger.reports.nouns import Noun
from ledger.reports.patients import Patient
from ledger.reports.responses import kind_of_best
from ledger.reports.toxicity import worst_of
from ledger.store.engine import reading
from ledger.store.head import read_head

router = APIRouter(tags=["pages"], route_class=Page)

LISTED_MAX = 500  # lines of what is counted
_CHECKED_MAX = 20_000  # events that a browser is told of to check them

# what rests on sealed values: whom it counts is shown to who may see all of them
_ANSWERS = {"benefit_claimed", "benefit_computed", "counted_claimed", "counted_computed"}
_SHARES = {"best_response", "worst_grade"}

_Name = Annotated[str | None, Field(max_length=SLUG_MAX)]


class Number(AskedWhen):
    """Of what a number is. The last six: of one that rests on sealed values."""

    cohort: _Name = None
    node: _Name = None
    type: Annotated[str | None, Field(max_length=100)] = None
    table: _Name = None
    metric: _Name = None
    entry: Index | None = None
    group: _Name = None
    name: _Name = None
    look: Literal["stage 1", "stage 2", "now"] | None = None
    whose: _Name = None
    kind: _Name = None
    grade: _Name = None

    @property
    def which(self) -> Which:
        return Which(
            cohort=self.cohort,
            node=self.node,
            type=self.type,
            table=self.table,
            metric=self.metric,
            entry=self.entry,
        )


@dataclass(frozen=True, slots=True)
class Line:
    """One that counts. corrects: index of the event that its own corrects, None where that is no correction."""

    counted: Counted
    event: Registered
    corrects: int | None


Of = Annotated[str, Path(pattern=r"^[a-z0-9]+(?:[-_][a-z0-9]+)*$", max_length=SLUG_MAX)]


@router.get("/numbers/{of}")
def show_number(
    request: Request,
    hub: OpenHub,
    reads: Reads,
    look: Look,
    audience: ShownTo,
    asking: Asking,
    of: Of,
    asked: Annotated[Number, Query()],
) -> HTMLResponse:
    """What is behind a number. of: its name, however its words are joined."""
    name = of.replace("-", "_")
    if name in _ANSWERS | _SHARES:
        if audience.tier != "auditor":
            raise ForbiddenError(
                "this number is computed from sealed values, and whom it counts is for auditors of all: the page of"
                " the cohort shows as much of it as you may see"
            )
        return _sealed_number(request, hub, look, name, asked)
    if name == "findings":
        return _findings(request, hub, look(snapshot_at), asking)
    if asked.table is not None and asked.table not in TABLES:
        raise NotFoundError("there is no such table")
    seen = look(_read(noun_of(name, asked.which), asked.cohort))
    found = behind(seen, name, asked.which)
    with reading(reads) as connection:
        published = read_head(connection).published
    checked = found.events if len(found.events) <= _CHECKED_MAX else ()
    return draw(
        request,
        "number.html",
        seen_size=seen.size,
        found=found,
        lines=_lines(seen, found),
        listed_max=LISTED_MAX,
        checked=",".join(map(str, checked)),
        proven_size=published,
        recount=_rule(found),
        cut=_received(seen, seen.size - 1),
    )


def _read(noun: Noun, cohort: str | None) -> Taken:
    """As much of the database as a number is made from."""
    if cohort is not None:
        return partial(snapshot_of_cohort, cohort=cohort)
    if not noun.found.tables:
        return snapshot_at
    return partial(snapshot_of_tables, tables=noun.found.tables | {Correction.TABLE})


def _rule(found: Behind) -> str | None:
    """By which a browser counts the same from the events themselves; None where there is no such rule."""
    if not found.is_count or not found.types:
        return None
    rule: dict[str, object] = {"types": list(found.types)}
    rule |= {name: value for name in ("cohort", "node") if (value := getattr(found.which, name)) is not None}
    if found.noun.counts_cases:
        rule["distinct"] = "case"
    return dumps(rule, separators=(",", ":"))


def _lines(seen: Snapshot, found: Behind) -> list[Line]:
    told = {each.index: each for each in (*seen.events, *seen.later)}
    return [Line(each, told[each.index], found.corrects.get(each.index)) for each in found.counted[:LISTED_MAX]]


def _received(seen: Snapshot, index: int) -> str:
    """When the last entry that the page takes in was received, in words."""
    told = next((each for each in reversed((*seen.events, *seen.later)) if each.index == index), None)
    return f"{told.received:%Y-%m-%d %H:%M} UTC" if told else "before anything was received"


# ------------------------------------------------------------------ what rests on sealed values


def _sealed_number(request: Request, hub: Hub, look: Look, name: str, asked: Number) -> HTMLResponse:
    """For auditors alone. Whom it shows is written down, as by the report of the cohort."""
    if asked.cohort is None:
        raise MalformedError("this number is of one cohort: name it")
    seen = look(partial(snapshot_of_cohort, cohort=asked.cohort))
    with reading(hub.engine) as connection:
        told = material(reveal(connection, hub.vault, seen, cohort=asked.cohort), asked.cohort)
    number, patients = _answered(looked(told), name, asked) if name in _ANSWERS else _shared(told, name, asked)
    if patients:
        log_access(request, nodes={each.node for each in patients}, rows=len(patients))
    return draw(
        request,
        "number_sealed.html",
        headers={"Cache-Control": OPENED},
        seen_size=seen.size,
        name=name,
        asked=asked,
        says=number,
        patients=patients,
        cut=_received(seen, seen.size - 1),
    )


def _answered(found: Iterable[Looked], name: str, asked: Number) -> tuple[int | str | None, tuple[Patient, ...]]:
    """The number as the report has it, and whom it counts."""
    by = (asked.group or "cohort", asked.name, asked.look or "now")
    one = next((each for each in found if (each.look.of, each.look.name, each.look.look) == by), None)
    if one is None:
        raise NotFoundError("there is no such look at the cohort")
    answers = "claimed" if name.endswith("claimed") else "computed"
    rate = one.look.claimed_rate if answers == "claimed" else one.look.computed_rate
    if name.startswith("counted"):
        return rate.denominator, tuple(one.patients)
    return rate.numerator, tuple(each for each in one.patients if getattr(each, answers) == "yes")


def _shared(told: Material, name: str, asked: Number) -> tuple[int, tuple[Patient, ...]]:
    """The same of one part of a table: who had this best response, or this worst grade."""
    if name == "worst_grade":
        found = [each for each in told.patients if str(worst_of(each)) == asked.grade]
    else:
        known = [each for each in told.counted if each.outcome.computed is not None]
        found = [each for each in known if kind_of_best(each, told.endpoint, confirmed=True) == asked.kind]
    patients = tuple(each for each in found if asked.node in (None, each.node))
    return len(patients), patients


def _findings(request: Request, hub: Hub, seen: Snapshot, asking: Asking) -> HTMLResponse:
    found = request.app.state.findings.of(hub, seen, request.app.state.patience)
    shown = findings_for(found, asking.node, is_auditor=asking.view == "full")
    return draw(request, "number_findings.html", headers={"Cache-Control": OPENED}, seen_size=seen.size, found=shown)
