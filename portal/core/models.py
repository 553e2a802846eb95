"""The columns every table shares, and the one type of column that Django lacks."""

from django.db import models

from portal.core.ids import new_id


class Record(models.Model):
    """A row with a time-ordered id."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        abstract = True


class TransactionId(models.Field):
    """PostgreSQL's 64-bit transaction id (xid8), written by the database, read as an int."""

    def db_type(self, connection) -> str:
        return "xid8"

    def from_db_value(self, value, expression, connection):
        return None if value is None else int(value)

    def get_db_prep_value(self, value, connection, prepared=False):
        # As text: PostgreSQL compares xid8 with its own literals and not with integers.
        return None if value is None else str(value)
