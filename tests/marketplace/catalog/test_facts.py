"""Other people's text, cut to what pages and rows can bear."""

import pytest

from marketplace.catalog import facts


@pytest.mark.parametrize("sign", ["\u202e", "\u202a", "\u2066", "\u2069", "\0"])
def test_nothing_turns_what_stands_behind_it(sign):
    assert facts.text(f"evil{sign}txt", 20) == "eviltxt"
    assert facts.line(f"two\n{sign}lines", 20) == "two lines"


def test_marks_that_only_join_letters_stay():
    assert facts.text("می\u200cخواهم", 20) == "می\u200cخواهم"
