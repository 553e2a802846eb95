"""Who may have how much: decided by operators, told to the cluster after commit."""

from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.db.models import Sum

from compute.capacity.models import Cluster, GpuFlavour, Queue, Quota
from compute.capacity.services.shares import total_of
from portal.audit.services import denied, record
from portal.core.background import after_commit
from portal.core.errors import Conflict, Refused
from tenants.directory.models import Tenant

HIGHEST = Decimal(100_000)
HEAVIEST = Decimal(1000)
ZERO = Decimal(0)


@dataclass(frozen=True)
class Terms:
    """A quota: what is guaranteed, how much more may be borrowed, how much of it is lent.

    In GPUs, or cores where there are none; None is as much as there is.
    """

    guaranteed: Decimal
    borrow: Decimal | None = None
    lend: Decimal | None = None

    def as_text(self) -> dict:
        values = {"guaranteed": self.guaranteed, "borrow": self.borrow, "lend": self.lend}
        return {name: None if v is None else f"{v.normalize():f}" for name, v in values.items()}


def set_quota(
    queue: Queue, flavour: GpuFlavour, *, by, guaranteed, borrow=None, lend=None, reason: str = ""
) -> Quota:
    """Say what the tenant of `queue` may have of `flavour`, from now on. Operators only.

    More guaranteed to all together than there is needs a `reason`, which stands in the trail.
    The same again changes nothing. Raises `Refused` with the field at fault, 403.
    """
    terms = Terms(*[None if v is None else Decimal(v) for v in (guaranteed, borrow, lend)])
    with transaction.atomic():
        require_operator(by, "set a quota of", queue)
        _hold(flavour)  # two at once could give twice
        quota = _row(queue, flavour)
        before = Terms(quota.guaranteed, quota.borrow, quota.lend)
        if before == terms:
            return quota
        check(queue, flavour, terms, reason=reason)
        quota.guaranteed, quota.borrow, quota.lend = terms.guaranteed, terms.borrow, terms.lend
        quota.save(update_fields=["guaranteed", "borrow", "lend"])
        texts = {"before": before.as_text(), "after": terms.as_text()}
        where = {"flavour": flavour.slug, "cluster": queue.cluster.slug}
        record("set a quota", quota, by=by, note=reason, **where, **texts)
        _tell(queue.cluster_id)
    return quota


@transaction.atomic
def set_quotas(queue: Queue, *, by, weight, terms: dict, reason: str = "") -> list[Quota]:
    """All of a tenant's quotas and its weight in one go; `terms` are `Terms` by flavour.

    All or nothing. Raises `Refused` whose field begins with the id of the flavour at fault.
    """
    set_weight(queue, by=by, weight=weight)
    done = []
    for flavour, wanted in terms.items():
        values = {"guaranteed": wanted.guaranteed, "borrow": wanted.borrow, "lend": wanted.lend}
        try:
            done.append(set_quota(queue, flavour, by=by, reason=reason, **values))
        except Refused as refused:
            field = f"{flavour.pk}-{refused.field}" if refused.field in values else refused.field
            raise Refused(refused.detail, field=field) from refused
    return done


@transaction.atomic
def set_weight(queue: Queue, *, by, weight) -> Queue:
    """The tenant's part of what is borrowed, beside others: 2 gets twice as much as 1."""
    require_operator(by, "set the weight of", queue)
    wanted = Decimal(weight)
    if not wanted.is_finite() or not 0 < wanted <= HEAVIEST:
        raise Refused(f"Choose a weight above 0, {HEAVIEST} at most.", field="weight")
    if wanted != round(wanted, 2):
        raise Refused("Use two decimals or fewer.", field="weight")
    if queue.weight == wanted:
        return queue
    before, queue.weight = queue.weight, wanted
    queue.save(update_fields=["weight"])
    texts = {"before": f"{before.normalize():f}", "after": f"{wanted.normalize():f}"}
    record("set a weight", queue, by=by, cluster=queue.cluster.slug, **texts)
    _tell(queue.cluster_id)
    return queue


@transaction.atomic
def join(tenant: Tenant, cluster: Cluster, *, by) -> Queue:
    """Give a tenant a place in a cluster, or give it back; its guarantees are what they were."""
    queue = Queue.objects.filter(tenant=tenant, cluster=cluster).first()
    if queue is None:
        queue = Queue(tenant=tenant, cluster=cluster, open=False)
    require_operator(by, "give a place to", queue)
    if queue.open:
        raise Conflict(f"{tenant} has a place in {cluster} already.")
    queue.open = True
    queue.save()
    record("gave a place", queue, by=by, cluster=cluster.slug)
    _tell(cluster.pk)
    return queue


@transaction.atomic
def leave(queue: Queue, *, by, note: str = "") -> Queue:
    """Take a tenant's place in a cluster: new jobs of it go elsewhere, what runs goes on."""
    require_operator(by, "take the place of", queue)
    if not queue.open:
        raise Conflict(f"{queue.tenant} has no place in {queue.cluster} now.")
    queue.open = False
    queue.save(update_fields=["open"])
    record("took a place", queue, by=by, note=note, cluster=queue.cluster.slug)
    _tell(queue.cluster_id)
    return queue


@transaction.atomic
def open_cluster(cluster: Cluster, *, by) -> Cluster:
    """Let new jobs come here again."""
    return _turn(cluster, True, by=by)


@transaction.atomic
def close_cluster(cluster: Cluster, *, by, note: str = "") -> Cluster:
    """Let no new jobs come here. What waits or runs there goes on."""
    return _turn(cluster, False, by=by, note=note)


def check(queue: Queue, flavour: GpuFlavour, terms: Terms, *, reason: str = "") -> None:
    """Raise `Refused`, with the field at fault, for terms that cannot be."""
    if flavour.cluster_id != queue.cluster_id:
        raise Refused(f"{flavour} is not in {queue.cluster}.", field="flavour")
    for field in ("guaranteed", "borrow", "lend"):
        _check_amount(getattr(terms, field), flavour, field)
    if terms.lend is not None and terms.lend > terms.guaranteed:
        told = f"{terms.guaranteed.normalize():f}"
        raise Refused(f"Only what is guaranteed can be lent: {told} or less.", field="lend")
    check_promise(queue, flavour, terms, reason=reason)


def check_promise(queue: Queue, flavour: GpuFlavour, terms: Terms, *, reason: str) -> None:
    """Raise `Refused` where more would be guaranteed than there is, and no `reason` is given."""
    left = left_to_guarantee(queue, flavour)
    if terms.guaranteed > left and not reason.strip():
        left = max(ZERO, left)
        unit = f"{flavour.unit} is" if left == 1 else f"{flavour.unit}s are"
        words = f"{left.normalize():f} {unit} left to guarantee"
        more = "Choose that or less, or give a reason to promise more than there is."
        raise Refused(f"{words}. {more}", field="guaranteed")


def left_to_guarantee(queue: Queue, flavour: GpuFlavour) -> Decimal:
    """What of `flavour` is guaranteed to nobody else; below zero where too much is promised."""
    others = Quota.objects.filter(flavour=flavour, queue__open=True).exclude(queue=queue)
    given = others.aggregate(given=Sum("guaranteed"))["given"] or ZERO
    return total_of(flavour) - given


def _check_amount(value: Decimal | None, flavour: GpuFlavour, field: str) -> None:
    if value is None and field != "guaranteed":
        return
    if value is None or not value.is_finite() or not 0 <= value <= HIGHEST:
        raise Refused(f"Choose a number from 0 to {HIGHEST:,}.", field=field)
    if value != round(value, 2):
        raise Refused("Use two decimals or fewer.", field=field)
    if not flavour.has_gpus:
        return
    parts = value * flavour.parts
    if abs(parts - round(parts)) > Decimal("0.005") * flavour.parts:
        words = f"in parts of one {flavour.parts}th" if flavour.parts > 1 else "whole"
        raise Refused(f"{flavour.name} is given {words}. Choose such a number.", field=field)


def _hold(flavour: GpuFlavour) -> None:
    GpuFlavour.objects.select_for_update(no_key=True).get(pk=flavour.pk)


def _row(queue: Queue, flavour: GpuFlavour) -> Quota:
    found, _ = Quota.objects.select_for_update().get_or_create(
        queue=queue, flavour=flavour, defaults={"tenant_id": queue.tenant_id}
    )
    return found


def _turn(cluster: Cluster, open_now: bool, *, by, note: str = "") -> Cluster:
    require_operator(by, "open" if open_now else "close", cluster)
    if cluster.open == open_now:
        raise Conflict(f"{cluster} is {'open' if open_now else 'closed'} already.")
    cluster.open = open_now
    cluster.save(update_fields=["open"])
    record("opened" if open_now else "closed", cluster, by=by, note=note)
    _tell(cluster.pk)
    return cluster


def _tell(cluster_id) -> None:
    """Tell the cluster, and the pages that show it. A look finds what a lost message left."""
    after_commit("capacity.apply", cluster_id=str(cluster_id))


def require_operator(by, verb: str, subject) -> None:
    """Raise 403, which the trail remembers, for anybody else."""
    if by is None or not by.is_operator:
        raise denied(verb, subject, by=by, why="Only operators can do this.")
