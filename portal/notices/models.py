"""What people are owed to know: in the portal and by mail."""

from django.conf import settings
from django.db import models

from portal.core.models import Record


class NoticeQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(person=user) if user.is_authenticated else self.none()

    def unread(self):
        return self.filter(read_at=None)

    def owed_by_mail(self):
        return self.filter(told_at=None)


class Notice(Record):
    """One thing that happened to somebody's things. `told_at` is empty until the mail is out."""

    tenant = models.ForeignKey("tenants.Tenant", models.CASCADE, related_name="+")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="notices")
    title = models.CharField(max_length=160)
    body = models.TextField(blank=True)
    href = models.CharField(max_length=300)
    tone = models.CharField(max_length=5, default="info")
    told_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    read_at = models.DateTimeField(null=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["tenant", "id"], name="notice_in_tenant")]
        indexes = [models.Index(fields=["person", "read_at"])]

    def __str__(self) -> str:
        return self.title
