"""Who leads: one holder at a time, with a token that grows with each change of hands."""

from django.db import models


class Lease(models.Model):
    """A duty that one process does at a time. A write of the holder names its `token`; after
    another one took over, the old token matches nothing."""

    duty = models.CharField(primary_key=True, max_length=40)
    holder = models.CharField(max_length=120, blank=True)
    token = models.PositiveBigIntegerField(default=0)
    until = models.DateTimeField()

    class Meta:
        verbose_name, verbose_name_plural = "lease", "leases"
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.duty} by {self.holder}"
