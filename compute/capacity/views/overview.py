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
        user, asked = self.request.user, self.request.GET
        clusters = list(Cluster.objects.visible_to(user))
        named = asked.get("cluster", "")
        chosen = [each for each in clusters if each.slug == named] or clusters
        flavours = GpuFlavour.objects.visible_to(user).filter(cluster__in=chosen)
        queued = sources.waiting(user, most=panels.QUEUED)
        found = figures.kinds(flavours.newest_first().select_related("cluster"), queued)
        facts = {"clusters": clusters, "asked": named if len(chosen) < len(clusters) else ""}
        facts |= {"kinds": found, "waiting": queued.total.jobs, "queued": queued.first}
        if sees_all(user):
            facts |= panels.fleet(found, queued, asked.get("flavour", ""))
        else:
            facts["shares"] = self.shares(found)
            facts["takes_back"] = any(each.takes_back for each in chosen)
            facts["stays"] = not all(each.takes_back for each in chosen)
        return super().get_context_data(**facts, **kwargs)

    def shares(self, found) -> list[dict]:
        """What each tenant of this person has, uses and may have."""
        user = self.request.user
        mine = Tenant.objects.joined_by(user)
        if self.request.tenant and "tenant" not in self.request.GET:
            mine = mine.filter(pk=self.request.tenant.pk)
        places = Queue.objects.visible_to(user).filter(tenant__in=mine)
        open_to = {(q.tenant_id, q.cluster_id): q for q in places}
        return [panels.share_of(tenant, found, open_to) for tenant in mine]
