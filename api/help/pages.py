"""Help pages in plain HTML: what this does not prove, and which rules it meets and how that is shown.

What rules ask is told in our own words: their text counts, and whoever runs a hub has to read it.
"""

from collections.abc import Iterable, Iterator
from html import escape

from api.help.claims import NOT_PROVEN, PROVEN, THREATS, Claim
from api.help.europe import EUROPE
from api.help.records import RECORDS
from api.help.requirement import Requirement, Source

_LINKS = {
    "what-this-proves": "What this proves",
    "trust": "What this does not prove",
    "threat-model": "Threat model",
    "regulations": "Rules",
}
SOURCES: tuple[Source, ...] = (*RECORDS, *EUROPE)


def trust_page() -> str:
    """What this does not prove."""
    lead = "A ledger shows who said what. It does not prove:"
    return _page("What this ledger does not prove", lead, map(_claim, NOT_PROVEN))


def proof_page() -> str:
    """What this proves, to whom, and by what."""
    lead = "Each of these can be checked without trusting whoever runs the hub, by `cohort-ledger audit` above all:"
    return _page("What this ledger proves", lead, map(_claim, PROVEN))


def threats_page() -> str:
    """Who might do harm, what stops or shows it, and what is left to them."""
    lead = "Who might do harm, what stops it or shows it, and what they can do all the same."
    return _page("Threat model", lead, map(_claim, THREATS))


def regulations_page() -> str:
    """Which requirements are met, by what, and the tests that show it."""
    lead = (
        "What each rule asks is told in our words, and is no legal advice; the rule's own text counts. Beside it "
        "stands what here does it, what is left to people, and the tests that show it, by file and name."
    )
    return _page("Rules for electronic records, and what meets them here", lead, map(_source, SOURCES))


def _claim(claim: Claim) -> str:
    return f"<h2>{escape(claim.title)}</h2>\n<p>{escape(claim.text)}</p>"


def _source(source: Source) -> str:
    return "\n".join([f"<h2>{escape(source.name)}</h2>", *map(_section, source.requirements)])


def _section(line: Requirement) -> str:
    """A part of its own for each: a table would be as wide as the longest name of a test."""
    told = {"What it asks": line.asks, "What does it here": line.here, "What is left to people": line.left}
    parts = "".join(f"<dt>{name}</dt><dd>{escape(text)}</dd>" for name, text in told.items() if text)
    tests = "".join(f"<li><code>{escape(each)}</code></li>" for each in line.tests)
    return (
        f"<h3>{escape(line.clause)}</h3>\n<dl>{parts}</dl>\n"
        f"<details><summary>Tests that show it: {len(line.tests)}</summary><ul>{tests}</ul></details>"
    )


def _page(title: str, lead: str, parts: Iterable[str]) -> str:
    return "\n".join(_lines(title, lead, parts))


def _lines(title: str, lead: str, parts: Iterable[str]) -> Iterator[str]:
    yield f'<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
    yield f"<h1>{escape(title)}</h1>\n<p>{escape(lead)}</p>"
    yield from parts
    links = " · ".join(f'<a href="/help/{path}">{name}</a>' for path, name in _LINKS.items())
    yield f"<p>{links}</p>\n</html>\n"
