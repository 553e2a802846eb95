"""How busy the hardware of a job is: the part of its page that is read again by itself."""

from django.views.generic import DetailView

from compute.jobs.models import Job
from portal.web.views import Page


class Measures(Page, DetailView):
    """The charts of one job."""

    template_name = "compute/jobs/_measures.html"
    context_object_name = "job"

    def get_queryset(self):
        return Job.objects.visible_to(self.request.user).to_show()
