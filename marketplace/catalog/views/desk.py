"""The publisher's desk: what waits, what is missing, and the verbs."""

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.generic import FormView, TemplateView, View
from django.views.generic.base import TemplateResponseMixin

from marketplace.catalog import card, forms, head, services
from marketplace.catalog.completeness import completeness
from marketplace.catalog.frame import publishes
from marketplace.catalog.lifecycle import ModelStatus
from marketplace.catalog.models import AIModel
from marketplace.catalog.rows import dress, named, said
from portal.core.errors import Conflict
from portal.core.lifecycle import ForbiddenMove, Overtaken
from portal.web.views import OVERTAKEN, Act, Page, RefusalsInForm
from tenants.chargeback.models import Price
from tenants.directory.models import Tenant

SHELVES = {
    "waiting": "To confirm",
    "draft": "Drafts",
    "published": "Published",
    "retired": "Retired",
}


class Mine(Page, TemplateView):
    """What waits for me to confirm, my drafts with what is missing, what I published."""

    template_name = "marketplace/catalog/mine.html"

    def get_context_data(self, **kwargs):
        user = self.request.user
        if not publishes(user):
            raise PermissionDenied("Publishers of a tenant, and operators, have models here.")
        mine = AIModel.objects.editable_by(user)
        shelves = {name: mine.filter(status=name) for name in SHELVES}
        shelves["waiting"] = AIModel.objects.claimable_by(user)
        counts = {name: rows.count() for name, rows in shelves.items()}
        first = next((name for name in SHELVES if counts[name]), "draft")
        show = self.request.GET.get("show")
        show = show if show in SHELVES else first
        rows = shelves[show].select_related("tenant").defer("words").order_by("slug")
        page = Paginator(rows, 25).get_page(self.request.GET.get("page"))
        page.object_list = list(page.object_list)
        dress(page.object_list, user)
        for model in page.object_list:
            lacking = services.missing(model, fresh=False)
            model.lacking = [item for item in lacking if item.required]
            model.complete = completeness(model)
        seen = services.watch()
        return super().get_context_data(
            page_obj=page,
            show=show,
            tabs=[(name, label, counts[name]) for name, label in SHELVES.items()],
            registry=seen if seen.down_since or seen.starting else None,
            problems=seen.problems if user.is_operator else [],
            **kwargs,
        )


class Desk(Page, RefusalsInForm, FormView):
    """A form about one model that only its publishers may send."""

    verb = "change"

    def dispatch(self, request, *args, **kwargs):
        if request.user.is_authenticated:
            self.model = head.find(request.user, kwargs["slug"])
            if self.verb == "publish" and _claims(request.user, self.model):
                messages.info(request, "Confirm whose the model is. It can be published then.")
                return HttpResponseRedirect(reverse("catalog:claim", args=[self.model.slug]))
            self.check()
        return super().dispatch(request, *args, **kwargs)

    def check(self) -> None:
        """Who may see the model but not change it is told so."""
        services.require_publisher(self.request.user, self.verb, self.model)

    def get_context_data(self, **kwargs):
        found = head.context(self.model, self.request.user)
        return super().get_context_data(**found, **kwargs)

    def form_valid(self, form):
        try:
            return super().form_valid(form)
        except (Overtaken, ForbiddenMove):
            messages.warning(self.request, OVERTAKEN)
            return HttpResponseRedirect(self.model.get_absolute_url())

    def go(self, said: str, name: str = "catalog:detail"):
        messages.success(self.request, said)
        return HttpResponseRedirect(reverse(name, args=[self.model.slug]))


def _claims(user, model: AIModel) -> bool:
    """Whether the model waits for this person to say whose it is."""
    return AIModel.objects.claimable_by(user).filter(pk=model.pk, tenant=None).exists()


class Edit(Desk):
    """The words of a model, with a preview of the card and the last changes."""

    template_name = "marketplace/catalog/edit.html"
    form_class = forms.CardForm
    verb = "edit"

    def get_form_kwargs(self):
        given = super().get_form_kwargs()
        initial = {"seen": self.model.changed_at.isoformat()}
        return given | {"instance": self.model, "initial": initial}

    def get_context_data(self, **kwargs):
        more = {"history": services.history(self.model, by=self.request.user)}
        more["classes"] = forms.data_class_help()
        more["lacking"] = services.missing(self.model)
        return super().get_context_data(**more, **kwargs)

    def do(self, form):
        changes = {name: form.cleaned_data[name] for name in form.Meta.fields}
        seen = form.cleaned_data["seen"]
        try:
            services.edit(self.model, by=self.request.user, seen=seen, **changes)
        except Conflict:  # told once; whoever saves again has been warned
            form.data = form.data.copy()
            form.data["seen"] = self.model.changed_at.isoformat()
            raise
        return self.go("Saved")


class Preview(Page, TemplateResponseMixin, View):
    """The card as users will see it, while it is being written."""

    template_name = "marketplace/catalog/_preview.html"
    http_method_names = ["post"]

    def post(self, request, slug):
        model = head.find(request.user, slug)
        services.require_publisher(request.user, "preview", model)
        return self.render_to_response({"card": card.render(request.POST.get("card", ""))})


class Row(Page, TemplateResponseMixin, View):
    """The row of the catalogue with the price as it is being typed."""

    template_name = "marketplace/catalog/_row.html"
    http_method_names = ["post"]

    def post(self, request, slug):
        model = head.find(request.user, slug)
        services.require_publisher(request.user, "preview", model)
        form = forms.PriceForm(request.POST)
        if form.is_valid():
            typed = Price(currency=settings.DEFAULT_CURRENCY, **form.cleaned_data)
            model.look["price"] = said(typed)
        return self.render_to_response({"model": model})


class Publish(Desk):
    """Price and listing of a draft; the listing alone once it is published."""

    template_name = "marketplace/catalog/publish.html"
    verb = "publish"

    @property
    def draft(self) -> bool:
        return self.model.status == ModelStatus.DRAFT

    def get_form_class(self):
        return forms.PublishForm if self.draft else forms.ListingForm

    def get_form_kwargs(self):
        others = Tenant.objects.visible_to(self.request.user).exclude(pk=self.model.tenant_id)
        return super().get_form_kwargs() | {"tenants": others}

    def get_initial(self):
        model, price = self.model, self.model.price
        named = [row.tenant.slug for row in model.listings.select_related("tenant")]
        found = {"visibility": "everyone" if self.draft else model.visibility, "tenants": named}
        if price:
            found |= {"amount": price.amount.normalize(), "per": price.per, "meter": price.meter}
        return found

    def get_context_data(self, **kwargs):
        more = {"draft": self.draft, "lacking": services.missing(self.model)}
        more["blocked"] = [item for item in more["lacking"] if item.required]
        more["blocked"] = [item for item in more["blocked"] if item.field != "price"]
        return super().get_context_data(**more, **kwargs)

    def do(self, form):
        said = "Published" if self.draft else "Listing saved"
        verb = services.publish if self.draft else services.list_to
        verb(self.model, by=self.request.user, **form.cleaned_data)
        return self.go(said)


class Claim(Desk):
    """Whose the model is: operators choose, publishers confirm."""

    template_name = "marketplace/catalog/claim.html"
    form_class = forms.ClaimForm

    def check(self) -> None:
        if _claims(self.request.user, self.model):
            return
        raise PermissionDenied("Operators and the proposed publishers confirm a waiting model.")

    def get_form_kwargs(self):
        user = self.request.user
        tenants = Tenant.objects.published_by(user).filter(slug=self.model.proposed_tenant)
        if user.is_operator:
            tenants = Tenant.objects.visible_to(user)
        return super().get_form_kwargs() | {"tenants": tenants}

    def get_initial(self):
        return {"tenant": self.model.proposed_tenant}

    def do(self, form):
        tenant = form.cleaned_data["tenant"]
        model = services.claim(self.model, tenant, by=self.request.user)
        edits = AIModel.objects.editable_by(self.request.user).filter(pk=model.pk).exists()
        said = f"{named(model)} belongs to {tenant.slug}"
        if edits:
            return self.go(said, "catalog:edit")
        messages.success(self.request, said)
        return HttpResponseRedirect(reverse("catalog:mine"))


class Retire(Desk):
    """Taking a model out of the catalogue, with what that does."""

    template_name = "marketplace/catalog/retire.html"
    form_class = forms.RetireForm
    verb = "retire"

    def get_context_data(self, **kwargs):
        touched = services.consequences(self.model)
        return super().get_context_data(touched=touched, **kwargs)

    def do(self, form):
        services.retire(self.model, by=self.request.user, note=form.cleaned_data["note"])
        return self.go(f"{named(self.model)} is retired")


class OnModel(Act):
    """One verb on a model."""

    def get_subject(self):
        seen = AIModel.objects.visible_to(self.request.user).defer("words")
        return get_object_or_404(seen.select_related("tenant"), slug=self.kwargs["slug"])


class Restore(OnModel):
    """Back into the catalogue."""

    def act(self, subject) -> str:
        services.restore(subject, by=self.request.user)
        return f"{named(subject)} is published again"


class Pin(OnModel):
    """This version for everybody."""

    def act(self, subject) -> str:
        services.pin(subject, self.kwargs["number"], by=self.request.user)
        return f"Users get version {self.kwargs['number']} until you unpin it"


class Unpin(OnModel):
    """The registry decides again."""

    def act(self, subject) -> str:
        model = services.unpin(subject, by=self.request.user)
        return f"Follows the registry: version {model.followed_version}"
