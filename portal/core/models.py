"""The columns every table shares."""

from django.db import models

from portal.core.ids import new_id


class Record(models.Model):
    """A row with a time-ordered id."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        abstract = True
