"""What lies on somebody's desk: what waits for them, what they use, what changed."""

from dataclasses import dataclass
from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from compute.endpoints.lifecycle import EndpointStatus
from compute.endpoints.models import Endpoint
from compute.jobs.models import Job
from compute.jobs.rows import Row, rows_of
from marketplace.access.models import AccessRequest, Grant
from marketplace.catalog.lifecycle import ModelStatus
from marketplace.catalog.models import AIModel
from portal.notices.models import Notice
from tenants.directory.roles import TenantRole
from tenants.keys.models import ApiKey

SHOWN = 6
SOON = timedelta(days=14)


@dataclass(frozen=True)
class Waiting:
    """Something this person can move on: how many, what, and where."""

    count: int
    names: tuple[str, str]  # for one, for several
    why: str
    href: str
    icon: str

    @property
    def what(self) -> str:
        return self.names[0 if self.count == 1 else 1]


def waiting(user) -> list[Waiting]:
    """What waits for this person, most urgent first; empty entries are left out."""
    found = [*_to_decide(user), *_to_renew(user)]
    return [each for each in found if each.count]


def _to_decide(user) -> list[Waiting]:
    owned = user.tenants_as(TenantRole.OWNER)
    mine = reverse("catalog:mine")
    drafts = AIModel.objects.editable_by(user).filter(status=ModelStatus.DRAFT)
    return [
        Waiting(
            AccessRequest.objects.decidable_by(user).count() if owned else 0,
            ("request to decide", "requests to decide"),
            "Teams wait for your answer.",
            reverse("access:queue"),
            "queue",
        ),
        Waiting(
            AIModel.objects.claimable_by(user).count(),
            ("model without a tenant", "models without a tenant"),
            "Registered, and nobody has confirmed whose.",
            mine,
            "model",
        ),
        Waiting(
            drafts.count(),
            ("model to publish", "models to publish"),
            "Nobody finds them yet.",
            mine,
            "model",
        ),
    ]


def _to_renew(user) -> list[Waiting]:
    soon = timezone.now() + SOON
    held = Grant.objects.visible_to(user).in_force()
    ending = held.filter(tenant__in=user.tenants_as(TenantRole.CONSUMER), ends_at__lt=soon)
    keys = ApiKey.objects.visible_to(user).made_by_people().in_force()
    expiring = keys.filter(holder=user, expires_at__lt=soon)
    return [
        Waiting(
            ending.count(),
            ("grant about to end", "grants about to end"),
            "Within two weeks.",
            reverse("access:mine"),
            "clock",
        ),
        Waiting(
            expiring.count(),
            ("key about to expire", "keys about to expire"),
            "Within two weeks.",
            reverse("keys:list"),
            "key",
        ),
    ]


def using(user):
    """Grants in force of this person's tenants."""
    mine = user.tenants_as(TenantRole.CONSUMER)
    held = Grant.objects.visible_to(user).in_force().filter(tenant__in=mine)
    return held.select_related("model", "tenant").order_by("model__slug", "environment")[:SHOWN]


def asked(user):
    """What this person asked for and nobody has decided."""
    open_ones = AccessRequest.objects.visible_to(user).asked_by(user).open()
    return open_ones.select_related("model", "tenant")[:SHOWN]


def jobs(user) -> list[Row]:
    """The jobs that this person submitted: those that have not ended, then the newest others."""
    mine = Job.objects.visible_to(user).filter(person=user).to_show()
    running = list(mine.unfinished().order_by("-id")[:SHOWN])
    others = mine.exclude(pk__in=[job.pk for job in running]).order_by("-id")
    return rows_of([*running, *others[: SHOWN - len(running)]])


def changed(user):
    """The newest notices."""
    return Notice.objects.visible_to(user).order_by("-id")[:SHOWN]


def troubled(user):
    """Endpoints that should serve and do not, for operators."""
    wrong = [EndpointStatus.FAILED, EndpointStatus.UNHEALTHY]
    rows = Endpoint.objects.visible_to(user).filter(status__in=wrong, wanted=True)
    return rows.select_related("model", "version", "tenant")[:SHOWN]


def is_new(user) -> bool:
    """Whether the first steps still lie ahead: a seat in a tenant, and no key to call with."""
    seated = user.tenants_as(TenantRole.CONSUMER)
    return bool(seated) and not ApiKey.objects.visible_to(user).filter(holder=user).exists()


def first_steps(user, *, holds: bool, asks: bool) -> list[dict]:
    """The known path of a newcomer, with where they are on it."""
    state = {True: "done", False: ""}
    rows = [
        ("Find a model", "Search the catalogue in your own words.", holds or asks),
        ("Ask for access", "For your team; its owners decide.", holds or asks),
        ("Make a key", "It is shown once.", False),
        ("Call it", "Paste the example and see the call on your usage page.", False),
    ]
    now = 2 if holds else 1 if asks else 0
    return [
        {"title": title, "note": note, "state": "now" if place == now else state[done]}
        for place, (title, note, done) in enumerate(rows)
    ]
