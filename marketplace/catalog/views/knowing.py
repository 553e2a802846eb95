"""What the system knows of a model, beside its card: parts of its page."""

from django.views.generic import TemplateView

from marketplace.catalog import changes, head, known, origins, spending
from marketplace.catalog.completeness import completeness
from portal.web.views import Page


class Part(Page, TemplateView):
    """A part of a model's page, loaded by itself."""

    def get_context_data(self, **kwargs):
        model = head.find(self.request.user, self.kwargs["slug"])
        return super().get_context_data(model=model, **self.told(model), **kwargs)

    def told(self, model) -> dict:
        raise NotImplementedError


class Known(Part):
    """Made from, in service, used by, cost per call, feedback; and what a publisher may add."""

    template_name = "marketplace/catalog/_known.html"

    def told(self, model) -> dict:
        user = self.request.user
        found = known.of(model, user) if model.tenant else {}
        found["data_sets"] = origins.data_sets(model)
        found["depends_on"] = origins.depends_on(model, user)
        found["cost"] = spending.cost_of_call(model, user)
        if user.may("publisher", model.tenant):
            found["complete"] = completeness(model)
        return found


class Changes(Part):
    """What changed since it was published."""

    template_name = "marketplace/catalog/_changes.html"

    def told(self, model) -> dict:
        return {"changes": changes.changes(model)}
