"""Pages of pipelines: the list, a new one, one of them, and what people wish for it."""

from django.contrib import messages
from django.db.models import Count, Q
from django.shortcuts import get_object_or_404, redirect
from django.utils.functional import cached_property
from django.views.generic import DetailView, FormView, ListView

from compute.jobs import services
from compute.jobs.definitions import Flawed
from compute.jobs.lifecycle import JobStatus, PipelineStatus
from compute.jobs.models import Job, Pipeline
from compute.jobs.plan_forms import EXAMPLES, PipelineForm
from compute.jobs.plan_picture import context_of
from portal.web.views import Act, Page, RefusalsInForm
from tenants.directory.chosen import slug_wanted
from tenants.directory.models import Tenant

DONE = Count("steps", filter=Q(steps__job__status=JobStatus.SUCCEEDED))


class Pipelines(Page, ListView):
    """The pipelines that this person may see, newest first."""

    template_name = "compute/jobs/pipelines.html"
    context_object_name = "pipelines"
    paginate_by = 25

    @cached_property
    def tenant(self) -> str:
        return slug_wanted(self.request)

    def get_queryset(self):
        seen = Pipeline.objects.visible_to(self.request.user).to_show()
        seen = seen.annotate(count=Count("steps"), done=DONE).order_by("-id")
        asked = self.request.GET
        if self.tenant:
            seen = seen.filter(tenant__slug=self.tenant)
        if asked.get("status") in PipelineStatus.values:
            seen = seen.filter(status=asked["status"])
        words = asked.get("q", "").replace("\0", "").strip()[:80]
        return seen.filter(name__icontains=words) if words else seen

    def get_context_data(self, **kwargs):
        user = self.request.user
        return super().get_context_data(
            statuses=PipelineStatus.choices,
            filtered=[key for key in ("q", "status") if self.request.GET.get(key)],
            may_ask=Tenant.objects.joined_by(user).exists(),
            **kwargs,
        )


class NewPipeline(Page, RefusalsInForm, FormView):
    """A definition as text; what is wrong with it is told by line."""

    template_name = "compute/jobs/pipeline_new.html"
    form_class = PipelineForm

    @cached_property
    def example(self) -> str:
        asked = self.request.GET.get("example", "")
        return asked if asked in EXAMPLES else "line"

    def get_form_kwargs(self):
        return super().get_form_kwargs() | {"user": self.request.user}

    def get_initial(self):
        return {"tenant": slug_wanted(self.request), "definition": EXAMPLES[self.example][1]}

    def get_context_data(self, **kwargs):
        mine = Tenant.objects.joined_by(self.request.user)
        names = [(key, label) for key, (label, _) in EXAMPLES.items()]
        return super().get_context_data(
            examples=names, example=self.example, tenants=mine, **kwargs
        )

    def do(self, form):
        written = form.written
        try:
            pipeline = services.start_pipeline(
                form.cleaned_data["tenant"], by=self.request.user,
                name=written.data.get("name") or "", steps=written.steps,
            )  # fmt: skip
        except Flawed as flawed:
            for words in form.told(flawed):
                form.add_error("definition", words)
            return self.form_invalid(form)
        messages.success(self.request, f"{pipeline} is started")
        return redirect(pipeline)


class OnePipeline(Page, DetailView):
    """One pipeline: its graph, how each step stands, and what can be done."""

    template_name = "compute/jobs/pipeline.html"
    context_object_name = "pipeline"

    def get_queryset(self):
        return Pipeline.objects.visible_to(self.request.user).to_show()

    def get_context_data(self, **kwargs):
        return super().get_context_data(**kwargs) | context_of(self.object, self.request.user)


class PipelineWish(Act):
    """A verb on a pipeline that this person may see; the service says who may do it."""

    def get_subject(self):
        seen = Pipeline.objects.visible_to(self.request.user).to_show()
        return get_object_or_404(seen, pk=self.kwargs["pk"])


class CancelPipeline(PipelineWish):
    """Start no more steps, and cancel those that run."""

    def act(self, pipeline) -> str:
        note = self.request.POST.get("reason", "").replace("\0", "").strip()[:200]
        services.cancel_pipeline(pipeline, by=self.request.user, note=note)
        return f"{pipeline} is being cancelled"


class RestartPipeline(PipelineWish):
    """Go on from what failed, or from a step that is named."""

    def act(self, pipeline) -> str:
        step = self.request.POST.get("from_step", "").replace("\0", "").strip()[:40]
        services.restart_pipeline(pipeline, by=self.request.user, from_step=step)
        return f"{pipeline} goes on"


class Keep(Act):
    """Let a job run on though its GPUs are idle."""

    def get_subject(self):
        seen = Job.objects.visible_to(self.request.user).to_show()
        return get_object_or_404(seen, pk=self.kwargs["pk"])

    def act(self, job) -> str:
        services.keep(job, by=self.request.user)
        return f"{job} is kept"
