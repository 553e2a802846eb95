"""The list of jobs: narrowed by the address, kept fresh, and what is done to many at once."""

import uuid

from django.contrib import messages
from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.generic import TemplateView, View

from compute.jobs import listing, services
from compute.jobs.forms import NarrowForm
from compute.jobs.models import Job, Template
from compute.jobs.rows import rows_of, series_of
from compute.jobs.views.one import reason_in
from compute.jobs.wording import being_cancelled
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


class Narrowed(Page):
    """The jobs that this person may see and asked for, one page of them."""

    @cached_property
    def narrowing(self) -> NarrowForm:
        asked = self.request.GET.dict() | {"tenant": slug_wanted(self.request)}
        return NarrowForm(asked, user=self.request.user)

    @property
    def oldest_first(self) -> bool:
        return self.request.GET.get("sort") == "asked"

    def page(self) -> listing.Slice:
        asked, seen = self.request.GET, Job.objects.visible_to(self.request.user)
        return listing.cut(
            self.narrowing.wanted().of(seen).to_list().with_rights(self.request.user),
            after=uuid_or_none(asked.get("after")),
            before=uuid_or_none(asked.get("before")),
            oldest_first=self.oldest_first,
        )


PARTS = {"rows": "compute/jobs/_rows.html", "series": "compute/jobs/_series.html"}


class Jobs(Narrowed, TemplateView):
    """The list, or for a page that refreshes itself one of its parts alone."""

    template_name = "compute/jobs/list.html"

    @property
    def part(self) -> str:
        return self.request.GET.get("part", "") if self.request.htmx else ""

    def get_template_names(self):
        return [PARTS.get(self.part, self.template_name)]

    def get_context_data(self, **kwargs):
        asked, wanted = self.request.GET.copy(), self.narrowing.wanted()
        asked.pop("part", None)
        found = {"asked": asked.urlencode()} | ({} if self.part == "series" else self._listed())
        if wanted.series and self.part != "rows":
            found["series"] = series_of(self.request.user, wanted.series)
        return super().get_context_data(**found, **kwargs)

    def _listed(self) -> dict:
        user, page, query = self.request.user, self.page(), self.request.GET.copy()
        for name in ("part", "after", "before"):
            query.pop(name, None)
        found = {"page": page, "rows": rows_of(page.rows), "query": query.urlencode()}
        found |= {"narrowing": self.narrowing, "in_use": self.narrowing.in_use()}
        found["ignored"] = "; ".join(self.narrowing.ignored())
        found |= {"oldest_first": self.oldest_first, "turned": turned(query, self.oldest_first)}
        found |= {"several": len(user.standing) != 1, "paged": bool(PLACES & {*self.request.GET})}
        return found | ({} if self.part in PARTS else around(user, page))


def around(user, page: listing.Slice) -> dict:
    """What only the whole page shows: what to narrow by, and how to begin."""
    return {
        "tenants": tenants_for(user),
        "people": User.objects.visible_to(user).only("username").order_by("username")[:PEOPLE],
        "may_ask": bool(user.tenants_as(TenantRole.CONSUMER)),
        "templates": Template.objects.visible_to(user).in_use()[:3],
        "any": bool(page.rows) or Job.objects.visible_to(user).exists(),
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
    """The tenants to choose from: those one works for, all of them for the platform. None where
    there is only one."""
    seen = Tenant.objects.visible_to(user)
    if user.platform_roles:
        return seen
    return seen.joined_by(user) if len(user.standing) > 1 else seen.none()


class CancelMany(SignedIn, View):
    """Cancel the jobs that were ticked, each by itself; what could not be is said."""

    http_method_names = ["post"]

    def post(self, request, *args, **kwargs):
        picks = [uuid_or_none(text) for text in request.POST.getlist("pick")[:MANY]]
        seen = Job.objects.visible_to(request.user).to_show()
        jobs = list(seen.filter(pk__in=[pick for pick in picks if pick]))
        done, refused = services.cancel_all(jobs, by=request.user, note=reason_in(request))
        self.tell(len(done), [f"{job.short_id}: {why}" for job, why in refused.items()])
        return HttpResponseRedirect(self.back())

    def tell(self, done: int, refused: list[str]) -> None:
        if done:
            messages.success(self.request, being_cancelled(done))
        if refused:
            messages.error(self.request, f"Not cancelled: {' '.join(refused[:3])}")
        if not done and not refused:
            messages.warning(self.request, "Tick the jobs to cancel first.")

    def back(self) -> str:
        wanted = self.request.POST.get("next", "")
        inside = url_has_allowed_host_and_scheme(wanted, {self.request.get_host()})
        return wanted if inside else reverse("jobs:list")
