"""Past facts that a lower storey tells and an upper storey may hear, after commit."""

from django.db import transaction
from django.dispatch import Signal

grant_ended = Signal()  # grant_id: text
access_changed = Signal()  # model_id: text; who may see or call a model is no longer the same
model_published = Signal()  # model_id: text
key_changed = Signal()  # public_id: text
person_changed = Signal()  # user_id: text; standing, roles or tenants


def tell(signal: Signal, **facts) -> None:
    """Send `signal` once the surrounding transaction is safely stored."""
    transaction.on_commit(lambda: signal.send(None, **facts), robust=True)
