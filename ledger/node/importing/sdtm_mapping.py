"""What a mapping of SDTM data says: where each domain lies, and what of it makes which event.

The variables of SDTM have their meaning, so little needs to be said; what the data cannot say (in which cohort an arm
is, which text is a progression, when a patient counts as evaluable) is said here, by the node.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ledger.errors import MalformedError
from ledger.node.importing.sources import Row
from ledger.node.importing.toml import Section
from ledger.node.importing.values import Value, fields_of, take_fields, take_value

Where = Mapping[str, tuple[str, ...]]
DOMAINS = ("DM", "EX", "DS", "RS", "TR", "TU", "AE", "ADTTE")


@dataclass(frozen=True)
class Dated:
    """An event that a patient's own row tells. on: where its day is looked for, in order: `DM.RFICDTC` is a variable,
    `DS.RANDOMIZED` the day of a DSDECOD. fields: from DM.
    """

    on: tuple[str, ...]
    fields: Mapping[str, Value]


@dataclass(frozen=True)
class Cohorts:
    """variable: of DM. of: its values as cohorts. left_out: those that no cohort is for, each with the reason.
    opened_on: no allocation is earlier, "" where the mapping does not say.
    """

    variable: str
    of: Mapping[str, str]
    left_out: Mapping[str, str]
    opened_on: str


@dataclass(frozen=True)
class Ending:
    """A row of DS that ends treatment. day: where its day is looked for: EX (the last EXENDTC), DS (DSSTDTC)."""

    where: Where
    day: tuple[str, ...]
    reason: Value


@dataclass(frozen=True)
class Responses:
    """readers: whether of several independent readers the accepted one counts, or all do. sums: rows of TR that hold
    the sum of the target lesions. baseline: those of them that stand before treatment. new: rows of TU that tell of a
    new lesion.
    """

    where: Where
    criteria: Value
    evaluator: Value
    codes: Mapping[str, str]
    readers: str
    sums: Where
    baseline: Where
    new: Where


@dataclass(frozen=True)
class AdverseEvents:
    term: str
    severity: Value
    related: Value | None
    outcomes: Mapping[str, str]


@dataclass(frozen=True)
class Survival:
    """sources: which domains are asked, the most trusted first. last_alive: a variable of DM, "" for none."""

    sources: tuple[str, ...]
    last_alive: str


@dataclass(frozen=True)
class Evaluability:
    """rule: its name in the ledger. assessments: so many after baseline by one evaluator, NE not among them, make a patient evaluable;
    so does an end of treatment for a reason of `or_ended_for`. otherwise: what the others are, or "undetermined".
    """

    rule: str
    assessments: int
    or_ended_for: tuple[str, ...]
    otherwise: str


@dataclass(frozen=True)
class SdtmMapping:
    source: str
    synthetic: bool
    encoding: str
    files: Mapping[str, str]
    splits: Mapping[str, Mapping[str, str]]
    cohorts: Cohorts
    case: Dated
    profile: Dated | None
    allocation: Dated
    enrolment: Dated
    stage: int
    doses: bool
    ending: Ending | None
    responses: Responses | None
    adverse_events: AdverseEvents | None
    survival: Survival | None
    evaluability: Evaluability | None

    def words(self) -> Iterator[tuple[str, str]]:
        """What is said by the mapping and not by the data, each with its reason."""
        for event in (self.case, self.profile, self.allocation, self.enrolment):
            for value in event.fields.values() if event is not None else ():
                yield from value.words()
        if self.responses is not None:
            yield from self.responses.criteria.words()

    def asks_for(self, domain: str) -> bool:
        return {
            "DM": True,
            "EX": True,
            "DS": True,
            "RS": self.responses is not None,
            "TR": self.responses is not None and bool(self.responses.sums),
            "TU": self.responses is not None and bool(self.responses.new),
            "AE": self.adverse_events is not None,
            "ADTTE": self.survival is not None and "ADTTE" in self.survival.sources,
        }[domain]


def read_sdtm_mapping(told: Section) -> SdtmMapping:
    """Raises MalformedError, which names what is missing, wrong, or nothing that a mapping has."""
    if told.take("kind", str) != "sdtm":
        raise MalformedError('this mapping is not of kind "sdtm"')
    cohorts, treatment = _needed(told, "cohorts"), _needed(told, "treatment")
    mapping = SdtmMapping(
        source=told.take("source", str),
        synthetic=told.take("synthetic", bool, False),  # noqa: FBT003 - the default
        encoding=told.take("encoding", str, "utf-8"),
        files=_files(told.section("files")),
        splits=_splits(told.section("split")),
        cohorts=_cohorts(cohorts),
        case=_dated(_needed(told, "case"), "case.submitted"),
        profile=_dated(profile, "case.profiled") if (profile := told.section("profile")) is not None else None,
        allocation=_dated(_needed(told, "allocation"), "case.allocated"),
        enrolment=_dated(_needed(told, "enrolment"), "patient.enrolled"),
        stage=treatment.take("stage", int),
        doses=treatment.take("doses", bool, False),  # noqa: FBT003 - the default
        ending=_ending(told.section("end")),
        responses=_responses(told.section("response")),
        adverse_events=_adverse_events(told.section("adverse_event")),
        survival=_survival(told.section("survival")),
        evaluability=_evaluability(told.section("evaluability")),
    )
    treatment.end()
    told.end()
    return mapping


def is_selected(row: Row, where: Where) -> bool:
    return all(row.get(name) in values for name, values in where.items())


def _needed(told: Section, name: str) -> Section:
    found = told.section(name)
    if found is None:
        raise MalformedError(f"[{name}] is missing")
    return found


def _files(section: Section | None) -> dict[str, str]:
    if section is None:
        return {}
    found = {domain: section.take(domain.lower(), str, "") for domain in DOMAINS}
    section.end()
    return {domain: pattern for domain, pattern in found.items() if pattern}


def _splits(section: Section | None) -> dict[str, dict[str, str]]:
    if section is None:
        return {}
    found = {name: section.table(name) for name in ("site", "country")}
    section.end()
    return {name: nodes for name, nodes in found.items() if nodes}


def _cohorts(section: Section) -> Cohorts:
    found = Cohorts(
        section.take("variable", str, "ACTARMCD"),
        section.table("of"),
        section.table("left_out"),
        section.take("opened_on", str, ""),
    )
    section.end()
    return found


def _dated(section: Section, event_type: str) -> Dated:
    names = [name for name in fields_of(event_type) if name not in ("on", "cohort")]
    found = Dated(section.texts("on"), take_fields(section, event_type, names))
    for place in found.on:
        if not place.startswith(("DM.", "DS.", "EX.")):
            raise MalformedError(f"{section.place('on')} takes DM.VARIABLE, DS.DSDECOD and EX.EXSTDTC")
    section.end()
    return found


def _ending(section: Section | None) -> Ending | None:
    if section is None:
        return None
    days = section.texts("day", ("EX", "DS"))
    if not set(days) <= {"EX", "DS"}:
        raise MalformedError(f"{section.place('day')} takes EX and DS")
    found = Ending(_where(section, "where"), days, _value(section, "reason"))
    section.end()
    return found


def _responses(section: Section | None) -> Responses | None:
    if section is None:
        return None
    found = Responses(
        where=_where(section, "where"),
        criteria=_value(section, "criteria"),
        evaluator=_value(section, "evaluator"),
        codes=section.table("codes"),
        readers=section.choice("readers", ("accepted", "all"), "accepted"),
        sums=_where(section, "sums", needed=False),
        baseline=_where(section, "baseline", needed=False),
        new=_where(section, "new_lesions", needed=False),
    )
    section.end()
    return found


def _adverse_events(section: Section | None) -> AdverseEvents | None:
    if section is None:
        return None
    found = AdverseEvents(
        section.choice("term", ("AEDECOD", "AETERM"), "AEDECOD"),
        take_value(section, "severity") or _SEVERITY,
        take_value(section, "related"),
        section.table("outcomes"),
    )
    section.end()
    return found


def _survival(section: Section | None) -> Survival | None:
    if section is None:
        return None
    found = Survival(section.texts("sources"), section.take("last_alive", str, ""))
    if not set(found.sources) <= {"ADTTE", "DM", "DS"}:
        raise MalformedError(f"{section.place('sources')} takes ADTTE, DM and DS")
    section.end()
    return found


def _evaluability(section: Section | None) -> Evaluability | None:
    if section is None:
        return None
    found = Evaluability(
        section.take("rule", str),
        section.take("assessments", int),
        section.texts("or_ended_for", ()),
        section.choice("otherwise", ("not-evaluable", "undetermined")),
    )
    section.end()
    return found


def _value(section: Section, key: str) -> Value:
    found = take_value(section, key)
    if found is None:
        raise MalformedError(f"{section.place(key)} is missing")
    return found


def _where(section: Section, key: str, *, needed: bool = True) -> Where:
    inner = section.section(key)
    if inner is None:
        if needed:
            raise MalformedError(f"{section.place(key)} is missing: it says which rows, as {{ VARIABLE = \"TEXT\" }}")
        return {}
    return {name: inner.texts(name) for name in inner.rest()}


_SEVERITY = Value(
    "adverse_event.severity",
    "AESEV",
    {
        "MILD": "mild",
        "MODERATE": "moderate",
        "SEVERE": "severe",
        "LIFE THREATENING": "life-threatening",
        "LIFE-THREATENING": "life-threatening",
        "FATAL": "fatal",
    },
)  # CDISC's AESEV has the first three; sources add the rest
