"""Finding models by words, also by slightly wrong ones."""

import pytest

from marketplace.catalog.models import AIModel
from marketplace.catalog.search import search
from tests import factories


@pytest.fixture
def shelf(vision):
    for slug, summary, task in (
        ("digits", "Reads one handwritten digit from a scan.", "image-classification"),
        ("diabetes-progression", "One-year disease progression score.", "tabular-regression"),
        ("breast-cancer-risk", "Benign or malignant from measurements.", "tabular-classification"),
    ):
        factories.model(slug, vision, summary=summary, task=task)
    factories.model("speech", vision, summary="Speech to text", task="audio", card="digits aloud")
    return AIModel.objects.all()


def slugs(found) -> list[str]:
    return list(found.models.order_by("-rank", "slug").values_list("slug", flat=True))


@pytest.mark.parametrize(
    ("asked", "first"),
    [
        ("digits", "digits"),
        ("DIGIT", "digits"),
        ("handwritten", "digits"),
        ("breast cancer", "breast-cancer-risk"),
        ("breast-cancer-risk", "breast-cancer-risk"),
        ("classif", None),
        ("classifications", None),
        ("measurement", "breast-cancer-risk"),
        ("progress", "diabetes-progression"),
    ],
)
def test_words_their_forms_and_beginnings_are_found(shelf, asked, first):
    found = search(shelf, asked)
    assert not found.corrected
    assert slugs(found)[0] == first if first else len(slugs(found)) == 2


@pytest.mark.parametrize(
    ("asked", "used", "first"),
    [
        ("digts", "digits", "digits"),
        ("diggits", "digits", "digits"),
        ("clasification", "classification", None),
        ("brest cancer", "breast cancer", "breast-cancer-risk"),
        ("diabtes", "diabetes", "diabetes-progression"),
        ("handwriten digit", "handwritten digit", "digits"),
    ],
)
def test_a_slightly_wrong_word_is_put_right_and_told(shelf, asked, used, first):
    found = search(shelf, asked)
    assert found.corrected and found.used == used
    assert slugs(found)[0] == first if first else len(slugs(found)) == 2


def test_the_exact_word_can_be_asked_for(shelf):
    found = search(shelf, "digts", exact=True)
    assert not found.models.exists() and not found.corrected


def test_names_weigh_more_than_cards(shelf):
    assert slugs(search(shelf, "digits")) == ["digits", "speech"]


@pytest.mark.parametrize(
    "asked",
    ["", "   ", "!!!", "'", "\\", "a:*&|!<->b", "\0", "%_", "x" * 5000, "🙂", "the", "数字"],
)
def test_nothing_that_is_typed_breaks_it(shelf, asked):
    found = search(shelf, asked)
    assert found.models.count() >= 0


def test_a_correction_never_tells_of_what_one_may_not_see(vision, stranger):
    factories.model("payroll-anomaly", vision, visibility="nobody")
    found = search(AIModel.objects.listed_to(stranger), "payrol")
    assert (found.used, found.near, found.models.count()) == ("payrol", [], 0)


@pytest.mark.parametrize("asked", ["recognise tumours", "tumours clasification"])
def test_a_word_known_by_its_synonyms_alone_counts_beside_a_wrong_one(shelf, asked):
    assert slugs(search(shelf, asked))[0] == "breast-cancer-risk"
