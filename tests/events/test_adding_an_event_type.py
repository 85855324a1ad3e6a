"""Adding an event type touches one module: this one has a family of its own, and a node says something new with it."""

from collections.abc import Iterable, Iterator

import pytest
from given import DRUP, Data, founded, set_by, trial_of

from ledger.cohort import rows
from ledger.cohort.cells import Set
from ledger.cohort.database import Database
from ledger.cohort.view import View
from ledger.errors import RuleError
from ledger.events import catalog
from ledger.events.base import DatedEvent, Need, ReasonGiven, put, refuse
from ledger.events.fields import Label
from ledger.events.needs import registered_trial
from ledger.node.drafts import Draft
from ledger.replay import replay


class TrialPraised(DatedEvent):
    TYPE = "trial.praised"
    Sealed = ReasonGiven
    by: Label

    def needs(self, view: View) -> Iterable[Need]:
        yield registered_trial(view)

    def check(self, view: View) -> None:
        if self.by == view.node:
            raise refuse("nobody praises itself")

    def sets(self, view: View) -> Iterable[Set]:
        key = (view.node, view.event_id)
        return put(rows.TrialPeriod, key, opening_source=self.by, closing_reason=self.commitments["reason"])


PRAISE: Data = {"on": "2021-11-26", "by": "a newspaper", "reason": "for what it found"}


@pytest.fixture
def _known(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(catalog, "EVENT_TYPES", (*catalog.EVENT_TYPES, TrialPraised))
    catalog._catalog.cache_clear()
    yield
    monkeypatch.undo()
    catalog._catalog.cache_clear()


@pytest.mark.usefixtures("_known")
def test_a_type_that_is_listed_is_sealed_signed_taken_and_replayed() -> None:
    alliance = founded()
    alliance.says(DRUP, "trial.registered", trial_of(DRUP))
    before = alliance.database.digest

    taken = alliance.says(DRUP, "trial.praised", PRAISE)

    sealed = alliance.commitments(taken)
    assert Draft("trial.praised", PRAISE).sealed_fields() == ("reason",)
    assert set_by(taken) == {
        ("trial_periods", (DRUP, taken.event.event_id)): {
            "opening_source": "a newspaper",
            "closing_reason": sealed["reason"],
        }
    }
    assert alliance.stood_on(taken) == ["trial.registered"]
    assert (taken.event.on, taken.digest != before) == ("2021-11-26", True)
    *_, last = replay(alliance.memorandum, alliance.recorded(), Database())
    assert last.digest == taken.digest


@pytest.mark.usefixtures("_known")
def test_its_needs_rule_and_schema_are_asked_like_any_others() -> None:
    alliance = founded()
    alliance.refuses(DRUP, "trial.praised", PRAISE, because="always there, and always sealed")  # `given` cannot know it
    alliance.says(DRUP, "trial.registered", trial_of(DRUP))

    with pytest.raises(RuleError, match="nobody praises itself"):
        alliance.says(DRUP, "trial.praised", {**PRAISE, "by": DRUP})
    with pytest.raises(RuleError, match="has not come yet"):
        alliance.says(DRUP, "trial.praised", {**PRAISE, "on": "2031"})


def test_a_type_that_is_not_listed_is_unknown() -> None:
    founded().refuses(
        DRUP, "trial.praised", PRAISE, because="trial.praised version 1 is no event that this ledger knows"
    )
