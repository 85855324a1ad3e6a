"""What a mapping of SDTM data says: where each domain lies, and what of it makes which event.

The variables of SDTM have their meaning, so little needs to be said; what the data cannot say (in which cohort an arm
is, which text is a progression, when a patient counts as evaluable) is said here, by the node.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ledger.node.importing.values import Value, Where

DOMAINS = ("DM", "EX", "DS", "RS", "TR", "TU", "AE", "ADTTE")


@dataclass(frozen=True)
class Dated:
    """An event that a patient's own row tells. on: where its day is looked for, in order: `DM.RFICDTC` is a variable,
    `DS.RANDOMIZED` the day of a DSDECOD. fields: from DM, or the one row of a domain that the value names.
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
    """rule: its name in the ledger. assessments: so many after baseline by one evaluator, NE not among them, make a
    patient evaluable; so does an end of treatment for a reason of `or_ended_for`. otherwise: what the others are, or
    "undetermined".
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

    def domains(self) -> list[str]:
        """Those that it reads: what it knows of itself, and where a field's value lies elsewhere."""
        events = filter(None, (self.case, self.profile, self.allocation, self.enrolment))
        elsewhere = {value.domain for event in events for value in event.fields.values()} - {""}
        return [each for each in DOMAINS if self._asks_for(each)] + sorted(elsewhere - {*DOMAINS})

    def _asks_for(self, domain: str) -> bool:
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
