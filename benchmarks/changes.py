"""What it costs to keep lists and visibility in step: the verbs that change them, undone again."""

from statistics import median, quantiles

from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from benchmarks.catalogue import timed
from marketplace.catalog import services
from marketplace.catalog.lifecycle import ModelStatus
from marketplace.catalog.models import AIModel, AIModelGroupPermission, Visibility
from portal.core import tenancy
from portal.core.permissions import allow
from tenants.directory.models import Tenant, User

TIMES = 9
KEPT = ("marketplace_entry", "marketplace_aimodelgrouppermission", "role_is_told")


def show() -> None:
    """Print the rows of the table for each change, and the size of what is kept."""
    user = User.objects.get(username="publisher-of-five-teams")
    with tenancy.as_system():
        mine = AIModel.objects.filter(tenant__slug="team-10", status=ModelStatus.PUBLISHED)
        model = mine.order_by("slug").first()
        tenants = list(Tenant.objects.order_by("slug")[:50])
        AIModelGroupPermission.objects.filter(content_object=model).delete()
        groups = [tenant.group(role) for tenant in tenants for role in ("consumer", "owner")]
    for number in (1, 50):
        _row(f"list to {number} tenants", lambda n=number: _list(model, user, tenants[:n]))
    for number in (1, 100):
        _row(f"a right for {number} role groups", lambda n=number: _allow(model, groups[:n]))
    with tenancy.as_system():
        _allow(model, groups)
        AIModel.objects.filter(pk=model.pk).update(visibility=Visibility.NAMED)
    fresh = AIModel.objects.get
    _row(
        "100 role groups: list to all",
        lambda: services.list_to(fresh(pk=model.pk), by=user, visibility=Visibility.EVERYONE),
    )
    _row(
        "100 role groups: retire",
        lambda: services.retire(fresh(pk=model.pk), by=user, note="Over"),
    )
    _row("edit a summary", lambda: services.edit(model, by=user, summary="Said anew"))
    for table in KEPT:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_total_relation_size(%s) / 1048576.0", [table])
            print(f"{table:<38}{cursor.fetchone()[0]:>9.1f} MiB")


def _row(name: str, change) -> None:
    times, cpu = timed(lambda: _undone(change), TIMES)
    with CaptureQueriesContext(connection) as caught:
        _undone(change)
    spread = quantiles(times, n=20)[-1]
    told = f"{median(times):>9.1f}{spread:>9.1f}{median(cpu):>9.1f}"
    print(f"{name:<30}{'change':<8}{told}{len(caught):>12}")


def _list(model: AIModel, user: User, tenants: list[Tenant]) -> None:
    services.list_to(model, by=user, visibility="named", tenants=tenants)


def _allow(model: AIModel, groups: list) -> None:
    for group in groups:
        allow(group, "use_aimodel", model)


def _undone(change) -> None:
    with transaction.atomic(), tenancy.as_system():
        change()
        transaction.set_rollback(True)
