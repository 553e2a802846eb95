"""The page of one job, and what people wish for it."""

from django.shortcuts import get_object_or_404
from django.views.generic import DetailView

from compute.jobs import services
from compute.jobs.forms import PriorityForm
from compute.jobs.models import Job
from compute.jobs.picture import state_of
from compute.jobs.plan_picture import context_of_job
from compute.jobs.wording import being_cancelled
from portal.web.views import Act, Page


class Detail(Page, DetailView):
    """One job: how it stands, why it waits, its log, what it costs, what happened."""

    template_name = "compute/jobs/detail.html"
    context_object_name = "job"

    def get_queryset(self):
        user = self.request.user
        return Job.objects.visible_to(user).to_show().with_rights(user)

    def get_context_data(self, **kwargs):
        job, user = self.object, self.request.user
        form = PriorityForm(user=user, job=job)
        found = super().get_context_data(priority_form=form, **kwargs)
        return found | state_of(job, user) | context_of_job(job)


def reason_in(request) -> str:
    """Why something is cancelled, as a form says it."""
    return request.POST.get("reason", "").replace("\0", "").strip()[:300]


class Wish(Act):
    """A verb on a job that this person may see; the service says who may do it."""

    def get_subject(self):
        seen = Job.objects.visible_to(self.request.user).to_show()
        return get_object_or_404(seen, pk=self.kwargs["pk"])


class Cancel(Wish):
    """End it, with a reason that is kept."""

    def act(self, job) -> str:
        services.cancel(job, by=self.request.user, note=reason_in(self.request))
        return f"{job} is being cancelled"


class CancelSeries(Wish):
    """End all jobs of its series that go on."""

    def act(self, job) -> str:
        jobs = services.cancel_series(job, by=self.request.user, note=reason_in(self.request))
        return being_cancelled(len(jobs))


class Retry(Wish):
    """The same again, as a job of its own."""

    again: Job | None = None

    def act(self, job) -> str:
        self.again = services.retry(job, by=self.request.user)
        return f"{self.again} is submitted again"

    def get_next(self, subject) -> str:
        return self.again.get_absolute_url() if self.again else subject.get_absolute_url()


class Prioritise(Wish):
    """Let it go before others, or after them."""

    def act(self, job) -> str:
        services.prioritise(job, by=self.request.user, to=self.request.POST.get("to", ""))
        return f"{job} has another priority"
