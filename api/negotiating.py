"""Pages and data at one address: which of them a request is for (RFC 9110, 12.5.1).

A browser says that it takes HTML, a program does not: whoever names `text/html`, and JSON not before it, is shown the
page, and anybody else is given the data. Both are one route to `api.access`: who may have the one may have the other.
"""

from typing import Any

from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from starlette.datastructures import Headers
from starlette.routing import Match
from starlette.types import Scope

HTML = "text/html"
_JSON = "application/json"


def wants_page(headers: Headers) -> bool:
    """Whether a request asks for HTML: as browsers do, or as what replaces a part of a page that is there."""
    if headers.get("hx-request") == "true":
        return True
    takes = [part.partition(";")[0].strip().lower() for part in ",".join(headers.getlist("accept")).split(",")]
    return HTML in takes and (_JSON not in takes or takes.index(HTML) < takes.index(_JSON))


class Page(APIRoute):
    """An address of a page alone. What it takes behind a question mark is in no description of data, but described."""

    _parameters: list[dict[str, Any]] | None = None

    def parameters(self) -> list[dict[str, Any]]:
        """As OpenAPI describes them."""
        if self._parameters is None:
            (described,) = get_openapi(title="", version="", routes=[self])["paths"].values()
            (operation,) = described.values()
            self._parameters = operation.get("parameters", [])
        return self._parameters


class SharedPage(Page):
    """A page at the address of data. Its router stands before that of the data."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["type"] == "http" and not wants_page(Headers(scope=scope)):
            return Match.NONE, {}
        return super().matches(scope)
