"""What events of more than one family stand on.

Some stand on an end: a second opening on the closing before it, a second allocation on the release, what is said in a
later stage on the decision that led there. Without that end two would run at once, so it is not retracted before them.
"""

from collections.abc import Iterable

from ledger.cohort.cells import Record
from ledger.cohort.places import PLANNED_STAGES
from ledger.cohort.view import View
from ledger.events.base import Need


def registered_trial(view: View) -> Need:
    trial = view.trial()
    return Need(f"a registered trial of {view.node}", trial.root("name") if trial else None)


def known_case(view: View, case: str) -> Need:
    return Need(f"case {case} of {view.node} submitted or profiled", view.case(case))


def allocation(view: View, cohort: str, case: str) -> Need:
    episode = view.episode(cohort, case)
    allocated = episode.root("allocated_on") if episode else None
    return Need(f"case {case} of {view.node} allocated to {cohort}", allocated)


def enrolment(view: View, cohort: str, case: str) -> Need:
    episode = view.episode(cohort, case)
    return Need(f"case {case} of {view.node} enrolled in {cohort}", episode.root("enrolled_on") if episode else None)


def treatment(view: View, cohort: str, case: str) -> Need:
    episode = view.episode(cohort, case)
    started = episode.root("started_on") if episode else None
    return Need(f"treatment of case {case} of {view.node} started in {cohort}", started)


def ends(earlier: Iterable[Record], ended: str) -> Iterable[Need]:
    """The ends of earlier periods. That none of them runs still is for the rule of what begins the next one to ask."""
    for each in earlier:
        if each.root(ended) is not None:
            yield Need("the end of what went before", each.root(ended))


def decisions_before(view: View, cohort: str) -> Iterable[Need]:
    """The decisions that led to the stage that a cohort is in. Which one that is, is for rules to ask."""
    for stage in PLANNED_STAGES:
        decision = view.decision(cohort, stage)
        if decision is not None:
            yield Need(f"the decision on stage {stage} of cohort {cohort}", decision.root("decision"))


def episode_of(view: View, cohort: str, case: str) -> Record:
    """The episode of an event whose needs were found to stand."""
    episode = view.episode(cohort, case)
    assert episode is not None
    return episode
