"""What a program prints, cut into lines and redrawn lines; and the file they are kept in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compute.engines import job_log
from compute.engines.job_lines import LONGEST, Lines, Piece
from compute.engines.job_log import LogWriter


def fed(*parts: tuple[float, bytes]) -> list[tuple[bool, str]]:
    """What comes out when each part arrives at its time and nothing is waited for."""
    lines = Lines("stdout")
    out = [piece for at, data in parts for piece in lines.feed(data, at)]
    return [(piece.redraw, piece.text) for piece in out]


def test_lines_come_out_whole_however_they_arrive():
    assert fed((0, b"one\ntw"), (0, b"o\n\nthree\r\n")) == [
        (False, "one"),
        (False, "two"),
        (False, ""),
        (False, "three"),
    ]


def test_a_progress_bar_redraws_one_line_at_most_twice_a_second():
    parts = [(n / 10, f"\r{n} %".encode()) for n in range(1, 20)] + [(2.0, b"\rdone\n")]
    seen = fed(*parts)
    assert seen[0] == (False, "1 %")
    assert seen[-1] == (True, "done")
    assert all(redraw for redraw, _ in seen[1:])
    assert 4 <= len(seen) <= 6


def test_the_last_picture_of_a_bar_is_never_lost():
    assert fed((0, b"1\r2\r3\r4\n")) == [(False, "1"), (True, "4")]
    assert fed((0, b"1\r2\r"), (0.1, b"next\n")) == [(False, "1"), (True, "next")]


def test_an_unfinished_line_is_shown_after_a_while_and_once():
    lines = Lines("stdout")
    assert lines.feed(b"Password? ", 1.0) == []
    assert lines.due(1.2) == []
    assert lines.due(1.3) == [Piece(1.3, "stdout", False, "Password? ")]
    assert lines.due(9.0) == []
    assert lines.feed(b"no\n", 9.0) == [Piece(9.0, "stdout", True, "Password? no")]
    assert lines.close(10.0) == []


def test_a_line_that_another_stream_has_parted_is_not_redrawn_over_the_other():
    lines = Lines("stdout")
    lines.feed(b"half", 1.0)
    assert [piece.text for piece in lines.due(2.0)] == ["half"]
    lines.leave_place()
    assert lines.feed(b"\n", 3.0) == []
    lines.feed(b"half", 4.0)
    lines.due(5.0)
    lines.leave_place()
    assert lines.feed(b" whole\n", 6.0) == [Piece(6.0, "stdout", False, "half whole")]


def test_a_very_long_line_is_cut_and_says_so():
    (only,) = fed((0, b"a" * (LONGEST + 5) + b"\n"))
    assert only == (False, "a" * LONGEST + " … 5 bytes left out")


def test_what_is_no_text_does_no_harm():
    assert fed((0, b"\xff\x00a\n")) == [(False, "\ufffda")]


@given(
    st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=30)),
    st.integers(1, 7),
)
def test_nothing_is_lost_or_doubled_however_bytes_are_split(texts, size):
    data = "".join(f"{text}\n" for text in texts).encode()
    parts = [(0.0, data[at : at + size]) for at in range(0, len(data), size)]
    assert fed(*parts) == [(False, text) for text in texts]


def written(path, texts: list[str], full: int = 10_000) -> None:
    log = LogWriter(path, full)
    for text in texts:
        log.write([Piece(1.0, "stdout", False, text)])
    log.close()


def test_a_log_goes_on_behind_every_line_and_only_there(tmp_path):
    written(tmp_path / "log", ["one", "two", "three"])
    rows = job_log.read(tmp_path / "log", 0)
    assert [row[3] for _, row in rows] == ["one", "two", "three"]
    assert job_log.read(tmp_path / "log", rows[0][0]) == rows[1:]
    assert job_log.read(tmp_path / "log", rows[-1][0]) == []
    for wrong in (1, rows[0][0] + 1, rows[-1][0] + 50):
        with pytest.raises(ValueError, match="no place"):
            job_log.read(tmp_path / "log", wrong)


def test_a_line_that_is_being_written_is_left_for_later(tmp_path):
    written(tmp_path / "log", ["one"])
    with (tmp_path / "log").open("ab") as file:
        file.write(b'[1.0, "stdout", fal')
    assert len(job_log.read(tmp_path / "log", 0)) == 1


def test_a_log_that_is_too_long_is_cut_and_says_so_once(tmp_path):
    written(tmp_path / "log", ["a" * 100] * 50, full=1000)
    texts = [row[3] for _, row in job_log.read(tmp_path / "log", 0)]
    assert len(texts) < 10
    assert texts[-1] == "The log is cut here: it has become too long."
