"""The verbs of access: ask, decide, hold, end."""

from marketplace.access.services.asking import asked_before, submit, withdraw
from marketplace.access.services.deciding import (
    Outcome,
    approve,
    can_decide,
    decide_many,
    deny,
)
from marketplace.access.services.facts import (
    Cost,
    Preview,
    Summary,
    Wait,
    active_grant,
    deciders_for,
    deciders_of,
    digest_of,
    likely_cost,
    preview,
    price_of,
    summaries,
    usual_wait,
)
from marketplace.access.services.holding import (
    can_extend,
    extend,
    give_standing,
    renew,
    revoke,
)
from marketplace.access.services.sweeping import (
    compare_index,
    end_overdue,
    follow_models,
    sweep,
    warn,
)

__all__ = [
    "Cost",
    "Outcome",
    "Preview",
    "Summary",
    "Wait",
    "active_grant",
    "approve",
    "asked_before",
    "can_decide",
    "can_extend",
    "compare_index",
    "decide_many",
    "deciders_for",
    "deciders_of",
    "deny",
    "digest_of",
    "end_overdue",
    "extend",
    "follow_models",
    "give_standing",
    "likely_cost",
    "preview",
    "price_of",
    "renew",
    "revoke",
    "submit",
    "summaries",
    "sweep",
    "usual_wait",
    "warn",
    "withdraw",
]
