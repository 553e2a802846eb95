"""Hardware for stories: nodes of a fake engine, and a cluster that has looked at them."""

from decimal import Decimal

from compute.capacity import services
from compute.capacity.models import Cluster, EngineKind
from compute.engines.fleet import Holding, NodeSighting
from compute.engines.jobs import JobOrder

PRODUCTS = {
    "h100": ("NVIDIA-H100-80GB-HBM3", 81559),
    "a100": ("NVIDIA-A100-SXM4-40GB", 40960),
    "l40s": ("NVIDIA-L40S", 46068),
    "t4": ("Tesla-T4", 15360),
    "cpu": ("", 0),
}


def node(name: str, kind: str = "h100", gpus: int = 8, **more) -> NodeSighting:
    """One machine; without GPUs where `kind` is cpu."""
    product, memory = PRODUCTS[kind]
    facts = {
        "product": product, "gpu_memory_mb": memory, "gpus": gpus if product else 0,
        "cpu": Decimal(64), "memory_mb": 262_144, "region": "eu-central", "rack": "r1",
    }  # fmt: skip
    return NodeSighting(name, **facts | more)


def hold(tenant: str, gpus, job: str = "") -> Holding:
    """A job's hold on a node."""
    return Holding(job or f"j-of-{tenant}", tenant, Decimal(gpus))


class Fleet:
    """A cluster with a fake engine, whose nodes a test names together with who holds them."""

    def __init__(self, provider, slug: str = "here", kind: str = EngineKind.KUEUE):
        self.cluster = Cluster.objects.create(
            slug=slug, name=slug.title(), engine=kind, context=slug, provider=provider
        )
        self.engine = services.engine_of(self.cluster)

    def has(self, *nodes: NodeSighting) -> "Fleet":
        """These machines from now on, looked at, with a place for every tenant."""
        self.engine.nodes_are(*nodes)
        self.look()
        services.welcome(self.cluster)
        return self

    def look(self) -> None:
        """See what there is."""
        services.look(self.cluster)
        self.cluster.refresh_from_db()

    def runs(self, name: str, tenant: str, gpus, on: str, flavour: str = "") -> None:
        """Let a job of `tenant` hold so many GPUs of one machine."""
        kind = flavour or self.cluster.nodes.get(name=on).flavour.slug
        order = JobOrder(
            name, f"uid-{name}", tenant, "image", ("true",), (kind,), gpus=Decimal(gpus)
        )
        self.engine.start(order)
        self.engine.run(name, nodes=(on,))
        self.look()

    def flavour(self, slug: str):
        return self.cluster.flavours.get(slug=slug)

    def queue(self, tenant):
        return self.cluster.queues.get(tenant=tenant)
