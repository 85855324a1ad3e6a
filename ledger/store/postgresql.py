"""What is PostgreSQL's own: one advisory lock for whoever writes, and readers that see one moment each.

The lock is taken before anything is read, and let go by the commit, after it is durable (and, where the server waits
for replicas, there too). So the next writer sees all that was written before, indexes are handed out without a gap, and
a reader that sees an entry sees every entry before it: nothing that is numbered commits out of order. A sequence or an
identity column could not promise that.
"""

import importlib.util
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, Subquery, Table, bindparam, create_engine, event, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeEngine

from ledger.errors import LedgerError, SetupError, TamperedError, UnavailableError
from ledger.store.migrating import upgrade

SHAPE = "postgresql://user@host/database"

_LOCK = 0x636F686F7274  # "cohort": of the one writer of a ledger, in its database
_LOCK_TIMEOUT_S = 30
_CONNECT_TIMEOUT_S = 10
_ASIDE = "cohort_ledger_as_migrated"  # a schema that is made to look, and never committed


def as_one_host(url: str) -> str:
    """A URL as SQLAlchemy reads it: of libpq's spellings the scheme `postgres`, and hosts in a row with their ports."""
    if not url.startswith(("postgres://", "postgresql://")):
        return url
    url = f"postgresql://{url.partition('://')[2]}"
    listed = _HOSTS.fullmatch(url)
    if listed is None:
        return url
    hosts = "&".join(f"host={host}" for host in listed["hosts"].split(","))
    return f"{listed['start']}{listed['database']}?{hosts}{'&' if listed['more'] else ''}{listed['more'] or ''}"


def of_the_writer(url: URL) -> URL:
    """Of several hosts the one that takes writes, unless the URL says otherwise: what decides who may see what is read
    there, and a replica that answers while the primary does not may be behind.
    """
    has_several = isinstance(url.query.get("host"), tuple) and "target_session_attrs" not in url.query
    return url.update_query_dict({"target_session_attrs": "read-write"}) if has_several else url


def make_engine(url: URL) -> Engine:
    """Raises SetupError where the driver is not installed, or no database is named."""
    if importlib.util.find_spec("psycopg") is None:
        raise SetupError("PostgreSQL's driver is not installed: run pip install 'cohort-ledger[postgres]'")
    if not url.database:
        raise SetupError(f"the URL names no database: write {SHAPE}")
    asked = {"application_name": "cohort-ledger", "connect_timeout": _CONNECT_TIMEOUT_S}
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        hide_parameters=True,  # an error's text gets into logs
        pool_pre_ping=True,  # a server that was restarted is no reason to fail
        connect_args={name: value for name, value in asked.items() if name not in url.query},
    )
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def check_file(connection: Connection) -> str:
    """Whether what it answers as durable is so. Its files are the server's to check."""
    for name in ("fsync", "full_page_writes"):
        if connection.exec_driver_sql(f"SHOW {name}").scalar_one() != "on":
            raise SetupError(f"the server's {name} is off: what it answers may be lost; turn it on")
    return "the server keeps what it has answered"


def objects(connection: Connection) -> dict[str, str]:
    """Its tables, columns, constraints, indexes, triggers and their functions: name -> how each is made."""
    schema = connection.exec_driver_sql("SELECT current_schema()").scalar_one()
    rows = connection.exec_driver_sql(_OBJECTS, {"schema": schema})
    within = re.compile(rf'(?<![\w"])"?{re.escape(schema)}"?\.')
    return {name: within.sub("", made) for name, made in rows}


def objects_wanted(engine: Engine) -> Mapping[str, str]:
    """The same of a database that was just migrated, in a schema that is not kept."""
    with engine.connect() as connection, connection.execution_options(writes=True).begin() as transaction:
        connection.exec_driver_sql(f"CREATE SCHEMA {_ASIDE}")
        connection.exec_driver_sql(f"SET LOCAL search_path TO {_ASIDE}")
        upgrade(connection)
        made = objects(connection)
        transaction.rollback()
    return made


def copy_rows(conn: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store rows by COPY, in binary: a value that is not of its column's type is refused, as an insert would do."""
    columns = [table.c[name] for name in rows[0]]
    names = ", ".join(conn.dialect.identifier_preparer.format_column(column) for column in columns)
    into = f"COPY {conn.dialect.identifier_preparer.format_table(table)} ({names}) FROM STDIN (FORMAT BINARY)"
    driver: Any = conn.connection.driver_connection
    error = conn.dialect.loaded_dbapi.Error
    try:
        with driver.cursor() as cursor, cursor.copy(into) as copy:
            copy.set_types([_BINARY[column.type.__visit_name__] for column in columns])
            for row in rows:
                copy.write_row(tuple(row.values()))
    except error as met:  # as SQLAlchemy tells of what its own statements meet with
        told = DBAPIError.instance(into, None, met, error, hide_parameters=True, dialect=conn.dialect)
        raise told from None


def unnested(**lists: TypeEngine[Any]) -> Subquery:
    """A table to join, of which each column is a list that is handed in. Texts are compared by code point."""
    columns = (func.unnest(bindparam(name, type_=ARRAY(type_))).label(name) for name, type_ in lists.items())
    return select(*columns).subquery()


def analyze(conn: Connection, tables: Iterable[Table]) -> None:
    names = [conn.dialect.identifier_preparer.format_table(table) for table in tables]
    conn.exec_driver_sql(f"ANALYZE {', '.join(names)}")


def meaning_of(error: BaseException | None) -> LedgerError | None:
    """Who must act on what it met with; None for a mistake in this program."""
    state: str | None = getattr(error, "sqlstate", None)
    kinds = {each.__name__ for each in type(error).__mro__}
    if state is None and "ProgrammingError" in kinds and str(error).startswith("invalid "):
        return SetupError("the database URL holds an option that libpq does not know: mend it")
    if state is None and "DataError" in kinds:
        return SetupError(_NO_NUL)
    if state is None:
        # what never reached a server, was cut off, or was waited for too long, has no state, nor has what a server
        # answers to a greeting
        return _unmet(str(error)) if "OperationalError" in kinds else None
    for start, (kind, message) in _ERRORS.items():
        if state.startswith(start):
            return kind(message)
    return None


def check_committed(connection: Connection) -> None:
    """Raises UnavailableError where the server answered a commit, and said that it has stopped waiting for the replicas
    that it should wait for: an administrator, or a time limit, made it.
    """
    if connection.info.pop(_NOT_REPLICATED, False):
        raise UnavailableError(_GONE)


def _unmet(told: str) -> LedgerError:
    """What it means that there is no connection, by the driver's words: it has nothing else. They name hosts and users,
    and are not passed on.
    """
    if not told.startswith(_NOT_CONNECTED):
        return UnavailableError(_GONE)
    for words, (kind, message) in _REFUSALS.items():
        if re.search(words, told):
            return kind(message)
    return UnavailableError(_UNREACHED)


def _prepare(connection: Any, record: Any) -> None:
    def hear(told: Any) -> None:
        # nothing else that is done here is warned of
        if told.severity_nonlocalized == "WARNING":
            record.info[_NOT_REPLICATED] = True

    connection.add_notice_handler(hear)
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = '{_LOCK_TIMEOUT_S}s'")
        # whoever turned it off for a whole server did not mean what is acknowledged here
        cursor.execute("SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting(%s) = 'off'", _SYNC)
    connection.commit()


def _begin(connection: Connection) -> None:
    if connection.get_execution_options().get("writes", False):
        # whatever the server's default is: one moment for all of it would be that before the lock was waited for
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
    else:
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")


_HOSTS = re.compile(
    r"(?P<start>postgresql://(?:[^@/?]*@)?)(?P<hosts>[^/?@]*,[^/?@]*)(?P<database>/[^?]*)(?:\?(?P<more>.*))?"
)
_BINARY = {"big_integer": "int8", "integer": "int4", "text": "text", "large_binary": "bytea"}
_NOT_REPLICATED = "not_replicated"
_SYNC = ("synchronous_commit",)
_NO_NUL = "a text holds the character U+0000, which PostgreSQL cannot keep: keep this ledger on SQLite"
_GONE = "the database server cannot be reached, or went away: whether a commit came about is not known; try again"
_UNREACHED = "the database server cannot be reached: see that it runs and that the URL's host and port are right"
_REFUSED_US = "the database server refuses who we are: check the user and password in the URL"
_NO_DATABASE = "the database server has no such database: make one, or mend the URL"
_NONE_LEFT = "the database server has no connection left: try again"
# by the beginning of the SQLSTATE, the first that fits (PostgreSQL, appendix A)
_ERRORS: Mapping[str, tuple[type[LedgerError], str]] = {
    "08": (UnavailableError, _GONE),
    "57P": (UnavailableError, _GONE),
    "25P": (UnavailableError, _GONE),  # a time limit of the server's ended it
    "57014": (UnavailableError, "the database server gave up a statement: try again"),
    "53300": (UnavailableError, _NONE_LEFT),
    "55P03": (UnavailableError, "another process is writing to the database and does not end: try again"),
    "40": (UnavailableError, "the database server gave up a transaction: try again"),
    "25006": (UnavailableError, "the database server takes no writes: it is a replica; name the one that takes them"),
    "53100": (UnavailableError, "the disk is full: make room, and try again"),
    "53": (UnavailableError, "the database server has too little memory or disk: make room, and try again"),
    "22021": (SetupError, _NO_NUL),
    "28": (SetupError, _REFUSED_US),
    "3D000": (SetupError, _NO_DATABASE),
    "42501": (SetupError, "the database does not let us do that: make its user the owner of the database"),
    "42P01": (SetupError, "the database lacks a table that it should have: restore it"),
    "42703": (SetupError, "the database lacks a column that it should have: restore it"),
    "XX": (TamperedError, "the database's files are damaged: restore it"),
}
_NOT_CONNECTED = ("connection failed", "connection is bad", "connection timeout", "failed to resolve host")
# by the words of a server that speaks English; another's refusal counts as not reached. The first that fits
_REFUSALS: Mapping[str, tuple[type[LedgerError], str]] = {
    r"SSL was required|SSL error|certificate": (
        SetupError,
        "the database server's TLS is not what the URL asks for: check sslmode and sslrootcert",
    ),
    r"no pg_hba\.conf entry": (SetupError, "the database server lets nobody like us in from here: see its pg_hba.conf"),
    r"authentication failed|no password supplied|role \".*\" does not exist|not permitted to log in": (
        SetupError,
        _REFUSED_US,
    ),
    r"database \".*\" does not exist": (SetupError, _NO_DATABASE),
    r"too many (clients|connections)|remaining connection slots": (UnavailableError, _NONE_LEFT),
}
_OBJECTS = """
WITH ours AS (SELECT c.* FROM pg_class c WHERE c.relnamespace = to_regnamespace(%(schema)s))
SELECT 'column ' || ours.relname || '.' || a.attname,
    format_type(a.atttypid, a.atttypmod) || ' ' || coalesce(a.attcollation::regcollation::text, '') || ' '
    || a.attnotnull || ' ' || coalesce(pg_get_expr(d.adbin, d.adrelid), '')
FROM ours JOIN pg_attribute a ON a.attrelid = ours.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = ours.oid AND d.adnum = a.attnum WHERE ours.relkind = 'r'
UNION ALL
SELECT 'constraint ' || conname, pg_get_constraintdef(k.oid) || ' ' || k.convalidated
FROM ours JOIN pg_constraint k ON k.conrelid = ours.oid
UNION ALL
SELECT 'index ' || ours.relname, pg_get_indexdef(ours.oid) || ' ' || i.indisvalid
FROM ours JOIN pg_index i ON i.indexrelid = ours.oid WHERE ours.relkind = 'i'
UNION ALL
SELECT 'trigger ' || t.tgname, pg_get_triggerdef(t.oid) || ' ' || t.tgenabled::text
FROM ours JOIN pg_trigger t ON t.tgrelid = ours.oid WHERE NOT t.tgisinternal
UNION ALL
SELECT 'function ' || p.proname, pg_get_functiondef(p.oid)
FROM pg_proc p WHERE p.pronamespace = to_regnamespace(%(schema)s) AND p.proname LIKE 'ledger\\_%%'
"""
