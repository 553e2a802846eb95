"""The base of every page: who may come, and what happens when a service says no."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.contrib.auth.views import redirect_to_login
from django.http import HttpResponseRedirect
from django.utils.html import format_html
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.generic import View
from django.views.generic.edit import FormMixin
from django_htmx.http import HttpResponseClientRedirect

from portal.core.errors import Refused
from portal.core.lifecycle import ForbiddenMove, Overtaken

OVERTAKEN = "Somebody was faster. This is how it stands now."


def in_words(refused: Refused) -> str:
    """What a page says of a refusal, with a way to the row that is in the way."""
    if refused.row is None:
        return refused.detail
    href = refused.row.get_absolute_url()
    return format_html('{} <a href="{}">Open it</a>', refused.detail, href)


class SignedIn(LoginRequiredMixin):
    """Only for people who are signed in; others are asked to, and led back."""

    def handle_no_permission(self):
        asked = super().handle_no_permission()
        if not self.request.htmx:
            return asked
        # A part of a page that was left open: the whole page goes, not the form into the part.
        here = self.request.htmx.current_url_abs_path or settings.LOGIN_REDIRECT_URL
        return HttpResponseClientRedirect(redirect_to_login(here, self.get_login_url()).url)


class Page(SignedIn):
    """A page for people who are signed in; querysets start at `visible_to`."""


class RefusalsInForm(FormMixin):
    """A form whose service may refuse: the refusal stands at its field, what was typed stays."""

    def form_valid(self, form):
        try:
            return self.do(form)
        except Refused as refused:
            field = refused.field if refused.field in form.fields else None
            form.add_error(field, in_words(refused))
            return self.form_invalid(form)

    def form_invalid(self, form):
        response = super().form_invalid(form)
        response.status_code = 422
        return response

    def do(self, form):
        """Call the service and answer with a redirect."""
        raise NotImplementedError


class Act(SignedIn, View):
    """One verb on one row, by POST: load from what may be acted on, act, say so, go back.

    Subclasses give `get_subject()`, from a queryset narrowed to what this person may act on,
    and `act(subject)`, which returns the words of the toast.
    """

    http_method_names = ["post"]

    def post(self, request, *args, **kwargs):
        subject = self.get_subject()
        try:
            said = self.act(subject)
        except Refused as refused:
            messages.error(request, in_words(refused))
        except (Overtaken, ForbiddenMove):
            messages.warning(request, OVERTAKEN)
        else:
            messages.success(request, said)
        return HttpResponseRedirect(self.get_next(subject))

    def get_next(self, subject) -> str:
        """Back to where the person came from, inside the portal; the row's page otherwise."""
        wanted = self.request.POST.get("next", "")
        if url_has_allowed_host_and_scheme(wanted, {self.request.get_host()}):
            return wanted
        return subject.get_absolute_url()

    def get_subject(self):
        raise NotImplementedError

    def act(self, subject) -> str:
        raise NotImplementedError
