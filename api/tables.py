"""Tables as CSV (RFC 4180), for a spreadsheet that must not be made to compute by what it is shown."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from io import StringIO

from fastapi.responses import Response

MEDIA_TYPE = "text/csv; charset=utf-8"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what spreadsheets take for the beginning of one


class CsvResponse(Response):
    media_type = MEDIA_TYPE


def csv_answer(columns: Sequence[str], lines: Iterable[Sequence[object]], headers: Mapping[str, str]) -> CsvResponse:
    """A table with its header line. headers: of the answer."""
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([_harmless(value) for value in line] for line in lines)
    return CsvResponse(text.getvalue(), headers=dict(headers))


def _harmless(value: object) -> object:
    """A text that a spreadsheet would compute gets an apostrophe before it; a number stays one."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
