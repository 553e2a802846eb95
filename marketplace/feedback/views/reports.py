"""All reports that concern me: on models that I publish, and those of my teams."""

from django.views.generic import ListView

from marketplace.feedback import reading
from marketplace.feedback.lifecycle import UNSOLVED
from marketplace.feedback.models import Report
from portal.web.views import Page

SHOWS = (("answer", "To answer"), ("open", "Open"), ("solved", "Solved"))


class Reports(Page, ListView):
    """To answer, open, solved; filters in the address."""

    template_name = "marketplace/feedback/reports.html"
    paginate_by = 25

    def rows(self, show: str):
        user = self.request.user
        seen = Report.objects.visible_to(user)
        if show == "answer":
            return seen.waiting_for(user)
        return (
            seen.filter(status__in=UNSOLVED)
            if show == "open"
            else seen.exclude(status__in=UNSOLVED)
        )

    @property
    def show(self) -> str:
        wanted = self.request.GET.get("show")
        if wanted in dict(SHOWS):
            return wanted
        return "answer" if self.rows("answer").exists() else "open"

    def get_queryset(self):
        query = self.request.GET.get("q", "").replace("\0", "")[:80]
        rows = self.rows(self.show).to_show()
        return rows.filter(model__slug__icontains=query) if query else rows

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        context["problems"] = reading.problems_of(context["page_obj"].object_list)
        context["show"] = self.show
        context["shows"] = [(n, label, self.rows(n).count()) for n, label in SHOWS]
        return context
