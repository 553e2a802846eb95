"""Pages of who asks: the form, its estimate, and what I hold and wait for."""

from django.contrib import messages
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils.functional import cached_property
from django.views.generic import ListView, TemplateView
from django.views.generic.edit import FormView

from marketplace.access import services as access
from marketplace.access.forms import AskForm, NarrowForm
from marketplace.access.models import AccessRequest, Grant
from marketplace.access.views.uuids import uuid_or_none
from marketplace.catalog.models import AIModel
from marketplace.catalog.rows import named
from portal.web.views import Page, RefusalsInForm
from tenants.directory.chosen import slug_wanted
from tenants.directory.models import Tenant


class AboutModel(Page):
    """A page about one model that this person finds in the catalogue."""

    @cached_property
    def ai_model(self) -> AIModel:
        listed = AIModel.objects.offered_to(self.request.user).select_related("tenant")
        return get_object_or_404(listed, slug=self.kwargs["slug"])

    def get_context_data(self, **kwargs):
        return super().get_context_data(**kwargs, model=self.ai_model)


class Renewal(AboutModel):
    """What a form begins with: what was asked before, when `?renews=` names a grant."""

    @cached_property
    def renewed(self) -> Grant | None:
        wanted = self.request.GET.get("renews")
        if not wanted:
            return None
        mine = Grant.objects.visible_to(self.request.user).held_by(self.request.user)
        rows = mine.filter(model=self.ai_model).to_show()
        return get_object_or_404(rows, pk=uuid_or_none(wanted))

    def get_initial(self):
        grant = self.renewed
        if not grant:
            environment = self.request.GET.get("environment")
            wanted = {"environment": environment, "tenant": slug_wanted(self.request)}
            return {name: value for name, value in wanted.items() if value}
        before = AccessRequest.objects.visible_to(self.request.user).filter(pk=grant.request_id)
        asked = before.values("purpose", "expected_calls_per_month", "duration_days").first()
        return {"tenant": grant.tenant.slug, "environment": grant.environment} | (asked or {})


class AskForAccess(Renewal, RefusalsInForm, FormView):
    """Ask for a model: what for, how much, how long; shows who decides and what it may cost."""

    template_name = "marketplace/access/ask.html"
    form_class = AskForm

    def get_form_kwargs(self):
        return super().get_form_kwargs() | {"user": self.request.user, "model": self.ai_model}

    @cached_property
    def tenant(self) -> Tenant | None:
        """The team it is asked for: as chosen, or the first that could ask."""
        form = self.get_form()
        chosen = form["tenant"].value()
        mine = form.fields["tenant"].queryset
        named = str(chosen or "").replace("\0", "")
        return mine.filter(slug=named).first() or mine.first()

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        calls = context["form"]["expected_calls_per_month"].value()
        context |= _estimate(access.price_of(self.ai_model), calls)
        context |= {"tenant": self.tenant, "renewed": self.renewed}
        return context | _situation(self.request.user, self.ai_model, self.tenant)

    def do(self, form):
        asked = access.submit(
            self.ai_model, by=self.request.user, renews=self.renewed, **form.cleaned_data
        )
        messages.success(
            self.request, f"Asked for {named(asked.model)}. You are told when it is decided"
        )
        return HttpResponseRedirect(asked.get_absolute_url())


class Estimate(AboutModel, TemplateView):
    """What a number of calls a month would cost, while it is typed."""

    template_name = "marketplace/access/_estimate.html"

    def get_context_data(self, **kwargs):
        price = access.price_of(self.ai_model)
        calls = self.request.GET.get("expected_calls_per_month")
        return super().get_context_data(**kwargs, **_estimate(price, calls))


class OnModel(Page, TemplateView):
    """The part of a model's page that says what my teams hold of it, and where to ask."""

    template_name = "marketplace/access/_on_model.html"

    def get_context_data(self, **kwargs):
        user = self.request.user
        seen = AIModel.objects.visible_to(user).select_related("tenant")
        model = get_object_or_404(seen, slug=self.kwargs["slug"])
        held = Grant.objects.visible_to(user).held_by(user).in_force().filter(model=model)
        asked = (
            AccessRequest.objects.visible_to(user)
            .open()
            .filter(model=model, tenant__in=user.standing)
        )
        could = Tenant.objects.joined_by(user).exclude(pk=model.tenant_id).exists()
        context = super().get_context_data(**kwargs, model=model)
        context |= {"held": held.to_show().order_by("environment"), "waiting": asked.to_show()}
        return context | {"can_ask": model.listed and could and not user.is_auditor}


class MyAccess(Page, ListView):
    """What my teams may use and until when, what they wait for, and what is over."""

    template_name = "marketplace/access/mine.html"
    paginate_by = 25
    shows = ("held", "waiting", "decided", "ended")

    @property
    def show(self) -> str:
        wanted = self.request.GET.get("show", "")
        return wanted if wanted in self.shows else "held"

    @cached_property
    def narrowing(self) -> NarrowForm:
        return NarrowForm(self.request.GET.dict() | {"tenant": slug_wanted(self.request)})

    def get_queryset(self):
        user = self.request.user
        held = Grant.objects.visible_to(user).held_by(user)
        asked = AccessRequest.objects.visible_to(user).filter(tenant__in=user.standing)
        rows = {
            "held": held.in_force().order_by("ends_at", "id"),
            "waiting": asked.open(),
            "decided": asked.decided(),
            "ended": held.over(),
        }
        return self.narrowing.narrow(rows[self.show]).to_show()

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        user = self.request.user
        waiting = _waiting(user, self.narrowing["tenant"].value())
        context |= {"show": self.show, "narrowing": self.narrowing, "waiting": waiting}
        context |= {f"is_{name}": name == self.show for name in self.shows}
        context["tenants"] = Tenant.objects.joined_by(user)
        context["narrowed"] = any(
            self.narrowing[n].value() for n in ("environment", "tenant", "q")
        )
        return context


def _waiting(user, slug: str) -> int:
    """How many requests of their teams, or of the one with this slug, wait for a decision."""
    rows = AccessRequest.objects.visible_to(user).filter(tenant__in=user.standing).open()
    return (rows.filter(tenant__slug=slug) if slug else rows).count()


def _estimate(price, typed) -> dict:
    """What `_estimate.html` shows for a number of calls as somebody typed it."""
    text = str(typed or "")
    calls = int(text) if text.isdecimal() and len(text) < 11 else None
    unit = price.nano_for(price.per) if price else None
    cost = access.likely_cost(price, calls) if calls else None
    return {"price": price, "unit_nano": unit, "cost": cost}


def _situation(user, model: AIModel, tenant: Tenant | None) -> dict:
    """Who would decide, how long it takes, and what the team holds or waits for already."""
    known = {"wait": access.usual_wait(model.tenant)}
    if tenant is None:
        return known
    here = {"model": model, "tenant": tenant}
    return known | {
        "deciders": access.deciders_for(model.tenant, tenant).exclude(pk=user.pk),
        "held": Grant.objects.visible_to(user).in_force().filter(**here),
        "waiting": AccessRequest.objects.visible_to(user).open().filter(**here),
    }
