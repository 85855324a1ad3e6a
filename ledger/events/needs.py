"""What events of more than one family stand on."""

from ledger.cohort.cells import Record
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


def episode_of(view: View, cohort: str, case: str) -> Record:
    """The episode of an event whose needs were found to stand."""
    episode = view.episode(cohort, case)
    assert episode is not None
    return episode
