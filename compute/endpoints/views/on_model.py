"""What endpoints add to the page of a model: try it, use it from code, and its usage."""

from django.conf import settings
from django.http import Http404
from django.views.generic import TemplateView

from compute.endpoints import figures, how_to, trying
from compute.endpoints.forms import PredictionForm
from marketplace.catalog import examples, head
from portal.web.views import Page
from tenants.directory.roles import TenantRole


class TryIt(Page, TemplateView):
    """A form made from the signature; a prediction with it is a call like any other."""

    template_name = "compute/endpoints/try_it.html"

    def get(self, request, *args, **kwargs):
        return self.render_to_response(self._context(request.GET.get("way", "")))

    def post(self, request, *args, **kwargs):
        context = self._context(request.POST.get("way", ""), request.POST)
        form = context.get("form")
        if form is None or not context["way"].ready:
            return self.render_to_response(context, status=409)
        if not form.is_valid():
            return self.render_to_response(context, status=422)
        way, fields = context["way"], context["fields"]
        outcome = trying.run(self.model, way, fields, form.values(), by=request.user)
        return self.render_to_response(context | {"outcome": outcome})

    def _context(self, picked: str, data=None) -> dict:
        user = self.request.user
        self.model = head.find(user, self.kwargs["slug"])
        options = trying.ways(self.model, user)
        way, price = trying.chosen(options, picked), trying.price_of(self.model)
        served = way.endpoint.version if way and way.endpoint else self.model.default_version
        fields = examples.fields_of(served) if served else []
        found = {"model": self.model, "ways": options, "way": way, "price": price}
        found |= {"version": served, "fields": fields}
        found["about_nano"] = price.nano_for(1) if price else None
        if way and fields:
            found["form"] = PredictionForm(data, inputs=fields)
        return found


class OfModel(Page, TemplateView):
    """A tab under the head that all pages of a model share."""

    page_part = ""

    def get_context_data(self, **kwargs):
        self.model = head.find(self.request.user, self.kwargs["slug"])
        if self.model.tenant is None:
            raise Http404
        shared = head.context(self.model, self.request.user)
        return super().get_context_data(page_part=self.page_part, **shared, **kwargs)


class HowTo(OfModel):
    """Commands and programs that are ready to paste."""

    template_name = "compute/endpoints/how_to.html"
    page_part = "Use it"

    def get_context_data(self, **kwargs):
        found = super().get_context_data(**kwargs)
        version, gateway = self.model.default_version, settings.GATEWAY_URL
        snippets = how_to.snippets(self.model.slug, version, gateway) if version else []
        return found | {
            "snippets": snippets,
            "gateway": gateway,
            "inputs": examples.fields_of(version) if version else [],
            "version": version,
        }


class ModelUsage(OfModel):
    """Who called the model how often: all of it for its publishers, their own for others."""

    template_name = "compute/endpoints/model_usage.html"
    page_part = "Usage"

    def get_template_names(self):
        part = self.request.headers.get("HX-Request") and self.request.GET.get("part")
        return ["compute/endpoints/_usage.html" if part else self.template_name]

    def get_context_data(self, **kwargs):
        found = super().get_context_data(**kwargs)
        user = self.request.user
        publishes = user.may(TenantRole.PUBLISHER, self.model.tenant)
        usage = figures.usage_of(self.model, user, publishes=publishes)
        whole = publishes or user.is_finance or user.is_auditor or user.is_operator
        return found | {"usage": usage, "publishes": publishes, "whole": whole}
