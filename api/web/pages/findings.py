"""Findings: what is to be looked at, by how much it matters, with what each kind means and what to do."""

import re
from typing import NamedTuple

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from api.access import Asking
from api.caching import OPENED
from api.drawing import draw
from api.help.findings import KINDS, SEVERITIES, Kind
from api.hub import OpenHub
from api.negotiating import SharedPage
from api.queries import Seen
from api.routes.looking import read_findings
from ledger.cohort.rows import Case, Cohort
from ledger.cohort.snapshot import Snapshot
from ledger.reports.finding import Finding

router = APIRouter(tags=["pages"], route_class=SharedPage)

_WORD = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*)")


class Part(NamedTuple):
    """Of a message. address: what it names, None for words."""

    text: str
    address: str | None


class Line(NamedTuple):
    """type: of the event that is to be looked at."""

    found: Finding
    type: str
    parts: tuple[Part, ...]


class Group(NamedTuple):
    slug: str
    kind: Kind
    lines: list[Line]

    @property
    def size(self) -> int:
        return len(self.lines)


@router.get("/findings")
def show_findings(request: Request, hub: OpenHub, seen: Seen, asking: Asking, response: Response) -> HTMLResponse:
    """What the data of this address say, in groups. Nothing of it is kept: it rests on values that may be erased."""
    found = read_findings(request, hub, seen, asking, response)
    severities = {severity: _groups(found, seen, severity) for severity in SEVERITIES}
    return draw(
        request,
        "findings.html",
        seen_size=seen.size,
        headers={"Cache-Control": OPENED},
        found=found,
        severities=severities,
        meanings=SEVERITIES,
    )


def _groups(found: tuple[Finding, ...], seen: Snapshot, severity: str) -> list[Group]:
    cohorts, cases = {row.cohort for row in seen.of(Cohort)}, {(row.node, row.case) for row in seen.of(Case)}
    types = {event.index: event.type for event in seen.events}

    def address(word: str, node: str) -> str | None:
        if word in cohorts:
            return f"/cohorts/{word}"
        return f"/cases/{node}/{word}" if (node, word) in cases else None

    def line(each: Finding) -> Line:
        parts = tuple(Part(text, address(text, each.node)) for text in _WORD.split(each.message) if text)
        return Line(each, types.get(each.index, ""), parts)

    of_kind = {slug: [line(each) for each in found if each.kind == slug] for slug in _slugs(severity)}
    return [Group(slug, KINDS[slug], lines) for slug, lines in of_kind.items() if lines]


def _slugs(severity: str) -> list[str]:
    return [slug for slug, kind in KINDS.items() if kind.severity == severity]
