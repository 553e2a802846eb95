"""Models and versions side by side, at an address that shows the same to a colleague."""

from urllib.parse import urlencode

from django.urls import reverse
from django.views.generic import TemplateView

from marketplace.catalog import known, picks, side_by_side
from marketplace.catalog.models import AIModel
from portal.web.views import Page

MOST_ASKED = 12
OTHERS = 8
SUGGESTED = 5
CALLED = ("met", "missed")  # what the index says of models that answer calls


class Compare(Page, TemplateView):
    """`?m=digits@2&m=scores`: a column for each, up to four."""

    template_name = "marketplace/catalog/compare.html"

    def get_context_data(self, **kwargs):
        user = self.request.user
        asked = self.request.GET.getlist("m")[:MOST_ASKED]
        found, unknown = picks.find_all(user, asked)
        taken, unknown = _resolved(user, found, unknown)
        shown, left = found[: picks.MOST], found[picks.MOST :]
        refs = [pick.reference for pick in shown]
        parts = side_by_side.compare(shown, user) if shown else []
        return super().get_context_data(
            heads=[_head(pick, refs) for pick in shown],
            refs=refs,
            parts=parts,
            unknown=unknown,
            taken=taken,
            left=[pick.reference for pick in left],
            most=picks.MOST,
            full=len(shown) == picks.MOST,
            here=self.request.build_absolute_uri(address(refs)) if refs else "",
            suggested=_suggested(shown, refs, user),
            runtime=known.runtime(),
            risks=sum(part.risks for part in parts if part.key == "packages"),
            **kwargs,
        )


def _resolved(user, found: list, unknown: list[str]) -> tuple[list, list]:
    """Words that were understood, with picks put to `found`; the others with what is close."""
    taken, left = [], []
    for words in unknown:
        pick, close = picks.resolve(user, words)
        if pick is None:
            left.append((words, close))
            continue
        taken.append((words, pick))
        if pick.reference not in [known.reference for known in found]:
            found.append(pick)
    return taken, left


def address(refs: list[str]) -> str:
    """The page that compares exactly these."""
    told = urlencode([("m", ref) for ref in refs], safe="@")
    return f"{reverse('catalog:compare')}?{told}" if refs else reverse("catalog:compare")


def _head(pick, refs: list[str]) -> dict:
    """A column's head: what it is, its other versions, and the page without it."""
    numbers = pick.model.versions.values_list("number", flat=True).order_by("-number")[:OTHERS]
    others = [number for number in numbers if f"{pick.model.slug}@{number}" not in refs]
    at = refs.index(pick.reference)
    swap = [
        (number, address([*refs[:at], f"{pick.model.slug}@{number}", *refs[at + 1 :]]))
        for number in others
    ]
    without = address([ref for ref in refs if ref != pick.reference])
    return {"pick": pick, "others": swap, "without": without}


def _suggested(shown, refs: list[str], user) -> list[tuple[str, str]]:
    """Models that may be added, with the page that has them: of this task, then called ones."""
    if len(shown) >= picks.MOST:
        return []
    others = AIModel.objects.listed_to(user).exclude(pk__in=[pick.model.pk for pick in shown])
    others = others.order_by("slug").values_list("slug", flat=True)
    task = shown[0].model.task if shown else ""
    alike = list(others.filter(task=task)[:SUGGESTED]) if task else []
    called = others.filter(entry__attainment__in=CALLED)[:SUGGESTED] if len(alike) < 2 else ()
    slugs = list(dict.fromkeys([*alike, *called]))[:SUGGESTED]
    return [(slug, address([*refs, slug])) for slug in slugs]
