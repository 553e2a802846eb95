"""The list of jobs: narrowed by the address, kept fresh, and what is done to many at once."""

import uuid

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.generic import TemplateView, View

from compute.jobs import listing, services
from compute.jobs.forms import NarrowForm
from compute.jobs.models import Job, Template
from compute.jobs.rows import rows_of
from portal.core.errors import Refused
from portal.web.views import Page, SignedIn
from tenants.directory.chosen import slug_wanted
from tenants.directory.models import Tenant, User
from tenants.directory.roles import TenantRole

MANY = 100  # jobs that are cancelled in one go
PEOPLE = 200


def uuid_or_none(text: str | None) -> uuid.UUID | None:
    try:
        return uuid.UUID(text or "")
    except ValueError:
        return None


class Jobs(Page, TemplateView):
    """The jobs that this person may see, newest first, 25 at a time."""

    template_name = "compute/jobs/list.html"

    def get_template_names(self):
        part = self.request.htmx and self.request.GET.get("part")
        return ["compute/jobs/_rows.html" if part else self.template_name]

    @cached_property
    def narrowing(self) -> NarrowForm:
        asked = self.request.GET.dict() | {"tenant": slug_wanted(self.request)}
        return NarrowForm(asked, user=self.request.user)

    def page(self) -> listing.Slice:
        asked, seen = self.request.GET, Job.objects.visible_to(self.request.user)
        return listing.cut(
            self.narrowing.wanted().of(seen).to_show(),
            after=uuid_or_none(asked.get("after")),
            before=uuid_or_none(asked.get("before")),
            oldest_first=asked.get("sort") == "asked",
        )

    def get_context_data(self, **kwargs):
        page, query = self.page(), self.request.GET.copy()
        for name in ("part", "after", "before"):
            query.pop(name, None)
        found = {"page": page, "query": query.urlencode(), "narrowing": self.narrowing}
        found["rows"] = rows_of(page.rows)
        changeable = Job.objects.changeable_by(self.request.user)
        ids = [job.pk for job in page if not job.ended]
        oldest = self.request.GET.get("sort") == "asked"
        found |= {"oldest_first": oldest, "turned": turned(query, oldest)}
        found["several"] = len(self.request.user.standing) != 1
        found["mine"] = set(changeable.filter(pk__in=ids).values_list("pk", flat=True))
        found |= {"in_use": self.narrowing.in_use(), "paged": bool(set(self.request.GET) & PLACES)}
        return super().get_context_data(**found, **self.around(), **kwargs)

    def around(self) -> dict:
        """What only the whole page shows."""
        if self.request.htmx and self.request.GET.get("part"):
            return {}
        user = self.request.user
        seen = Job.objects.visible_to(user)
        return {
            "tenants": tenants_for(user),
            "people": User.objects.visible_to(user).order_by("username")[:PEOPLE],
            "may_ask": bool(user.tenants_as(TenantRole.CONSUMER)),
            "templates": Template.objects.visible_to(user).in_use()[:3],
            "any": seen.exists(),
        }


def turned(query, oldest_first: bool) -> str:
    """The address of the list the other way around."""
    other = query.copy()
    other.pop("sort", None)
    if not oldest_first:
        other["sort"] = "asked"
    return other.urlencode()


PLACES = {"after", "before"}


def tenants_for(user):
    """The tenants to choose from: those one works for, all of them for the platform."""
    seen = Tenant.objects.visible_to(user)
    return seen if user.platform_roles else seen.joined_by(user)


class CancelMany(SignedIn, View):
    """Cancel the jobs that were ticked, each by itself; what could not be is said."""

    http_method_names = ["post"]

    def post(self, request, *args, **kwargs):
        picks = [uuid_or_none(text) for text in request.POST.getlist("pick")[:MANY]]
        seen = Job.objects.visible_to(request.user).to_show()
        jobs = list(seen.filter(pk__in=[pick for pick in picks if pick]))
        note = request.POST.get("reason", "").replace("\0", "").strip()[:300]
        done, refused = 0, []
        for job in jobs:
            try:
                services.cancel(job, by=request.user, note=note)
                done += 1
            except (Refused, PermissionDenied) as said:
                refused.append(f"{job.short_id}: {said}")
        self.tell(done, refused)
        return HttpResponseRedirect(self.back())

    def tell(self, done: int, refused: list[str]) -> None:
        if done:
            what = "1 job is" if done == 1 else f"{done} jobs are"
            messages.success(self.request, f"{what} being cancelled")
        if refused:
            messages.error(self.request, f"Not cancelled: {' '.join(refused[:3])}")
        if not done and not refused:
            messages.warning(self.request, "Tick the jobs to cancel first.")

    def back(self) -> str:
        wanted = self.request.POST.get("next", "")
        inside = url_has_allowed_host_and_scheme(wanted, {self.request.get_host()})
        return wanted if inside else reverse("jobs:list")
