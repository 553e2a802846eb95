"""The verbs of chargeback: set prices, correct, settle what was left open, close a month."""

from tenants.chargeback.services.ledger import (
    correct,
    keep_partitions,
    ledger_of,
    settle_estimated,
)
from tenants.chargeback.services.prices import price_in_force, set_price
from tenants.chargeback.services.statements import (
    closable_months,
    close_period,
    open_statements,
    preview_of,
    running_totals,
    statement_of,
)
from tenants.chargeback.services.usage import between, usage
from tenants.chargeback.services.verification import verify_ledger

__all__ = [
    "between",
    "closable_months",
    "close_period",
    "correct",
    "keep_partitions",
    "ledger_of",
    "open_statements",
    "preview_of",
    "price_in_force",
    "running_totals",
    "set_price",
    "settle_estimated",
    "statement_of",
    "usage",
    "verify_ledger",
]
