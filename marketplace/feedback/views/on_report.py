"""One report: its thread, its example, and what becomes of it."""

import json

from django.contrib import messages
from django.http import Http404, HttpResponseRedirect
from django.utils.functional import cached_property
from django.views.generic import TemplateView, View

from marketplace.feedback import forms, reading, services
from portal.core.errors import Refused
from portal.core.lifecycle import ForbiddenMove, Overtaken
from portal.web.views import OVERTAKEN, Act, Page

MOST_VERSIONS = 50
STILL_WRONG = "What is still wrong"


class OneReport(Page):
    """A page about one report that this person may read."""

    @cached_property
    def found(self):
        seen = reading.find(self.kwargs["pk"], self.request.user)
        if seen is None:
            raise Http404
        return seen

    @property
    def row(self):
        return self.found[0]

    @property
    def versions(self) -> list[int]:
        return list(self.row.model.versions.values_list("number", flat=True)[:MOST_VERSIONS])


class ReportPage(OneReport, TemplateView):
    """What was reported, what was said, and what this person may do about it."""

    template_name = "marketplace/feedback/report.html"
    forms: dict = {}

    def get_context_data(self, **kwargs):
        row, problem = self.found
        user, moves = self.request.user, row.lifecycle.moves[row.status]
        answers = services.publishes(row, user)
        reports = services.speaks_for_reporter(row, user)
        context = {"problem": problem, "answers": answers, "reports": reports}
        context["affects"] = row.is_unsolved and bool(services.could_be_affected(row, user))
        context |= {"replies": (answers or reports) and row.status != "closed"}
        context |= {f"can_{move}": True for move in moves}
        context["fix_form"] = forms.FixForm(versions=self.versions, seen_in=row.version)
        context["note_form"] = forms.NoteForm()
        context["decline_form"] = forms.WhyForm()
        context["reopen_form"] = forms.WhyForm(label=STILL_WRONG)
        context["reply_form"] = forms.ReplyForm()
        return super().get_context_data(**context | self.forms, **kwargs)


class Verb(OneReport, View):
    """One thing done with a report; what was typed stays when it is refused."""

    http_method_names = ["post"]
    form_name = "note_form"

    def get_form(self):
        return forms.NoteForm(self.request.POST)

    def act(self, given: dict) -> str:
        raise NotImplementedError

    def post(self, request, pk):
        form = self.get_form()
        if not form.is_valid():
            return self.again(form, 422)
        try:
            said = self.act(form.cleaned_data)
        except Refused as refused:
            form.add_error(refused.field if refused.field in form.fields else None, refused.detail)
            return self.again(form, refused.http_status)
        except (Overtaken, ForbiddenMove):
            messages.warning(request, OVERTAKEN)
        else:
            messages.success(request, said)
        return HttpResponseRedirect(self.row.get_absolute_url())

    def again(self, form, status: int):
        shown = {self.form_name: form, "refused": type(self).__name__.lower()}
        page = ReportPage(forms=shown)
        page.setup(self.request, **self.kwargs)
        response = page.get(self.request, **self.kwargs)
        response.status_code = status
        return response


class Reply(Verb):
    """Say something."""

    form_name = "reply_form"

    def get_form(self):
        return forms.ReplyForm(self.request.POST)

    def act(self, given) -> str:
        services.reply(self.row, by=self.request.user, text=given["text"])
        return "Replied. The other side is told"


class Confirm(Verb):
    """The model is wrong there."""

    def act(self, given) -> str:
        services.confirm(self.row, by=self.request.user, note=given["note"])
        return "Confirmed. Who reported it is told"


class Fix(Verb):
    """It is put right in a version."""

    form_name = "fix_form"

    def get_form(self):
        return forms.FixForm(self.request.POST, versions=self.versions, seen_in=self.row.version)

    def act(self, given) -> str:
        services.fix(self.row, by=self.request.user, **given)
        return f"Fixed in version {given['version']}. Who reported it is told"


class Decline(Verb):
    """It stays as it is."""

    form_name = "decline_form"

    def get_form(self):
        return forms.WhyForm(self.request.POST)

    def act(self, given) -> str:
        services.decline(self.row, by=self.request.user, note=given["note"])
        return "Declined. Who reported it is told"


class Close(Verb):
    """Nothing more is to be done."""

    def act(self, given) -> str:
        services.close(self.row, by=self.request.user, note=given["note"])
        return "Closed"


class Reopen(Verb):
    """It is still wrong."""

    form_name = "reopen_form"

    def get_form(self):
        return forms.WhyForm(self.request.POST, label=STILL_WRONG)

    def act(self, given) -> str:
        services.reopen(self.row, by=self.request.user, note=given["note"])
        return "Open again. The publishers are told"


class Affects(OneReport, Act):
    """It concerns me too."""

    def get_subject(self):
        return self.row

    def act(self, subject) -> str:
        services.affects(subject, by=self.request.user)
        return "Noted. You are told what becomes of it"


class Spares(OneReport, Act):
    """It no longer concerns me."""

    def get_subject(self):
        return self.row

    def act(self, subject) -> str:
        services.spares(subject, by=self.request.user)
        return "You hear no more of it"


class Example(OneReport, TemplateView):
    """The sealed example, for the two sides; each look is recorded."""

    template_name = "marketplace/feedback/example.html"

    def get_context_data(self, **kwargs):
        row, problem = self.found
        try:
            text = services.example_of(row, by=self.request.user)
        except Refused as none:
            raise Http404 from none
        return super().get_context_data(problem=problem, example=_laid_out(text), **kwargs)


def _laid_out(text: str) -> str:
    """JSON with line breaks; anything else as it was given."""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text
