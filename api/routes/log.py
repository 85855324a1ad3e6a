"""The log's static files (design: formats), as any file server or cache could serve them."""

from hashlib import sha256
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.access import Asking
from api.caching import A_SECOND, AS_IT_IS, FOR_EVER, NOT_MODIFIED, OPENED, VARY, check_unchanged
from api.hub import OpenHub, Reads
from api.logged import log_opened
from api.problems import documented
from ledger.merkle.tiles import TILE_WIDTH, parse_path

router = APIRouter(tags=["log"])

_TEXT = "text/plain; charset=utf-8"
_JSON = "application/json"
_BYTES = "application/octet-stream"

_DISCLOSURES = "disclosures/"

# what a path begins with: its content type and who may keep it how long; the first that fits
_KINDS: tuple[tuple[str, str, str], ...] = (
    ("checkpoint", _TEXT, f"public, {A_SECOND}"),  # and `checkpoints`
    ("digests/", _BYTES, f"private, {FOR_EVER}, {AS_IT_IS}"),
    ("digest", _TEXT, f"private, {A_SECOND}"),
    ("memorandum", _JSON, f"public, {FOR_EVER}"),
    ("tile/entries/", _BYTES, f"private, {FOR_EVER}"),
    ("tile/", _BYTES, f"public, {FOR_EVER}, {AS_IT_IS}"),  # a partial tile too: it never changes, it is outgrown
    (_DISCLOSURES, _TEXT, OPENED),
    ("view", _JSON, OPENED),
)
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file",
        "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in (_TEXT, _JSON, _BYTES)},
    },
    **NOT_MODIFIED,
    **documented(400, 401, 403, 404),
}


@router.get("/log/{path:path}", response_class=Response, responses=_ANSWERS)
def read_file(request: Request, hub: OpenHub, reads: Reads, caller: Asking, path: str) -> Response:
    """One file, up to the published checkpoint. Lines of disclosures hold what the caller may see; `view` says what."""
    depends = path == "view" or path.startswith(_DISCLOSURES)  # on who asks: what that may see is looked up for these
    source = hub.source_for(caller, read=reads) if depends else hub.source("clear", read=reads)
    bound = source.fingerprint(path)
    if bound is not None:  # a reader who has these is told so before they are read
        check_unchanged(request, _headers(path, bound))
    content = source.read(path)
    if path.startswith(_DISCLOSURES):
        _log_disclosures(request, path, content)
    media_type, _ = _kind(path)
    return Response(content, media_type=media_type, headers=_headers(path, content if bound is None else bound))


def _headers(path: str, bound: bytes) -> dict[str, str]:
    """bound: what stands for the file's bytes in its tag, which is this address's alone."""
    _, cache = _kind(path)
    headers = {"Cache-Control": cache}
    if cache != OPENED:  # what nobody keeps has no tag
        headers["ETag"] = f'"{sha256(bound).hexdigest()[:32]}"'
    if not cache.startswith("public"):
        headers["Vary"] = VARY
    return headers


def _kind(path: str) -> tuple[str, str]:
    """Content type and Cache-Control."""
    return next((kind, cache) for start, kind, cache in _KINDS if path.startswith(start))


def _log_disclosures(request: Request, path: str, content: bytes) -> None:
    start = parse_path(path).n * TILE_WIDTH
    shown = {start + place for place, line in enumerate(content.splitlines()) if line}
    if shown:
        log_opened(request, shown)
