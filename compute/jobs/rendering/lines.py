"""Stored lines as a page shows them: one for each, progress bars once, gaps told."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from compute.jobs.models import LogLine
from compute.jobs.rendering.escapes import Chunk, chunks
from compute.jobs.rendering.levels import ERROR, WARN, level_of

TONES = {ERROR: " log-line--bad", WARN: " log-line--warn"}
MOST_MARKS = 100


@dataclass(frozen=True)
class Line:
    """One line of the page: its number, its HTML, and whether it draws over the one before."""

    n: int
    html: SafeString
    redraw: bool = False


def shown(
    lines: Sequence[LogLine],
    *,
    ranks: Mapping[UUID | None, int] | None = None,
    mark: str = "",
    after: int | None = None,
    before: int | None = None,
) -> list[Line]:
    """The lines to show, in order. `ranks` numbers the pods where there are several.

    `after` and `before` are the numbers that the page has beside them: what is missing between
    is told. `mark` is what somebody searches for.
    """
    kept: list[Line | None] = []
    newest: dict[UUID | None, int] = {}
    last = after
    for line in lines:
        if last is not None and line.n > last + 1:
            kept.append(_gap(last + 1, line.n - 1))
            newest.clear()
        last, over = line.n, line.redraw
        if over and (place := newest.get(line.run_id)) is not None:
            over = kept[place].redraw
            kept[place] = None
        newest[line.run_id] = len(kept)
        kept.append(Line(line.n, _row(line, over, ranks or {}, mark), over))
    if before is not None and last is not None and before > last + 1:
        kept.append(_gap(last + 1, before - 1))
    return [line for line in kept if line]


def html_of(text: str, mark: str = "") -> SafeString:
    """The words of one line, coloured, with `mark` marked."""
    return _html(chunks(text), mark)


def _row(line: LogLine, over: bool, ranks: Mapping[UUID | None, int], mark: str) -> SafeString:
    found = chunks(line.text)
    level = level_of("".join(words for words, _ in found))
    rank = ranks.get(line.run_id)
    pod = "" if rank is None else f'<span class="rank" title="Node {rank + 1}">{rank}</span>'
    exact, clock = _time(line.at)
    return mark_safe(
        f'<div class="log-line{TONES.get(level, "")}" id="L{line.n}" data-n="{line.n}"'
        f' data-run="{rank or 0}"{" data-over" if over else ""}>'
        f'<a class="ln" href="#L{line.n}">{line.n}</a>'
        f'<time datetime="{exact}">{clock}</time><span class="lv">{level}</span>'
        f'<span class="tx">{pod}{_html(found, mark)}</span></div>'
    )


def _gap(first: int, last: int) -> Line:
    words = f"Line {first:,} is" if first == last else f"Lines {first:,}–{last:,} are"
    html = f'<div class="log-gap" data-n="{last}">{words} not kept: the log is too long.</div>'
    return Line(last, mark_safe(html))


def _time(at: datetime) -> tuple[str, str]:
    """In UTC for everybody, so that a line reads the same to all who talk about it."""
    moment = at.astimezone(UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S.%fZ}", f"{moment:%H:%M:%S}"


def _html(found: Sequence[Chunk], mark: str) -> SafeString:
    spans = _marks("".join(words for words, _ in found), mark) if mark else []
    parts, at = [], 0
    for words, style in found:
        inner = _marked(words, at, spans) if spans else escape(words)
        at += len(words)
        css = style.classes
        parts.append(f'<span class="{css}">{inner}</span>' if css else inner)
    return mark_safe("".join(parts))


def _marks(text: str, mark: str) -> list[tuple[int, int]]:
    found = re.finditer(re.escape(mark), text, re.IGNORECASE)
    return [one.span() for one, _ in zip(found, range(MOST_MARKS), strict=False)]


def _marked(words: str, start: int, spans: Sequence[tuple[int, int]]) -> str:
    """`words` stand at `start` of the line; the parts of them that lie in `spans` are marked."""
    parts, at, end = [], start, start + len(words)
    for low, high in spans:
        low, high = max(low, at), min(high, end)
        if low >= high:
            continue
        parts.append(escape(words[at - start : low - start]))
        parts.append(f"<mark>{escape(words[low - start : high - start])}</mark>")
        at = high
    parts.append(escape(words[at - start :]))
    return "".join(parts)
