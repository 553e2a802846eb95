"""Stories with several hands at once need rows that are really there: made, then swept away."""

from importlib import import_module
from types import SimpleNamespace

from django.apps import apps
from django.db import connection, connections, transaction

KEPT = {"django_migrations", "django_content_type", "auth_permission"}
SEED = import_module("marketplace.migrations.0010_synonyms")


def sweep_away() -> None:
    """Empty every table, as their owner, but for what a migration put there."""
    tables = {m._meta.db_table for m in apps.get_models(include_auto_created=True)} - KEPT
    owner = connections["owner"]
    with transaction.atomic(using="owner"), owner.cursor() as cursor:
        quoted = ", ".join(owner.ops.quote_name(table) for table in sorted(tables))
        cursor.execute(f"TRUNCATE {quoted} RESTART IDENTITY CASCADE")
        SEED.sow(apps, SimpleNamespace(connection=owner))
    owner.close()
    connection.close()
