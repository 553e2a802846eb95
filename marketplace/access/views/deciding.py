"""Decisions: on one request, on many at once, and taking one back."""

from django.contrib import messages
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.generic import View

from marketplace.access import services as access
from marketplace.access.forms import DecisionForm
from marketplace.access.models import AccessRequest
from marketplace.access.views.queue import ReviewQueue
from marketplace.access.views.requests import RequestPage
from marketplace.access.views.uuids import uuid_or_none
from portal.core.errors import Outdated, Refused
from portal.core.lifecycle import ForbiddenMove, Overtaken
from portal.core.templatetags._words import day
from portal.web.views import OVERTAKEN, Act, Page


class ShownAgain(Page):
    """When a decision fails, the page it came from is shown anew with what was typed."""

    def refused(self, pk, form, refused: Refused):
        field = refused.field if refused.field in ("days", "note") else None
        form.add_error(field, refused.detail)
        if isinstance(refused, Outdated):
            # The page is shown anew, so the next decision is on what it shows now.
            form.data = form.data.copy()
            form.data["digest"] = access.digest_of(self.asked(pk))
        return self.again(pk, form, refused.http_status)

    def asked(self, pk) -> AccessRequest:
        return AccessRequest.objects.visible_to(self.request.user).to_show().get(pk=pk)

    def again(self, pk, form, status: int):
        page = ReviewQueue if self.request.POST.get("page") == "queue" else RequestPage
        view = page(form=form, chosen_pk=pk) if page is ReviewQueue else page(form=form)
        self.request.belongs_to = reverse("access:queue")
        view.setup(self.request, pk=pk)
        response = view.get(self.request, pk=pk)
        response.status_code = status
        return response

    def next(self, asked) -> str:
        wanted = self.request.POST.get("next", "")
        here = url_has_allowed_host_and_scheme(wanted, {self.request.get_host()})
        return wanted if here else asked.get_absolute_url()


class Decide(ShownAgain, View):
    """Approve or deny one request, on what was shown; what was typed stays when it fails."""

    http_method_names = ["post"]
    verb = ""

    def get_asked(self, pk) -> AccessRequest:
        visible = AccessRequest.objects.visible_to(self.request.user).to_show()
        return get_object_or_404(visible, pk=pk)

    def post(self, request, pk):
        asked = self.get_asked(pk)
        if not asked.is_open:
            messages.warning(request, OVERTAKEN)
            return HttpResponseRedirect(self.next(asked))
        form = DecisionForm(request.POST)
        if not form.is_valid():
            return self.again(pk, form, 422)
        try:
            said = getattr(self, self.verb)(asked, form.cleaned_data)
        except Refused as refused:
            return self.refused(pk, form, refused)
        except (Overtaken, ForbiddenMove):
            messages.warning(request, OVERTAKEN)
        else:
            messages.success(request, said)
        return HttpResponseRedirect(self.next(asked))

    def approve(self, asked, given) -> str:
        given["digest"] = given["digest"] or None
        grant = access.approve(asked, by=self.request.user, **given)
        return f"Approved {asked} until {day(grant.ends_at)}"

    def deny(self, asked, given) -> str:
        access.deny(
            asked, by=self.request.user, digest=given["digest"] or None, note=given["note"]
        )
        return f"Denied {asked}"


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
