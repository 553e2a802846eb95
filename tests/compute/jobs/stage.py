"""Hardware and jobs for stories: one cluster of an engine in memory, with prices and quotas."""

from decimal import Decimal

from django.utils import timezone

from compute.capacity import services as capacity
from compute.capacity.models import Cluster, GpuFlavour, Node, Queue, Quota
from compute.jobs import services
from compute.jobs.models import Job
from portal.core.ids import new_id
from tenants.chargeback.models import Meter, Price
from tenants.directory.models import Tenant

ENGINES = dict.fromkeys(("local", "kueue"), "compute.engines.fake_jobs.FakeJobs")


def cluster(provider: Tenant, slug: str = "here", **more) -> Cluster:
    facts = {"name": slug.title(), "engine": "local", "provider": provider}
    return Cluster.objects.create(slug=slug, **facts | more)


def flavour(of: Cluster, slug: str = "a100", *, product: str = "A100", **more) -> GpuFlavour:
    """A kind of hardware with four nodes, of eight GPUs each where it has any."""
    facts = {"name": slug.upper(), "memory_gb": 40 if product else 0, "generation": 8}
    made = GpuFlavour.objects.create(cluster=of, slug=slug, product=product, **facts | more)
    has = {"cpu": 64, "memory_mb": 512 * 1024, "seen_at": timezone.now()}
    for place in range(4):
        Node.objects.create(
            cluster=of, flavour=made, name=f"{slug}-n{place}", gpus=8 if product else 0, **has
        )
    return made


def price(of: GpuFlavour, amount: str = "3.60", **more) -> Price:
    facts = {
        "model_id": of.pk, "model_slug": of.slug, "tenant": of.cluster.provider, "version": 1,
        "meter": Meter.GPU_SECONDS if of.has_gpus else Meter.CPU_SECONDS, "per": 3600,
        "amount": Decimal(amount), "valid_from": timezone.now() - timezone.timedelta(days=400),
    }  # fmt: skip
    return Price.objects.create(id=new_id(), **facts | more)


def quota(tenant: Tenant, of: GpuFlavour, guaranteed: int = 8, **more) -> Quota:
    queue, _ = Queue.objects.get_or_create(tenant=tenant, cluster=of.cluster)
    return Quota.objects.create(
        tenant=tenant, queue=queue, flavour=of, guaranteed=guaranteed, **more
    )


def engine(of: Cluster):
    """The engine in memory of this cluster."""
    return capacity.engine_of(of)


def ask(tenant: Tenant, by, **asks) -> Job:
    facts = {"name": "Train digits", "command": ["python", "train.py"], "gpus": 1}
    return services.submit(tenant, by=by, **facts | asks)


def attempt_name(job: Job, number: int = 1) -> str:
    return job.attempts.get(number=number).engine_name


def fresh(row):
    return type(row).objects.get(pk=row.pk)
