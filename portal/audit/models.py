"""The trail: what happened, who did it, and why. Rows are added, never changed."""

import json

from django.db import models
from django.urls import reverse
from django.utils.functional import cached_property

from portal.core.models import TransactionId


class EventQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Auditors, governance and operators see all; owners see their own tenants' part."""
        if not user.is_authenticated:
            return self.none()
        if user.reads_trail:
            return self
        return self.filter(tenant_id__in=user.tenants_as("owner"))

    def about(self, subject):
        return self.filter(subject_type=subject._meta.label_lower, subject_id=str(subject.pk))

    def newest_first(self):
        return self.order_by("-xid", "-id")

    def oldest_first(self):
        return self.order_by("xid", "id")

    def before(self, place: tuple[int, int]):
        """Older than the event at `place`: the next page of a list without counting."""
        xid, number = place
        return self.filter(models.Q(xid=xid, id__lt=number) | models.Q(xid__lt=xid), xid__lte=xid)

    def after(self, place: tuple[int, int]):
        """Newer than the event at `place`."""
        xid, number = place
        return self.filter(models.Q(xid=xid, id__gt=number) | models.Q(xid__gt=xid), xid__gte=xid)

    def at_place(self, place: tuple[int, int]):
        return self.filter(xid=place[0], id=place[1])


class Event(models.Model):
    """One line of the trail, in the shape that sealing needs.

    `xid` and `id` come from the database, `wseq` counts per writer, `mac` covers
    writer, wseq and payload. The columns after `mac` are generated from the payload,
    for reading; the role of the application can write none of them.
    """

    xid = TransactionId(editable=False)
    id = models.BigIntegerField(primary_key=True, editable=False)
    writer = models.CharField(max_length=80)
    wseq = models.BigIntegerField()
    payload = models.TextField()
    mac = models.BinaryField()

    at = models.DateTimeField(editable=False)
    verb = models.CharField(max_length=80, editable=False)
    actor = models.CharField(max_length=150, editable=False)
    tenant_id = models.UUIDField(null=True, editable=False)
    subject_type = models.CharField(max_length=80, editable=False)
    subject_id = models.CharField(max_length=80, editable=False)
    label = models.CharField(max_length=200, editable=False)

    objects = EventQuerySet.as_manager()

    privileges = ("SELECT", "INSERT (writer, wseq, payload, mac)")

    class Meta:
        verbose_name, verbose_name_plural = "event", "events"
        managed = False  # its key (xid, id) and generated columns are written in SQL
        db_table = "portal_event"
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.actor or 'system'} {self.verb} {self.label}"

    def get_absolute_url(self) -> str:
        return reverse("audit:event", args=[self.reference])

    @property
    def reference(self) -> str:
        """Its place in the trail: transaction and number."""
        return f"{self.xid}-{self.id}"

    @cached_property
    def facts(self) -> dict:
        """The payload as written: at, actor, verb, subject, label, tenant, note, before, after."""
        return json.loads(self.payload)

    @property
    def denied(self) -> bool:
        return self.verb.startswith("denied ")


class IdempotentAnswer(models.Model):
    """The first answer to a POST with an Idempotency-Key, replayed for 24 hours."""

    key = models.CharField(max_length=200)
    actor = models.CharField(max_length=150)
    digest = models.CharField(max_length=64)
    http_status = models.PositiveSmallIntegerField(null=True)
    body = models.BinaryField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name, verbose_name_plural = "remembered answer", "remembered answers"
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["actor", "key"], name="one_answer_per_key")]
        indexes = [models.Index(fields=["created_at"])]

    def __str__(self) -> str:
        return f"{self.actor} {self.key}"

    @property
    def in_flight(self) -> bool:
        return self.http_status is None
