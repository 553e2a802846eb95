"""Templates: what a team keeps to run again."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect
from django.utils.functional import cached_property
from django.views.generic import FormView, ListView

from compute.jobs import services
from compute.jobs.asks import start_from
from compute.jobs.commands import write_command
from compute.jobs.forms import Asks, TemplateForm
from compute.jobs.models import Job, Template
from compute.jobs.variables import write_variables
from compute.jobs.views.lists import tenants_for, uuid_or_none
from compute.jobs.wording import needs_of_template, span_in_words
from portal.web.views import Act, Page, RefusalsInForm
from tenants.directory.chosen import slug_wanted
from tenants.directory.models import Tenant
from tenants.directory.roles import TenantRole


class Templates(Page, ListView):
    """The templates of my teams; archived ones on a tab of their own."""

    template_name = "compute/jobs/templates.html"
    paginate_by = 25

    @property
    def archived(self) -> bool:
        return self.request.GET.get("show") == "archived"

    def get_queryset(self):
        rows = Template.objects.visible_to(self.request.user)
        rows = rows.filter(archived_at__isnull=not self.archived)
        words = self.request.GET.get("q", "").replace("\0", "").strip()[:80]
        if words:
            rows = rows.filter(name__icontains=words)
        if slug := slug_wanted(self.request).replace("\0", ""):
            rows = rows.filter(tenant__slug=slug)
        return rows.select_related("tenant", "person").order_by("name", "pk")

    def get_context_data(self, **kwargs):
        user, asked = self.request.user, self.request.GET
        mine = set(user.tenants_as(TenantRole.CONSUMER))
        found = super().get_context_data(starts=mine, may_keep=bool(mine), **kwargs)
        for template in found["page_obj"]:
            template.needs = needs_of_template(template.asks)
        found |= {"archived": self.archived, "tenants": tenants_for(user)}
        found |= {"chosen": slug_wanted(self.request)}
        return found | {"filtered": bool(asked.get("q") or asked.get("tenant"))}


class Keep(Page, RefusalsInForm, FormView):
    """A form with the values of a job; empty fields take what is usual."""

    template_name = "compute/jobs/template.html"
    form_class = TemplateForm
    kept: Template | None = None

    @cached_property
    def tenant(self) -> Tenant | None:
        mine = Tenant.objects.joined_by(self.request.user)
        start = self.get_initial().get("tenant", "")
        named = self.request.POST.get("tenant", start).replace("\0", "")
        return mine.filter(slug=named).first() or mine.first()

    @cached_property
    def job(self) -> Job | None:
        seen = Job.objects.visible_to(self.request.user).to_show()
        return seen.filter(pk=uuid_or_none(self.request.GET.get("job"))).first()

    def get_initial(self):
        if self.job:
            return start_from(None, self.job)
        return {"tenant": slug_wanted(self.request)}

    def get_form_kwargs(self):
        return super().get_form_kwargs() | {"user": self.request.user, "tenant": self.tenant}

    def get_context_data(self, **kwargs):
        return super().get_context_data(kept=self.kept, job=self.job, tenant=self.tenant, **kwargs)

    def do(self, form):
        asks, facts = form.asks(), form.cleaned_data
        kept = services.write_template(
            facts["tenant"], by=self.request.user, name=asks.pop("name"),
            description=facts["description"], asks=asks,
        )  # fmt: skip
        messages.success(self.request, f"{kept} is kept")
        return redirect(kept)


class Change(Keep):
    """One template: what it holds, for those who may change it as a form."""

    @cached_property
    def kept(self) -> Template:
        seen = Template.objects.visible_to(self.request.user).select_related("tenant", "person")
        return get_object_or_404(seen, pk=self.kwargs["pk"])

    @property
    def tenant(self) -> Tenant:
        return self.kept.tenant

    def get_initial(self):
        return start_from(self.kept) | {"description": self.kept.description}

    def get_form_kwargs(self):
        return super().get_form_kwargs() | {"kept": True}

    def get_context_data(self, **kwargs):
        may = Template.objects.changeable_by(self.request.user).filter(pk=self.kept.pk).exists()
        recent = Job.objects.visible_to(self.request.user).filter(template=self.kept)
        starts = self.request.user.may(TenantRole.CONSUMER, self.kept.tenant)
        self.kept.needs = needs_of_template(self.kept.asks)
        return super().get_context_data(
            may_change=may, recent=recent.to_show().order_by("-id")[:6], may_start=starts,
            holds=holdings(self.kept), **kwargs,
        )  # fmt: skip

    def do(self, form):
        asks, user = form.asks(), self.request.user
        services.change_template(
            self.kept, by=user, name=asks.pop("name"), asks=asks,
            description=form.cleaned_data["description"],
        )  # fmt: skip
        messages.success(self.request, f"{self.kept} is changed")
        return redirect(self.kept)


def holdings(kept: Template) -> list[tuple[str, str]]:
    """What a template holds, in the words of the form."""
    shown = {"time_limit_s": span_in_words, "command": write_command, "variables": write_variables}
    known = [(name, kept.asks[name]) for name in Asks.base_fields if name in kept.asks]
    return [
        (Asks.base_fields[name].label, shown.get(name, in_words)(value))
        for name, value in known
        if value not in ("", [], {}, False, None)
    ]


def in_words(value) -> str:
    if isinstance(value, bool):
        return "yes"
    return ", ".join(value) if isinstance(value, list) else str(value)


class Shelve(Act):
    """Take a template out of use, or back into it; jobs that came from it stay as they are."""

    back = False

    def get_subject(self):
        seen = Template.objects.visible_to(self.request.user).select_related("tenant")
        return get_object_or_404(seen, pk=self.kwargs["pk"])

    def act(self, kept) -> str:
        services.shelve_template(kept, by=self.request.user, back=self.back)
        return f"{kept} is in use again" if self.back else f"{kept} is archived"
