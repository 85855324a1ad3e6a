"""Two-stage designs: how many patients are looked at when, and what the design then allows (Simon 1989).

The design is the alliance's, adopted by resolution; a stage decision is held against its bare rule. There is no early
stop for success. Operating characteristics and estimates are no part of that rule.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Literal

from ledger.clinical.content import check_members, integer

LARGEST = 500  # patients; everything exact about a design is a sum over its outcomes, and a proposal may not stall it

Decision = Literal["expand", "close-futility", "close-no-activity", "success", "stage-3"]

# (stage, benefits within that stage's bound)
_ALLOWED: Mapping[tuple[int, bool], frozenset[Decision]] = {
    (1, True): frozenset({"close-futility"}),
    (1, False): frozenset({"expand"}),
    (2, True): frozenset({"close-no-activity"}),
    (2, False): frozenset({"success", "stage-3"}),
}


@dataclass(frozen=True, slots=True)
class Design:
    """Look after `n1` evaluable patients, go on if more than `r1` of them benefit, and look again after `n` in all.

    More than `r` of `n` is a signal of activity. p0_percent: the benefit rate not worth pursuing; p1_percent: the one
    worth finding. DRUP's monitoring plan is n1=8, r1=0, n=24, r=4, p0=10 %, p1=30 %.
    """

    n1: int
    r1: int
    n: int
    r: int
    p0_percent: int
    p1_percent: int

    @classmethod
    def parse(cls, content: Mapping[str, object]) -> "Design":
        """Read `{"kind": "two-stage", "n1": …, "r1": …, "n": …, "r": …, "p0_percent": …, "p1_percent": …}`.

        Raises MalformedError unless all are integers and 0 <= r1 < n1 < n <= LARGEST, r1 <= r < n, 0 < p0 < p1 < 100.
        """
        check_members(content, "two-stage", [field.name for field in fields(cls)])
        n = integer(content["n"], "n", least=2, most=LARGEST)
        n1 = integer(content["n1"], "n1", least=1, most=n - 1)
        r1 = integer(content["r1"], "r1", least=0, most=n1 - 1)
        r = integer(content["r"], "r", least=r1, most=n - 1)
        p1_percent = integer(content["p1_percent"], "p1_percent", least=2, most=99)
        p0_percent = integer(content["p0_percent"], "p0_percent", least=1, most=p1_percent - 1)
        return cls(n1, r1, n, r, p0_percent, p1_percent)

    def size_of(self, stage: int) -> int:
        """Evaluable patients in all at the end of stage 1 or 2. Stage 3 is not the design's: it has no size."""
        return {1: self.n1, 2: self.n}[stage]


def decisions_at(stage: int) -> frozenset[Decision]:
    """The words for the end of stage 1 or 2, whatever was found: what may be decided there against the design."""
    return frozenset(word for (at, _), words in _ALLOWED.items() if at == stage for word in words)


def decisions_allowed(design: Design, stage: int, benefits: int) -> frozenset[Decision]:
    """Say what may be decided at the end of stage 1 or 2, where `benefits` of `design.size_of(stage)` benefited."""
    bound = {1: design.r1, 2: design.r}[stage]
    return _ALLOWED[stage, benefits <= bound]
