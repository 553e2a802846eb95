"""How a range of time reads: as short as it can be told without a doubt."""

from datetime import datetime

from django.utils import timezone


def in_words(low: datetime, high: datetime) -> str:
    """14:20–14:50 for today, with days where it begins or ends on another one."""
    low, high, today = (timezone.localtime(at) for at in (low, high, timezone.now()))
    if low.date() == high.date() == today.date():
        return f"{low:%H:%M}–{high:%H:%M}"
    if low.date() == high.date():
        return f"{low:%-d %b, %H:%M}–{high:%H:%M}"
    return f"{low:%-d %b, %H:%M} – {high:%-d %b, %H:%M}"
