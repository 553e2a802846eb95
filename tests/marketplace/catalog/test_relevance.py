"""The right model is first: two hundred searches as people type them."""

import pytest

from marketplace.catalog.filters import PAGE
from marketplace.catalog.models import AIModel
from marketplace.catalog.search import search
from tests.marketplace.catalog import relevance

FIRST, ON_PAGE = 0.85, 0.97


@pytest.fixture
def places(vision, consumer) -> dict[tuple[str, str], int | None]:
    """Where the wanted model stands for each search, from 0; None where it is not found."""
    relevance.fill(vision)
    listed = AIModel.objects.listed_to(consumer)
    return {pair: place(listed, *pair) for pair in relevance.queries()}


def place(listed, asked: str, wanted: str) -> int | None:
    slugs = list(search(listed, asked).models.values_list("slug", flat=True)[:PAGE])
    return slugs.index(wanted) if wanted in slugs else None


def test_the_wanted_model_is_first_or_at_least_on_the_first_page(places):
    wrong = {pair: where for pair, where in places.items() if where != 0}
    missing = [pair for pair, where in wrong.items() if where is None]
    share, shown = 1 - len(wrong) / len(places), 1 - len(missing) / len(places)
    print(f"{len(places)} searches: {share:.1%} first, {shown:.1%} on the first page")
    assert len(places) >= 200
    assert share >= FIRST, wrong
    assert shown >= ON_PAGE, missing
