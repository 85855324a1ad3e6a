"""How far a scope of a cohort came in its two-stage design: who is evaluable, who benefited, what the looks ask for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from api.web.charts.chart import ROW, WIDTH, Chart, Scale, Table, axis, chart, hatched
from api.web.charts.svg import box, group, line, path, text
from ledger.clinical.suppression import Shown
from ledger.clinical.two_stage import Design

_LEFT, _RIGHT, _TOP = 8.0, WIDTH - 16.0, 58.0
_HIGH = 20.0
_GOES_ON = frozenset({"expand", "stage-3", "success"})


@dataclass(frozen=True, slots=True)
class Taken:
    """A stage decision. stage: 1 or 2."""

    stage: int
    decision: str


@dataclass(frozen=True, slots=True)
class Reached:
    """Of one scope. evaluable, undecided: who takes a place in the design. benefits: of the former, as computed."""

    evaluable: int
    undecided: int
    benefits: Shown
    decided: Sequence[Taken]


def two_stage_chart(reached: Reached, design: Design, name: str) -> Chart:
    most = max(design.n, reached.evaluable + reached.undecided)
    across = Scale(0, most, _LEFT, _RIGHT)
    second = _TOP + _HIGH + 40
    ticks = [(each, str(each)) for each in sorted({0, design.n1, design.n, most})]
    bottom = second + _HIGH + 26
    decided = list(_decisions(reached, bottom + 52))
    return chart(
        name,
        title="Progress in the two-stage design",
        says=_says(reached, design),
        height=bottom + 44 + (ROW * len(reached.decided) + 6 if reached.decided else 0),
        parts=[
            *_patients(reached, across),
            *_benefits(name, reached, design, across, second),
            *_looks(design, across, bottom),
            *axis(across, ticks, y=bottom, name="patients"),
            *decided,
        ],
        table=Table(
            ("Look", "After evaluable", "Goes on with benefits", "Decided"),
            (
                ("stage 1", str(design.n1), f"more than {design.r1}", _decided(reached, 1)),
                ("stage 2", str(design.n), f"more than {design.r}", _decided(reached, 2)),
                ("now", str(reached.evaluable), str(reached.benefits), f"{reached.undecided} undecided"),
            ),
        ),
    )


def _says(reached: Reached, design: Design) -> str:
    taken = "; ".join(f"stage {each.stage}: {each.decision}" for each in reached.decided)
    hidden = " (how many benefited is not shown)" if isinstance(reached.benefits, str) else ""
    benefits = "" if hidden else f", of whom {reached.benefits} benefited as computed"
    decided = f"Decided: {taken}." if taken else "No look was decided on."
    return (
        f"{reached.evaluable} patients are evaluable{benefits}{hidden}, {reached.undecided} more hold a place."
        f" The design looks after {design.n1} and goes on with more than {design.r1} who benefit, and after"
        f" {design.n}, where more than {design.r} are a signal of activity. {decided}"
    )


def _patients(reached: Reached, across: Scale) -> Iterator[Markup]:
    start, evaluable = across(0), across(reached.evaluable)
    waiting = across(reached.evaluable + reached.undecided)
    yield text((_LEFT, _TOP - 6), f"{reached.evaluable} evaluable, {reached.undecided} undecided", "c-text c-strong")
    yield box((start, _TOP), (_RIGHT - start, _HIGH), "c-track")
    yield box((start, _TOP), (evaluable - start, _HIGH), "c-fill c-series-1")
    if reached.undecided:
        yield box((evaluable, _TOP + 1), (waiting - evaluable, _HIGH - 2), "c-waiting")


def _benefits(name: str, reached: Reached, design: Design, across: Scale, y: float) -> Iterator[Markup]:
    start = across(0)
    yield box((start, y), (_RIGHT - start, _HIGH), "c-track")
    if isinstance(reached.benefits, str):
        yield text((_LEFT, y - 6), f"benefit: {reached.benefits}", "c-text c-strong")
        yield from hatched(name, (start, y), (_RIGHT - start, _HIGH), reached.benefits)
    else:
        yield text((_LEFT, y - 6), f"{reached.benefits} with benefit", "c-text c-strong")
        yield box((start, y), (across(reached.benefits) - start, _HIGH), "c-fill c-series-3")
    for bound in sorted({design.r1, design.r}):
        x = across(bound + 1)
        yield line((x, y - 3), (x, y + _HIGH + 3), "c-bound")
        yield text((x, y + _HIGH + 16), str(bound + 1), "c-text c-quiet c-middle")


def _looks(design: Design, across: Scale, bottom: float) -> Iterator[Markup]:
    for stage, size, bound in ((1, design.n1, design.r1), (2, design.n, design.r)):
        x = across(size)
        y = 14 if stage == 1 else 30
        yield line((x, y + 6), (x, bottom), "c-dashed")
        words = f"look {stage}: at least {bound + 1} of {size}"
        is_left = x > WIDTH / 2
        yield text((x + (3 if is_left else -3), y), words, f"c-text c-quiet {'c-end' if is_left else ''}")


def _decisions(reached: Reached, y: float) -> Iterator[Markup]:
    for place, each in enumerate(reached.decided):
        below = y + ROW * place
        yield _sign(each.decision, _LEFT + 6, below - 4)
        yield text((_LEFT + 18, below), f"stage {each.stage} decided: {each.decision.replace('-', ' ')}")


def _sign(decision: str, x: float, y: float) -> Markup:
    """An arrow where it goes on, a square where it ends."""
    if decision in _GOES_ON:
        return path([(x - 5, y - 5), (x + 5, y), (x - 5, y + 5)], "c-mark c-good", is_closed=True)
    return group([box((x - 5, y - 5), (10, 10), "c-mark c-between")])


def _decided(reached: Reached, stage: int) -> str:
    return next((each.decision for each in reached.decided if each.stage == stage), "not yet")
