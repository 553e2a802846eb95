"""Pages of usage: figures, picture, tables, the newest calls, and all of it as CSV."""

from itertools import chain

from django.views.generic import TemplateView

from portal.web.views import Page
from tenants.chargeback import report
from tenants.chargeback.amounts import decimal_text
from tenants.chargeback.forms import PERIODS, UsageFilter
from tenants.chargeback.models import HOUR, Call, Cause, Posting, Statement
from tenants.chargeback.services import usage
from tenants.chargeback.sheets import csv_response
from tenants.chargeback.windows import money_tenants
from tenants.directory.chosen import slug_wanted
from tenants.directory.models import Tenant

COLUMNS = ("day", "tenant", "model", "environment", "key", "calls", "failed", "estimated",
           "predictions", "amount", "currency", "runs", "hours")  # fmt: skip


class Narrowed(Page):
    """What is asked in the address, narrowed to what this person may see."""

    def get_filter(self) -> UsageFilter:
        asked = self.request.GET.copy()
        if "key" not in asked:  # who asks for a key means that key, whoever it belongs to
            asked["tenant"] = slug_wanted(self.request)
        form = UsageFilter(asked, user=self.request.user)
        form.is_valid()
        return form

    def get_calls(self, form: UsageFilter):
        return form.narrow(Call.objects.visible_to(self.request.user))

    def get_postings(self, form: UsageFilter):
        return form.narrow(Posting.objects.visible_to(self.request.user), model="subject")

    def get_slice(self, form: UsageFilter) -> report.Slice:
        calls, postings = self.get_calls(form), self.get_postings(form)
        self.currencies = report.currencies(calls, postings, form.window)
        found = self.currencies or ["EUR"]
        wanted = form.cleaned_data.get("currency")
        chosen = wanted if wanted in found else found[0]
        return report.Slice(calls, postings, form.window, chosen)


class Usage(Narrowed, TemplateView):
    """What was used and what it cost."""

    template_name = "tenants/chargeback/usage.html"

    def get_context_data(self, **kwargs):
        user, form = self.request.user, self.get_filter()
        part, facts = self.get_slice(form), form.cleaned_data
        tenant, tenants = facts.get("tenant"), money_tenants(user)
        changed = report.corrected(user, tenant, part.window, part.currency)
        models = report.by_model(part, user)
        more = {
            "form": form,
            "tenants": tenants,
            "tenant": tenant,
            "chosen": facts.get("period") or "month",
            "periods": PERIODS,
            "part": part,
            "span": report.span_words(part.window),
            "figures": report.figures(part, changed),
            "picture": report.picture(part),
            "models": models,
            "total": sum(row["nano"] for row in models),
            "keys": report.by_key(part, user),
            "hardware": report.by_hardware(part, user),
            "currencies": self.currencies,
            "statements": recent_statements(user, tenant),
            "newest": report.newest(part.calls, user),
            "ever": used_ever(user),
        }
        return super().get_context_data(**more, **kwargs)


class NewestCalls(Narrowed, TemplateView):
    """The last calls alone: what the usage page reads again every three seconds."""

    template_name = "tenants/chargeback/_newest.html"

    def get_context_data(self, **kwargs):
        calls = self.get_calls(self.get_filter())
        more = {"newest": report.newest(calls, self.request.user)}
        return super().get_context_data(**more, **kwargs)


class UsageSheet(Narrowed, TemplateView):
    """The figures of the usage page as CSV, by day, tenant, model, environment and key; hardware
    by its kind and job."""

    def get(self, request, *args, **kwargs):
        form = self.get_filter()
        part = self.get_slice(form)
        names = dict(Tenant.objects.visible_to(request.user).values_list("pk", "slug"))
        groups = ("day", "tenant", "model", "environment", "key")
        found = usage(part.calls, groups, part.window.since, part.window.until)
        rows = (
            (
                row["day"], names[row["tenant_id"]], row["model_slug"], row["environment"],
                row["key_id"], row["calls"], row["failed"], row["estimated"], row["quantity"],
                decimal_text(row["nano"]), row["currency"],
            )
            for row in found.filter(currency=part.currency)
        )  # fmt: skip
        ran = (
            (
                row["day"], names[row["tenant_id"]], row["subject"], "", row["key_id"], "", "", "",
                "", decimal_text(row["nano"]), row["currency"], row["runs"],
                round(row["quantity"] / HOUR, 6),
            )
            for row in part.hardware("day", "tenant", "hardware", "job")
        )  # fmt: skip
        rows = chain(rows, ran)
        name = f"usage-{part.window.since}-{part.window.until}"
        return csv_response(name, COLUMNS, rows)


def used_ever(user) -> bool:
    """Whether there is anything to show."""
    ran = Posting.objects.visible_to(user).filter(account="usage", cause=Cause.JOB)
    return Call.objects.visible_to(user).exists() or ran.exists()


def recent_statements(user, tenant, count: int = 4) -> list[Statement]:
    """The last statements of the tenant that is shown, or of the only one there is."""
    rows = Statement.objects.visible_to(user).select_related("tenant")
    if tenant:
        rows = rows.filter(tenant=tenant)
    elif user.is_finance or user.is_auditor or user.is_operator or len(user.standing) > 1:
        return []
    return list(rows[:count])
