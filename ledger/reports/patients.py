"""Everybody who started treatment in a cohort, with all that was told of each: what the report of a cohort counts.

What is shut stays apart from what was never said: of the one nobody knows here, of the other there is nothing to know.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ledger.cohort import rows
from ledger.cohort.reveal import Revealed
from ledger.cohort.snapshot import Snapshot
from ledger.reports.members import members
from ledger.reports.outcomes import Outcome, outcomes

Answer = Literal["yes", "no", "not-evaluable", "unclaimed", "shut"]
_Case = tuple[str, str]  # node, case
_Stay = tuple[str, str, str]  # cohort, node, case
_DEATH = 5  # CTCAE grade


@dataclass(frozen=True, slots=True)
class Adverse:
    """day: study day on which it began, None where the source has no full date. grade: CTCAE, None where only a
    severity is known. fatal: the patient died of it, on a day that it does not tell.
    """

    day: int | None
    term: str
    grade: int | None
    serious: bool
    fatal: bool = False


@dataclass(frozen=True, slots=True)
class Patient:
    """One episode, from the first treatment on.

    country: of the node, its name where it has none. end_day, end_reason: of the treatment, None while it goes on, or
    the day is not known. deaths, alive: study days on which this was so, None for an unknown day, as that of a fatal
    adverse event is. is_followed: nothing of end and survival is shut. shut_events: adverse events that are.
    """

    outcome: Outcome
    country: str
    claimed: Answer
    computed: Answer
    end_day: int | None
    end_reason: str | None
    deaths: tuple[int | None, ...]
    alive: tuple[int | None, ...]
    is_followed: bool
    adverse: tuple[Adverse, ...]
    shut_events: int

    @property
    def node(self) -> str:
        return self.outcome.node

    @property
    def named(self) -> _Case:
        return self.outcome.node, self.outcome.case

    @property
    def died_on(self) -> int | None:
        """The first day that is told; None where none is, or nobody told of a death."""
        return min((day for day in self.deaths if day is not None), default=None)


def patients(revealed: Revealed, cohort: str | None = None) -> tuple[Patient, ...]:
    """Of one cohort or of all, in the order in which their treatments were told to have started."""
    snapshot = revealed.snapshot
    countries = countries_of(snapshot)
    episodes = {row.key: row for row in snapshot.of(rows.Episode)}
    survival, adverse = _by_stay(snapshot, rows.SurvivalUpdate), _by_stay(snapshot, rows.AdverseEvent)
    return tuple(
        _patient(
            revealed,
            outcome,
            episodes[outcome.cohort, outcome.node, outcome.case, outcome.event],
            survival[outcome.cohort, outcome.node, outcome.case],
            adverse[outcome.cohort, outcome.node, outcome.case],
            country=countries.get(outcome.node, outcome.node),
        )
        for outcome in outcomes(revealed, cohort)
    )


def countries_of(snapshot: Snapshot) -> dict[str, str]:
    """Node -> its country; of a node without one, its own name."""
    return {each.node: each.country or each.node for each in members(snapshot)}


def _patient(
    revealed: Revealed,
    outcome: Outcome,
    episode: rows.Episode,
    survival: Iterable[Any],
    adverse: Iterable[Any],
    *,
    country: str,
) -> Patient:
    end: dict[str, Any] | None = revealed.fields(episode, "end_day", "end_reason")
    updates: list[dict[str, Any] | None] = [revealed.fields(row, "day", "status") for row in survival]
    told = [each for each in updates if each is not None]
    deaths = [each["day"] for each in told if each["status"] == "dead"]
    if end is not None and end["end_reason"] == "death" and not any(deaths):  # the last dose may be days before it
        deaths.append(end["end_day"])
    events = [revealed.fields(row, "day", "term", "ctcae_grade", "severity", "serious") for row in adverse]
    known = tuple(_adverse(events))
    deaths += [None for event in known if event.fatal]
    return Patient(
        outcome=outcome,
        country=country,
        claimed=_claimed(revealed, episode),
        computed="shut" if outcome.computed is None else outcome.computed.benefit,
        end_day=end["end_day"] if end else None,
        end_reason=end["end_reason"] if end else None,
        deaths=tuple(deaths),
        alive=tuple(each["day"] for each in told if each["status"] == "alive"),
        is_followed=end is not None and len(told) == len(updates),
        adverse=known,
        shut_events=events.count(None),
    )


def _claimed(revealed: Revealed, episode: rows.Episode) -> Answer:
    claim: dict[str, Any] | None = revealed.fields(episode, "benefit")
    if claim is None:
        return "shut"
    answer: Answer = claim["benefit"] or "unclaimed"
    return answer


def _adverse(events: Iterable[dict[str, Any] | None]) -> Iterator[Adverse]:
    for each in events:
        if each is not None:
            serious, fatal = each["serious"] is True, is_fatal(each)
            yield Adverse(each["day"], each["term"], each["ctcae_grade"], serious=serious, fatal=fatal)


def is_fatal(event: Mapping[str, Any]) -> bool:
    """Whether the patient died of an adverse event. event: what was sealed of it."""
    grade = event["ctcae_grade"]
    return bool(grade == _DEATH or (grade is None and event["severity"] == "fatal"))


def _by_stay(snapshot: Snapshot, row_type: Any) -> defaultdict[_Stay, list[Any]]:
    found = defaultdict[_Stay, list[Any]](list)
    for row in snapshot.of(row_type):
        found[row.cohort, row.node, row.case].append(row)
    return found
