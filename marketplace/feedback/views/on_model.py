"""What people think of one model: its tab, its summary, and the two forms."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.views.generic import FormView, TemplateView

from marketplace.catalog import head
from marketplace.feedback import forms, reading, services
from marketplace.feedback.lifecycle import ReportStatus
from marketplace.feedback.models import Rating
from marketplace.feedback.services import rating as rating_rules
from marketplace.feedback.services import reporting as reporting_rules
from marketplace.feedback.views.paging import Counted
from portal.audit.services import denied
from portal.web.views import Act, Page, RefusalsInForm

MOST_VERSIONS = 50


class Of(Page):
    """A page about one model that has a tenant."""

    @cached_property
    def ai_model(self):
        model = head.find(self.request.user, self.kwargs["slug"])
        if model.tenant is None:
            raise Http404
        return model

    @property
    def mine(self) -> Rating | None:
        rows = Rating.objects.visible_to(self.request.user)
        return rows.filter(model=self.ai_model, person=self.request.user).first()


class OnModel(Of, TemplateView):
    """The tab: stars and sentences, and the problems that this person may read."""

    template_name = "marketplace/feedback/on_model.html"

    def get_context_data(self, **kwargs):
        user, model = self.request.user, self.ai_model
        show = self.request.GET.get("show", "unsolved")
        show = show if show in {"all", *ReportStatus.values} else "unsolved"
        rows = Counted(reading.reports(model, user, status=show), user)
        context = head.context(model, user) | {"page_part": "Feedback", "show": show}
        context |= {"opinion": reading.opinion(model, user), "mine": self.mine}
        context["ratings"] = reading.ratings(model, user)
        context["page_obj"] = Paginator(rows, 20).get_page(self.request.GET.get("page"))
        context["rates"] = bool(services.raters(user, model))
        context["reports"] = bool(services.callers(user, model))
        context["shows"] = [("unsolved", "Open"), ("fixed", "Fixed"), ("all", "All")]
        return super().get_context_data(**context, **kwargs)


class Speak(Of, RefusalsInForm, FormView):
    """A form for people whose team may call the model; everybody else is told so."""

    page_part, verb, why = "", "", ""

    def able(self) -> list:
        raise NotImplementedError

    def dispatch(self, request, *args, **kwargs):
        if request.user.is_authenticated:
            self.tenants = self.able()
            if not self.tenants:
                raise denied(self.verb, self.ai_model, by=request.user, why=self.why)
        return super().dispatch(request, *args, **kwargs)

    def get_form_kwargs(self):
        return super().get_form_kwargs() | {"tenants": self.tenants}

    def get_context_data(self, **kwargs):
        around = head.context(self.ai_model, self.request.user) | {"page_part": self.page_part}
        return super().get_context_data(**around, team=self.tenants[0], **kwargs)


class Rate(Speak):
    """Give stars, or change those that were given."""

    template_name = "marketplace/feedback/rate.html"
    form_class = forms.RatingForm
    page_part, verb, why = "Rate", "rate", rating_rules.ONLY

    def able(self):
        return services.raters(self.request.user, self.ai_model)

    def get_initial(self):
        mine = self.mine
        return {"stars": mine.stars, "sentence": mine.sentence} if mine else {}

    def get_context_data(self, **kwargs):
        return super().get_context_data(mine=self.mine, **kwargs)

    def do(self, form):
        given = services.rate(self.ai_model, by=self.request.user, **form.cleaned_data)
        messages.success(self.request, f"You gave {self.ai_model} {given.stars} of 5 stars")
        return HttpResponseRedirect(given.get_absolute_url())


class ReportProblem(Speak):
    """Say what is wrong, on which kind of input."""

    template_name = "marketplace/feedback/report_problem.html"
    form_class = forms.ReportForm
    page_part, verb, why = "Report a problem", "report a problem with", reporting_rules.ONLY

    def able(self):
        return services.callers(self.request.user, self.ai_model)

    def get_initial(self):
        return {"version": self.ai_model.followed_version, "public": True}

    def get_form_kwargs(self):
        numbers = self.ai_model.versions.values_list("number", flat=True)[:MOST_VERSIONS]
        return super().get_form_kwargs() | {"versions": list(numbers)}

    def do(self, form):
        made = services.report(self.ai_model, by=self.request.user, **form.cleaned_data)
        said = f"Reported to {made.provider}. You are told when it is fixed"
        messages.success(self.request, said)
        return HttpResponseRedirect(made.get_absolute_url())


class TakeBack(Of, Act):
    """Remove one's own rating."""

    def get_subject(self):
        mine = self.mine
        if mine is None:
            raise Http404
        return mine

    def act(self, subject) -> str:
        services.take_back(subject, by=self.request.user)
        return "Your rating is gone"

    def get_next(self, subject) -> str:
        return reverse("feedback:on_model", args=[self.ai_model.slug])
