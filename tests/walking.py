"""Every route of an app, for tests that leave none out."""

from collections.abc import Iterable, Iterator

from fastapi.routing import APIRoute
from starlette.routing import BaseRoute


def routes_of(routes: Iterable[BaseRoute]) -> Iterator[APIRoute]:
    """Those of its routers among them; what is of another kind would be asked by nobody here."""
    for route in routes:
        included = getattr(route, "original_router", None)
        if included is not None:
            yield from routes_of(included.routes)
        else:
            assert isinstance(route, APIRoute)
            yield route
