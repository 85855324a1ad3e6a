"""Who read what: a line for each reading of sealed values and each export, in order, never changed.

Triggers refuse a change, and each line's hash is over its content and the hash before, so that what was changed past
them is found by whoever walks along (`check_chain`), unless all hashes behind it were made again; and the head counts
the lines. Nothing that was read stands in a line.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, false, or_, select

from ledger.errors import MalformedError, TamperedError
from ledger.signing.canonical import dump, load
from ledger.signing.entry import format_time
from ledger.store.bulk import stream_rows
from ledger.store.moving import check_not_moved
from ledger.store.tables import access_log, head

_START = bytes(32)  # what stands before the first line


class Access(NamedTuple):
    """One reading. kind: of caller. who: its node, or its key's thumbprint, or a hash of its issuer and subject.
    what: the path that was asked for. nodes: whose data it was. rows: how many. grants: ids of the events that allowed
    it; none where it was the caller's own.
    """

    at: datetime
    kind: str
    who: str
    role: str
    what: str
    nodes: Collection[str]
    rows: int
    grants: Sequence[str]


@dataclass(frozen=True, slots=True)
class AccessLine:
    """n: 0-based place in the access log. at: RFC 3339, the hub's clock. Else as `Access` has it."""

    n: int
    at: str
    kind: str
    who: str
    role: str
    what: str
    nodes: list[str]
    rows: int
    grants: list[str]


def export_by_operator(at: datetime, what: str, *, nodes: Collection[str], rows: int) -> Access:
    """What whoever runs the hub takes out of it, by a command."""
    return Access(at, "operator", "operator", "operator", what, nodes, rows, ())


_LINE = select(
    *(access_log.c[name] for name in ("n", "at", "kind", "who", "role", "what", "nodes", "rows", "grants", "hash"))
)


def append_access(conn: Connection, access: Access) -> None:
    """Add a line behind the last, in a transaction that writes."""
    check_not_moved(conn)
    last = conn.execute(_LINE.order_by(access_log.c.n.desc()).limit(1)).one_or_none()
    content: dict[str, Any] = {
        "n": 0 if last is None else last.n + 1,
        "at": format_time(access.at),
        "kind": access.kind,
        "who": access.who,
        "role": access.role,
        "what": access.what,
        "nodes": dump(sorted(set(access.nodes))).decode(),
        "rows": access.rows,
        "grants": dump(sorted(set(access.grants))).decode(),
    }
    chained = _chained(_START if last is None else last.hash, content.values())
    conn.execute(access_log.insert().values(**content, hash=chained))
    conn.execute(head.update().values(logged=content["n"] + 1))


def page_access(
    conn: Connection, *, after: int, limit: int | None, nodes: Collection[str] | None = None
) -> Iterator[AccessLine]:
    """The first `limit` lines behind line `after` (-1: from the start) that are about data of one of these nodes.

    nodes: None for all lines, those among them that are about no node's data.
    """
    page = _LINE.where(access_log.c.n > after).order_by(access_log.c.n)
    if nodes is not None:
        page = page.where(or_(false(), *(access_log.c.nodes.contains(f'"{node}"', autoescape=True) for node in nodes)))
    for row in stream_rows(conn, page if limit is None else page.limit(limit)):
        yield _line(row)


def check_chain(conn: Connection) -> int:
    """Walk along the chain. Returns how many lines there are.

    Raises TamperedError, which names the first line that is missing, or was changed, or stands behind one that was.
    """
    before, count = _START, 0
    for row in stream_rows(conn, _LINE.order_by(access_log.c.n)):
        if row.n != count:
            raise TamperedError(f"access log: line {count} is missing")
        if row.hash != _chained(before, row[:-1]):
            raise TamperedError(f"access log: line {count} was changed")
        before, count = row.hash, count + 1
    counted = conn.execute(select(head.c.logged)).scalar_one()
    if counted != count:
        raise TamperedError(f"access log: there are {count} lines where the head counts {counted}")
    return count


def _line(row: Row[Any]) -> AccessLine:
    return AccessLine(
        row.n, row.at, row.kind, row.who, row.role, row.what, _names(row.nodes), row.rows, _names(row.grants)
    )


def _names(text: str) -> list[str]:
    try:
        names = load(text.encode())
    except (MalformedError, UnicodeEncodeError):
        names = None
    if not isinstance(names, list):
        raise TamperedError("access log: a line holds a list that is none: run `cohort-ledger doctor`")
    return [str(name) for name in names]


def _chained(before: bytes, content: Iterable[str | int]) -> bytes:
    try:
        return sha256(before + dump(list(content))).digest()
    except MalformedError:  # a byte that is no UTF-8 was put there, and no hash of ours is over one
        return b""
