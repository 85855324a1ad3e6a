"""Findings in words: what each kind means, how much it matters, and what to do. The kinds are those of the reports."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

Severity = Literal["look now", "look soon", "know"]

SEVERITIES: Mapping[Severity, str] = {
    "look now": "what the alliance decided or promised patients may rest on it",
    "look soon": "numbers do not agree, or nobody has vouched for a change",
    "know": "something is late or out of the ordinary, and may be as it should",
}


class Kind(NamedTuple):
    title: str
    severity: Severity
    text: str
    to_do: str


KINDS: Mapping[str, Kind] = {
    "withdrawn-not-erased": Kind(
        "Consent was withdrawn, and values are there yet",
        "look now",
        "A patient withdrew consent to share, and what was sealed of the case is not all erased.",
        "The case's own node erases it (`disclosures.erased`); it is a finding until then.",
    ),
    "compromised-key": Kind(
        "Signed while a key may have been somebody else's",
        "look now",
        "The members resolved that this key was in other hands from some entry on, and this was signed after that.",
        "The node looks at each event, and retracts or corrects what it did not say.",
    ),
    "decision-cases": Kind(
        "A decision's cases are not the first ones any more",
        "look now",
        "A case that started earlier was found evaluable since, or a correction changed the order.",
        "The decision stands as it was taken. Whoever decides for the cohort looks whether the next one must say so.",
    ),
    "decision-late-data": Kind(
        "Late data would have decided otherwise",
        "look now",
        "By what is claimed or assessed of the decision's cases now, the design would decide differently.",
        "The decision stands as it was taken. The cohort's definer and the data board look at the outcomes that came.",
    ),
    "decision-claims": Kind(
        "A decision states other benefits than were claimed",
        "look now",
        "The benefits that it states are not those that the nodes had claimed by its data cut.",
        "Whoever decided explains it, or corrects the decision's event.",
    ),
    "decision-off-design": Kind(
        "A decision off its design",
        "look now",
        "It was taken on another number of cases than the design looks at, or otherwise than the design decides.",
        "Look for the resolution that excuses it; the decision's event names it.",
    ),
    "claim-differs": Kind(
        "A claim of benefit differs from the assessments",
        "look soon",
        "A node's own claim is not what its assessments give under the endpoint that the cohort names.",
        "The node looks at the case again, and corrects the claim or the assessment that is wrong.",
    ),
    "census-differs": Kind(
        "An attested count differs from the events",
        "look soon",
        "What a trial stated in total is not what its own events add up to by that day.",
        "The trial posts what is missing, or corrects its statement. The census shows both side by side.",
    ),
    "unreviewed-correction": Kind(
        "A correction that nobody reviewed",
        "look soon",
        "The last correction or retraction of an event is signed as authored, by nobody as reviewed.",
        "A second person at the node signs the correction anew, as reviewed or approved.",
    ),
    "override": Kind(
        "Excused from the design, and follows it",
        "know",
        "A decision names a resolution that excuses it from its design, and keeps to the design all the same.",
        "Nothing, if the resolution was made to be safe; else ask whoever decided.",
    ),
    "not-opened": Kind(
        "A cohort that is not opened",
        "know",
        "Nobody has opened it long after it was defined, or a member has not, long after the first one did.",
        "The member opens it, or says why not; the board shows the days since the first opening.",
    ),
    "stale-cohort": Kind(
        "An open cohort in which nothing happens",
        "know",
        "It is open somewhere, and nothing has been told of it anywhere for long.",
        "The nodes that have it open close it, or tell what happened.",
    ),
    "stale-allocation": Kind(
        "A place that is held and not used",
        "know",
        "A case holds a place in a cohort, and neither starts treatment nor is released.",
        "The node releases the case, so that somebody else gets the place, or tells that treatment started.",
    ),
}
