"""What of each report a caller is shown: the one place where a `Caller` becomes the audience of `reports.shown`."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated

from fastapi import Depends, Request

from api.access import Asking
from ledger.clinical.suppression import Thresholds
from ledger.cohort.callers import Caller
from ledger.reports.shown import Audience, Tier


@dataclass(frozen=True, slots=True)
class Outside:
    """How much outsiders are shown, and how often anything new. cadence: from one release to the next."""

    thresholds: Thresholds = field(default_factory=Thresholds)
    cadence: timedelta = timedelta(days=28)


def audience_of(caller: Caller, outside: Outside) -> Audience:
    """Exact is what is shown to whoever may see everything, and to a member what is its own; one whose grants open a
    part is a partner in reports, which are of all nodes.
    """
    return Audience(_tier(caller), caller.regimens or frozenset(), outside.thresholds, caller.node)


def _tier(caller: Caller) -> Tier:
    if caller.view == "full":
        return "auditor"
    return "partner" if caller.reads_log else caller.role


def _outside(request: Request) -> Outside:
    outside = request.app.state.outside
    assert isinstance(outside, Outside)
    return outside


Releases = Annotated[Outside, Depends(_outside)]


def _audience(caller: Asking, outside: Releases) -> Audience:
    return audience_of(caller, outside)


ShownTo = Annotated[Audience, Depends(_audience)]
