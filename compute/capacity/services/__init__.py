"""The verbs of capacity, and what is read of it."""

from compute.capacity.services.clusters import discover, provider
from compute.capacity.services.engine import engine_of, forget_engines
from compute.capacity.services.fitting import fitting, hourly
from compute.capacity.services.looking import look
from compute.capacity.services.ordering import apply, heal, order_of
from compute.capacity.services.placing import placeable
from compute.capacity.services.previewing import Preview, preview, preview_for
from compute.capacity.services.quotas import (
    Terms,
    close_cluster,
    join,
    leave,
    left_to_guarantee,
    open_cluster,
    require_operator,
    set_quota,
    set_quotas,
    set_weight,
)
from compute.capacity.services.shares import limits
from compute.capacity.services.tending import tend, tend_one, welcome

__all__ = [
    "Preview",
    "Terms",
    "apply",
    "close_cluster",
    "discover",
    "engine_of",
    "fitting",
    "forget_engines",
    "heal",
    "hourly",
    "join",
    "leave",
    "left_to_guarantee",
    "limits",
    "look",
    "open_cluster",
    "order_of",
    "placeable",
    "preview",
    "preview_for",
    "provider",
    "require_operator",
    "set_quota",
    "set_quotas",
    "set_weight",
    "tend",
    "tend_one",
    "welcome",
]
