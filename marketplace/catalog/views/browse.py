"""Finding models, and reading about one."""

from django.http import Http404
from django.views.generic import TemplateView

from marketplace.catalog import card, examples, head, picks, services, why
from marketplace.catalog.compare import compare, type_of
from marketplace.catalog.filters import Shelf
from marketplace.catalog.frame import publishes
from marketplace.catalog.index import MINE, Entry
from marketplace.catalog.lifecycle import ModelStatus
from marketplace.catalog.rows import dress
from marketplace.catalog.wishes import SavedView
from portal.web.views import Page

LARGEST_NUMBER = 2**31 - 1


class Catalogue(Page, TemplateView):
    """Rows of models with their price, service level and my access."""

    template_name = "marketplace/catalog/list.html"

    def get_context_data(self, **kwargs):
        user, shelf = self.request.user, Shelf(self.request.user, self.request.GET)
        page = shelf.page(self.request.GET.get("page"))
        page.object_list = list(page.object_list)
        dress(page.object_list + shelf.found.near, user)
        why.explain(page.object_list, shelf.found)
        entries = Entry.objects.visible_to(user)
        return super().get_context_data(
            shelf=shelf,
            page_obj=page,
            listed=entries.count(),
            usable=entries.standing(user).filter(access=MINE).count(),
            most_compared=picks.MOST,
            saved=SavedView.objects.visible_to(user),
            keeps_words=services.keeps_words(user),
            publishes=publishes(user),
            kept=[(name, value) for name, value, _, _ in shelf.chips],
            **kwargs,
        )


class OfModel(Page, TemplateView):
    """A page about one model, under the head that all of them share."""

    def get_context_data(self, **kwargs):
        self.model = head.find(self.request.user, self.kwargs["slug"])
        return super().get_context_data(**head.context(self.model, self.request.user), **kwargs)


class Detail(OfModel):
    """The card, the facts, the latest versions."""

    template_name = "marketplace/catalog/detail.html"

    def get_template_names(self) -> list[str]:
        return (
            ["marketplace/catalog/reference.html"]
            if self.model.is_reference
            else [self.template_name]
        )

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        context["card"] = card.render(self.model.card)
        context["latest"] = list(self.model.versions.all()[:4])
        if self.model.status == ModelStatus.RETIRED:
            context["retirement"] = services.retirement(self.model)
        version = self.model.default_version
        context["asks"] = examples.fields_of(version) if version else []
        context["metrics"] = sorted(version.metrics.items())[:8] if version else []
        return context


class Versions(OfModel):
    """All versions, and two of them side by side."""

    template_name = "marketplace/catalog/versions.html"

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        if self.model.is_reference:
            raise Http404
        versions = list(self.model.versions.all()[:200])
        context["versions"] = versions
        wanted = [_number(self.request.GET.get(name)) for name in ("a", "b")]
        if all(wanted):
            pair = [self._version(number) for number in wanted]
            context |= {"old": pair[0], "new": pair[1], "parts": compare(*pair)}
        return context

    def _version(self, number: int):
        found = self.model.versions.filter(number=number).first()
        if found is None:
            raise Http404
        return found


class Version(OfModel):
    """Everything the registry says about one version."""

    template_name = "marketplace/catalog/version.html"

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        number = min(self.kwargs["number"], LARGEST_NUMBER)
        version = self.model.versions.filter(number=number).first()
        if version is None:
            raise Http404
        signature = version.signature or {}
        context["version"] = version
        context["versions_tab"] = True
        context["requirements"] = "\n".join(version.dependencies)
        context["columns"] = [
            (side, [(column, type_of(column)) for column in signature.get(key) or []])
            for side, key in (("Inputs", "inputs"), ("Outputs", "outputs"), ("Options", "params"))
            if signature.get(key)
        ]
        return context


def _number(text: str | None) -> int:
    """A version number of the address; 0 for anything else."""
    plain = (text or "").strip()
    return int(plain) if plain.isdecimal() and len(plain) < 10 else 0
