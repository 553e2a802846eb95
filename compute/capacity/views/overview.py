"""Capacity at a glance: the fleet for those who run it, their share for everybody else."""

from django.views.generic import TemplateView

from compute.capacity import figures, panels
from compute.capacity.models import Cluster, GpuFlavour, Queue
from compute.capacity.upward import sources
from portal.web.views import Page
from tenants.directory.models import Tenant


def sees_all(user) -> bool:
    """Who may know what every tenant holds: operators, and those who prove things."""
    return user.is_operator or user.reads_trail


class Overview(Page, TemplateView):
    """The whole fleet, or a tenant's own part of it."""

    def get_template_names(self):
        everything = sees_all(self.request.user)
        return [f"compute/capacity/{'overview' if everything else 'share'}.html"]

    def get_context_data(self, **kwargs):
        user = self.request.user
        clusters = list(Cluster.objects.visible_to(user))
        asked = self.request.GET.get("cluster", "")
        chosen = [each for each in clusters if each.slug == asked] or clusters
        flavours = GpuFlavour.objects.visible_to(user).filter(cluster__in=chosen)
        queued = sources.waiting(user, most=panels.QUEUED)
        found = figures.kinds(flavours.newest_first().select_related("cluster"), queued)
        facts = {"clusters": clusters, "asked": asked if len(chosen) < len(clusters) else ""}
        facts |= {"kinds": found, "waiting": queued.total.jobs, "queued": queued.first}
        more = self.fleet(found, queued) if sees_all(user) else self.share(found)
        return super().get_context_data(**facts, **more, **kwargs)

    def fleet(self, found, queued) -> dict:
        """For those who run it: figures, one kind node by node, who borrows from whom."""
        kind = self.chosen_kind(found)
        shown = {"kind": kind, "map": panels.node_map(kind)} if kind else {}
        if kind:
            shown |= {"chart": panels.histogram(kind), "scattered": panels.fragmentation(kind)}
        rows = panels.rows(found)
        return shown | {
            "extent": panels.extent(found),
            "figures": panels.head(found, queued),
            "rows": rows,
            "borrowing": panels.borrowing(found),
            "over": [each for each in found if each.over],
        }

    def chosen_kind(self, found):
        """The kind that the address names, else the one that most jobs wait for."""
        asked = self.request.GET.get("flavour", "")
        named = [kind for kind in found if str(kind.flavour.pk) == asked]
        busiest = sorted(found, key=lambda kind: (-kind.waiting.jobs, -kind.used))
        return next(iter(named or busiest), None)

    def share(self, found) -> dict:
        """For everybody else: what each of their tenants has, uses and may have."""
        user = self.request.user
        mine = Tenant.objects.joined_by(user)
        if self.request.tenant and "tenant" not in self.request.GET:
            mine = mine.filter(pk=self.request.tenant.pk)
        tenants = list(mine)
        queues = Queue.objects.visible_to(user).filter(tenant__in=tenants)
        open_to = {(q.tenant_id, q.cluster_id): q for q in queues.select_related("cluster")}
        return {"shares": [panels.share_of(tenant, found, open_to) for tenant in tenants]}
