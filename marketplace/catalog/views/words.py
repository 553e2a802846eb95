"""What means the same to the search, for those who keep it."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.generic import FormView

from marketplace.catalog import services
from marketplace.catalog.finding_forms import TermsForm
from marketplace.catalog.index import Synonym
from portal.web.views import Act, Page, RefusalsInForm


class OfWords(Page):
    """Pages for governance and operators."""

    def dispatch(self, request, *args, **kwargs):
        if request.user.is_authenticated and not services.keeps_words(request.user):
            raise PermissionDenied("Governance and operators keep the list of synonyms.")
        return super().dispatch(request, *args, **kwargs)

    def group(self) -> Synonym:
        rows = Synonym.objects.visible_to(self.request.user)
        return get_object_or_404(rows, pk=self.kwargs["pk"])


class Words(OfWords, RefusalsInForm, FormView):
    """All groups, and a new one."""

    template_name = "marketplace/catalog/synonyms.html"
    form_class = TermsForm

    def get_context_data(self, **kwargs):
        asked = " ".join(self.request.GET.get("q", "").lower().split())
        rows = Synonym.objects.visible_to(self.request.user).select_related("changed_by")
        groups = [row for row in rows if not asked or any(asked in term for term in row.terms)]
        return super().get_context_data(groups=groups, asked=asked, **kwargs)

    def do(self, form):
        services.add_synonyms(by=self.request.user, terms=form.cleaned_data["terms"])
        messages.success(self.request, "Added. The next search knows them.")
        return HttpResponseRedirect(reverse("catalog:synonyms"))


class ChangeWords(OfWords, RefusalsInForm, FormView):
    """The words of one group."""

    template_name = "marketplace/catalog/synonyms_change.html"
    form_class = TermsForm

    def get_initial(self):
        return {"terms": ", ".join(self.group().terms)}

    def get_context_data(self, **kwargs):
        return super().get_context_data(group=self.group(), **kwargs)

    def do(self, form):
        terms = form.cleaned_data["terms"]
        services.change_synonyms(self.group(), by=self.request.user, terms=terms)
        messages.success(self.request, "Saved. The next search knows them.")
        return HttpResponseRedirect(reverse("catalog:synonyms"))


class DropWords(OfWords, Act):
    """A group less."""

    def get_subject(self):
        return self.group()

    def get_next(self, subject) -> str:
        return reverse("catalog:synonyms")

    def act(self, subject) -> str:
        services.drop_synonyms(subject, by=self.request.user)
        return f"{subject} no longer mean the same"
