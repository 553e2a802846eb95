"""A registry for each story, and a card for drafts."""

import pytest

from marketplace.catalog.models import AIModel
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
def draft(vision) -> AIModel:
    """A claimed model with all it needs except a price."""
    made = AIModel.objects.create(
        **{"slug": "scores", "registry_name": "scores", "name": "Scores", "tenant": vision},
        **{"status": "draft", "summary": "Scores", "card": "# Scores", "licence": "CC BY 4.0"},
        **{"data_class": "internal", "followed_version": 1},
    )
    factories.version(made, 1)
    return made
