"""Views that people keep, and models that they wish for."""

from django.contrib import messages
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.generic import DetailView, FormView, ListView, View

from marketplace.catalog import services
from marketplace.catalog.finding_forms import AnswerForm, WantForm
from marketplace.catalog.lifecycle import WantedStatus
from marketplace.catalog.models import AIModel
from marketplace.catalog.wishes import SavedView, WantedModel
from portal.core.errors import Conflict, Refused
from portal.web.views import Act, Page, RefusalsInForm
from tenants.directory.models import Tenant
from tenants.directory.roles import TenantRole


class KeepView(Page, View):
    """Keep the search as it is, under a name."""

    http_method_names = ["post"]

    def post(self, request):
        given = {name: request.POST.get(name, "").replace("\0", "") for name in ("name", "query")}
        try:
            replace = request.POST.get("replace") == "1"
            view = services.keep_view(by=request.user, replace=replace, **given)
        except Conflict as taken:
            return self.ask(given, taken.detail)
        except Refused as refused:
            messages.error(request, refused.detail)
            return HttpResponseRedirect(f"{reverse('catalog:list')}?{given['query'][:2000]}")
        messages.success(request, f"Kept as {view.name}")
        return HttpResponseRedirect(view.get_absolute_url())

    def ask(self, given: dict, words: str):
        """The name is in use: another one, or this view instead of the old one."""
        back = f"{reverse('catalog:list')}?{given['query']}"
        context = given | {"words": words, "back": back}
        return render(self.request, "marketplace/catalog/view_taken.html", context, status=409)


class ForgetView(Act):
    """Take a view off one's own list."""

    def get_subject(self):
        mine = SavedView.objects.visible_to(self.request.user)
        return get_object_or_404(mine, pk=self.kwargs["pk"])

    def act(self, subject) -> str:
        services.forget_view(subject, by=self.request.user)
        return f"{subject.name} is no longer kept"


class WantedList(Page, ListView):
    """What teams wish for."""

    template_name = "marketplace/catalog/wanted_list.html"
    paginate_by = 25

    def get_queryset(self):
        rows = WantedModel.objects.visible_to(self.request.user).to_show()
        self.show = self.request.GET.get("show", "open")
        if self.show == "mine":
            return rows.asked_by(self.request.user)
        if self.show in WantedStatus.values and self.show != "open":
            return rows.filter(status=self.show)
        self.show = self.show if self.show == "all" else "open"
        return rows if self.show == "all" else rows.open()

    def get_context_data(self, **kwargs):
        shows = {"open": "Open", "mine": "Mine", "all": "All"}
        return super().get_context_data(
            shows=shows, show=self.show, helps=services.helps(self.request.user), **kwargs
        )


class Want(Page, RefusalsInForm, FormView):
    """Ask for a model that is not there."""

    template_name = "marketplace/catalog/want.html"
    form_class = WantForm

    def get_form_kwargs(self):
        joined = Tenant.objects.joined_by(self.request.user)
        return super().get_form_kwargs() | {"tenants": joined}

    def get_initial(self):
        words = " ".join(self.request.GET.get("q", "").split())[:120]
        return {"title": words, "searched": words}

    def get_context_data(self, **kwargs):
        joins = bool(self.request.user.tenants_as(TenantRole.CONSUMER))
        return super().get_context_data(joins=joins, **kwargs)

    def do(self, form):
        wanted = services.want(by=self.request.user, **form.cleaned_data)
        messages.success(self.request, "Asked. Governance and publishers were told.")
        return HttpResponseRedirect(wanted.get_absolute_url())


class OfWanted(Page):
    """A page about one wish."""

    def wanted(self) -> WantedModel:
        rows = WantedModel.objects.visible_to(self.request.user).to_show()
        return get_object_or_404(rows, pk=self.kwargs["pk"])


class Wanted(OfWanted, DetailView):
    """One wish, and what was said to it."""

    template_name = "marketplace/catalog/wanted.html"
    context_object_name = "wanted"

    def get_object(self, queryset=None):
        return self.wanted()

    def get_context_data(self, **kwargs):
        user, wanted = self.request.user, self.object
        seen = AIModel.objects.visible_to(user).filter(pk=wanted.model_id).first()
        own = wanted.requester_id == user.pk or user.may(TenantRole.OWNER, wanted.tenant)
        moves = wanted.lifecycle.moves[wanted.status]
        return super().get_context_data(
            met_by=seen,
            answers=services.helps(user) and not user.is_auditor and moves,
            withdraws=own and wanted.is_open,
            **kwargs,
        )


class Answer(OfWanted, RefusalsInForm, FormView):
    """Say what becomes of a wish: planned, met by a model, or declined."""

    template_name = "marketplace/catalog/wanted_answer.html"
    form_class = AnswerForm

    def dispatch(self, request, *args, **kwargs):
        if request.user.is_authenticated:
            self.row = self.wanted()
            services.require_helper("answer", self.row, request.user)
        return super().dispatch(request, *args, **kwargs)

    def get_form_kwargs(self):
        return super().get_form_kwargs() | {"user": self.request.user, "wanted": self.row}

    def get_context_data(self, **kwargs):
        return super().get_context_data(wanted=self.row, **kwargs)

    def do(self, form):
        given, by = form.cleaned_data, self.request.user
        said = {"by": by, "answer": given["answer"]}
        if given["what"] == WantedStatus.MET:
            services.meet(self.row, given["model"], **said)
        else:
            verbs = {"planned": services.plan, "declined": services.decline}
            verbs[given["what"]](self.row, **said)
        messages.success(self.request, "Answered. Who asked was told.")
        return HttpResponseRedirect(self.row.get_absolute_url())


class WithdrawWish(OfWanted, Act):
    """Take a wish back."""

    def get_subject(self):
        return self.wanted()

    def act(self, subject) -> str:
        try:
            services.withdraw_wish(subject, by=self.request.user)
        except Conflict as conflict:
            raise Refused(conflict.detail) from conflict
        return "Taken back"
