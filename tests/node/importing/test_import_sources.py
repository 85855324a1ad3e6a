"""Tables from files of three kinds, kind and unkind."""

import sys
from collections.abc import Callable
from datetime import date, time
from pathlib import Path

import pandas as pd
import pyreadstat
import pytest
import sdtm_data as made

from ledger.errors import LedgerError, MalformedError, NotFoundError, SetupError
from ledger.names import When
from ledger.node.importing.dates import study_day, when_of
from ledger.node.importing.sources import find_tables, read_table


def table(folder: Path, content: bytes, name: str = "a.csv") -> Path:
    (folder / name).write_bytes(content)
    return folder / name


@pytest.mark.parametrize(
    "content",
    [
        b"A,B\n1,x\n2,y z\n",
        b"\xef\xbb\xbfA,B\r\n1,x\r\n2,y z\r\n",
        b"A,B\r1,x\r2,y z",
        b'"A","B"\n"1","x"\n\n2, y z \n',
    ],
)
def test_marks_and_line_ends_of_other_systems_change_nothing(content: bytes, tmp_path: Path) -> None:
    read = read_table(table(tmp_path, content))
    assert [(each.number, dict(each.values)) for each in read.rows] == [
        (1, {"A": "1", "B": "x"}),
        (2, {"A": "2", "B": "y z"}),
    ]


def test_a_row_with_other_cells_than_the_header_is_a_fault_and_the_others_count_on(tmp_path: Path) -> None:
    read = read_table(table(tmp_path, b"A,B\n1\n2,3\n4,5,6\n"))
    assert [each.number for each in read.rows] == [2]
    assert dict(read.faults) == {1: "has 1 cells, and the header 2", 3: "has 3 cells, and the header 2"}


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.csv", b"", "is empty"),
        ("a.csv", b"A,A\n1,2\n", "two columns are named A"),
        ("a.csv", b"A,\n1,2\n", "a column has no name"),
        ("a.csv", "A\nø\n".encode("latin-1"), "is not utf-8"),
        ("a.csv", b"A\n\0\n", "is no text"),
        ("a.csv", b'A\n"never closed\n', "is no CSV"),
        ("a.parquet", b"PAR1 no such thing", "is no Parquet file"),
        ("a.xpt", b"HEADER RECORD of nothing", "is no SAS transport file"),
        ("a.xlsx", b"PK", "is none of .csv, .parquet, .xpt"),
    ],
)
def test_what_is_no_such_table_is_named(name: str, content: bytes, says: str, tmp_path: Path) -> None:
    with pytest.raises(MalformedError) as error:
        read_table(table(tmp_path, content, name))
    assert says in str(error.value)
    assert name in str(error.value)


def test_another_encoding_is_read_where_it_is_named(tmp_path: Path) -> None:
    read = read_table(table(tmp_path, "A\nKøbenhavn\n".encode("latin-1")), encoding="latin-1")
    assert read.rows[0].get("A") == "København"


@pytest.mark.parametrize("encoding", ["no-such", "hex", "undefined"])
def test_an_encoding_that_nobody_knows_or_that_is_none_of_text_is_named(encoding: str, tmp_path: Path) -> None:
    with pytest.raises(MalformedError, match=encoding):
        read_table(table(tmp_path, b"A\n1\n"), encoding=encoding)


def test_a_time_of_day_is_a_text_and_no_reason_to_refuse_a_table(tmp_path: Path) -> None:
    pd.DataFrame({"ATM": [time(13, 30), None]}).to_parquet(tmp_path / "a.parquet", engine="pyarrow")
    assert [each.get("ATM") for each in read_table(tmp_path / "a.parquet").rows] == ["13:30:00", ""]


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    with pytest.raises(MalformedError, match=r"a\.csv has no column B, C"):
        read_table(table(tmp_path, b"A\n1\n")).check_has(["C", "A", "B"])


@pytest.mark.parametrize("kind", ["xpt", "parquet"])
def test_numbers_nulls_and_dates_are_texts_as_in_csv(kind: str, tmp_path: Path) -> None:
    rows = [{"AESEQ": "1", "B": "x", "RSDY": ""}, {"AESEQ": "2", "B": "", "RSDY": "-4"}]
    made.write_table(tmp_path / f"a.{kind}", rows)
    assert [dict(each.values) for each in read_table(tmp_path / f"a.{kind}").rows] == rows


def test_dates_and_letters_of_sas_files_are_read_as_they_are_meant(tmp_path: Path) -> None:
    frame = pd.DataFrame({"ADT": [date(2021, 12, 24), None], "SITE": ["København", "x"]})
    pyreadstat.write_xport(frame, str(tmp_path / "a.xpt"), file_format_version=8)
    assert [dict(each.values) for each in read_table(tmp_path / "a.xpt").rows] == [
        {"ADT": "2021-12-24", "SITE": "København"},
        {"ADT": "", "SITE": "x"},
    ]
    (tmp_path / "a.xpt").write_bytes((tmp_path / "a.xpt").read_bytes().replace("ø".encode(), b"\xf8 "))
    assert read_table(tmp_path / "a.xpt", encoding="latin-1").rows[0].get("SITE").startswith("Kø")


@pytest.mark.parametrize(("kind", "package"), [("parquet", "pyarrow"), ("xpt", "pyreadstat")])
def test_a_package_that_is_not_installed_is_named_with_what_installs_it(
    kind: str, package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(SetupError, match=rf"package {package}: pip install 'cohort-ledger\[tables\]'"):
        read_table(table(tmp_path, b"x", f"a.{kind}"))


def test_two_files_for_one_domain_are_refused_and_a_pattern_says_which(tmp_path: Path) -> None:
    for name in ("rs.csv", "RS.xpt", "rs_onco.csv"):
        (tmp_path / name).touch()
    with pytest.raises(MalformedError, match=r"RS\.xpt, rs\.csv would all be rs"):
        find_tables(tmp_path, "rs", None)
    assert [each.name for each in find_tables(tmp_path, "rs", "RS_*.csv")] == ["rs_onco.csv"]
    with pytest.raises(NotFoundError, match="no file"):
        find_tables(tmp_path, "rs", "tr_*")


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("2014-03-15", "2014-03-15"),
        ("2014-03-15T10:20", "2014-03-15"),
        ("2014-03", "2014-03"),
        ("2014-03--T10", "2014-03"),
        ("2014---15", "2014"),
        ("2014", "2014"),
        ("2014-03-01/2014-03-05", "2014-03-01/2014-03-05"),
        ("2014-03/2014-04", "2014-03-01/2014-04-30"),
        ("--03-15", None),
        ("", None),
    ],
)
def test_a_date_says_what_its_source_says_and_no_more(text: str, means: str | None) -> None:
    found = when_of(text)
    assert (found.text if found else None) == means


@pytest.mark.parametrize("text", ["15/03/2014", "2014-UN-UN", "2014-02-30", "2014-3-1", "20140315", "2014-05/2014-04"])
def test_what_is_no_date_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(LedgerError) as error:
        when_of(text)
    assert text not in str(error.value)


def test_formats_of_a_mapping_keep_the_precision_that_they_have() -> None:
    formats = ("%d.%m.%Y", "%m.%Y", "%Y")
    read: Callable[[str], When | None] = lambda text: when_of(text, formats)  # noqa: E731
    assert [str(read(text)) for text in ("04.03.2021", "03.2021", "2021", "")] == [
        "2021-03-04",
        "2021-03",
        "2021",
        "None",
    ]


@pytest.mark.parametrize(
    ("when", "day"), [("2021-03-10", 1), ("2021-03-11", 2), ("2021-03-09", -1), ("2021-03", None), ("2021", None)]
)
def test_there_is_no_day_0_and_none_of_a_partial_date(when: str, day: int | None) -> None:
    assert study_day(When.parse(when), When.parse("2021-03-10")) == day
    assert study_day(When.parse("2021-03-10"), When.parse("2021-03")) is None
