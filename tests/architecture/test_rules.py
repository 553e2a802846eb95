"""The rules of the house that no linter knows."""

import ast
import re

import pytest
from celery import current_app
from django.apps import apps
from django.core.management import call_command
from django.db import models as django_models

from tests.architecture.source import files, modules, short, tree

FACES = ("views.py", "api.py", "live.py", "forms.py", "serializers.py")
GATE = re.compile(r"^(visible_to|none|\w+_(to|by|of|as))$")
ASKED = re.compile(r"(?<!queryset = )(?<!queryset=)\b\w+\.objects\.(\w+)")
UNSAFE = re.compile(
    r"<script(?![^>]*\bsrc=)[^>]*>|<style\b|\sstyle=|\son[a-z]+=|javascript:", re.I
)


def test_the_models_and_the_migrations_agree(db):
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_whatever_is_asked_for_later_is_a_registered_task():
    current_app.loader.import_default_modules()
    asked = {
        (short(path), node.args[0].value)
        for path in modules()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", "") == "after_commit"
        and isinstance(node.args[0], ast.Constant)
    }
    assert asked
    assert not [(path, name) for path, name in asked if name not in current_app.tasks]


def test_what_the_clock_calls_is_a_registered_task():
    current_app.loader.import_default_modules()
    called = {entry["task"] for entry in current_app.conf.beat_schedule.values()}
    assert not called - set(current_app.tasks)


def writes_status(node: ast.AST) -> bool:
    if isinstance(node, ast.Assign):
        targets = [inner for target in node.targets for inner in ast.walk(target)]
        return any(isinstance(t, ast.Attribute) and t.attr == "status" for t in targets)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        updates = node.func.attr in {"update", "update_or_create", "bulk_update"}
        return updates and any(word.arg == "status" for word in node.keywords)
    return False


def test_only_advance_writes_a_status():
    writers = [
        short(path)
        for path in modules("tenants", "marketplace", "compute", "portal")
        if "engines" not in path.parts and "local" not in path.parts
        for node in ast.walk(tree(path))
        if writes_status(node)
    ]
    assert writers == ["portal/audit/services.py"] * 2


def lifecycles():
    for model in apps.get_models():
        if hasattr(model, "lifecycle"):
            yield model


def test_every_lifecycle_covers_all_its_statuses():
    seen = list(lifecycles())
    assert seen
    for model in seen:
        statuses = {value for value, _ in model._meta.get_field("status").choices}
        assert set(model.lifecycle.moves) == statuses, model
        assert set(model.lifecycle.looks) == statuses, model


def test_faces_read_through_a_gate():
    past = []
    for path in modules("tenants", "marketplace", "compute", "portal"):
        face = path.name in FACES or path.parent.name in {"views", "api"}
        if not face or short(path).startswith("portal/api/"):
            continue
        for name in ASKED.findall(path.read_text()):
            if not GATE.match(name):
                past.append(f"{short(path)}: {name}")
        assert "_base_manager" not in path.read_text(), short(path)
    assert not past


def test_every_model_is_described():
    ours = {"portal", "tenants", "marketplace", "compute"}
    for model in apps.get_models():
        if model._meta.app_label in ours:
            assert model.__doc__ and not model.__doc__.startswith(f"{model.__name__}("), model


@pytest.mark.parametrize("path", files("templates", ".html"), ids=short)
def test_no_template_carries_script_or_style(path):
    assert not UNSAFE.search(path.read_text())


def test_no_text_column_is_a_float_of_money():
    for model in apps.get_models():
        for field in model._meta.fields:
            if isinstance(field, django_models.FloatField):
                assert not re.search("amount|price|nano|cost", field.name), field
