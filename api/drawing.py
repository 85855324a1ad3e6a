"""Pages: HTML drawn from templates, each in the same frame. Nothing in it comes from another host, nor from the page
itself: script and style are files of this server (Content Security Policy Level 3), so what somebody smuggled into a
page would not run.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from http import HTTPStatus
from importlib.resources import files
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from api.caching import ASK_AGAIN, OPENED, VARY
from api.replaying import MOMENT, Here, bar_of
from api.telling import cell_path, in_words, named, shown
from ledger.cohort.callers import NOBODY, Caller

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
STATIC = files("api.web") / "static"
_TAG_SIZE = 12  # hexadecimal digits


@dataclass(frozen=True, slots=True)
class Place:
    """One of the pages that every page leads to. roles: whom it has something to show; empty for everybody."""

    address: str
    name: str
    roles: frozenset[str] = frozenset()


_LOG = frozenset({"partner", "investigator", "auditor"})
PLACES = (
    Place("/", "Overview"),
    Place("/board", "Board"),
    Place("/contributions", "Contributions", _LOG | {"public"}),
    Place("/census", "Census", _LOG),
    Place("/events", "Events", _LOG),
    Place("/findings", "Findings", _LOG),
    Place("/verify", "Verify"),
    Place("/system", "System"),
    Place("/help", "Help"),
)

_OF_NO_MOMENT = ("/verify", "/system", "/help", "/login", "/access-log")  # how it is now, at any time


@dataclass(frozen=True, slots=True)
class Who:
    """Whom a page is shown to. name: of a member, or how a grantee is known; None where nobody is logged in. token: of
    the form that logs out.
    """

    role: str
    name: str | None
    token: str | None
    chooses_moments: bool

    @classmethod
    def of(cls, request: Request) -> "Who":
        sessions = getattr(request.app.state, "sessions", None)
        session = None if sessions is None else sessions.find(request)
        caller: Caller = getattr(request.state, "caller", NOBODY)
        if (
            session is not None and getattr(request.state, "identity", None) is None
        ):  # a page that asks nobody who it is
            caller = request.app.state.access.caller(session.who)
        name = caller.node or (caller.role if session else None)
        return cls(caller.role, name, session.form_token if session else None, caller.reads_log)


NOBODY_KNOWN = Who(NOBODY.role, None, None, chooses_moments=False)


def draw(
    request: Request,
    template: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    seen_size: int | None = None,
    kept_by_nobody: str = ASK_AGAIN,
    **facts: Any,
) -> HTMLResponse:
    """A page. template: of `api/web/templates`; facts: what it draws from. headers: of the answer, besides those of a
    page. seen_size: of the log that the page is about, entries; None for a page that is about no moment.
    kept_by_nobody: for how long whoever is not logged in may keep it; a page with a name on it nobody shares.
    """
    who = Who.of(request) if status < HTTPStatus.INTERNAL_SERVER_ERROR else NOBODY_KNOWN  # the database may be away
    moment = {name: value for name in MOMENT if (value := request.query_params.get(name))}
    places = [each for each in PLACES if not each.roles or who.role in each.roles or request.app.state.access.dev]
    href = _Href(moment)
    html = (
        _templates()
        .get_template(template)
        .render(
            facts,
            who=who,
            places=places,
            path=request.scope["path"],
            query=dict(request.query_params),
            moment=moment,
            bar=bar_of(request, seen_size) if seen_size is not None and who.chooses_moments else None,
            here=Here.of(request),
            seen_size=seen_size,
            is_dev=request.app.state.access.dev,
            href=href,
            address=_Href({}),
            number=_Number(href, is_linked=who.chooses_moments),
        )
    )
    kept = (
        OPENED if who.token else kept_by_nobody
    )  # a form's token stands beside what others wrote: see `api.compressing`
    said = {"Content-Security-Policy": POLICY, "Cache-Control": kept, "Vary": VARY}
    return HTMLResponse(html, status, headers={**said, **(headers or {})})


class _Href:
    """An address of ours with what is asked there; the moment that a page is about goes along with its links."""

    def __init__(self, moment: Mapping[str, str]) -> None:
        self._moment = moment

    def __call__(self, address: str, **asked: object) -> str:
        moment = {} if address.startswith(_OF_NO_MOMENT) else self._moment
        wanted = {**moment, **{name: value for name, value in asked.items() if value not in (None, "")}}
        return f"{address}?{urlencode(wanted)}" if wanted else address


class _Number:
    """A number of a report, and for whoever reads the log a link to the events that it counts."""

    def __init__(self, href: "_Href", *, is_linked: bool) -> None:
        self._href, self._is_linked = href, is_linked

    def __call__(self, value: object, of: str, **which: object) -> Markup:
        """of: what is counted, as `/numbers/{of}` names it; which: of what."""
        if isinstance(value, int) and self._is_linked:
            address = self._href(f"/numbers/{of}", **which)
            return Markup('<a class="n" href="{}">{}</a>').format(address, _grouped(value))
        return Markup("{}").format("–" if value is None else _grouped(value))


@cache
def static_tags() -> Mapping[str, str]:
    """Every static file's path under `/static/`, and the tag of its bytes."""
    found: dict[str, str] = {}
    pending = [("", STATIC)]
    while pending:
        prefix, folder = pending.pop()
        for each in folder.iterdir():
            if each.is_dir():
                pending.append((f"{prefix}{each.name}/", each))
            else:
                found[prefix + each.name] = sha256(each.read_bytes()).hexdigest()[:_TAG_SIZE]
    return found


def _static(path: str) -> str:
    """The address of a static file, another one for other bytes. Raises KeyError for one that is not there."""
    return f"/static/{path}?v={static_tags()[path]}"


@cache
def _templates() -> Environment:
    made = Environment(
        loader=PackageLoader("api.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["static"] = _static
    made.globals["has_static"] = static_tags().__contains__
    made.globals["cell_path"] = cell_path
    made.filters["grouped"] = _grouped
    made.filters["in_words"] = in_words
    made.filters["shown"] = shown
    made.filters["named"] = named
    return made


def _grouped(number: object) -> str | Markup:
    """14641 as 14,641; what is no number as it is."""
    return f"{number:,}" if isinstance(number, int) else str(number)
