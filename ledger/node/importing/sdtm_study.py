"""The tables of one SDTM folder, and its patients: who each is, in which cohort, and when treatment started."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ledger.errors import MalformedError, NotFoundError
from ledger.names import When
from ledger.node.importing.dates import study_day, when_of
from ledger.node.importing.sdtm_mapping import Dated, SdtmMapping
from ledger.node.importing.sources import Row, Table, find_tables, read_table
from ledger.node.importing.told import Reading, UnusableError
from ledger.node.importing.values import Value, is_selected

_SUBJECT = "USUBJID"
_NEEDED = {
    "DM": {_SUBJECT},
    "EX": {_SUBJECT, "EXSTDTC"},
    "DS": {_SUBJECT, "DSDECOD", "DSSTDTC"},
    "RS": {_SUBJECT, "RSSEQ", "RSDTC"},
    "TR": {_SUBJECT, "TRSEQ", "TRDTC"},
    "TU": {_SUBJECT},
    "AE": {_SUBJECT, "AESEQ", "AESTDTC", "AESER"},
    "ADTTE": {_SUBJECT, "PARAMCD", "CNSR", "ADT"},
}
_NUMBERS = re.compile(r"[A-Z]{2}(SEQ|DY|STDY|ENDY|STRESN|TOXGR)|VISITNUM|CNSR|EXDOSE")
_WHOLE = re.compile(r"(-?[0-9]+)\.0+")
_NOTHING = re.compile(r"0+(\.0*)?")
_MAY_LACK = ("DS", "RS", "TR", "TU", "AE", "ADTTE")


@dataclass
class Person:
    """One row of DM. cohort: "" where the patient is in none, with the reason. started, first_dose: by EX."""

    row: Row
    cohort: str
    reason: str
    started: When | None = None
    first_dose: Row | None = None

    @property
    def subject(self) -> str:
        return self.row.get(_SUBJECT)


class Study:
    """Every row of a domain is asked for once, by `rows`: that lists those which are of nobody, or of a patient in no
    cohort, as such.
    """

    def __init__(self, mapping: SdtmMapping, tables: dict[str, list[Table]]) -> None:
        self.mapping = mapping
        self.reading = Reading(because=dict(mapping.words()), is_whole=True)
        self._rows = {domain: [row for table in found for row in _whole(table)] for domain, found in tables.items()}
        for table in (each for found in tables.values() for each in found):
            self.reading.heard(table)
        self.reading.missing += [domain for domain, found in tables.items() if not found]
        self.people = {person.subject: person for person in self._people()}
        self._by_person: dict[str, dict[str, list[Row]]] = {}
        self._doses: dict[str, list[Row]] = defaultdict(list)
        self._find_first_doses()

    @classmethod
    def load(cls, folder: Path, adam: Path | None, mapping: SdtmMapping) -> "Study":
        """Read the domains that the mapping asks for. adam: where ADTTE lies, where not beside the others.

        Raises NotFoundError and MalformedError for a file that is missing, none, or lacks a column.
        """
        tables: dict[str, list[Table]] = {}
        for domain in mapping.domains():
            at = adam if domain == "ADTTE" and adam is not None else folder
            files = find_tables(at, domain.lower(), mapping.files.get(domain))
            if not files and domain not in _MAY_LACK:
                raise NotFoundError(f"{at} holds no {domain}: the mapping's [files] may say how its file is named")
            tables[domain] = [read_table(file, encoding=mapping.encoding, any_case=True) for file in files]
            for table in tables[domain]:
                table.check_has(_NEEDED.get(domain, {_SUBJECT}) | _named_by(mapping, domain))
        return cls(mapping, tables)

    def person(self, row: Row, domain: str) -> Person | None:
        """Whose row this is; None, listed with the reason, where it is nobody's who was allocated."""
        if row.get("DOMAIN") not in ("", domain):
            self.reading.leave(row, f"its DOMAIN is not {domain}", row.get(_SUBJECT))
            return None
        person = self.people.get(row.get(_SUBJECT))
        if person is None:
            self.reading.leave(row, f"its {_SUBJECT} is in no row of DM that could be used", row.get(_SUBJECT))
        elif not person.cohort:
            self.reading.leave(row, person.reason, person.subject)
        else:
            return person
        return None

    def rows(self, domain: str) -> Sequence[Row]:
        return self._rows.get(domain, [])

    def of(self, domain: str, subject: str) -> Sequence[Row]:
        """A patient's rows of a domain."""
        if domain not in self._by_person:
            found: dict[str, list[Row]] = defaultdict(list)
            for row in self.rows(domain):
                found[row.get(_SUBJECT)].append(row)
            self._by_person[domain] = found
        return self._by_person[domain].get(subject, [])

    def doses(self, subject: str) -> Sequence[Row]:
        """The rows of EX that tell of a dose that a patient was given."""
        return self._doses.get(subject, [])

    def row_of(self, person: Person, value: Value) -> Row:
        """The row that a value lies in: the patient's own, or the one of another domain that answers.

        Raises UnusableError where several answer, each in another way.
        """
        if not value.domain:
            return person.row
        rows = self.of(value.domain, person.subject)
        answers = {value.text(row): row for row in rows if is_selected(row, value.where)}
        answers.pop("", None)
        if len(answers) > 1:
            raise UnusableError(f"rows of {value.domain} differ in {value.column}: {value.place}.where may say which")
        return next(iter(answers.values()), Row(value.domain, 0, {}))

    def date_of(self, row: Row, variable: str) -> When | None:
        """Raises UnusableError for what is no date."""
        try:
            return when_of(row.get(variable))
        except MalformedError as error:
            raise UnusableError(f"{variable} {error}") from None

    def day_of(
        self, person: Person, row: Row, variable: str, study_day_variable: str
    ) -> tuple[int | None, When | None]:
        """The study day of a row's date, by the date of first treatment and not by what the source counted, and the
        date. Where the two differ, that is remarked on.
        """
        when = self.date_of(row, variable)
        day, counted = study_day(when, person.started), row.get(study_day_variable)
        if counted and day is None:
            self.reading.remark(row, f"{study_day_variable} is not used: {variable} or the first dose is no full day")
        elif counted and counted != str(day):
            self.reading.remark(row, f"{study_day_variable} differs from the day by the dates, which is used")
        return day, when

    def first_date(self, person: Person, dated: Dated) -> When:
        """The first of the places that has a date. Raises UnusableError where none has."""
        for place in dated.on:
            domain, _, name = place.partition(".")
            if domain == "DM":
                found = self.date_of(person.row, name)
            elif domain == "EX":
                found = person.started
            else:
                found = earliest(
                    self.date_of(row, "DSSTDTC") for row in self.of("DS", person.subject) if row.get("DSDECOD") == name
                )
            if found is not None:
                return found
        raise UnusableError(f"none of {', '.join(dated.on)} has a date")

    def _people(self) -> Iterator[Person]:
        cohorts = self.mapping.cohorts
        met: dict[str, Row] = {}
        for row in self.rows("DM"):
            subject = row.get(_SUBJECT)
            if not subject:
                self.reading.leave(row, f"{_SUBJECT} is blank")
                continue
            if subject in met:
                self.reading.leave(row, f"{_SUBJECT} stands in row {met[subject].number} already", subject)
                continue
            met[subject] = row
            arm = row.get(cohorts.variable)
            cohort, reason = cohorts.of.get(arm, ""), cohorts.left_out.get(arm, "")
            if not cohort and not reason:
                reason = f"{cohorts.variable} is blank, or has a value that neither cohorts.of nor .left_out lists"
            yield Person(row, cohort, reason)

    def _find_first_doses(self) -> None:
        for row in self.rows("EX"):
            person = self.person(row, "EX")
            if person is None:
                continue
            if not _was_given(row):
                self.reading.leave(row, "EXOCCUR, EXSTAT or EXDOSE says that it was not given", person.subject)
                continue
            self._doses[person.subject].append(row)
            try:
                when = self.date_of(row, "EXSTDTC")
            except UnusableError as error:
                self.reading.leave(row, str(error), person.subject)
                continue
            if when is None:
                self.reading.leave(row, "EXSTDTC is blank", person.subject)
            elif person.started is None or (when.first, when.last) < (person.started.first, person.started.last):
                person.started, person.first_dose = when, row


def _was_given(row: Row) -> bool:
    """Whether there was any dose at all. Of a placebo the dose is 0 (SDTMIG, EXDOSE)."""
    if row.get("EXOCCUR") == "N" or row.get("EXSTAT") == "NOT DONE":
        return False
    return _NOTHING.fullmatch(row.get("EXDOSE")) is None or "PLACEBO" in row.get("EXTRT").upper()


def _whole(table: Table) -> Iterator[Row]:
    """The rows, a whole number without a point: a CSV may have `3.0` in a column of numbers where one was missing."""
    numbers = [name for name in table.columns if _NUMBERS.fullmatch(name)]
    for row in table.rows:
        pointed = {name: found[1] for name in numbers if (found := _WHOLE.fullmatch(row.get(name)))}
        yield row._replace(values={**row.values, **pointed}) if pointed else row


def earliest(dates: Iterable[When | None]) -> When | None:
    return min((each for each in dates if each is not None), key=lambda each: (each.first, each.last), default=None)


def _named_by(mapping: SdtmMapping, domain: str) -> set[str]:
    """The columns that a mapping itself names in a domain."""
    responses, events, named = mapping.responses, mapping.adverse_events, _named_by_dated(mapping, domain)
    if domain == "DM":
        last_alive = mapping.survival.last_alive if mapping.survival is not None else ""
        named |= {mapping.cohorts.variable, last_alive} - {""}
    elif domain == "RS" and responses is not None:
        named |= {*responses.where, *responses.criteria.columns(), *responses.evaluator.columns()}
    elif domain == "TR" and responses is not None:
        named |= {*responses.sums, *responses.baseline}
    elif domain == "TU" and responses is not None:
        named |= {*responses.new}
    elif domain == "DS" and mapping.ending is not None:
        named |= {*mapping.ending.where, *mapping.ending.reason.columns()}
    elif domain == "AE" and events is not None:
        named |= {events.term, *(events.related.columns() if events.related is not None else ())}
        named |= {*events.severity.columns()} - {"AESEV"}  # where there are grades it may be missing
    return named


def _named_by_dated(mapping: SdtmMapping, domain: str) -> set[str]:
    named = set[str]()
    for dated in filter(None, (mapping.case, mapping.profile, mapping.allocation, mapping.enrolment)):
        for value in dated.fields.values():
            if domain == (value.domain or "DM"):
                named |= {*value.columns(), *value.where}
        if domain == "DM":
            named |= {place.removeprefix("DM.") for place in dated.on if place.startswith("DM.")}
    return named
