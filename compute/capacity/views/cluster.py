"""One cluster: how it is, its kinds of hardware, its nodes; and one kind of hardware."""

from django.shortcuts import get_object_or_404
from django.views.generic import DetailView, ListView

from compute.capacity import figures, nodemap, panels, services
from compute.capacity.models import Cluster, GpuFlavour, Node
from compute.capacity.upward import sources
from compute.capacity.views.overview import sees_all
from portal.audit.models import Event
from portal.web.views import Act, Page
from tenants.directory.models import Tenant

CONDITIONS = {
    "free": "Something free", "busy": "Full", "closed": "Closed", "silent": "No sign",
    "gone": "Gone",
}  # fmt: skip


class OneCluster(Page, ListView):
    """How a cluster is, and, for those who may know who works where, its nodes."""

    template_name = "compute/capacity/cluster.html"
    paginate_by = 25

    def get_queryset(self):
        self.cluster = get_object_or_404(
            Cluster.objects.visible_to(self.request.user).select_related("provider"),
            slug=self.kwargs["cluster"],
        )
        nodes = Node.objects.visible_to(self.request.user).filter(cluster=self.cluster)
        return narrowed(nodes.select_related("flavour"), self.request.GET)

    def get_context_data(self, **kwargs):
        user, cluster = self.request.user, self.cluster
        flavours = cluster.flavours.all().newest_first().select_related("cluster")
        found = figures.kinds(flavours, sources.waiting(user, most=0))
        events = Event.objects.visible_to(user).about(cluster).newest_first()
        context = super().get_context_data(cluster=cluster, kinds=found, **kwargs)
        asked = [key for key in ("q", "flavour", "is") if self.request.GET.get(key)]
        return context | {
            "rows": panels.rows(found),
            "conditions": CONDITIONS.items(),
            "filtered": asked,
            "sees_nodes": sees_all(user),
            "events": events[:6],
            "node_rows": node_rows(context["page_obj"], found, user),
        }


def narrowed(nodes, asked):
    """Nodes by a part of their name, rack or block, by flavour, and by how they stand."""
    words = asked.get("q", "").replace("\0", "").strip()[:100]
    if words:
        nodes = nodes.search(words)
    if flavour := asked.get("flavour", "")[:50].replace("\0", ""):
        nodes = nodes.filter(flavour__slug=flavour)
    state = asked.get("is", "")
    if state == "gone":
        return nodes.exclude(gone_at=None)
    nodes = nodes.filter(gone_at=None)
    if state == "closed":
        return nodes.filter(ready=True, open=False)
    if state == "silent":
        return nodes.filter(ready=False)
    if state == "free":
        return nodes.usable().with_free()
    return nodes.usable().full() if state == "busy" else nodes


def node_rows(page, found, user) -> list[dict]:
    """The nodes of one page with their pictures and, as far as `user` may see, their jobs."""
    names = {hold["job"] for node in page for hold in node.holdings}
    jobs = sources.holders(user, names) if names else {}
    pictures = nodemap.beside(found, page)
    return [
        {
            "node": node,
            "picture": pictures.get(node.name, ""),
            "memory_gb": node.memory_mb // 1024,
            "holds": [(h["tenant"], h["gpus"], jobs.get(h["job"])) for h in node.holdings],
        }
        for node in page
    ]


class OneFlavour(Page, DetailView):
    """One kind of hardware: who shares it, what fits, what it costs."""

    template_name = "compute/capacity/flavour.html"
    context_object_name = "flavour"

    def get_object(self):
        seen = GpuFlavour.objects.visible_to(self.request.user).select_related("cluster")
        return get_object_or_404(
            seen, cluster__slug=self.kwargs["cluster"], slug=self.kwargs["slug"]
        )

    def get_context_data(self, **kwargs):
        user = self.request.user
        queued = sources.waiting(user, most=panels.QUEUED, flavour=self.object)
        (kind,) = figures.kinds([self.object], queued)
        everything = sees_all(user)
        mine = set(Tenant.objects.joined_by(user).values_list("slug", flat=True))
        context = super().get_context_data(kind=kind, sees_all=everything, **kwargs)
        if everything:
            context["map"] = panels.node_map(kind)
        return context | {
            "bar": panels.bar(kind),
            "health": panels.health(kind),
            "chart": panels.histogram(kind),
            "scattered": panels.fragmentation(kind),
            "shares": panels.share_rows(kind, None if everything else mine),
            "queued": queued.first,
            "may_price": user.is_finance or user.is_operator,
        }


class Turn(Act):
    """Open or close a cluster that this person may see; the service says who may."""

    def get_subject(self):
        seen = Cluster.objects.visible_to(self.request.user)
        return get_object_or_404(seen, slug=self.kwargs["cluster"])


class Open(Turn):
    """Let new jobs come here again."""

    def act(self, cluster) -> str:
        services.open_cluster(cluster, by=self.request.user)
        return f"{cluster.name} takes new jobs again"


class Close(Turn):
    """Let no new jobs come here."""

    def act(self, cluster) -> str:
        note = self.request.POST.get("reason", "").replace("\0", "").strip()[:500]
        services.close_cluster(cluster, by=self.request.user, note=note)
        return f"{cluster.name} takes no new jobs"
