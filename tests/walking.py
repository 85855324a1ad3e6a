"""Every route of an app, for tests that leave none out."""

from collections.abc import Iterable, Iterator
from typing import Any

from fastapi.routing import APIRoute
from given import COHORT, DRUP, IMPRESS, case
from starlette.routing import BaseRoute

OTHER = "brca"  # another cohort
# all that a parameter of a path may be asked for
NAMED: dict[str, tuple[str, ...]] = {
    "event": ("0", "18"),
    "node": (DRUP, IMPRESS),
    "case": (case(1),),
    "cohort": (COHORT, OTHER),
    "design": ("small", "week-16"),
    "table": ("cases", "cohorts", "nodes", "stage_decisions"),
    "key": (COHORT, DRUP, f"{DRUP}/{case(1)}"),
    "of": ("started", "events", "benefit-claimed"),
    "slug": ("rule",),
    "topic": ("glossary", "events"),
    "secret": ("A" * 43,),
    "path": (
        *("checkpoint", "checkpoints", "memorandum", "tile/0/000.p/1", "ledger.css"),
        *("view", "tile/entries/000.p/1", "digest", "digests/000.p/1", "disclosures/000.p/1"),
    ),
}


def routes_of(routes: Iterable[BaseRoute]) -> Iterator[APIRoute]:
    """Those of its routers among them; what is of another kind would be asked by nobody here."""
    for route in routes:
        included = getattr(route, "original_router", None)
        if included is not None:
            yield from routes_of(included.routes)
        else:
            assert isinstance(route, APIRoute)
            yield route


def paths(app: Any) -> list[str]:
    """Of all routes that are read, with all that their parameters may be."""
    routes = routes_of(app.routes)
    return [path for route in routes if "GET" in (route.methods or ()) for path in filled(route.path_format)]


def filled(template: str) -> list[str]:
    before, brace, rest = template.partition("{")
    if not brace:
        return [template]
    name, _, after = rest.partition("}")
    return [f"{before}{value}{end}" for value in NAMED[name] for end in filled(after)]
