"""What is written down of a request before its answer leaves: who read whose sealed values, or took an export."""

from collections.abc import Collection, Iterable
from hashlib import sha256

from fastapi import Request

from ledger.cohort.callers import ByKey, ByName, Caller, Identity
from ledger.errors import LedgerError, UnavailableError
from ledger.operations.hub import Hub
from ledger.signing.canonical import dump
from ledger.store.access_log import Access, append_access
from ledger.store.engine import reading, writing
from ledger.store.entries import authors


def log_access(request: Request, *, nodes: Iterable[str], rows: int) -> None:
    """Write that the caller of this request reads sealed values, or takes an export.

    nodes: whose data it is. rows: how many rows, or entries, are shown. Call it before the answer is given, and
    outside of any transaction. Raises UnavailableError where it cannot be written: what is not logged is not shown.
    """
    hub: Hub = request.app.state.hub
    caller: Caller = request.state.caller
    whose = sorted(set(nodes))
    access = Access(
        at=hub.appender.now(),
        kind=caller.kind,
        who=caller.node or name_of(request.state.identity),
        role=caller.role,
        what=request.scope["path"],
        nodes=whose,
        rows=rows,
        grants=[grant.name for grant in caller.grants if grant.node is None or grant.node in whose],
    )
    try:
        with writing(hub.engine) as connection:
            append_access(connection, access)
    except LedgerError:
        raise UnavailableError("this cannot be written to the access log now, so it is not shown: try again") from None


def log_opened(request: Request, indexes: Collection[int]) -> None:
    """Write that the caller reads what these entries sealed, one at least. Errors: as `log_access`."""
    hub: Hub = request.app.state.hub
    with reading(
        hub.engine
    ) as connection:  # over before the writing begins: one request takes one connection at a time
        whose = {node for index, node in authors(connection, min(indexes), max(indexes) + 1) if index in indexes}
    log_access(request, nodes=whose, rows=len(indexes))


def name_of(who: Identity | None) -> str:
    """Who proved to be there, as it is written down: a key's thumbprint, or a hash of what an issuer calls somebody."""
    match who:
        case ByKey(thumbprint):
            return thumbprint
        case ByName():
            return sha256(dump(list(who))).hexdigest()
    return "anyone"
