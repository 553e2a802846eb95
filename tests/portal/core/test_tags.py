"""Template tags: words for figures, fields that explain themselves, links that keep choices."""

import re
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest
from django import forms
from django.core.paginator import Paginator
from django.template import Context, Template
from django.template.loader import get_template
from django.test import RequestFactory

from portal.core.templatetags import _words

NOW = datetime(2026, 11, 23, 13, 42, 7, tzinfo=UTC)


def render(source, address="/list/", **facts):
    request = RequestFactory().get(address)
    return Template("{% load millwright %}" + source).render(
        Context({"request": request, **facts})
    )


@pytest.mark.parametrize(
    ("nano", "words"),
    [
        (6_000_000_000, "€6.00"),
        (400_000_000, "€0.40"),
        (6_000_000, "€0.0060"),
        (123_456_789, "€0.1235"),
        (20_000, "€0.000020"),
        (1, "€0.000000001"),
        (0, "€0.00"),
        (-18_400_000_000, "−€18.40"),
        (1_234_567_890_000_000, "€1,234,567.89"),
        (None, "–"),
    ],
)
def test_money_shows_every_digit_that_counts(nano, words):
    assert _words.money(nano) == words


def test_money_names_its_currency_and_its_sign():
    assert _words.money(2_500_000_000, "CHF") == "CHF 2.50"
    assert _words.money(2_500_000_000, "USD", sign=True) == "+$2.50"
    assert render("{% money nano 'EUR' %}", nano=6_000_000_000) == "€6.00"


@pytest.mark.parametrize(
    ("value", "words"),
    [(1204877, "1,204,877"), (-3, "−3"), (0.5, "0.5"), (1.23456, "1.235"), (None, "–")],
)
def test_numbers_have_separators_and_a_real_minus(value, words):
    assert _words.number(value) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (9_999, "9,999"),
        (128_000, "128k"),
        (1_700_000, "1.70M"),
        (1.31e9, "1.31B"),
        (999_960, "1.00M"),
    ],
)
def test_large_numbers_can_be_short(value, words):
    assert _words.number(value, compact=True) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (5, "just now"),
        (240, "4 min ago"),
        (3_569, "59 min ago"),
        (3_600, "1 h ago"),
        (86_400 * 2, "2 days ago"),
        (86_400 * 21, "3 weeks ago"),
        (86_400 * 120, "4 months ago"),
        (86_400 * 800, "2 years ago"),
        (-86_400, "in 1 day"),
        (-20, "in a moment"),
    ],
)
def test_age_is_told_in_one_unit(seconds, words):
    assert _words.relative(NOW - timedelta(seconds=seconds), NOW) == words


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.018, "18 ms"), (0.0004, "0.4 ms"), (4.25, "4.3 s"), (750, "12 min")]
)
def test_spans_have_units(seconds, words):
    assert _words.span(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, "–"),
        (0.2, "a second"),
        (2.3, "2 s"),
        (13, "15 s"),
        (58, "1 min"),
        (140, "2 min"),
        (750, "10 min"),
        (9_000, "2 h"),
        (200_000, "2 days"),
    ],
)
def test_what_was_never_measured_is_told_roughly(seconds, words):
    assert _words.roughly(seconds) == words


def test_a_time_is_relative_with_the_exact_utc_time_beside_it():
    moment = NOW.astimezone(UTC)
    marked = render("{% when moment %}", moment=moment)
    assert 'title="23 Nov 2026, 13:42:07 UTC"' in marked
    assert 'datetime="2026-11-23T13:42:07+00:00"' in marked
    assert render("{% when none %}", none=None) == "–"
    assert render("{{ d|day }}", d=date(2026, 2, 3)) == "3 Feb 2026"


def test_late_says_how_much_over():
    soon = render("{% age due since now %}", due=NOW + timedelta(hours=3), since=NOW, now=NOW)
    late = render(
        "{% age due since now %}",
        due=NOW - timedelta(hours=2),
        since=NOW - timedelta(days=1),
        now=NOW,
    )
    assert "3 h left" in soon
    assert "age--bad" not in soon
    assert "2 h over" in late
    assert "age--bad" in late


def test_a_status_is_symbol_word_and_colour():
    lifecycle = SimpleNamespace(looks={"waiting": ("warn", "clock")})
    row = SimpleNamespace(
        status="waiting", lifecycle=lifecycle, get_status_display=lambda: "Waits <b>"
    )
    marked = render("{% status row %}", row=row)
    assert "pill--warn" in marked
    assert "#clock" in marked
    assert "Waits &lt;b&gt;" in marked


class KeyForm(forms.Form):
    name = forms.CharField(help_text="What it is for.", max_length=5)
    days = forms.IntegerField(max_value=365)
    scopes = forms.MultipleChoiceField(
        choices=[("a", "Predict"), ("b", "Usage")], widget=forms.CheckboxSelectMultiple
    )
    note = forms.CharField(required=False, widget=forms.Textarea)


def test_an_error_says_what_to_do_and_is_tied_to_its_control():
    page = render("{{ form }}", form=KeyForm({"name": "<script>", "days": "400", "scopes": ["a"]}))
    assert "Choose 365 or less." in page
    control = re.search(r'<input[^>]*name="days"[^>]*>', page).group()
    assert 'aria-describedby="id_days_error"' in control
    assert 'aria-invalid="true"' in control
    assert 'id="id_days_error"' in page


def test_what_was_typed_stays_and_is_escaped():
    page = render("{{ form }}", form=KeyForm({"name": "<script>", "days": "400"}))
    assert 'value="&lt;script&gt;"' in page
    assert 'value="400"' in page
    assert "<script>" not in page


def test_the_summary_leads_to_every_field():
    page = render("{% form_errors form %}", form=KeyForm({}))
    assert "3 things to put right" in page
    assert re.findall(r'href="#(\w+)"', page) == ["id_name", "id_days", "id_scopes"]
    assert render("{% form_errors form %}", form=KeyForm()) == ""


def test_every_target_of_the_summary_exists():
    page = render("{{ form }}", form=KeyForm({}))
    for target in re.findall(r'href="#(\w+)"', page):
        assert f'id="{target}"' in page


def test_a_forms_own_words_are_left_alone():
    form = KeyForm({"name": "a", "days": "1", "scopes": ["a"]})
    form.add_error("days", "Tenant claims allows 30 days. Choose fewer.")
    assert "Tenant claims allows 30 days. Choose fewer." in render("{{ form }}", form=form)


def test_a_field_can_show_its_unit_and_whether_it_is_needed():
    form = KeyForm()
    assert "<span>days</span>" in render('{% field form.days unit="days" %}', form=form)
    assert "optional" in render("{% field form.note %}", form=form)
    assert 'placeholder="7"' in render('{% field form.days placeholder="7" %}', form=form)


def test_turning_the_page_keeps_the_filters():
    page = Paginator(range(100), 10).get_page(2)
    marked = render("{% pager page %}", "/list/?stage=a&stage=b&page=2", page=page)
    assert re.findall(r'href="(\?[^"]*)"', marked) == [
        "?stage=a&amp;stage=b&amp;page=1",
        "?stage=a&amp;stage=b&amp;page=3",
    ]
    assert "11–20 of 100" in marked


def test_sorting_turns_round_and_starts_at_the_first_page():
    head = '{% sort_head "cost" "Cost" first="desc" %}'
    assert 'href="?q=x&amp;sort=-cost"' in render(head, "/list/?q=x&page=4")
    turned = render(head, "/list/?sort=-cost")
    assert 'aria-sort="descending"' in turned
    assert 'href="?sort=cost"' in turned


def test_a_chip_takes_away_only_its_own_value():
    marked = render('{% filter_chip "stage" "a" "Stage" %}', "/list/?stage=a&stage=b&page=3")
    assert 'href="?stage=b"' in marked


def test_a_block_is_rendered_once_and_not_escaped_twice():
    page = render("{% capture as t %} {{ name }} {% endcapture %}{{ t }}|{{ t }}", name="a & b")
    assert page == "a &amp; b|a &amp; b"


def test_block_tags_escape_what_is_inside():
    page = render("{% code 'Example' %}{{ text }}{% endcode %}", text="<b>")
    assert "&lt;b&gt;" in page
    assert 'role="region" aria-label="Example"' in page


def test_the_page_for_a_broken_server_needs_no_request():
    page = get_template("500.html").render()
    assert "Something broke on our side" in page
    assert "<style" not in page
    assert "<script>" not in page


def test_a_page_says_its_title_once_in_the_head_and_once_as_its_heading():
    source = '{% extends "base.html" %}{% block title %}Usage &amp; cost{% endblock %}'
    page = Template(source).render(Context({"shell": {"home_url": "/"}}))
    assert "<title>Usage &amp; cost · Millwright</title>" in page
    assert "<h1>Usage &amp; cost</h1>" in page


def test_parts_that_a_page_leaves_out_leave_nothing_behind():
    page = Template('{% extends "base.html" %}').render(Context({"shell": {"home_url": "/"}}))
    for part in ("<aside", 'class="tabs"', 'class="crumbs"', "data-live", "pagehead-do"):
        assert part not in page
