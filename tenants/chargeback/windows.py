"""Spans of days, and whose money somebody may look at."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.utils import timezone

from tenants.directory.models import Tenant

LONGEST = timedelta(days=366)
EARLIEST, LATEST = date(2020, 1, 1), date(2099, 12, 31)


@dataclass(frozen=True)
class Window:
    """Days, both ends included, in UTC."""

    since: date
    until: date

    @property
    def days(self) -> list[date]:
        count = (self.until - self.since).days + 1
        return [self.since + timedelta(days=n) for n in range(count)]

    @property
    def instants(self) -> tuple[datetime, datetime]:
        """When the first day begins, and when the last one is over."""
        start = datetime(self.since.year, self.since.month, self.since.day, tzinfo=UTC)
        return start, start + timedelta(days=len(self.days))

    @property
    def before(self) -> "Window":
        """As many days, just before."""
        return Window(self.since - timedelta(days=len(self.days)), self.since - timedelta(days=1))


def money_tenants(user):
    """The tenants whose money this person may see."""
    everything = user.is_finance or user.is_auditor or user.is_operator
    seen = Tenant.objects.visible_to(user)
    return seen if everything else seen.joined_by(user)


def window_of(period: str, since: date | None, until: date | None) -> Window:
    """What a chosen period means today."""
    today = timezone.now().date()
    first = today.replace(day=1)
    if period == "7d":
        return Window(today - timedelta(days=6), today)
    if period == "last":
        end = first - timedelta(days=1)
        return Window(end.replace(day=1), end)
    if period == "custom" and (since or until):
        end = until or today
        return Window(since or end - timedelta(days=29), end)
    return Window(first, today)


def wrong_days(since: date | None, until: date | None) -> dict[str, str]:
    """What is wrong with a span of days, by field."""
    for field, day in (("since", since), ("until", until)):
        if day and not EARLIEST <= day <= LATEST:
            return {field: f"Choose a day from {EARLIEST} to {LATEST}."}
    if since and until and since > until:
        return {"until": "Choose an end that is not before the beginning."}
    if since and (until or timezone.now().date()) - since > LONGEST:
        return {"since": "Choose 366 days or fewer."}
    return {}
