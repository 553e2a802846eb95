"""What the application's database role may do: nothing that a table does not name.

The role owns no table. After every migration each table's privileges are set anew from its
model: `privileges` where it has the attribute, reading and writing rows otherwise.
"""

from django.apps import apps
from django.conf import settings
from django.db import connections

ROWS = ("SELECT", "INSERT", "UPDATE", "DELETE")


def hand_out(sender=None, *, using: str = "default", **kwargs) -> None:
    """Receiver of `post_migrate`; does nothing when the migrating role is the application's."""
    connection = connections[using]
    role = settings.APP_ROLE
    if connection.settings_dict["USER"] == role:
        return
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        present = set(connection.introspection.table_names(cursor))
        cursor.execute(f"GRANT USAGE ON SCHEMA public TO {quote(role)}")
        cursor.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {quote(role)}")
        for table, privileges in sorted(_wanted().items()):
            if table in present:
                cursor.execute(f"REVOKE ALL ON {quote(table)} FROM {quote(role)}")
                cursor.execute(f"GRANT {', '.join(privileges)} ON {quote(table)} TO {quote(role)}")


def _wanted() -> dict[str, tuple[str, ...]]:
    tables = {"django_migrations": ("SELECT",)}
    for model in apps.get_models(include_auto_created=True):
        tables[model._meta.db_table] = getattr(model, "privileges", ROWS)
    return tables
