"""Charts: what is drawn is what the report says, where it says it, and never more."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from designs import DRUP_PLAN
from drawn import drawing, hatched, of_class, points, words

from api.web.charts.chart import WIDTH, Scale, days_ticks
from api.web.charts.countries import countries_chart
from api.web.charts.estimate import estimate_chart
from api.web.charts.months import Monthly, months_chart
from api.web.charts.survival import survival_chart
from api.web.charts.svg import element
from api.web.charts.swimmer import kind_of_code, swimmer_chart
from api.web.charts.two_stage import Reached, Taken, two_stage_chart
from api.web.charts.waterfall import waterfall_chart
from ledger.clinical.estimates import estimate
from ledger.clinical.responses import RESPONSE_CODES, kind_of
from ledger.clinical.survival import Followed, kaplan_meier
from ledger.reports.follow_up import Assessed, AtRisk, Line, TimeToEvent
from ledger.reports.looks import Look, Tally
from ledger.reports.rates import Basis, DataCut, Rate, rate_of
from ledger.reports.waterfall import Waterfall

CUT = DataCut(99, "2021-11-16T00:00:00.000Z")


def rate(benefits: int = 5, evaluable: int = 24, situation: Any = "completed") -> Rate:
    found = estimate(DRUP_PLAN, situation, benefits=benefits, evaluable=evaluable)
    return rate_of(found, Basis("week-16", CUT), population="evaluable", unknown=0)


# ---------------------------------------------------------------------- what all are made of


def test_what_stands_in_a_drawing_is_escaped() -> None:
    assert element("text", '<b> & "x"', class_='"><script>') == (
        '<text class="&#34;&gt;&lt;script&gt;">&lt;b&gt; &amp; &#34;x&#34;</text>'
    )
    assert (
        element("g", element("rect", x=1.0, stroke_width=1.256), id=None) == '<g><rect x="1" stroke-width="1.26"/></g>'
    )


@pytest.mark.parametrize("last", [1, 2, 57, 113, 400, 900, 4000, 12_000])
def test_days_have_few_numbers_and_always_some(last: int) -> None:
    found = days_ticks(last)

    assert found[0] == (0, "0")
    assert len(found) <= 6
    assert len({later[0] - earlier[0] for earlier, later in pairwise(found)}) <= 1


def test_a_scale_without_an_extent_divides_by_nothing() -> None:
    assert Scale(1, 1, 10, 20)(1) == 10


# ---------------------------------------------------------------------- survival


def curve(*followed: tuple[int, bool], undated: int = 0) -> TimeToEvent:
    found = kaplan_meier([Followed(*each) for each in followed])
    return TimeToEvent(
        what="overall survival",
        population="treated",
        endpoint="week-16",
        data_cut=CUT,
        estimator="Kaplan-Meier",
        level=0.95,
        patients=found.size,
        events=found.events,
        undated=undated,
        shut=0,
        median=found.median,
        median_low=found.median_low,
        median_high=found.median_high,
        steps=found.steps,
        at_risk=(AtRisk(1, found.size), AtRisk(56, found.at_risk(56))),
    )


def test_a_curve_falls_where_patients_died_and_has_a_tick_for_each_day_of_censoring() -> None:
    told = curve((100, True), (200, False), (300, True), (350, False), (400, False))

    root = drawing(survival_chart(told, "os"))

    (drawn,) = of_class(root, "c-curve")
    (start, *_, end), x, y = points(drawn), Scale(0, 400, 40, WIDTH - 12), Scale(0, 1, 190, 26)
    assert start == (40, 26)
    assert (round(x(100), 2), round(y(0.8), 2)) in points(drawn)
    assert (round(x(300), 2), round(y(0.8 * 2 / 3), 2)) in points(drawn)
    assert end == (WIDTH - 12, round(y(0.8 * 2 / 3), 2))
    assert [float(each.attrib["x1"]) for each in of_class(root, "c-censored")] == pytest.approx(
        [x(200), x(350), x(400)], abs=0.01
    )
    assert [each.text for each in of_class(root, "c-risk")] == ["5", "5"]
    assert "median not reached" in words(root)
    assert len(of_class(root, "c-band")) == 1


def test_a_median_that_is_not_reached_is_said_and_not_drawn() -> None:
    found = survival_chart(curve((100, False), (120, False), undated=2), "os")

    root, reached = drawing(found), drawing(survival_chart(curve((100, True), (300, True)), "os"))

    assert found is not None
    assert "median 100 days" in words(reached)
    assert len(of_class(reached, "c-dashed")) == 2
    assert "median not reached" in words(root)
    assert of_class(root, "c-dashed") == []
    assert "2 more left out for a date that is not a day" in found.says
    assert survival_chart(curve(), "os") is None


# ---------------------------------------------------------------------- the course of each patient


def test_a_line_has_its_marks_its_end_and_its_death() -> None:
    lines = (
        Line(300, (Assessed(57, "PR"), Assessed(113, "PD"), Assessed(None, "SD")), 200, "progression", 300),
        Line(113, (Assessed(57, "SD"), Assessed(113, "iUPD")), None, None, None),
    )

    found = swimmer_chart(lines, "courses")

    root = drawing(found)
    assert found is not None
    legend = {each for each in words(root) if not each.isdigit()}
    assert {"partial response", "progression", "unconfirmed progression", "died", "treatment goes on"} <= legend
    assert "complete response" not in legend
    assert len(of_class(root, "c-arrow")) == 1 + 1  # in the legend, too
    assert len(of_class(root, "c-followed")) == len(lines)
    assert "1 assessments without a full date" in found.says
    assert found.table.rows[0][2] == "day 57 PR, day 113 PD, an unknown day SD"


def test_where_codes_are_not_shown_no_mark_tells_them() -> None:
    lines = (Line(113, (Assessed(57, None), Assessed(113, None)), None, None, None),)

    root = drawing(swimmer_chart(lines, "courses"))

    assert len(of_class(root, "c-dot")) == 2 + 1
    assert of_class(root, "c-good") == of_class(root, "c-cross") == of_class(root, "c-hollow") == []
    assert swimmer_chart((), "courses") is None


def test_a_code_means_the_same_on_every_scale_that_has_it() -> None:
    assert {
        (scale, code) for scale, codes in RESPONSE_CODES.items() for code in codes
        if kind_of(scale, code) != kind_of_code(code)  # type: ignore[arg-type]  # the keys are the scales
    } == set()  # fmt: skip


# ---------------------------------------------------------------------- target lesions


def test_bars_are_as_high_as_the_change_and_what_is_higher_than_the_chart_says_so() -> None:
    changes = (140.0, 25.0, 0.0, -10.0, -30.0, -100.0)

    found = waterfall_chart(Waterfall("recist-1.1", "treated", "week-16", CUT, changes, 2, 1), "lesions")

    root = drawing(found)
    assert found is not None
    heights = [float(each.attrib["height"]) for each in of_class(root, "c-bar")]
    assert heights == pytest.approx([95, 23.75, 9.5, 28.5, 95], abs=0.02)
    assert len(of_class(root, "c-bar", "c-bad")) == len(of_class(root, "c-bar", "c-good")) == 2
    assert {"+140", "+20 %", "−30 %"} <= set(words(root))
    assert "2 more have no sum to compare; of 1 more the values are shut" in found.says
    assert "in 2 it shrank by 30 % or more, in 2 it grew by 20 % or more" in found.says
    assert [row[1] for row in found.table.rows][:3] == ["+140.0 %", "+25.0 %", "+0.0 %"]
    assert waterfall_chart(Waterfall("recist-1.1", "treated", None, CUT, (), 2, 1), "lesions") is None


# ---------------------------------------------------------------------- the rate


def test_a_completed_design_has_its_estimate_and_beside_it_the_naive_one() -> None:
    found = estimate_chart(rate(), DRUP_PLAN, "rate")

    root = drawing(found)
    assert any(each.startswith("23.2 % (7.3 to ") for each in words(root))
    assert any(each.startswith("naive proportion") for each in words(root))
    (point,) = of_class(root, "c-point")
    assert float(point.attrib["x"]) + 5 == pytest.approx(Scale(0, 100, 8, WIDTH - 14)(23.22), abs=0.05)
    assert {"p0 10 %", "p1 30 %"} <= set(words(root))
    assert [row[1] for row in found.table.rows] == ["5 of 24", "5 of 24"]


def test_an_interim_rate_is_labelled_so_and_stands_alone() -> None:
    root = drawing(estimate_chart(rate(1, 5, "interim"), DRUP_PLAN, "rate"))

    assert "proportion, interim, not adjusted" in words(root)
    assert len(of_class(root, "c-point")) == 1


def test_a_rate_without_an_interval_says_that_the_design_was_not_followed() -> None:
    root = drawing(estimate_chart(rate(3, 11, "not-followed"), DRUP_PLAN, "rate"))

    assert "proportion, design not followed" in words(root)


def test_a_rate_that_is_not_shown_is_hatched_and_no_number_stands_for_it() -> None:
    found = estimate_chart(rate().hidden("<5"), DRUP_PLAN, "rate")

    root = drawing(found)
    assert len(hatched(root)) == 1
    assert "<5" in words(root)
    assert of_class(root, "c-point") == []
    assert found.table.rows == (("UMVUE, not shown", "<5 of <5", "not shown", "none"),)
    nobody = drawing(estimate_chart(rate(0, 0, "interim"), DRUP_PLAN, "rate"))
    assert "nobody is counted yet" in words(nobody)
    assert hatched(nobody) == []


# ---------------------------------------------------------------------- the design


def test_progress_is_drawn_against_both_looks_and_their_bounds() -> None:
    reached = Reached(11, 2, 3, (Taken(1, "expand"),))

    found = two_stage_chart(reached, DRUP_PLAN, "stages")

    root = drawing(found)
    across = Scale(0, 24, 8, WIDTH - 16)
    (evaluable,) = of_class(root, "c-series-1")
    (benefits,) = of_class(root, "c-series-3")
    assert float(evaluable.attrib["width"]) == pytest.approx(across(11) - across(0), abs=0.01)
    assert float(benefits.attrib["width"]) == pytest.approx(across(3) - across(0), abs=0.01)
    assert [float(each.attrib["x1"]) for each in of_class(root, "c-bound")] == pytest.approx(
        [across(1), across(5)], abs=0.01
    )
    assert {"look 1: at least 1 of 8", "look 2: at least 5 of 24", "stage 1 decided: expand"} <= set(words(root))
    assert ("stage 2", "24", "more than 4", "not yet") in found.table.rows


def test_more_patients_than_the_design_has_are_drawn_and_hidden_benefits_are_hatched() -> None:
    root = drawing(two_stage_chart(Reached(30, 0, "hidden", (Taken(1, "close-futility"),)), DRUP_PLAN, "stages"))

    (bar,) = of_class(root, "c-series-1")
    assert float(bar.attrib["x"]) + float(bar.attrib["width"]) == pytest.approx(WIDTH - 16)
    assert len(hatched(root)) == 1
    assert of_class(root, "c-series-3") == []
    assert "benefit: hidden" in words(root)


# ---------------------------------------------------------------------- countries and months


def at_country(name: str, evaluable: int, tally: Tally) -> Look:
    return Look(
        *("country", name, "now", None, None, None, None, CUT, "evaluable", evaluable, evaluable, 0, None, None),
        *(tally, tally, rate(), rate()),
    )


def test_the_hidden_part_of_a_country_is_as_long_as_its_patients_and_no_answer_is_told() -> None:
    looks = [at_country("NL", 8, Tally(3, 5, 0, 0, 0)), at_country("DK", 4, Tally("hidden", "hidden", 0, 0, 0))]

    found = countries_chart(looks, "countries")

    root = drawing(found)
    assert found is not None
    across = Scale(0, 8, 8, WIDTH - 16)
    bar, sign = hatched(root)
    assert float(bar.attrib["width"]) == pytest.approx(across(4) - across(0), abs=0.01)
    assert float(sign.attrib["width"]) == 12
    assert len(of_class(root, "c-fill")) == 2 + 2  # NL's two parts, and their signs
    assert found.table.rows[1] == ("DK", "4", "hidden", "hidden", "0", "0")
    assert "Of DK the answers are not shown" in found.says
    assert countries_chart([at_country("NL", 0, Tally(0, 0, 0, 0, 0))], "countries") is None


def test_what_is_told_beside_something_hidden_is_drawn_and_the_rest_is_hatched() -> None:
    root = drawing(countries_chart([at_country("NL", 8, Tally(5, "hidden", "hidden", 0, 0))], "countries"))

    across = Scale(0, 8, 8, WIDTH - 16)
    (told, _) = of_class(root, "c-series-1")
    assert float(told.attrib["width"]) == pytest.approx(across(5) - across(0), abs=0.01)
    assert float(hatched(root)[0].attrib["width"]) == pytest.approx(across(3) - across(0), abs=0.01)


def test_months_between_are_drawn_on_one_scale_and_a_hidden_count_is_no_low_bar() -> None:
    told = [Monthly("2020-11", "a", 4), Monthly("2021-02", "a", 2), Monthly("2021-01", "b", "<5")]

    found = months_chart(told, "months", title="Openings", what="openings")

    root = drawing(found)
    assert found is not None
    assert [row[0] for row in found.table.rows] == ["2020-11", "2020-12", "2021-01", "2021-02"]
    assert found.table.rows[2] == ("2021-01", "0", "<5")
    assert [float(each.attrib["height"]) for each in of_class(root, "c-series-1")] == [34, 17]
    assert len(hatched(root)) == 1
    assert "b in part hidden" in found.says
    assert months_chart([], "months", title="Openings", what="openings") is None


def test_the_same_is_drawn_the_same() -> None:
    told = curve((100, True), (200, False))

    first, again = survival_chart(told, "os"), survival_chart(replace(told), "os")

    assert first == again
