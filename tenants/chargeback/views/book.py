"""Pages of the price book and of corrections."""

import uuid

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.views.generic import FormView, ListView

from portal.audit.services import denied
from portal.web.views import Page, RefusalsInForm
from tenants.chargeback import services
from tenants.chargeback.amounts import nano_of
from tenants.chargeback.forms import CorrectionForm, HardwarePriceForm, PriceForm
from tenants.chargeback.models import Call, Posting, Price


class Prices(Page, ListView):
    """What every model and every kind of hardware costs now."""

    template_name = "tenants/chargeback/prices.html"
    paginate_by = 25

    def get_queryset(self):
        rows = Price.objects.visible_to(self.request.user).in_force().select_related("tenant")
        if text := self.request.GET.get("q", "").strip():
            rows = rows.filter(model_slug__icontains=text)
        return rows

    def get_context_data(self, **kwargs):
        user, text = self.request.user, self.request.GET.get("q", "").strip().lower()
        without = services.all_unpriced(user)
        context = super().get_context_data(**kwargs)
        return context | {
            "any_at_all": bool(without) or Price.objects.visible_to(user).exists(),
            "unpriced": [each for each in without if text in each.model_slug.lower()],
            "may_set": user.is_finance or user.is_operator,
        }


class OnePrice(Page, RefusalsInForm, FormView):
    """The versions of one price; finance adds the next, for hardware operators too."""

    template_name = "tenants/chargeback/price.html"

    @cached_property
    def versions(self) -> list[Price]:
        rows = Price.objects.visible_to(self.request.user).select_related("tenant", "set_by")
        return list(rows.filter(model_id=self.kwargs["model_id"]).order_by("-version"))

    @cached_property
    def last(self) -> Price:
        first = self.versions[0] if self.versions else None
        found = first or services.unpriced(self.request.user, self.kwargs["model_id"])
        if found is None:
            raise Http404
        return found

    def get_form_class(self):
        return HardwarePriceForm if self.last.of_hardware else PriceForm

    def get_initial(self):
        return {name: getattr(self.last, name) for name in ("per", "meter", "currency")}

    def get_context_data(self, **kwargs):
        now = self.last if self.versions and self.last.valid_to is None else None
        user = self.request.user
        may_set = user.is_finance or (self.last.of_hardware and user.is_operator)
        facts = {"versions": self.versions, "price": now, "last": self.last, "may_set": may_set}
        return super().get_context_data(**facts, **kwargs)

    def do(self, form):
        last = self.last
        price = services.set_price(
            tenant=last.tenant, model_id=last.model_id, model_slug=last.model_slug,
            by=self.request.user, **{"per": last.per, "meter": last.meter} | form.cleaned_data,
        )  # fmt: skip
        messages.success(self.request, f"{price.model_slug} has price version {price.version}.")
        return redirect(price.get_absolute_url())


class Corrections(Page, RefusalsInForm, FormView):
    """Find a call or a job's run, see its ledger, correct it. Finance; auditors look."""

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
        lines = services.ledger_of(call.id) if call else []
        left = sum(line.nano for line in lines if line.account == "usage")
        more = {"text": text, "call": call, "lines": lines, "left": left}
        more["recent"] = Posting.objects.visible_to(self.request.user).corrections()[:20]
        return super().get_context_data(**more, **kwargs)

    def get_call(self):
        return paid_by(self.request.user, self.request.GET.get("call", "").strip())

    def do(self, form):
        call = self.get_call()
        if call is None:
            raise Http404
        facts = form.cleaned_data
        nano = nano_of(facts["amount"]) * (-1 if facts["direction"] == "credit" else 1)
        services.correct(call.id, by=self.request.user, nano=nano, note=facts["note"])
        messages.success(self.request, "Corrected. It stands on the statement of this month.")
        return redirect(f"{reverse('chargeback:corrections')}?call={call.id}")


def paid_by(user, text: str):
    """The call with this id, or else the run of a job, if `user` may see it; None for neither."""
    try:
        wanted = uuid.UUID(text)
    except ValueError:
        return None
    calls = Call.objects.visible_to(user).select_related("tenant")
    return calls.filter(pk=wanted).first() or services.charged_run(user, wanted)
