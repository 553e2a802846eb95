"""Pages of who decides: one request, the queue, a decision, and many at once."""

from django.contrib import messages
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.generic import DetailView, ListView, TemplateView, View

from marketplace.access import services as access
from marketplace.access.forms import DecisionForm, NarrowForm
from marketplace.access.models import AccessRequest
from marketplace.access.story import timeline
from marketplace.access.views.uuids import uuid_or_none
from portal.core.errors import Outdated, Refused
from portal.core.lifecycle import ForbiddenMove, Overtaken
from portal.web.views import OVERTAKEN, Act, Page
from tenants.directory.models import Tenant
from tenants.directory.roles import TenantRole


def decision_context(request: AccessRequest, user, form=None) -> dict:
    """What the decision panel shows to `user`; without a say, what everybody may see of it."""
    decidable = AccessRequest.objects.decidable_by(user).filter(pk=request.pk).exists()
    preview = access.preview(request)
    start = {"digest": preview.digest, "days": request.duration_days}
    return {
        "asked": request,
        "preview": preview,
        "decidable": decidable,
        "form": form or DecisionForm(initial=start),
    }


def grant_of(asked: AccessRequest, grant):
    """The grant that this request led to, if it is in force."""
    return grant if grant and grant.in_force and grant.request_id == asked.pk else None


class RequestPage(Page, DetailView):
    """One request: how it stands, what happened, who decides; for deciders the decision."""

    template_name = "marketplace/access/request.html"
    context_object_name = "asked"
    form = None

    def get_queryset(self):
        return AccessRequest.objects.visible_to(self.request.user).to_show()

    def get_context_data(self, **kwargs):
        user, asked = self.request.user, self.object
        context = super().get_context_data(**kwargs) | decision_context(asked, user, self.form)
        context |= {"deciders": access.deciders_of(asked), "entries": timeline(asked)}
        context["wait"] = access.usual_wait(asked.provider) if asked.is_open else None
        own = AccessRequest.objects.withdrawable_by(user).filter(pk=asked.pk)
        grant = access.active_grant(asked.model_id, asked.tenant_id, asked.environment)
        return context | {"can_withdraw": own.exists(), "grant": grant_of(asked, grant)}


class ReviewQueue(Page, ListView):
    """What waits for me, the longest first, beside what deciding the chosen one would do."""

    template_name = "marketplace/access/queue.html"
    paginate_by = 25
    form = None
    chosen_pk = None
    outcomes: tuple = ()

    @property
    def show(self) -> str:
        return "decided" if self.request.GET.get("show") == "decided" else "mine"

    @cached_property
    def narrowing(self) -> NarrowForm:
        return NarrowForm(self.request.GET)

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

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        rows = access.summaries(context["page_obj"])
        chosen = self._chosen(rows)
        asking = Tenant.objects.filter(pk__in=self.waiting.values("tenant"))
        context |= {"show": self.show, "is_mine": self.show == "mine", "rows": rows}
        context |= {"is_decided": self.show == "decided", "narrowing": self.narrowing}
        context |= {"waiting": self.waiting.count(), "tenants": asking, "outcomes": self.outcomes}
        context |= {"mark": queue_mark(self.waiting), "queue_path": self._path()}
        context["narrowed"] = any(self.request.GET.get(n) for n in ("environment", "tenant", "q"))
        if chosen:
            context |= decision_context(chosen, self.request.user, self.form)
        return context

    def _path(self) -> str:
        """Where to go after a decision: this list as it is narrowed, with the next request."""
        query = self.request.GET.copy()
        query.pop("request", None)
        return f"{reverse('access:queue')}?{query.urlencode()}"

    def _chosen(self, rows) -> AccessRequest | None:
        """The request of the panel: named in the address, else the first of the list."""
        wanted = self.chosen_pk or uuid_or_none(self.request.GET.get("request"))
        if wanted:
            seen = AccessRequest.objects.visible_to(self.request.user).to_show()
            return get_object_or_404(seen, pk=wanted)
        return rows[0].request if rows else None


def queue_mark(waiting) -> str:
    """The queue in a few letters: how many wait, and the newest."""
    newest = waiting.order_by("-id").values_list("pk", flat=True).first()
    return f"{waiting.count()}-{newest or ''}"


class QueueNews(Page, TemplateView):
    """Whether the queue has changed since the page was drawn (`?seen=` is its mark then)."""

    template_name = "marketplace/access/_news.html"

    def get_context_data(self, **kwargs):
        user = self.request.user
        mark = queue_mark(AccessRequest.objects.visible_to(user).decidable_by(user))
        seen = self.request.GET.get("seen", "")[:60]
        return super().get_context_data(**kwargs, mark=seen, news=mark != seen)


class Decide(Page, View):
    """Approve or deny one request, on what was shown; what was typed stays when it fails."""

    http_method_names = ["post"]
    verb = ""

    def post(self, request, pk):
        visible = AccessRequest.objects.visible_to(request.user).to_show()
        asked = get_object_or_404(visible, pk=pk)
        form = DecisionForm(request.POST)
        if not form.is_valid():
            return self._again(pk, form, 422)
        try:
            said = getattr(self, self.verb)(asked, form.cleaned_data)
        except Refused as refused:
            return self._refused(pk, form, refused)
        except (Overtaken, ForbiddenMove):
            messages.warning(request, OVERTAKEN)
        else:
            messages.success(request, said)
        return HttpResponseRedirect(self._next(asked))

    def approve(self, asked, given) -> str:
        given["digest"] = given["digest"] or None
        grant = access.approve(asked, by=self.request.user, **given)
        return f"Approved {asked} until {grant.ends_at:%-d %B %Y}"

    def deny(self, asked, given) -> str:
        access.deny(
            asked, by=self.request.user, digest=given["digest"] or None, note=given["note"]
        )
        return f"Denied {asked}"

    def _refused(self, pk, form, refused: Refused):
        field = refused.field if refused.field in ("days", "note") else None
        form.add_error(field, refused.detail)
        if isinstance(refused, Outdated):
            # The page is shown anew, so the next decision is on what it shows now.
            form.data = form.data.copy()
            form.data["digest"] = access.digest_of(self._asked(pk))
        return self._again(pk, form, refused.http_status)

    def _asked(self, pk) -> AccessRequest:
        return AccessRequest.objects.visible_to(self.request.user).to_show().get(pk=pk)

    def _again(self, pk, form, status: int):
        page = ReviewQueue if self.request.POST.get("page") == "queue" else RequestPage
        view = page(form=form, chosen_pk=pk) if page is ReviewQueue else page(form=form)
        view.setup(self.request, pk=pk)
        response = view.get(self.request, pk=pk)
        response.status_code = status
        return response

    def _next(self, asked) -> str:
        wanted = self.request.POST.get("next", "")
        here = url_has_allowed_host_and_scheme(wanted, {self.request.get_host()})
        return wanted if here else asked.get_absolute_url()


class DecideMany(Page, View):
    """Approve or deny the selected requests, each by itself, and say what became of each."""

    http_method_names = ["get", "post"]

    def get(self, request):
        """Somebody reloaded the answer: there is nothing to decide again."""
        return HttpResponseRedirect(reverse("access:queue"))

    def post(self, request):
        verb = "deny" if request.POST.get("verb") == "deny" else "approve"
        picked = [pick.partition(":") for pick in request.POST.getlist("pick")[:100]]
        digests = {uuid_or_none(pk): digest or None for pk, _, digest in picked}
        seen = AccessRequest.objects.visible_to(request.user).to_show()
        rows = list(seen.filter(pk__in=[pk for pk in digests if pk]))
        if not rows:
            messages.error(request, "Select at least one request.")
            return HttpResponseRedirect(reverse("access:queue"))
        note = request.POST.get("note", "")[:1000]
        chosen = [(row, digests[row.pk]) for row in rows]
        outcomes = access.decide_many(chosen, by=request.user, verb=verb, note=note)
        view = ReviewQueue(outcomes=tuple(zip(rows, outcomes, strict=True)))
        view.setup(request)
        return view.get(request)


class Withdraw(Act):
    """Take an open request back."""

    def get_subject(self):
        seen = AccessRequest.objects.visible_to(self.request.user).to_show()
        return get_object_or_404(seen, pk=self.kwargs["pk"])

    def act(self, subject) -> str:
        access.withdraw(subject, by=self.request.user)
        return f"Withdrew {subject}"
