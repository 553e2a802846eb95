"""Column types that Django does not have."""

from django.db import models


class TransactionId(models.Field):
    """PostgreSQL's 64-bit transaction id (xid8), written by the database, read as an int."""

    def db_type(self, connection) -> str:
        return "xid8"

    def from_db_value(self, value, expression, connection):
        return None if value is None else int(value)

    def get_db_prep_value(self, value, connection, prepared=False):
        # As text: PostgreSQL compares xid8 with its own literals and not with integers.
        return None if value is None else str(value)
