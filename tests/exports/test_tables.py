"""Tables as CSV and Parquet: read back by others, with the place of the log in them, and harmless in a spreadsheet."""

import csv
import json
import sys
from dataclasses import replace
from io import BytesIO, StringIO
from typing import Any

import pytest

from ledger.errors import SetupError
from ledger.exports.tables import Column, Provenance, Table, as_csv, as_parquet, csv_of

FROM = Provenance(
    origin="ledger.example/alliance",
    size=20,
    root="+7hFJxkdH31aPWp84EqbpelPU1RaC4fJelUY4kYlA12=",
    received="2022-01-03T09:19:00.000Z",
    at="19",
    on=None,
    program="cohort-ledger 0.1.0",
)
COLUMNS = (
    Column("node"),
    Column("events", "integer"),
    Column("lag", "real"),
    Column("synthetic", "boolean"),
    Column("ages", "json"),
)
TABLE = Table(
    "census",
    COLUMNS,
    (
        ("drup-nl", 2**53 - 1, 0.1, True, {"to": 80, "from": 18}),
        ('Zürich, "second"\nline', None, 1 / 3, None, ["ø", None]),
        (None, -5, None, False, None),
    ),
)


def lines(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(data.decode(), newline="")))


def parquet_of(data: bytes) -> Any:
    from pyarrow import parquet  # noqa: PLC0415 - it takes half a second

    return parquet.read_table(BytesIO(data))


def test_csv_is_read_back_with_the_place_of_the_log_in_each_line() -> None:
    found = lines(as_csv(TABLE, FROM))

    assert list(found[0]) == [*TABLE.names, *FROM.told()]
    assert [[line[name] for name in TABLE.names] for line in found] == [
        ["drup-nl", "9007199254740991", "0.1", "True", '{"from":18,"to":80}'],
        ['Zürich, "second"\nline', "", "0.3333333333333333", "", '["ø",null]'],
        ["", "-5", "", "False", ""],
    ]
    for line in found:
        assert {name: line[name] for name in FROM.told()} == {
            "log_origin": FROM.origin, "log_size": "20", "log_root": FROM.root, "log_time": FROM.received,
            "log_asked_at": "19", "log_asked_on": "", "log_program": FROM.program,
        }  # fmt: skip


def test_pandas_reads_csv_without_being_told_how() -> None:
    import pandas as pd  # noqa: PLC0415 - it takes half a second

    frame = pd.read_csv(BytesIO(as_csv(TABLE, FROM)))

    assert list(frame["node"])[:2] == ["drup-nl", 'Zürich, "second"\nline']
    assert list(frame["lag"])[:2] == [0.1, 1 / 3]
    assert list(frame["events"])[2] == -5
    assert set(frame["log_size"]) == {20}


def test_parquet_is_read_back_with_types_and_the_place_of_the_log_in_its_metadata() -> None:
    found = parquet_of(as_parquet(TABLE, FROM))

    kinds = {field.name: str(field.type) for field in found.schema}
    assert kinds == {"node": "string", "events": "int64", "lag": "double", "synthetic": "bool", "ages": "string"}
    assert found.to_pylist() == [
        dict(zip(TABLE.names, row, strict=True))
        for row in (
            (*TABLE.rows[0][:4], '{"from":18,"to":80}'),
            (*TABLE.rows[1][:4], '["ø",null]'),
            TABLE.rows[2],
        )
    ]
    assert {name.decode(): value.decode() for name, value in found.schema.metadata.items()} == {
        "log_table": "census", "log_origin": FROM.origin, "log_size": "20", "log_root": FROM.root,
        "log_time": FROM.received, "log_asked_at": "19", "log_program": FROM.program,
    }  # fmt: skip


def test_a_table_without_lines_keeps_its_columns_and_in_parquet_their_types_and_the_place_of_the_log() -> None:
    empty = replace(TABLE, rows=())

    found = parquet_of(as_parquet(empty, FROM))

    assert as_csv(empty, FROM).decode() == ",".join([*TABLE.names, *FROM.told()]) + "\r\n"
    assert found.schema == parquet_of(as_parquet(TABLE, FROM)).schema
    assert found.schema.metadata[b"log_size"] == b"20"


@pytest.mark.parametrize("write", [as_csv, as_parquet])
def test_equal_tables_give_equal_bytes(write: Any) -> None:
    shuffled = {"from": 18, "to": 80}  # the same in another order
    again = replace(TABLE, rows=((*TABLE.rows[0][:4], shuffled), *TABLE.rows[1:]))

    assert write(again, FROM) == write(TABLE, FROM)
    assert write(TABLE, replace(FROM, size=21)) != write(TABLE, FROM)


def test_parquet_without_pyarrow_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)

    with pytest.raises(SetupError, match=r"pip install 'cohort-ledger\[tables\]'"):
        as_parquet(TABLE, FROM)


def test_a_text_that_a_spreadsheet_would_compute_is_defused_and_a_number_is_not() -> None:
    text = csv_of(["a", "b", "c"], [["=1+1", "@SUM(A1)", -3], ["plain", "-", None]])

    assert text == "a,b,c\r\n'=1+1,'@SUM(A1),-3\r\nplain,'-,\r\n"


@pytest.mark.parametrize(
    "cell",
    ["=1+1", "+1", "-1", "@A1", "\t=1", "\r=1", "\n=1", "＝1+1", "=cmd|' /C calc'!A0", "a;=1", 'a;"=1"', 'a\n" +1'],
)
def test_no_text_begins_a_formula_where_a_spreadsheet_may_begin_a_cell(cell: str) -> None:
    (line,) = lines(as_csv(Table("t", (Column("x"),), ((cell,),)), FROM))

    assert line["x"].replace("'", "") == cell.replace("'", "")
    begun = line["x"].replace("\t", ";").replace("\r", ";").replace("\n", ";").split(";")
    assert not any(each.lstrip('" ').startswith(tuple("=+-@＝＋－＠")) for each in begun)


def test_parquet_changes_no_text() -> None:
    assert parquet_of(as_parquet(Table("t", (Column("x"),), (("=1+1",),)), FROM)).to_pylist() == [{"x": "=1+1"}]


def test_a_hash_stays_itself_so_that_it_can_be_held_against_another() -> None:
    for hashed in ("-" + "a_B" * 14, FROM.root):
        assert csv_of(["h"], [[hashed]]) == f"h\r\n{hashed}\r\n"
    assert csv_of(["h"], [["-" + "a_B" * 13]]).startswith("h\r\n'-")  # too short for one


def test_json_stays_json_however_hostile_the_text_in_it_is() -> None:
    cell = ["=1", {"a": ';"=1', "b": "\t+1"}, "\n-1"]
    table = Table("t", (Column("x", "json"),), ((cell,),))

    (line,) = lines(as_csv(table, FROM))

    told = json.loads(line["x"])
    assert told[0] == "=1"
    assert told[1]["b"] == "\t+1"
    assert told[1]["a"].replace("'", "") == ';"=1'
