"""What the nodes will say, as one history: put in order of the days on which it happened.

A stage decision names the cases that it rests on and the entry as of which they were counted. Both follow from what
was said before it, so they are filled in here, where the order is known.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import NamedTuple

from ledger.node.drafts import Draft
from ledger.signing.canonical import Json


class Told(NamedTuple):
    """day: on which it happened at the node, whether the event states a day or not. synthetic: made up."""

    day: date
    node: str
    type: str
    data: Mapping[str, Json]
    synthetic: bool = True

    def as_draft(self) -> Draft:
        return Draft(self.type, {**self.data, "synthetic": True} if self.synthetic else self.data)


def in_order(told: Iterable[Told], *, start: int) -> Iterator[Told]:
    """As nodes post it: by day at each node and in each cohort, and of one day in the order it was given in.

    start: log index of the first of them.
    """
    started: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    evaluable: set[tuple[str, str, str]] = set()
    for index, each in enumerate(_as_posted(sorted(told, key=lambda each: each.day)), start):
        cohort, case = str(each.data.get("cohort")), str(each.data.get("case"))
        if each.type == "treatment.started":
            started[cohort].append((each.node, case))
        elif each.type == "evaluability.determined" and each.data["evaluable"]:
            evaluable.add((cohort, each.node, case))
        elif each.type == "cohort.stage_decided":
            cases: list[Json] = [
                {"node": node, "case": case} for node, case in started[cohort] if (cohort, node, case) in evaluable
            ]
            yield each._replace(data={**each.data, "evaluable": cases, "data_cut": index - 1})
            continue
        yield each


def _as_posted(told: Iterable[Told]) -> Iterator[Told]:
    """Let each node in turn say as much as it can before a cohort waits for another node: few posts, of many events."""
    of_node: defaultdict[str, deque[Told]] = defaultdict(deque)
    of_cohort: defaultdict[object, deque[str]] = defaultdict(deque)
    for each in told:
        of_node[each.node].append(each)
        of_cohort[each.data.get("cohort", each.node)].append(each.node)
    while any(of_node.values()):
        for node, waiting in of_node.items():
            while waiting and of_cohort[waiting[0].data.get("cohort", node)][0] == node:
                each = waiting.popleft()
                of_cohort[each.data.get("cohort", node)].popleft()
                yield each
