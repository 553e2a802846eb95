"""The log of a job: parts of it for the page, where a text is, and all of it as a file."""

from django.core.handlers.asgi import ASGIRequest
from django.db import OperationalError
from django.http import JsonResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.utils.functional import cached_property
from django.views.generic import TemplateView, View

from compute.jobs import logs
from compute.jobs.logfile import whole_text, whole_text_awaited
from compute.jobs.logpanel import SHOWN, number, window, words
from compute.jobs.models import Job
from portal.audit.services import denied
from portal.web.views import SignedIn


class OfLog(SignedIn):
    """A job that this person sees, refused to those who may not read what it prints."""

    http_method_names = ["get", "head"]

    @cached_property
    def job(self) -> Job:
        user = self.request.user
        seen = Job.objects.visible_to(user).to_show().with_rights(user)
        job = get_object_or_404(seen, pk=self.kwargs["pk"])
        if not job.may_read:
            why = f"Only people of {job.tenant} and operators read the logs of its jobs."
            raise denied("read log", job, by=user, why=why)
        return job

    @property
    def query(self) -> str:
        return words(self.request.GET.get("q", ""))


class Log(OfLog, TemplateView):
    """Lines `after`, `before` or `around` a number, or the newest; `q` is marked in them."""

    template_name = "compute/jobs/_log_lines.html"

    def get_context_data(self, **kwargs):
        asked, job = self.request.GET, self.job
        near = {name: number(asked.get(name)) for name in ("after", "before", "around")}
        limit = number(asked.get("limit")) or SHOWN
        part = window(job, **near, limit=limit, mark=self.query)
        return super().get_context_data(part=part, job=job, **kwargs)


class LogFind(OfLog, View):
    """Where a text is: the numbers of the lines that hold it."""

    def get(self, request, *args, **kwargs):
        try:
            found = logs.found(self.job, self.query)
        except OperationalError:
            return JsonResponse({"slow": True}, status=503)
        return JsonResponse({"numbers": found.numbers, "more": found.more})


class LogDownload(OfLog, View):
    """The whole log as text."""

    def get(self, request, *args, **kwargs):
        name = f"{self.job.short_id}.log"
        text = whole_text_awaited if isinstance(request, ASGIRequest) else whole_text
        parts = text(self.job, request.user)
        answer = StreamingHttpResponse(parts, content_type="text/plain; charset=utf-8")
        answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        answer.headers["X-Content-Type-Options"] = "nosniff"
        return answer
