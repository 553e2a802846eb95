"""Where sealed values live: one row for each secret of some other row."""

from django.db import models

from portal.core.models import Record


class Secret(Record):
    """A value that only the vault can read. Bound to its row and field by the cipher.

    `about` and `field` name what it belongs to (for example `compute.endpoint:<id>` and
    `token`); `sealed` is `v1|key id|nonce|ciphertext|tag`.
    """

    tenant_id = models.UUIDField(null=True)
    about = models.CharField(max_length=120)
    field = models.CharField(max_length=40)
    sealed = models.TextField()

    class Meta:
        verbose_name, verbose_name_plural = "secret", "secrets"
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["about", "field"], name="one_secret_per_field")
        ]

    def __str__(self) -> str:
        return f"{self.about} {self.field}"
