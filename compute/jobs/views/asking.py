"""Asking for a job: the form, whether it would fit and what it would cost, and copies."""

from urllib.parse import urlencode

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.functional import cached_property
from django.views.generic import FormView, View

from compute.capacity.models import GpuFlavour
from compute.jobs import services
from compute.jobs.asks import NEEDS, start_from
from compute.jobs.forms import JobForm
from compute.jobs.models import Job, Template
from compute.jobs.views.lists import uuid_or_none
from portal.core.errors import Refused
from portal.web.views import Page, RefusalsInForm, SignedIn
from tenants.directory.chosen import slug_wanted
from tenants.directory.models import Tenant

WITHOUT_GPUS = {"gpus": 0, "cpu": 1, "memory_gb": 2}


class Beginning(Page):
    """What the form begins with: a template, an earlier job, the team that it is for."""

    earlier: Job | None = None

    @cached_property
    def named(self) -> Template | None:
        wanted = self.request.POST.get("template") or self.request.GET.get("template")
        seen = Template.objects.visible_to(self.request.user).select_related("tenant")
        return seen.filter(pk=uuid_or_none(wanted)).first()

    @property
    def template(self) -> Template | None:
        return self.named if self.named and not self.named.archived_at else None

    @property
    def shelved(self) -> Template | None:
        """The one that was asked for, if it is archived: nothing is taken from it."""
        return self.named if self.named and self.named.archived_at else None

    @cached_property
    def mine(self):
        return Tenant.objects.joined_by(self.request.user)

    @cached_property
    def tenant(self) -> Tenant | None:
        """The team it is for: as chosen, as it was before, or the first."""
        named = self.request.POST.get("tenant", self.begun.get("tenant", "")).replace("\0", "")
        return self.mine.filter(slug=named).first() or self.mine.first()

    def get_initial(self):
        return dict(self.begun)

    @cached_property
    def begun(self) -> dict:
        """What the form holds at first; without GPUs here, what runs without them."""
        if start := start_from(self.template, self.earlier):
            return start
        gpus = GpuFlavour.objects.visible_to(self.request.user).with_gpus().exists()
        return {"tenant": slug_wanted(self.request)} | ({} if gpus else WITHOUT_GPUS)


class NewJob(Beginning, RefusalsInForm, FormView):
    """What runs and what it needs; beside it whether that fits, when, and at what cost."""

    template_name = "compute/jobs/new.html"
    form_class = JobForm

    def get_form_kwargs(self):
        return super().get_form_kwargs() | {"user": self.request.user, "tenant": self.tenant}

    def get_context_data(self, **kwargs):
        templates = Template.objects.visible_to(self.request.user).in_use()
        offered = templates.filter(tenant__in=self.mine).select_related("tenant")
        found = {"templates": offered, "chosen": self.template, "earlier": self.earlier}
        found["shelved"] = self.shelved
        return super().get_context_data(tenant=self.tenant, **found, **kwargs)

    def do(self, form):
        tenant, each = form.cleaned_data["tenant"], form.cleaned_data["each"]
        facts = form.asks() | {"template": form.template_of(tenant)}
        if each:
            jobs = services.submit_series(tenant, by=self.request.user, each=each, **facts)
            messages.success(self.request, in_words(jobs))
            return redirect(list_of(jobs))
        job = services.submit(tenant, by=self.request.user, **facts)
        messages.success(self.request, f"{job} is submitted")
        return redirect(job)


def in_words(jobs: list[Job]) -> str:
    return f"{len(jobs)} job{' is' if len(jobs) == 1 else 's are'} submitted"


def list_of(jobs: list[Job]) -> str:
    """The address of the list of a series."""
    chosen = {"series": jobs[0].series, "tenant": jobs[0].tenant.slug}
    return f"{reverse('jobs:list')}?{urlencode(chosen)}"


class Clone(NewJob):
    """The form, filled as an earlier job was asked for; it is sent as a new one."""

    http_method_names = ["get", "head"]

    @cached_property
    def earlier(self) -> Job:
        seen = Job.objects.visible_to(self.request.user).to_show()
        return get_object_or_404(seen, pk=self.kwargs["pk"])


class Estimate(SignedIn, View):
    """Will it fit, when, and what will it cost: asked while the form is filled in."""

    http_method_names = ["post"]

    def post(self, request, *args, **kwargs):
        return render(request, "compute/jobs/_estimate.html", self.found(request))

    def found(self, request) -> dict:
        mine = Tenant.objects.joined_by(request.user)
        named = request.POST.get("tenant", "").replace("\0", "")
        tenant = mine.filter(slug=named).first() or mine.first()
        form = JobForm(request.POST, user=request.user, tenant=tenant)
        form.is_valid()
        if tenant is None:
            return {"unready": True}
        if at_fault := [name for name in (*NEEDS, "image") if name in form.errors]:
            return {"unready": True, "wrong": list(wrong_in(form, at_fault))}
        needs = {name: form.cleaned_data[name] for name in NEEDS}
        told = {name: form.cleaned_data.get(name) for name in ("name", "image")}
        needs |= {name: words for name, words in told.items() if words}
        template = form.template_of(tenant)
        try:
            found = services.forecast(tenant, by=request.user, template=template, **needs)
            missing = found.why if found.field == "image" and not told["image"] else ""
            return {"unready": True, "missing": missing} if missing else {"forecast": found}
        except Refused as refused:
            return {"refused": refused.detail}


def wrong_in(form: JobForm, names: list[str]):
    """The label and the words of each field that holds something wrong; empty ones are not."""
    for name in names:
        if form.data.get(name, "").strip():
            yield form[name].label, " ".join(form.errors[name])
