"""What people are owed to know: in the portal and by mail."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from portal.core.models import Record


class NoticeQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(person=user) if user.is_authenticated else self.none()

    def unread(self):
        return self.filter(read_at=None)

    def owed_by_mail(self):
        return self.filter(told_at=None)

    def due(self):
        """Owed, and not waiting for the next attempt."""
        return self.owed_by_mail().filter(try_after__lte=timezone.now())


class Notice(Record):
    """One thing that happened to somebody's things. `told_at` is empty until the mail is out.

    `href` is a path of the portal; `try_after` is when the mail may be tried (again).
    """

    tenant = models.ForeignKey("tenants.Tenant", models.CASCADE, related_name="+")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="notices")
    title = models.CharField(max_length=160)
    body = models.TextField(blank=True)
    href = models.CharField(max_length=300)
    tone = models.CharField(max_length=5, default="info")
    told_at = models.DateTimeField(null=True)
    try_after = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveSmallIntegerField(default=0)
    read_at = models.DateTimeField(null=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        verbose_name, verbose_name_plural = "notice", "notices"
        default_permissions = ()
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["tenant", "id"], name="notice_in_tenant")]
        indexes = [
            models.Index(fields=["person", "read_at"]),
            models.Index(fields=["try_after"], condition=Q(told_at=None), name="notice_owed"),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("notices:list")
