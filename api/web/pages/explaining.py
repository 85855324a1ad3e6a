"""Help: for everybody, as it says nothing of any patient. Written by people, or made from what the code says."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from fastapi.responses import HTMLResponse

from api.caching import EXPLAINED
from api.drawing import draw
from api.help.claims import NOT_PROVEN, PROVEN, THREATS
from api.help.europe import EUROPE
from api.help.findings import KINDS, SEVERITIES
from api.help.markdown import anchor, written
from api.help.program import commands, settings
from api.help.records import RECORDS
from api.help.reference import event_types, tables
from api.help.requirement import Source
from api.help.topics import TOPICS, Topic
from api.negotiating import Page
from api.problems import meaning_of, meanings
from ledger.errors import NotFoundError

router = APIRouter(tags=["pages"], route_class=Page, prefix="/help")

SOURCES: tuple[Source, ...] = (*RECORDS, *EUROPE)
_BY_SLUG: Mapping[str, Topic] = {each.slug: each for each in TOPICS}
_DRAWN: Mapping[str, Callable[[], Mapping[str, Any]]] = {
    "events": lambda: {"types": event_types()},
    "tables": lambda: {"tables": tables()},
    "findings": lambda: {"kinds": KINDS, "severities": SEVERITIES},
    "problems": lambda: {"meanings": meanings()},
    "commands": lambda: {"commands": commands()},
    "settings": lambda: {"settings": settings()},
}


@router.get("")
def show_contents(request: Request) -> HTMLResponse:
    """What can be read."""
    return _explained(request, "contents", "Help")


@router.get("/trust")
def explain_trust(request: Request) -> HTMLResponse:
    """What this ledger does not prove."""
    lead = "A ledger shows who said what. It does not prove:"
    return _explained(request, "claims", "What this ledger does not prove", lead=lead, claims=NOT_PROVEN)


@router.get("/what-this-proves")
def explain_proofs(request: Request) -> HTMLResponse:
    """What this ledger proves, to whom, and by what."""
    lead = "Each of these can be checked without trusting whoever runs the hub, by `cohort-ledger audit` above all:"
    return _explained(request, "claims", "What this ledger proves", lead=lead, claims=PROVEN)


@router.get("/threat-model")
def explain_threats(request: Request) -> HTMLResponse:
    """Who might do harm, what stops or shows it, and what is left to them."""
    lead = "Who might do harm, what stops it or shows it, and what they can do all the same."
    return _explained(request, "claims", "Threat model", lead=lead, claims=THREATS)


@router.get("/regulations")
def explain_regulations(request: Request) -> HTMLResponse:
    """Which rules for electronic records are met, by what, and the tests that show it.

    What rules ask is told in our own words: their text counts, and whoever runs a hub has to read it.
    """
    return _explained(request, "rules", "Rules for electronic records, and what meets them here", sources=SOURCES)


@router.get("/errors/{slug}")
def explain_error(request: Request, slug: Annotated[str, Path(max_length=40)]) -> HTMLResponse:
    """What a problem's `type` means, and who must act."""
    meaning = meaning_of(slug)
    if meaning is None:
        raise NotFoundError("there is no such kind of error")
    return _explained(request, "problem", meaning.title, meaning=meaning)


@router.get("/{topic}")
def explain(request: Request, topic: Annotated[str, Path(max_length=40)]) -> HTMLResponse:
    """One topic of the contents."""
    found = _BY_SLUG.get(topic)
    if found is None:
        raise NotFoundError("there is no such page of help: /help lists them")
    if found.is_written:
        text = written(topic)
        return _explained(request, "text", text.title, html=text.html)
    return _explained(request, topic, found.title, **_DRAWN[topic]())


def _explained(request: Request, template: str, title: str, **facts: Any) -> HTMLResponse:
    return draw(
        request,
        f"help/{template}.html",
        kept_by_nobody=EXPLAINED,
        topics=TOPICS,
        page_title=title,
        anchor=anchor,
        **facts,
    )
