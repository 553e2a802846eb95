"""What it costs to keep lists and visibility in step: the verbs that change them, undone again."""

from statistics import median

from django.db import connection, transaction

from benchmarks.catalogue import timed
from marketplace.catalog import services
from marketplace.catalog.models import AIModel
from portal.core import tenancy
from tenants.directory.models import Tenant, User

TIMES = 7


def show() -> None:
    """Print the median of each change, and the size of what is kept."""
    user = User.objects.get(username="publisher-of-five-teams")
    with tenancy.as_system():
        model = AIModel.objects.filter(tenant__slug="team-10", status="published").first()
        named = list(Tenant.objects.all()[:50])
    changes = {
        "edit a summary": lambda: services.edit(model, by=user, summary="Said anew"),
        "list to everyone": lambda: services.list_to(model, by=user, visibility="everyone"),
        "list to 1 tenant": lambda: _list(model, user, named[:1]),
        "list to 50 tenants": lambda: _list(model, user, named),
    }
    print(f"\n{'change':<30}{'':<8}{'p50 ms':>9}")
    for name, change in changes.items():
        print(f"{name:<38}{median(timed(lambda c=change: _undone(c), TIMES)):>9.1f}")
    for table in ("marketplace_entry", "marketplace_aimodelgrouppermission", "marketplace_word"):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_total_relation_size(%s) / 1048576.0", [table])
            print(f"{table:<38}{cursor.fetchone()[0]:>9.1f} MiB")


def _list(model: AIModel, user: User, tenants: list[Tenant]) -> None:
    services.list_to(model, by=user, visibility="named", tenants=tenants)


def _undone(change) -> None:
    with transaction.atomic(), tenancy.as_system():
        change()
        transaction.set_rollback(True)
