"""Lines of a log as HTML: true to a terminal, and inert."""

import re
import time
from types import SimpleNamespace

import pytest

from compute.jobs.rendering import html_of, level_of, plain, shown
from compute.jobs.rendering.colours import nearest, of_256
from tests.compute.jobs.logbook import START


def line(n: int, text: str = "x", run="a", redraw: bool = False):
    return SimpleNamespace(n=n, at=START, text=text, run_id=run, redraw=redraw, stream="stdout")


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("plain", "plain"),
        ("\x1b[31mred\x1b[0m rest", '<span class="an-red">red</span> rest'),
        ("\x1b[1;92mok\x1b[m", '<span class="an-green an-bold">ok</span>'),
        ("\x1b[38;5;208mx\x1b[39my", '<span class="an-yellow">x</span>y'),
        ("\x1b[38;2;10;20;200mx", '<span class="an-blue">x</span>'),
        ("\x1b[38:5:196mx", '<span class="an-red">x</span>'),
        ("\x1b[41;37;4mx", '<span class="an-white an-on-red an-underline">x</span>'),
        ("\x1b[7mx\x1b[27my", '<span class="an-inverse">x</span>y'),
        ("\x1b[999mx", "x"),
        ("\x1b[38;5mx", '<span class="an-black">x</span>'),
    ],
)
def test_colours_become_classes(text, html):
    assert html_of(text) == html


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("10 %\r20 %\r100 %", "100 %"),
        ("downloading\rdone", "doneloading"),
        ("downloading\r\x1b[Kdone", "done"),
        ("\x1b[2K\rdone", "done"),
        ("12\b3", "13"),
        ("50 %\r", "50 %"),
        ("a\tb", "a       b"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;https://evil.example\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b[2J\x1b[1;1Hkept", "kept"),
        ("\x1bP+q\x1b\\kept", "kept"),
        ("\x1b]0;never closed", "0;never closed"),
        ("\x1b(Bkept\x0e\x0f", "kept"),
        ("\x9b31mred", "red"),
        ("safe\u202egnp.exe", "safe⟨U+202E⟩gnp.exe"),
    ],
)
def test_a_line_reads_as_in_a_terminal(text, words):
    assert plain(text) == words


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "\x1b[31m<img src=x onerror=alert(1)>\x1b[0m",
        '"><svg/onload=alert(1)>',
        "\x1b]8;;javascript:alert(1)\x1b\\<b>x</b>\x1b]8;;\x1b\\",
        "&lt;\r<iframe>",
    ],
)
@pytest.mark.parametrize("mark", ["", "alert", "<", "s"])
def test_hostile_text_is_inert(text, mark):
    tags = set(re.findall(r"</?(\w+)", html_of(text, mark)))
    assert tags <= {"span", "mark"}


def test_a_line_of_openings_costs_no_more_than_its_length():
    start = time.monotonic()
    for hostile in ("\x1b]" * 8000, "\x1b[" * 8000, "\x1bP" * 8000, "\x1b[31m" * 3200):
        html_of(hostile + "end", "end")
    assert time.monotonic() - start < 5  # it took minutes with open-ended repeats
    assert html_of("\x1b[31ma\x1b[32mb" * 1000).count("<span") <= 201


def test_what_is_searched_is_marked_across_colours():
    assert html_of("a NCCL b", "nccl") == "a <mark>NCCL</mark> b"
    split = html_of("\x1b[31mNC\x1b[0mCL", "nccl")
    assert split == '<span class="an-red"><mark>NC</mark></span><mark>CL</mark>'


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("step=1 loss=0.4", "info"),
        ("0 errors found, no warnings", "info"),
        ("error_rate=0.1", "info"),
        ("2026-01-01 10:00:00,000 ERROR trainer: no", "error"),
        ("ValueError: bad", "error"),
        ("torch.cuda.OutOfMemoryError: CUDA out of memory", "error"),
        ("Traceback (most recent call last):", "error"),
        ("error: no such file", "error"),
        ('{"level": "error", "msg": "x"}', "error"),
        ("level=warning msg=x", "warn"),
        ("E0612 11:22:33.1 file.go:1] x", "error"),
        ("[WARN] slow", "warn"),
        ("lib.py:3: UserWarning: old", "warn"),
    ],
)
def test_a_level_is_read_from_the_line(text, level):
    assert level_of(text) == level


def test_progress_bars_are_shown_once_and_say_what_they_draw_over():
    lines = [line(1, "start"), line(2, "10 %"), line(3, "20 %", redraw=True)]
    lines += [line(4, "other", run="b"), line(5, "30 %", redraw=True)]
    assert [one.n for one in shown(lines)] == [1, 4, 5]
    (only,) = shown([line(7, "40 %", redraw=True), line(8, "50 %", redraw=True)], after=6)
    assert only.n == 8 and " data-over" in only.html


def test_what_is_not_kept_is_told():
    found = shown([line(5), line(50)], after=4, before=60)
    assert [one.n for one in found] == [5, 49, 50, 59]
    assert "Lines 6–49 are not kept" in found[1].html
    assert "log-gap" not in "".join(one.html for one in shown([line(5)], after=4, before=6))


def test_the_pod_is_named_where_there_are_several():
    (only,) = shown([line(1, "x", run="b")], ranks={"a": 0, "b": 1})
    assert '<span class="rank" title="Node 2">1</span>' in only.html


def test_all_256_colours_have_a_name_of_ours():
    names = {of_256(number) for number in range(256)} | {nearest(300, 0, 0)}
    assert names == {
        "black", "red", "green", "yellow", "blue", "magenta", "cyan", "white", "grey",
    }  # fmt: skip
