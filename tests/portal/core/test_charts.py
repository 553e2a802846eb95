"""Charts: the picture, the words beside it and the table say the same, whatever the data."""

import re

import pytest

from portal.core.charts import (
    Chart,
    Mark,
    Series,
    heat,
    line,
    meter,
    nice_top,
    sparkline,
    stacked_bars,
    strip,
)

EVIL = '<script>"&'


def bars(**changes):
    facts = {
        "finding": "Cost rose to €30 on 2 Nov",
        "labels": ["1 Nov", "2 Nov"],
        "series": [Series("digits", [5, 20], "€25"), Series("triage", [None, 10], "€10")],
        "show": "€{:.0f}".format,
    }
    return Chart(**(facts | changes))


def heights(svg, css):
    plot = svg.split("<ul", 1)[0]
    return [float(h) for h in re.findall(rf'<rect class="{css}"[^>]* height="([\d.]+)"', plot)]


def test_the_picture_is_one_image_that_says_the_finding():
    svg = stacked_bars(bars())
    assert svg.count('role="img"') == 1
    assert 'aria-label="Cost rose to €30 on 2 Nov"' in svg


def test_nothing_in_a_chart_needs_inline_style_or_script():
    drawn = stacked_bars(bars()) + line(bars()) + strip([Mark("1 Nov", "ok")], "All met")
    assert "style=" not in drawn
    assert "<script" not in drawn
    assert not re.search(r'(fill|stroke)="', drawn)


def test_bars_are_as_high_as_their_values_on_a_round_scale():
    tall = heights(stacked_bars(bars()), "fill-1")
    assert tall == pytest.approx([5 / 32 * 100 - 0.35, 20 / 32 * 100 - 0.35], abs=0.02)


def test_the_table_holds_every_figure_and_a_missing_one_is_a_dash():
    table = stacked_bars(bars()).split("<table", 1)[1]
    assert re.findall(r'<td class="n">(.*?)</td>', table) == ["€5", "–", "€20", "€10"]


def test_days_to_come_are_paler_and_say_so():
    svg = stacked_bars(bars(expected_from=1))
    assert len(heights(svg, "fill-1 est")) == 1
    assert "2 Nov: €30 expected" in svg
    assert 'class="now"' in svg


def test_a_line_breaks_where_a_sample_is_missing():
    drawn = line(bars(labels=list("abcde"), series=[Series("p95", [1, 2, None, 3, 4])]))
    assert drawn.count('<path class="line"') == 2
    assert drawn.count('<path class="area"') == 2


def test_a_single_sample_is_a_dot_and_not_a_broken_path():
    drawn = line(bars(labels=["now"], series=[Series("p95", [3])]))
    assert '<path class="line"' not in drawn
    assert drawn.count('class="dot"') == 1
    assert "nan" not in drawn


@pytest.mark.parametrize("draw", [stacked_bars, line])
@pytest.mark.parametrize("series", [[], [Series("none", [])], [Series("none", [None, None])]])
def test_without_data_there_are_words_instead_of_axes(draw, series):
    drawn = draw(bars(series=series, empty="No calls in November."))
    assert "No calls in November." in drawn
    assert "<svg" not in drawn


@pytest.mark.parametrize("draw", [stacked_bars, line])
def test_labels_names_and_findings_are_escaped(draw):
    drawn = draw(bars(finding=EVIL, labels=[EVIL, EVIL], series=[Series(EVIL, [1, 2], EVIL)]))
    assert "<script" not in drawn


def test_small_marks_escape_too():
    drawn = strip([Mark(EVIL, "ok")], EVIL) + heat([1], EVIL, [EVIL]) + sparkline([1, 2], EVIL)
    assert "<script" not in drawn + meter([("used", 1)], 2, EVIL)


def test_a_limit_is_drawn_and_told():
    drawn = line(bars(limit=18.0, limit_name="Budget"))
    assert '<path class="limit" d="M0 10H100"/>' in drawn
    assert "Budget" in drawn
    assert "€18" in drawn


def test_a_strip_has_a_cell_for_each_promise_in_its_tone():
    drawn = strip([Mark("1", "ok"), Mark("2", "warn"), Mark("3", "bad"), Mark("4", "idle")], "x")
    assert re.findall(r'<rect class="(\w+)"', drawn) == ["okay", "warn", "miss", "h0"]


def test_depths_follow_the_highest_value_and_stand_nothing():
    assert re.findall(r'class="(h\d)"', heat([0, 1, None, 4], "x")) == ["h0", "h1", "h0", "h4"]
    assert re.findall(r'class="(h\d)"', heat([0, 0], "x")) == ["h0", "h0"]
    assert "rect" not in heat([], "x")


def test_a_sparkline_of_zeros_stays_in_its_box():
    assert "nan" not in sparkline([0, 0, 0], "no calls")
    assert 'class="line"' not in sparkline([], "no calls")


def test_parts_of_a_meter_never_leave_it():
    drawn = meter([("used", 90), ("over", 60)], 100, "150 % used")
    assert sum(float(w) for w in re.findall(r'width="([\d.]+)" height="8"', drawn)[1:]) == 100
    assert 'width="0"' in meter([("used", 0)], 0, "nothing")


@pytest.mark.parametrize(
    ("highest", "top"),
    [(0, 1), (-3, 1), (float("nan"), 1), (391, 400), (0.006, 0.006), (1, 1), (1.01, 1.2), (9, 10)],
)
def test_scales_end_at_a_round_number(highest, top):
    assert nice_top(highest) == top


@pytest.mark.parametrize(("highest", "top"), [(0, 4), (1, 4), (5, 8), (13, 16), (101, 120)])
def test_scales_of_counted_things_have_whole_steps(highest, top):
    assert nice_top(highest, whole=True) == top
