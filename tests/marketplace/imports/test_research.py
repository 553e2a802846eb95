"""A catalogue of other people's models as they describe them, and what is searched in it.

Runs where MILLWRIGHT_TRACES names the folder with `model_catalogue_research.csv.gz`.
"""

import csv
import gzip
import io
import os
from fnmatch import fnmatchcase
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.core.management import call_command

from marketplace.catalog.filters import PAGE
from marketplace.catalog.models import AIModel, External
from marketplace.catalog.search import search
from marketplace.imports.models import Import
from tests.portal.people import signed_in

FILE = Path(os.environ.get("MILLWRIGHT_TRACES", "nowhere")) / "model_catalogue_research.csv.gz"
BLIND = Path(__file__).parents[1] / "catalog" / "relevance_blind.csv"
FIRST, ON_PAGE = 0.85, 0.97
SAMPLE = 20

pytestmark = pytest.mark.skipif(
    not FILE.exists(), reason=f"MILLWRIGHT_TRACES names no folder with {FILE.name}"
)


@pytest.fixture
def brought(db, tmp_path, operator) -> Path:
    """The report of the import."""
    call_command("import_catalogue", str(FILE), report=str(tmp_path / "report.csv"))
    return tmp_path / "report.csv"


class Tags(HTMLParser):
    """The elements and attributes of a page that could do something."""

    def __init__(self) -> None:
        super().__init__()
        self.count: dict[str, int] = {}

    def handle_starttag(self, tag, attrs) -> None:
        acting = [name for name, _ in attrs if name.startswith("on") or name == "style"]
        for what in [tag, *acting]:
            self.count[what] = self.count.get(what, 0) + 1


def acting_in(page: bytes) -> dict[str, int]:
    seen = Tags()
    seen.feed(page.decode())
    return {what: seen.count.get(what, 0) for what in ("script", "iframe", "object", "style")} | {
        what: n for what, n in seen.count.items() if what.startswith("on")
    }


def test_every_row_has_an_answer_and_a_second_import_changes_nothing(brought, tmp_path):
    with gzip.open(FILE, "rt", encoding="utf-8", newline="") as file:
        rows = sum(1 for _ in csv.DictReader(file))
    told = list(csv.DictReader(io.StringIO(brought.read_text("utf-8-sig"))))
    assert len(told) == rows == 2535
    assert not [row for row in told if row["outcome"] == "refused" and not row["why"]]
    kept = sum(row["outcome"] != "refused" for row in told)
    assert External.objects.count() <= kept
    before = set(AIModel.objects.values_list("pk", "changed_at"))
    call_command("import_catalogue", str(FILE), report=str(tmp_path / "second.csv"))
    again = Import.objects.first()
    assert again.counts.get("created", 0) == again.counts.get("changed", 0) == 0
    assert set(AIModel.objects.values_list("pk", "changed_at")) == before


def test_its_text_is_inert_on_every_page(brought, client, operator):
    page = signed_in(client, operator)
    odd = AIModel.objects.filter(card__regex=r"<|&|javascript:|\[.*\]\(").order_by("?")[:SAMPLE]
    done = Import.objects.first()
    plain = AIModel.objects.exclude(card__contains="<").first()
    usual = acting_in(page.get(plain.get_absolute_url()).content)
    for model in odd:
        assert acting_in(page.get(model.get_absolute_url()).content) == usual, model
    for address in (f"/imports/{done.pk}/", f"/imports/{done.pk}/?show=refused", "/models/"):
        inert = acting_in(page.get(address).content)
        assert not [what for what in inert if what.startswith("on")], address
        assert inert["iframe"] == inert["object"] == 0, address


def test_what_nobody_had_seen_before_is_found(brought, consumer):
    with BLIND.open(encoding="utf-8", newline="") as file:
        asked = list(csv.DictReader(file, delimiter="|"))
    listed = AIModel.objects.listed_to(consumer)
    places = {row["query"]: place(listed, row["query"], row["key"]) for row in asked}
    wrong = {query: where for query, where in places.items() if where != 0}
    missing = [query for query, where in wrong.items() if where is None]
    share, shown = 1 - len(wrong) / len(places), 1 - len(missing) / len(places)
    print(f"{len(places)} searches: {share:.1%} first, {shown:.1%} on the first page; {wrong}")
    assert share >= FIRST, wrong
    assert shown >= ON_PAGE, missing


def place(listed, query: str, wanted: str) -> int | None:
    """From 0; `wanted` is the key at the source, with `*` for any ending."""
    found = search(listed, query).models.select_related("external")[:PAGE]
    keys = [model.external.key.lower() for model in found]
    return next((at for at, key in enumerate(keys) if fnmatchcase(key, wanted.lower())), None)
