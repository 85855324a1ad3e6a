"""Help pages in plain HTML: what this does not prove, and which rules it meets and how that is shown.

What rules ask is told in our own words: their text counts, and whoever runs a hub has to read it.
"""

from collections.abc import Iterable, Iterator
from html import escape
from typing import NamedTuple

from api.help.europe import EUROPE
from api.help.records import RECORDS
from api.help.requirement import Requirement, Source

SOURCES: tuple[Source, ...] = (*RECORDS, *EUROPE)


class _Claim(NamedTuple):
    title: str
    text: str


_NOT_PROVEN = (
    _Claim(
        "That what a trial signs is true",
        "A signature says who said something, and that not a letter was changed since. Whether a scan was read well, "
        "or a date was typed as it was, nobody learns here. Two things that do not go together can be found, and are "
        "reported: a sum that a trial states against its own events, for one.",
    ),
    _Claim(
        "That the hub keeps to itself what it is shown",
        "Its operator runs the program that checks sealed values when they come in, and could read them. The hub can "
        "also be slow, turn something away, or decide who comes first when one place is left. It signs what it turns "
        "away for a rule's sake, so a refusal without ground can be held against it.",
    ),
    _Claim(
        "That patients cannot be told apart",
        "A case has a number that means nothing. But a member who reads the log sees that some case of a trial was "
        "treated in a cohort on a day, and how much was said of it afterwards. In rare diseases that may be enough for "
        "somebody who knows the patient. Those outside see counts only, and no small ones.",
    ),
    _Claim(
        "That what was once seen is forgotten",
        "An erasure destroys the key of what was said, so no copy of the database gives it back, unless somebody kept "
        "an old copy of the keys too. Nor does it reach a person's memory, a printout, a table that somebody exported, "
        "or an old bundle that had the value in it.",
    ),
    _Claim(
        "That a page drawn by the hub is right",
        "A hub that lies can draw what it likes. Only what your own program has verified, under keys that you had from "
        "somewhere else, is more than the hub's word: run the audit, and pin the hash of the founding document.",
    ),
    _Claim(
        "That everybody is shown the same history, where few watch",
        "Witnesses who cosign make it hard to show one history here and another there. If an audit asks for half of "
        "them or fewer, each half might have been shown its own. If it asks for none, there is no such protection, and "
        "it says so.",
    ),
)


def trust_page() -> str:
    """What this does not prove."""
    told = (f"<h2>{escape(each.title)}</h2>\n<p>{escape(each.text)}</p>" for each in _NOT_PROVEN)
    return _page("What this ledger does not prove", "A ledger shows who said what. It does not prove:", told)


def regulations_page() -> str:
    """Which requirements are met, by what, and the tests that show it."""
    lead = (
        "What each rule asks is told in our words, and is no legal advice; the rule's own text counts. Beside it "
        "stands what here does it, what is left to people, and the tests that show it, by file and name."
    )
    return _page("Rules for electronic records, and what meets them here", lead, map(_source, SOURCES))


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
    yield '<p><a href="/help/trust">What this does not prove</a> · <a href="/help/regulations">Rules</a></p>\n</html>\n'
