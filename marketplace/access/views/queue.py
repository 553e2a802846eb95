"""The review queue: what waits for me, and whether it has changed."""

from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.functional import cached_property
from django.views.generic import ListView, TemplateView
from django_htmx.http import HttpResponseClientRefresh

from marketplace.access import services as access
from marketplace.access.forms import NarrowForm
from marketplace.access.models import AccessRequest
from marketplace.access.views.requests import decision_context
from marketplace.access.views.uuids import uuid_or_none
from portal.web.views import Page
from tenants.directory.models import Tenant
from tenants.directory.roles import TenantRole

EMPTY = "0-"  # the mark of a queue in which nothing waits


class Narrowed(Page):
    """The rows of the queue: what waits for this person, or what was decided on their models."""

    @property
    def show(self) -> str:
        return "decided" if self.request.GET.get("show") == "decided" else "mine"

    @cached_property
    def narrowing(self) -> NarrowForm:
        return NarrowForm(self.request.GET)

    @property
    def narrowed(self) -> bool:
        return any(self.request.GET.get(name) for name in ("environment", "tenant", "q"))

    @cached_property
    def waiting(self):
        user = self.request.user
        return AccessRequest.objects.visible_to(user).decidable_by(user)

    def get_queryset(self):
        user = self.request.user
        rows = self.waiting.order_by("id")
        if self.show == "decided":
            owned = user.tenants_as(TenantRole.OWNER)
            rows = AccessRequest.objects.visible_to(user).filter(provider__in=owned).decided()
        return self.narrowing.narrow(rows).to_show()

    def path(self) -> str:
        """Where to go after a decision: this list as it is narrowed, with the next request."""
        query = self.request.GET.copy()
        query.pop("request", None)
        here = reverse("access:queue")
        return f"{here}?{query.urlencode()}" if query else here


class ReviewQueue(Narrowed, ListView):
    """What waits for me, the longest first, beside what deciding the chosen one would do."""

    template_name = "marketplace/access/queue.html"
    paginate_by = 25
    form = None
    chosen_pk = None
    outcomes: tuple = ()

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        user, rows = self.request.user, access.summaries(context["page_obj"])
        asking = Tenant.objects.visible_to(user).filter(pk__in=self.waiting.values("tenant"))
        context |= {"show": self.show, "is_mine": self.show == "mine", "rows": rows}
        context |= {"is_decided": self.show == "decided", "narrowing": self.narrowing}
        context |= {"waiting": self.waiting.count(), "tenants": asking, "outcomes": self.outcomes}
        context |= {"mark": queue_mark(self.waiting), "queue_path": self.path()}
        context["narrowed"] = self.narrowed
        chosen = self.chosen(rows)
        return context | (decision_context(chosen, user, self.form) if chosen else {})

    def paginate_queryset(self, queryset, page_size):
        """The last page where the one that was asked for has been decided away."""
        paginator = self.get_paginator(queryset, page_size)
        page = paginator.get_page(self.request.GET.get("page"))
        return paginator, page, page.object_list, page.has_other_pages()

    def chosen(self, rows) -> AccessRequest | None:
        """The request of the panel: named in the address, else the first of the list."""
        wanted = self.chosen_pk or uuid_or_none(self.request.GET.get("request"))
        if wanted:
            seen = AccessRequest.objects.visible_to(self.request.user).to_show()
            return get_object_or_404(seen, pk=wanted)
        return rows[0].request if rows else None


class QueueNews(Page, TemplateView):
    """Whether the queue has changed since the page was drawn (`?seen=` is its mark then).

    A queue that was empty fills itself: there is nothing on the page that could be lost.
    """

    template_name = "marketplace/access/_news.html"

    def render_to_response(self, context, **response_kwargs):
        here = (self.request.htmx.current_url_abs_path or "").partition("?")[0]
        if context["news"] and context["mark"] == EMPTY and here == reverse("access:queue"):
            return HttpResponseClientRefresh()
        return super().render_to_response(context, **response_kwargs)

    def get_context_data(self, **kwargs):
        user = self.request.user
        mark = queue_mark(AccessRequest.objects.visible_to(user).decidable_by(user))
        seen = self.request.GET.get("seen", "")[:60]
        return super().get_context_data(**kwargs, mark=seen, news=mark != seen)


def queue_mark(waiting) -> str:
    """The queue in a few letters: how many wait, and the newest."""
    newest = waiting.order_by("-id").values_list("pk", flat=True).first()
    return f"{waiting.count()}-{newest or ''}"
