"""A registry for each story, and a card for drafts."""

import pytest

from marketplace.catalog.services import following
from marketplace.engines.fake import FakeRegistry
from tests import factories

SIGNATURE = {"inputs": [{"name": "x", "type": "double", "required": True}], "outputs": []}


@pytest.fixture
def registry(monkeypatch, db) -> FakeRegistry:
    """An empty registry, in place of the one the settings name."""
    fake = FakeRegistry()
    monkeypatch.setattr(following, "registry", lambda: fake)
    return fake


@pytest.fixture
def draft(vision):
    """A claimed model with all it needs except a price."""
    made = factories.model("scores", vision, status="draft", visibility="nobody", card="# Scores")
    made.licence = "CC BY 4.0"
    made.save()
    factories.Price.objects.filter(model_id=made.pk).delete()
    return made
