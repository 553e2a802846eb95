"""Work for the demonstration's first day: a pipeline that trains a model, and some small jobs."""

from decimal import Decimal

from django.conf import settings

from compute.capacity import services as capacity
from compute.capacity.models import Cluster, EngineKind, GpuFlavour
from compute.jobs import services as jobs
from compute.jobs.models import Job, Pipeline
from portal.core import tenancy
from portal.core.errors import Refused
from tenants.chargeback import services as chargeback
from tenants.directory.models import Tenant, User

PIPELINE = "Wines from data to catalogue"
STEP = {"cpu": 1, "memory_gb": 2}
STEPS = [
    {"slug": "prepare", "name": "Prepare data", "command": ["python", "-m", "wine.prepare"],
     "outputs": ["train.csv", "held-back.csv"], "time_limit_s": 600, "needs": STEP},
    {"slug": "train", "name": "Train", "command": ["python", "-m", "wine.train"],
     "after": ["prepare"], "inputs": ["train.csv"], "outputs": ["model.pickle"],
     "time_limit_s": 600, "retries": 1, "needs": STEP},
    {"slug": "validate", "name": "Validate", "command": ["python", "-m", "wine.validate"],
     "after": ["train"], "inputs": ["model.pickle", "held-back.csv"], "outputs": ["metrics.json"],
     "time_limit_s": 600, "needs": STEP},
    {"slug": "register", "name": "Register", "command": ["python", "-m", "wine.register"],
     "after": ["validate"], "inputs": ["model.pickle", "metrics.json"], "retries": 1,
     "time_limit_s": 900, "needs": {"cpu": 1, "memory_gb": 3}},
]  # fmt: skip
COUNTING = "for n in $(seq 1 20); do echo counted $n of 20 batches; sleep 0.2; done"
MISSING = "echo looking for the claims of last week; sleep 1; echo not found >&2; exit 3"
A_CORE_HOUR = Decimal("0.05")
SMALL = [  # tenant, person, name, what the shell runs
    ("claims", "consumer", "Count last month's claims", COUNTING),
    ("claims", "consumer", "Read the claims of last week", MISSING),
    (
        "retail",
        "stranger",
        "Check the product feed",
        "date; df -h /tmp; echo all 3 feeds are there",
    ),
    ("vision", "publisher", "Look at the machine", "uname -a; nproc; free -m"),
]


def begin() -> str:
    """Start what is not there yet; it runs on by itself. Says what became of it.

    Only where jobs run as processes of this machine: the programs are there.
    """
    capacity.discover()
    with tenancy.as_system():
        if not Cluster.objects.filter(engine=EngineKind.LOCAL, reachable=True).exists():
            return "No pipeline is started: jobs do not run on this machine."
        _prices()
        try:
            started = _pipeline() + sum(_small(*each) for each in SMALL)
        except Refused as refused:
            return f"No pipeline is started: {refused.detail}"
    return f"A pipeline and small jobs run: {started} started." if started else "Jobs are there."


def _prices() -> None:
    """What an hour of this machine costs, where nobody has said: five cents for each core."""
    finance = User.objects.get(username="finance")
    for flavour in GpuFlavour.objects.filter(cluster__engine=EngineKind.LOCAL):
        if capacity.hourly(flavour) is None:
            chargeback.set_price(
                tenant=flavour.cluster.provider, model_id=flavour.pk, model_slug=flavour.slug,
                meter=jobs.meter_of(flavour), amount=A_CORE_HOUR, per=3600,
                currency=settings.DEFAULT_CURRENCY, by=finance,
            )  # fmt: skip


def _pipeline() -> int:
    tenant = Tenant.objects.get(slug="vision")
    if Pipeline.objects.filter(tenant=tenant, name=PIPELINE).exists():
        return 0
    owner = User.objects.get(username="owner")
    jobs.start_pipeline(tenant, by=owner, name=PIPELINE, steps=STEPS)
    return 1


def _small(tenant: str, person: str, name: str, script: str) -> int:
    team = Tenant.objects.get(slug=tenant)
    if Job.objects.filter(tenant=team, name=name).exists():
        return 0
    asks = {"cpu": "0.5", "memory_gb": "0.25", "time_limit_s": 300}
    by = User.objects.get(username=person)
    jobs.submit(team, by=by, name=name, command=["sh", "-c", script], **asks)
    return 1
