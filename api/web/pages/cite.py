"""How a view is cited, and whether it is still so: a citation says an index, and what the database was there."""

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse
from pydantic import Field

from api.access import Access
from api.digits import Index
from api.drawing import draw
from api.hub import OpenHub, Reads
from api.negotiating import Page
from api.queries import Asked, On
from api.replaying import MOMENT, time_in_words
from ledger.errors import MalformedError
from ledger.operations.citing import Cited, cite
from ledger.operations.reading import Moment

router = APIRouter(tags=["pages"], route_class=Page)

_HASH = r"^[0-9a-f]{64}$"
_PAGE_MOST = 1000  # characters


class Asks(Asked):
    """What is cited; with a digest or a root, what it was cited with."""

    at: Annotated[Index | None, Field(description="The last entry of the view; the log's last one if not said")] = None
    on: On = None
    page: Annotated[str, Field(max_length=_PAGE_MOST, description="The address of the page on this server")] = "/"
    digest: Annotated[str | None, Field(pattern=_HASH, description="Of the database after that entry")] = None
    root: Annotated[str | None, Field(pattern=_HASH, description="Of the tree of the entries up to that one")] = None


@dataclass(frozen=True, slots=True)
class Text:
    """The citation as it is copied. page: as it was then; check: where to ask for it again."""

    page: str
    check: str
    words: str


@router.get("/cite")
def show_citation(request: Request, hub: OpenHub, reads: Reads, asked: Annotated[Asks, Query()]) -> HTMLResponse:
    """A view's citation, or what became of one."""
    Moment.parse(None, asked.on)  # a day that is one
    path, others = _read(asked.page)
    found, size = cite(reads, asked.at)
    access: Access = request.app.state.access
    stated = {"digest": _bytes(asked.digest), "root": _bytes(asked.root)}
    return draw(
        request,
        "cite.html",
        asked=asked,
        found=found,
        size=size,
        is_check=asked.digest is not None or asked.root is not None,
        differs=() if found is None else found.differs(**stated),
        as_it_was=_address(path, others, at=asked.at, on=asked.on),
        text=None
        if found is None
        else _text(
            found,
            asked,
            server=access.public_url,
            origin=hub.memorandum.origin,
            day=hub.appender.now().date().isoformat(),
        ),
    )


def _text(found: Cited, asked: Asks, *, server: str, origin: str, day: str) -> Text:
    path, others = _read(asked.page)
    page = server + _address(path, others, at=found.index, on=asked.on)
    names = {
        "at": found.index,
        "on": asked.on,
        "digest": found.digest.hex(),
        "root": found.root.hex(),
        "page": asked.page,
    }
    check = f"{server}/cite?{urlencode({name: value for name, value in names.items() if value is not None})}"
    dated = f", on {asked.on}" if asked.on else ""
    words = (
        f"Cohort ledger {origin}: {page}\n"
        f"As entry {found.index} left it (received {time_in_words(found.received)}){dated}. "
        f"Seen on {day}.\n"
        f"Log of {found.size} entries, root {found.root.hex()}\n"
        f"Database digest {found.digest.hex()}\n"
        f"To check: {check}"
    )
    return Text(page, check, words)


def _read(page: str) -> tuple[str, list[tuple[str, str]]]:
    """A page's path, and what it is asked besides a moment. Raises MalformedError for what is no page of ours."""
    path, _, query = page.partition("?")
    if not path.startswith("/") or path.startswith("//") or not path.isprintable() or {*'\\#"<>'} & {*path}:
        raise MalformedError("`page` is an address of this server, like /board?state=open")
    return path, [(name, value) for name, value in parse_qsl(query) if name not in MOMENT]


def _address(path: str, others: list[tuple[str, str]], *, at: int | None, on: str | None) -> str:
    wanted = [*others, *((name, value) for name, value in (("at", at), ("on", on)) if value is not None)]
    return f"{path}?{urlencode(wanted)}" if wanted else path


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else bytes.fromhex(text)
