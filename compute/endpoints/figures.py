"""How a model is used: its calls by day and by the tenant that made them."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, timedelta

from django.db.models import BigIntegerField, Count, Q, Sum
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, TruncDate
from django.utils import timezone

from portal.core import charts
from portal.core.ids import floor_id
from tenants.chargeback.models import Call
from tenants.directory.models import Tenant

DAYS = 30
NAMED = 5


@dataclass
class Caller:
    """One tenant's calls over the whole time; `nano` is what they cost."""

    name: str
    calls: int = 0
    predictions: int = 0
    failed: int = 0
    nano: int = 0
    last: object = None


@dataclass(frozen=True)
class Usage:
    """What the page about a model's usage shows."""

    chart: str
    callers: list[Caller]
    calls: int
    predictions: int
    failed: int
    nano: int
    currency: str
    latest: list


def usage_of(model, user, *, publishes: bool) -> Usage:
    """All calls for those who publish the model; their own tenants' calls for everybody else."""
    since = timezone.now() - timedelta(days=DAYS - 1)
    since = since.replace(hour=0, minute=0, second=0, microsecond=0)
    gate = Call.objects.about_models_of(user) if publishes else Call.objects.visible_to(user)
    rows = gate.filter(model_id=model.pk, id__gte=floor_id(since))
    names = dict(Tenant.objects.values_list("pk", "slug"))
    counted = list(_by_day(rows))
    callers = _callers(counted, names)
    return Usage(
        chart=_chart(counted, names, since.date()),
        callers=callers,
        calls=sum(caller.calls for caller in callers),
        predictions=sum(caller.predictions for caller in callers),
        failed=sum(caller.failed for caller in callers),
        nano=sum(caller.nano for caller in callers),
        currency=rows.values_list("currency", flat=True).first() or "EUR",
        latest=[_named(row, names) for row in rows.order_by("-id")[:10]],
    )


def _by_day(rows):
    predictions = Cast(KT("quantities__predictions"), BigIntegerField())
    return (
        rows.annotate(day=TruncDate("started_at", tzinfo=UTC), rows=predictions)
        .values("day", "tenant_id")
        .annotate(
            calls=Count("id"),
            predictions=Sum("rows", filter=Q(ended_as__in=["settled", "estimated"])),
            failed=Count("id", filter=Q(http_status__gte=500)),
            nano=Sum("amount_nano"),
        )
        .order_by("day")
    )


def _callers(counted: list[dict], names: dict) -> list[Caller]:
    found: dict = {}
    for row in counted:
        name = names.get(row["tenant_id"], "a former tenant")
        caller = found.setdefault(row["tenant_id"], Caller(name))
        caller.calls += row["calls"]
        caller.predictions += row["predictions"] or 0
        caller.failed += row["failed"]
        caller.nano += row["nano"] or 0
        caller.last = row["day"]
    return sorted(found.values(), key=lambda caller: (-caller.calls, caller.name))


def _chart(counted: list[dict], names: dict, first: date) -> str:
    days = [first + timedelta(days=n) for n in range(DAYS)]
    by_tenant: dict = defaultdict(lambda: [0] * DAYS)
    for row in counted:
        if 0 <= (at := (row["day"] - first).days) < DAYS:
            by_tenant[names.get(row["tenant_id"], "a former tenant")][at] += row["calls"]
    ranked = sorted(by_tenant.items(), key=lambda item: (-sum(item[1]), item[0]))
    shown = [_series(name, values) for name, values in ranked[:NAMED]]
    rest = [values for _, values in ranked[NAMED:]]
    if rest:
        shown.append(_series(f"{len(rest)} others", [sum(day) for day in zip(*rest, strict=True)]))
    total = sum(sum(values) for values in by_tenant.values())
    chart = charts.Chart(
        finding=f"{total:,} calls in {DAYS} days",
        labels=[f"{day:%-d %b}" for day in days],
        series=shown,
        show="{:,.0f}".format,
        whole=True,
        size="mid",
        empty="No calls in the last 30 days.",
    )
    return charts.stacked_bars(chart)


def _series(name: str, values: list[int]) -> charts.Series:
    return charts.Series(name, values, f"{sum(values):,}")


def _named(call: Call, names: dict) -> Call:
    call.caller = names.get(call.tenant_id, "a former tenant")
    return call
