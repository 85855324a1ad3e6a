"""Files of pages: style, script, pictures. Each is known by its name from the start; nothing else of the disk is."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.caching import FOR_EVER, check_unchanged
from api.drawing import POLICY, STATIC, static_tags
from api.negotiating import Page
from ledger.errors import NotFoundError

router = APIRouter(tags=["pages"], route_class=Page)

_TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "png": "image/png",
    "txt": "text/plain; charset=utf-8",
}
_A_WHILE = "max-age=60"


@router.get("/static/{path:path}")
def read_static(request: Request, path: str, v: str | None = None) -> Response:
    """A file. v: the tag of its bytes, under which they never change; modules that name each other have none."""
    tag = static_tags().get(path)
    if tag is None:
        raise NotFoundError("there is no such file")
    headers = {
        "ETag": f'"{tag}"',
        "Cache-Control": f"public, {FOR_EVER if v == tag else _A_WHILE}",
        "Content-Security-Policy": POLICY,  # a worker is under its own file's, not under its page's
    }
    check_unchanged(request, headers)
    return Response(STATIC.joinpath(path).read_bytes(), headers=headers, media_type=_TYPES[path.rpartition(".")[2]])
