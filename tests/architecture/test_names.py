"""What the console and the trail call things: each table says its name for one and for many."""

import pytest
from django.apps import apps

OURS = ("portal", "tenants", "marketplace", "compute")
MODELS = [
    model
    for label in OURS
    for model in apps.get_app_config(label).get_models()
    if model._meta.label != "tenants.User"  # Django's own word fits
]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_a_table_says_its_name_for_one_and_for_many(model):
    assert {"verbose_name", "verbose_name_plural"} <= set(model._meta.original_attrs)


def test_names_that_a_machine_would_get_wrong():
    said = {model.__name__: str(model._meta.verbose_name_plural) for model in MODELS}
    wanted = {
        "AIModel": "AI models", "RegistryWatch": "registry watches", "ApiKey": "API keys",
        "Measured": "measurements", "Reply": "replies", "Entry": "index entries",
    }  # fmt: skip
    assert wanted.items() <= said.items()
