"""What pages call things that data name by a code."""

from collections.abc import Mapping

from ledger.reports.board_filter import Sort
from ledger.reports.reasons import Reason
from ledger.reports.standing import State

# ISO 3166-1, of Europe; any other is shown as its code
COUNTRIES: Mapping[str, str] = {
    "AT": "Austria",
    "BE": "Belgium",
    "BG": "Bulgaria",
    "CH": "Switzerland",
    "CY": "Cyprus",
    "CZ": "Czechia",
    "DE": "Germany",
    "DK": "Denmark",
    "EE": "Estonia",
    "ES": "Spain",
    "FI": "Finland",
    "FR": "France",
    "GB": "United Kingdom",
    "GR": "Greece",
    "HR": "Croatia",
    "HU": "Hungary",
    "IE": "Ireland",
    "IS": "Iceland",
    "IT": "Italy",
    "LT": "Lithuania",
    "LU": "Luxembourg",
    "LV": "Latvia",
    "MT": "Malta",
    "NL": "Netherlands",
    "NO": "Norway",
    "PL": "Poland",
    "PT": "Portugal",
    "RO": "Romania",
    "SE": "Sweden",
    "SI": "Slovenia",
    "SK": "Slovakia",
    "UA": "Ukraine",
}
REASONS: Mapping[Reason, str] = {
    "removed": "no member any more",
    "closed everywhere": "closed everywhere",
    "trial not open": "trial not open",
    "no supply": "no supply of the drug",
    "supply committed": "drug committed, not there yet",
    "supply withdrawn": "drug withdrawn",
    "supply available": "drug is there",
}
SHAPES: Mapping[State, str] = {"open": "●", "suspended": "◐", "closed": "✕", "not opened": "–"}
SORTS: Mapping[Sort, str] = {
    "name": "name",
    "places": "places left",
    "lag": "days behind",
    "treated": "treated",
    "opened": "opened",
}


def country_name(code: str | None) -> str:
    return COUNTRIES.get(code, code) if code else "everywhere"
