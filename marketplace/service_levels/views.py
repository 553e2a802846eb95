"""Pages of service levels."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponseRedirect
from django.urls import reverse
from django.views.generic import FormView, TemplateView

from marketplace.catalog import head
from marketplace.catalog.models import AIModel
from marketplace.catalog.services import require_publisher
from marketplace.service_levels import forms, services, story
from marketplace.service_levels.models import Target, Window
from portal.web.views import Page, RefusalsInForm


class Levels(Page, TemplateView):
    """Every model I may see: what it promises and what was measured."""

    template_name = "marketplace/service_levels/list.html"

    def get_context_data(self, **kwargs):
        user, query = self.request.user, self.request.GET.get("q", "").replace("\0", "")[:80]
        listed = AIModel.objects.offered_to(user)
        targets = Target.objects.visible_to(user).filter(model__in=listed.values("pk"))
        if query:
            targets = targets.filter(model__slug__icontains=query)
        rows = targets.select_related("model__tenant").defer("model__card", "model__words")
        page = Paginator(rows.order_by("model__slug"), 50).get_page(self.request.GET.get("page"))
        page.object_list = list(page.object_list)
        told = story.lines(page.object_list)
        for target in page.object_list:
            target.by_window = {line.window: line for line in told[target.model_id]}
            target.month = target.by_window[Window.MONTH]
        return super().get_context_data(page_obj=page, query=query, **kwargs)


class Of(Page, TemplateView):
    """A page about the service level of one model."""

    def get_context_data(self, **kwargs):
        model = head.find(self.request.user, self.kwargs["slug"])
        if model.is_reference:
            raise Http404
        target = Target.objects.visible_to(self.request.user).filter(model=model).first()
        context = self.around(model) | {"target": target}
        if target:
            told = story.lines([target], by_environment=True)[model.pk]
            context["lines"] = told
            context["month"] = next(line for line in told if line.window == Window.MONTH)
            context["days"] = story.days(target)
            context["strip"] = story.strip_of(target, context["days"])
            context["measured_at"] = max(
                (line.row.measured_at for line in told if line.row), default=None
            )
        return super().get_context_data(**context, **kwargs)

    def around(self, model) -> dict:
        return head.context(model, self.request.user)


class OnModel(Of):
    """The tab: each window beside its target, the error budget, day by day."""

    template_name = "marketplace/service_levels/on_model.html"


class Summary(Of):
    """The last 30 days in a few lines, beside a model's card."""

    template_name = "marketplace/service_levels/_summary.html"

    def around(self, model) -> dict:
        return {"model": model}


class Promise(Page, RefusalsInForm, FormView):
    """Changing what a model promises."""

    template_name = "marketplace/service_levels/promise.html"
    form_class = forms.TargetForm

    def dispatch(self, request, *args, **kwargs):
        if request.user.is_authenticated:
            self.model = head.find(request.user, kwargs["slug"])
            require_publisher(request.user, "change the service level of", self.model)
        return super().dispatch(request, *args, **kwargs)

    def get_form_kwargs(self):
        mine = Target.objects.visible_to(self.request.user)
        target = mine.filter(model=self.model).first() or Target(model=self.model)
        return super().get_form_kwargs() | {"instance": target}

    def get_context_data(self, **kwargs):
        return super().get_context_data(**head.context(self.model, self.request.user), **kwargs)

    def do(self, form):
        services.promise(self.model, by=self.request.user, **form.cleaned_data)
        messages.success(self.request, "Service level saved")
        return HttpResponseRedirect(reverse("service_levels:on_model", args=[self.model.slug]))
