"""Hardware and its shares in the console, to read."""

from compute.capacity.models import Cluster, GpuFlavour, Node, Queue, Quota
from portal.web.admin import columns

columns(Cluster, "slug", "engine", "region", "open", "reachable", "seen_at", search=("slug",))
columns(
    GpuFlavour, "slug", "cluster", "name", "memory_gb", "generation", "parts", "region",
    search=("slug", "name"),
)  # fmt: skip
columns(Node, "name", "flavour", "gpus", "held", "ready", "open", "seen_at", search=("name",))
columns(Queue, "__str__", "weight", "open", search=("tenant__slug",))
columns(Quota, "__str__", "guaranteed", "borrow", "lend", search=("tenant__slug",))
