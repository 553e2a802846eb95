"""Clusters, the kinds of hardware in them, their nodes, and who may have how much."""

from decimal import Decimal

from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from portal.core.models import Record
from tenants.directory.models import Region, Tenant
from tenants.directory.roles import TenantRole


class EngineKind(models.TextChoices):
    LOCAL = "local", "Processes on this machine"
    KUEUE = "kueue", "Kubernetes with Kueue"


class Watched(models.QuerySet):
    """Rows of the platform that everybody who may run jobs may know of."""

    def visible_to(self, user):
        return self if user.is_authenticated else self.none()


class Cluster(Record):
    """Somewhere jobs run. `context` names it in the kubeconfig of this installation.

    `provider` is the tenant that earns what its hardware costs. What was last seen stands in
    `reachable` (None: never looked), `reason`, `version` and `seen_at`, when it last answered.
    `applied` is a digest of how it was last told to be shared; `drift` lists what was then found
    to be otherwise: `{thing, what, wanted, found, at, times, healed_at}`.
    """

    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=80)
    region = models.CharField(max_length=20, choices=Region, default=Region.EU_CENTRAL)
    engine = models.CharField(max_length=10, choices=EngineKind)
    context = models.CharField(max_length=120, blank=True)
    provider = models.ForeignKey(Tenant, models.PROTECT, related_name="clusters")
    open = models.BooleanField(default=True)
    reachable = models.BooleanField(null=True, editable=False)
    reason = models.TextField(blank=True)
    version = models.CharField(max_length=120, blank=True)
    seen_at = models.DateTimeField(null=True)
    applied_at = models.DateTimeField(null=True)
    applied = models.CharField(max_length=64, blank=True, editable=False)
    drift = models.JSONField(default=list)

    objects = Watched.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "cluster", "clusters"
        default_permissions = ()
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.slug

    @property
    def tenant(self) -> Tenant:
        """Whose business the trail takes it for."""
        return self.provider

    @property
    def takes_back(self) -> bool:
        """Whether running jobs make way for others there; processes of one machine never do."""
        return self.engine != EngineKind.LOCAL

    def get_absolute_url(self) -> str:
        return reverse("capacity:cluster", args=[self.slug])


class FlavourQuerySet(Watched):
    def with_gpus(self):
        return self.exclude(product="")

    def newest_first(self):
        return self.order_by("-generation", "-memory_gb", "slug")


class GpuFlavour(Record):
    """A kind of hardware in one cluster: a GPU model, or nodes without GPUs (`product` empty).

    `memory_gb` is that of one GPU. `region` is where all its nodes stand, so that data bound to a
    region is bound to flavours; empty where nodes do not tell. `parts` is into how many a GPU is
    divided for sharing, 1 where it is not. `generation` orders kinds by age, newer is higher. Its
    price is in the price book under the id of this row: per GPU and hour, or per core and hour.
    """

    cluster = models.ForeignKey(Cluster, models.CASCADE, related_name="flavours")
    slug = models.SlugField(max_length=50)
    name = models.CharField(max_length=80)
    product = models.CharField(max_length=80, blank=True)
    memory_gb = models.PositiveIntegerField(default=0)
    generation = models.PositiveSmallIntegerField(default=0)
    parts = models.PositiveSmallIntegerField(default=1)
    region = models.CharField(max_length=40, blank=True)
    seen_at = models.DateTimeField(null=True)

    objects = FlavourQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "flavour", "flavours"
        default_permissions = ()
        ordering = ["cluster__slug", "-generation", "slug"]
        constraints = [
            models.UniqueConstraint(fields=["cluster", "slug"], name="one_flavour_a_cluster"),
            models.CheckConstraint(condition=Q(parts__gte=1), name="whole_or_parts"),
        ]

    def __str__(self) -> str:
        return self.slug

    @property
    def tenant(self) -> Tenant:
        return self.cluster.provider

    @property
    def has_gpus(self) -> bool:
        return bool(self.product)

    @property
    def unit(self) -> str:
        return "GPU" if self.product else "core"

    def get_absolute_url(self) -> str:
        return reverse("capacity:flavour", args=[self.cluster.slug, self.slug])


class NodeQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Who runs the platform, and who proves things about it: a node tells who works on it."""
        reads = user.is_authenticated and (user.is_operator or user.reads_trail)
        return self if reads else self.none()

    def usable(self):
        return self.filter(ready=True, open=True, gone_at=None)

    def with_free(self):
        """Those with a whole GPU free, or a core where there are none."""
        return self.filter(Q(gpus__gte=F("held") + 1) | Q(gpus=0, cpu__gte=F("held") + 1))

    def full(self):
        return self.exclude(pk__in=self.with_free().values("pk"))

    def search(self, words: str):
        """By a part of the name, of the rack or of the block."""
        named = Q(name__icontains=words) | Q(rack__icontains=words) | Q(block__icontains=words)
        return self.filter(named)


class Node(Record):
    """A machine as last seen. `holdings`: `[{job, tenant, gpus}]`, gpus as decimal text."""

    cluster = models.ForeignKey(Cluster, models.CASCADE, related_name="nodes")
    flavour = models.ForeignKey(GpuFlavour, models.PROTECT, null=True, related_name="nodes")
    name = models.CharField(max_length=253)
    gpus = models.PositiveSmallIntegerField(default=0)
    cpu = models.DecimalField(max_digits=9, decimal_places=3, default=0)
    memory_mb = models.PositiveIntegerField(default=0)
    region = models.CharField(max_length=40, blank=True)
    block = models.CharField(max_length=63, blank=True)
    rack = models.CharField(max_length=63, blank=True)
    ready = models.BooleanField(default=True)
    open = models.BooleanField(default=True)
    holdings = models.JSONField(default=list)
    held = models.DecimalField(max_digits=8, decimal_places=3, default=0)
    seen_at = models.DateTimeField()
    gone_at = models.DateTimeField(null=True)

    objects = NodeQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "node", "nodes"
        default_permissions = ()
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["cluster", "name"], name="one_node_a_cluster")
        ]
        indexes = [models.Index(fields=["flavour", "held"], name="node_of_flavour")]

    def __str__(self) -> str:
        return self.name

    @property
    def units(self) -> Decimal:
        """What is counted of it: GPUs, or cores where it has none."""
        return Decimal(self.gpus) if self.gpus else self.cpu

    @property
    def free(self) -> Decimal:
        """Units that nobody holds; none where no new work may go."""
        return max(Decimal(0), self.units - self.held) if self.is_usable else Decimal(0)

    @property
    def is_usable(self) -> bool:
        return self.ready and self.open and self.gone_at is None

    @property
    def condition(self) -> str:
        """How it stands, in one word: ok, gone, silent or closed."""
        if self.gone_at:
            return "gone"
        return "ok" if self.is_usable else "closed" if self.ready else "silent"


class OfTenant(models.QuerySet):
    """Rows of one tenant: its own people and the platform roles."""

    def visible_to(self, user):
        if not user.is_authenticated:
            return self.none()
        if user.platform_roles:
            return self
        return self.filter(tenant__in=user.tenants_as(TenantRole.CONSUMER))


class Queue(Record):
    """A tenant's place in a cluster. Of what others lend it gets a share by `weight`.

    `open`: whether its jobs may come here; a closed one has no share, its guarantees rest.
    """

    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="queues")
    cluster = models.ForeignKey(Cluster, models.CASCADE, related_name="queues")
    weight = models.DecimalField(max_digits=6, decimal_places=2, default=1)
    open = models.BooleanField(default=True)

    objects = OfTenant.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "queue", "queues"
        default_permissions = ()
        ordering = ["cluster__slug", "tenant__slug"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "id"], name="queue_in_tenant"),
            models.UniqueConstraint(fields=["tenant", "cluster"], name="one_queue_a_cluster"),
            models.CheckConstraint(condition=Q(weight__gt=0), name="weight_above_zero"),
        ]

    def __str__(self) -> str:
        return f"{self.tenant} in {self.cluster}"

    def get_absolute_url(self) -> str:
        return reverse("capacity:quota", args=[self.cluster.slug, self.tenant.slug])


class Quota(Record):
    """What one tenant has of one flavour, in GPUs (in cores where there are none).

    `guaranteed` is its own whenever it wants it; `borrow` how much more it may take while others
    leave it; `lend` how much of its own it leaves to others. None: as much as there is.
    """

    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="quotas")
    queue = models.ForeignKey(Queue, models.CASCADE, related_name="quotas")
    flavour = models.ForeignKey(GpuFlavour, models.CASCADE, related_name="quotas")
    guaranteed = models.DecimalField(max_digits=8, decimal_places=2, default=Decimal(0))
    borrow = models.DecimalField(max_digits=8, decimal_places=2, null=True, blank=True)
    lend = models.DecimalField(max_digits=8, decimal_places=2, null=True, blank=True)

    objects = OfTenant.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "quota", "quotas"
        default_permissions = ()
        ordering = ["flavour__slug"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "id"], name="quota_in_tenant"),
            models.UniqueConstraint(fields=["queue", "flavour"], name="one_quota_a_flavour"),
            models.CheckConstraint(
                condition=Q(guaranteed__gte=0)
                & (Q(borrow=None) | Q(borrow__gte=0))
                & (Q(lend=None) | Q(lend__gte=0, lend__lte=F("guaranteed"))),
                name="quota_sane",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.guaranteed} {self.flavour} of {self.tenant}"
