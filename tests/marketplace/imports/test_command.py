"""`manage.py import_catalogue`, as a stranger uses it."""

import json

import pytest
from django.core.management import CommandError, call_command

from marketplace.catalog.models import External
from marketplace.imports.models import Import
from tests.marketplace.imports.conftest import file, rows


@pytest.fixture
def csv_file(tmp_path):
    path = tmp_path / "zoo.csv"
    path.write_bytes(file([*rows(), {"source": "x"}]))
    return path


def test_it_imports_reports_and_undoes(csv_file, tmp_path, capsys, db):
    call_command("import_catalogue", str(csv_file), report=str(tmp_path / "report.csv"))
    said = capsys.readouterr().out
    assert "40 rows read = 39 created + 0 changed + 0 unchanged + 1 refused." in said
    assert "line 42, name: The row has no name." in said
    assert len((tmp_path / "report.csv").read_text().splitlines()) == 41
    call_command("import_catalogue", str(csv_file))
    assert "0 created + 0 changed + 39 unchanged + 1 refused" in capsys.readouterr().out
    call_command("import_catalogue", undo=str(Import.objects.last().pk))
    assert "39 removed" in capsys.readouterr().out and not External.objects.exists()


def test_a_dry_run_changes_nothing(csv_file, capsys, db):
    call_command("import_catalogue", str(csv_file), dry_run=True)
    assert "would be 39 created" in capsys.readouterr().out
    assert not External.objects.exists()


def test_a_mapping_of_its_own_is_used(csv_file, tmp_path, capsys, db):
    mapping = tmp_path / "mapping.json"
    mapping.write_text(json.dumps({"name": "name", "task": "fact"}))
    call_command("import_catalogue", str(csv_file), mapping=str(mapping), source="lake")
    assert set(External.objects.values_list("source", flat=True)) == {"lake"}
    assert External.objects.get(key="odd").facts == {"task": "fortune telling"}


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ({"by": "owner"}, "Only operators"),
        ({"by": "nobody"}, "no account nobody"),
        ({"tenant": "moon"}, "no tenant moon"),
        ({"undo": "12"}, "no import 12"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(csv_file, owner, how, why):
    with pytest.raises(CommandError, match=why):
        call_command("import_catalogue", str(csv_file), **how)


def test_a_file_that_is_not_there_is_said(db):
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("import_catalogue", "/nowhere.csv")
