"""Who read what: a line for each reading of sealed values and each export, in order, never changed.

Triggers refuse a change, and each line holds the hash of the one before, so that what was changed past them is found by
whoever walks along (`check_chain`). Lines that are cut off at the end leave no trace in the chain itself. Nothing that
was read stands in a line.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Select, false, or_, select

from ledger.errors import MalformedError, TamperedError
from ledger.signing.canonical import Json, dump, load
from ledger.signing.encoding import to_base64url
from ledger.signing.entry import format_time
from ledger.store.tables import access_log

_AT_A_TIME = 1000  # rows
_START = bytes(32)  # what the first line has of the one before


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
    *(access_log.c[name] for name in ("n", "at", "kind", "who", "role", "what", "nodes", "rows", "grants", "before"))
)


def append_access(conn: Connection, access: Access) -> None:
    """Add a line behind the last, in a transaction that writes."""
    last = conn.execute(_LINE.order_by(access_log.c.n.desc()).limit(1)).one_or_none()
    conn.execute(
        access_log.insert().values(
            n=0 if last is None else last.n + 1,
            at=format_time(access.at),
            kind=access.kind,
            who=access.who,
            role=access.role,
            what=access.what,
            nodes=dump(sorted(set(access.nodes))).decode(),
            rows=access.rows,
            grants=dump(sorted(set(access.grants))).decode(),
            before=_START if last is None else _hash(last),
        )
    )


def page_access(
    conn: Connection, *, after: int, limit: int | None, nodes: Collection[str] | None = None
) -> Iterator[AccessLine]:
    """The first `limit` lines behind line `after` (-1: from the start) that are about data of one of these nodes.

    nodes: None for all lines, those among them that are about no node's data.
    """
    page = _LINE.where(access_log.c.n > after).order_by(access_log.c.n)
    if nodes is not None:
        page = page.where(or_(false(), *(access_log.c.nodes.contains(f'"{node}"', autoescape=True) for node in nodes)))
    for row in _stream(conn, page if limit is None else page.limit(limit)):
        yield _line(row)


def check_chain(conn: Connection) -> int:
    """Walk along the chain. Returns how many lines there are.

    Raises TamperedError, which names the first line that is missing, or does not fit what the next says of it.
    """
    before, count = _START, 0
    for row in _stream(conn, _LINE.order_by(access_log.c.n)):
        if row.n != count:
            raise TamperedError(f"access log: line {count} is missing")
        if row.before != before:
            changed = f"line {count - 1}, or the hash of it in the next," if count else "the first line"
            raise TamperedError(f"access log: {changed} was changed")
        before, count = _hash(row), count + 1
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


def _hash(row: Row[Any]) -> bytes:
    """Of a line with all that stands in it."""
    content: list[Json] = [to_base64url(each) if isinstance(each, bytes) else each for each in row]
    try:
        return sha256(dump(content)).digest()
    except MalformedError:  # a byte that is no UTF-8 was put there; no line of ours gives this hash
        return sha256(repr(content).encode("utf-8", "surrogatepass")).digest()


def _stream(conn: Connection, statement: Select[Any]) -> Iterable[Row[Any]]:
    return conn.execute(statement.execution_options(yield_per=_AT_A_TIME))
