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
from ledger.cohort.rows import Cohort
from ledger.cohort.snapshot import Snapshot
from ledger.names import UUID
from ledger.reports.finding import Finding

router = APIRouter(tags=["pages"], route_class=SharedPage)

_WORD = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*)")
_ID = re.compile(UUID.pattern)


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
    cohorts = {row.cohort for row in seen.of(Cohort)}
    types = {event.index: event.type for event in seen.events}

    def address(word: str, node: str, before: str) -> str | None:
        if word in cohorts:
            return f"/cohorts/{word}"
        if _ID.fullmatch(word) is None:
            return None
        return f"/cases/{node}/{word}" if before == "case" else f"/events/{word}" if before == "event" else None

    def line(each: Finding) -> Line:
        texts = [text for text in _WORD.split(each.message) if text]
        words = [*texts[:1], *texts[:1], *texts]  # two places on: a blank stands between two words
        parts = (Part(text, address(text, each.node, before)) for text, before in zip(texts, words, strict=False))
        return Line(each, types.get(each.index, ""), tuple(parts))

    of_kind = {slug: [line(each) for each in found if each.kind == slug] for slug in _slugs(severity)}
    return [Group(slug, KINDS[slug], lines) for slug, lines in of_kind.items() if lines]


def _slugs(severity: str) -> list[str]:
    return [slug for slug, kind in KINDS.items() if kind.severity == severity]
