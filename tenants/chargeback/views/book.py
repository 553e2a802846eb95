"""Pages of the price book and of corrections."""

import uuid

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect
from django.urls import reverse
from django.views.generic import FormView, ListView

from portal.audit.services import denied
from portal.web.views import Page, RefusalsInForm
from tenants.chargeback import services
from tenants.chargeback.amounts import nano_of
from tenants.chargeback.forms import CorrectionForm, PriceForm
from tenants.chargeback.models import Call, Posting, Price


class Prices(Page, ListView):
    """What every model costs now."""

    template_name = "tenants/chargeback/prices.html"
    paginate_by = 25

    def get_queryset(self):
        rows = Price.objects.visible_to(self.request.user).in_force().select_related("tenant")
        if text := self.request.GET.get("q", "").strip():
            rows = rows.filter(model_slug__icontains=text)
        return rows

    def get_context_data(self, **kwargs):
        any_at_all = Price.objects.visible_to(self.request.user).exists()
        return super().get_context_data(any_at_all=any_at_all, **kwargs)


class OnePrice(Page, RefusalsInForm, FormView):
    """The versions of one model's price; finance adds the next."""

    template_name = "tenants/chargeback/price.html"
    form_class = PriceForm

    def get_versions(self) -> list[Price]:
        rows = Price.objects.visible_to(self.request.user).select_related("tenant", "set_by")
        versions = list(rows.filter(model_id=self.kwargs["model_id"]).order_by("-version"))
        if not versions:
            raise Http404
        return versions

    def get_initial(self):
        price = self.get_versions()[0]
        return {"per": price.per, "meter": price.meter, "currency": price.currency}

    def get_context_data(self, **kwargs):
        versions = self.get_versions()
        now = versions[0] if versions[0].valid_to is None else None
        return super().get_context_data(versions=versions, price=now, last=versions[0], **kwargs)

    def do(self, form):
        last = self.get_versions()[0]
        price = services.set_price(
            tenant=last.tenant, model_id=last.model_id, model_slug=last.model_slug,
            by=self.request.user, **form.cleaned_data,
        )  # fmt: skip
        messages.success(self.request, f"{price.model_slug} has price version {price.version}.")
        return redirect(price.get_absolute_url())


class Corrections(Page, RefusalsInForm, FormView):
    """Find a call, see what it left in the ledger, correct it. Finance; auditors look."""

    template_name = "tenants/chargeback/corrections.html"
    form_class = CorrectionForm

    def dispatch(self, request, *args, **kwargs):
        user = request.user
        looks = user.is_authenticated and user.is_auditor and request.method in ("GET", "HEAD")
        if user.is_authenticated and not (user.is_finance or looks):
            why = "Only finance corrects the ledger."
            raise denied("correct the ledger", user, by=user, why=why)
        return super().dispatch(request, *args, **kwargs)

    def get_context_data(self, **kwargs):
        text = self.request.GET.get("call", "").strip()
        call = self.get_call()
        lines = services.ledger_of(call.pk) if call else []
        left = sum(line.nano for line in lines if line.account == "usage")
        more = {"text": text, "call": call, "lines": lines, "left": left}
        more["recent"] = Posting.objects.visible_to(self.request.user).corrections()[:20]
        return super().get_context_data(**more, **kwargs)

    def get_call(self) -> Call | None:
        try:
            wanted = uuid.UUID(self.request.GET.get("call", "").strip())
        except ValueError:
            return None
        calls = Call.objects.visible_to(self.request.user).select_related("tenant")
        return calls.filter(pk=wanted).first()

    def do(self, form):
        call = self.get_call()
        if call is None:
            raise Http404
        facts = form.cleaned_data
        nano = nano_of(facts["amount"]) * (-1 if facts["direction"] == "credit" else 1)
        services.correct(call.pk, by=self.request.user, nano=nano, note=facts["note"])
        messages.success(self.request, "Corrected. It stands on the statement of this month.")
        return redirect(f"{reverse('chargeback:corrections')}?call={call.pk}")
