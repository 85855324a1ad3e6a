"""The access log: in order, never changed, and found out where it was changed all the same."""

from datetime import UTC, datetime, timedelta

import pytest
from altering import drop_triggers, in_words_of
from sqlalchemy.exc import IntegrityError

from ledger.errors import TamperedError
from ledger.store.access_log import Access, append_access, check_chain, page_access
from ledger.store.engine import Engine, reading, writing
from ledger.store.head import found

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def access(number: int, *nodes: str) -> Access:
    at = NOW + timedelta(seconds=number)
    return Access(at, "grantee", "x" * 43, "auditor", f"/cases/{number}", nodes, number, ["b", "a", "b"])


@pytest.fixture
def logged(empty: Engine) -> Engine:
    """Five lines: about DRUP, both, ProTarget, nobody's and DRUP's data."""
    with writing(empty) as conn:
        found(conn, b"{}")
    for number, nodes in enumerate((["drup-nl"], ["protarget-dk", "drup-nl"], ["protarget-dk"], [], ["drup-nl"])):
        with writing(empty) as conn:
            append_access(conn, access(number, *nodes))
    return empty


def test_lines_come_back_as_they_were_written_and_in_order(logged: Engine) -> None:
    with reading(logged) as conn:
        lines = list(page_access(conn, after=-1, limit=None))

    assert [line.n for line in lines] == [0, 1, 2, 3, 4]
    assert lines[1].nodes == ["drup-nl", "protarget-dk"]
    assert lines[1].grants == ["a", "b"]
    assert (lines[4].kind, lines[4].who, lines[4].role, lines[4].what, lines[4].rows) == (
        *("grantee", "x" * 43, "auditor"),
        *("/cases/4", 4),
    )


def test_a_node_finds_the_lines_about_its_own_data(logged: Engine) -> None:
    with reading(logged) as conn:
        pages = {
            node: [line.n for line in page_access(conn, after=0, limit=2, nodes=[node])]
            for node in ("drup-nl", "protarget-dk", "drup", "%")
        }

    assert pages == {"drup-nl": [1, 4], "protarget-dk": [1, 2], "drup": [], "%": []}


@pytest.mark.parametrize(
    ("statement", "refused"),
    [
        ("UPDATE access_log SET who = 'nobody' WHERE n = 3", "never changed"),
        ("DELETE FROM access_log WHERE n = 4", "never deleted"),
        (
            "INSERT INTO access_log SELECT 9, at, kind, who, role, what, nodes, 1, grants, hash FROM access_log",
            "follows the last one|duplicate key",
        ),
        pytest.param(
            "INSERT OR REPLACE INTO access_log SELECT * FROM access_log WHERE n = 3",
            "follows the last one",
            marks=pytest.mark.sqlites_own("PostgreSQL has no INSERT OR REPLACE"),
        ),
    ],
)
def test_the_database_refuses_to_change_the_access_log(logged: Engine, statement: str, refused: str) -> None:
    with pytest.raises(IntegrityError, match=refused), writing(logged) as conn:
        conn.exec_driver_sql(statement)

    with reading(logged) as conn:
        assert check_chain(conn) == 5


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("UPDATE access_log SET who = 'nobody' WHERE n = 2", "line 2"),
        ("UPDATE access_log SET nodes = '[]' WHERE n = 0", "line 0"),
        ("UPDATE access_log SET rows = rows + 1 WHERE n = 3", "line 3"),
        pytest.param(
            "UPDATE access_log SET who = CAST(x'ff' AS TEXT) WHERE n = 1",
            "line 1",
            marks=pytest.mark.sqlites_own("PostgreSQL refuses bytes that are no text"),
        ),
        ("UPDATE access_log SET what = '/board' WHERE n = 4", "line 4"),
        ("UPDATE access_log SET hash = x'00' WHERE n = 0", "line 0"),
        ("DELETE FROM access_log WHERE n = 1", "line 1 is missing"),
        ("DELETE FROM access_log WHERE n = 4", "there are 4 lines where the head counts 5"),
        ("DELETE FROM access_log WHERE n = 0", "line 0 is missing"),
    ],
)
def test_what_was_changed_past_the_triggers_breaks_the_chain(logged: Engine, statement: str, named: str) -> None:
    with writing(logged) as conn:
        drop_triggers(conn)
        conn.exec_driver_sql(in_words_of(conn, statement))

    with pytest.raises(TamperedError, match=named), reading(logged) as conn:
        check_chain(conn)


def test_an_access_log_without_lines_holds(empty: Engine) -> None:
    with writing(empty) as conn:
        found(conn, b"{}")

    with reading(empty) as conn:
        assert check_chain(conn) == 0
