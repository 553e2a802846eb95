"""Pages of statements: the list, one month of one tenant on paper, closing a month."""

from datetime import date

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.generic import FormView, ListView, TemplateView

from portal.web.views import Page, RefusalsInForm
from tenants.chargeback import services
from tenants.chargeback.forms import MonthForm
from tenants.chargeback.lifecycle import StatementStatus
from tenants.chargeback.models import Statement
from tenants.chargeback.papers import COLUMNS, Paper, paper_of, sheet_rows
from tenants.chargeback.services.statements import CURRENCY
from tenants.chargeback.settlement import period_of
from tenants.chargeback.sheets import csv_response
from tenants.chargeback.windows import money_tenants
from tenants.directory.chosen import slug_wanted


class Statements(Page, ListView):
    """What tenants owe, month by month."""

    template_name = "tenants/chargeback/statements.html"
    paginate_by = 25

    def get_queryset(self):
        services.open_statements()
        rows = Statement.objects.visible_to(self.request.user).select_related("tenant")
        asked = self.request.GET
        if tenant := slug_wanted(self.request):
            rows = rows.filter(tenant__slug=tenant)
        if asked.get("state") in StatementStatus.values:
            rows = rows.filter(status=asked["state"])
        if month := month_or_none(asked.get("month", "")):
            rows = rows.filter(period=month)
        if text := asked.get("q", "").strip():
            rows = rows.filter(Q(tenant__name__icontains=text) | Q(tenant__slug=text))
        return rows

    def get_context_data(self, **kwargs):
        data = super().get_context_data(**kwargs)
        user, shown = self.request.user, list(data["page_obj"])
        still_open = [row for row in shown if row.status == StatementStatus.OPEN]
        totals = services.running_totals(still_open)
        for row in shown:
            row.shown_nano = totals.get(row.pk, row.total_nano)
        data["rows"], data["tenants"] = shown, money_tenants(user)
        data["closable"] = services.closable_months() if user.is_finance else []
        asked = [self.request.GET.get(name) for name in ("state", "month", "q")]
        data["filtered"] = any(asked) or bool(slug_wanted(self.request))
        return data


class PaperPage(Page):
    """One tenant's month, for those who may see its money."""

    def get_paper(self) -> Paper:
        tenants = money_tenants(self.request.user)
        tenant = get_object_or_404(tenants, slug=self.kwargs["slug"])
        period = month_or_none(self.kwargs["month"])
        if period is None or period > period_of(timezone.now()):
            raise Http404
        return paper_of(tenant, period, self.request.GET.get("currency", CURRENCY)[:3])


class OneStatement(PaperPage, TemplateView):
    """A statement on paper."""

    template_name = "tenants/chargeback/statement.html"

    def get_context_data(self, **kwargs):
        return super().get_context_data(paper=self.get_paper(), **kwargs)


class StatementSheet(PaperPage, TemplateView):
    """A statement as CSV: the same lines, the same sums."""

    def get(self, request, *args, **kwargs):
        paper = self.get_paper()
        return csv_response(paper.number, COLUMNS, sheet_rows(paper.view))


class CloseMonth(Page, RefusalsInForm, FormView):
    """Freeze a month for every tenant. Finance."""

    template_name = "tenants/chargeback/close.html"
    form_class = MonthForm

    def dispatch(self, request, *args, **kwargs):
        if request.user.is_authenticated and not request.user.is_finance:
            raise PermissionDenied("Only finance closes a month.")
        return super().dispatch(request, *args, **kwargs)

    def get_initial(self):
        return {"month": self.request.GET.get("month", "")}

    def get_context_data(self, **kwargs):
        months = services.closable_months()
        rows = [(month, services.preview_of(month)) for month in months]
        return super().get_context_data(months=rows, **kwargs)

    def do(self, form):
        month = form.cleaned_data["month"]
        closed = services.close_period(month, by=self.request.user)
        if closed:
            said = f"{month:%B %Y} is closed: {len(closed)} statements."
        else:
            said = f"Nothing was used in {month:%B %Y}."
        messages.success(self.request, said)
        return redirect("chargeback:statements")


def month_or_none(text: str) -> date | None:
    """The first day of the month named by `2026-10`."""
    try:
        return date.fromisoformat(f"{text}-01") if len(text) == 7 else None
    except ValueError:
        return None
