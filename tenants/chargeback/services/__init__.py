"""The verbs of chargeback: set prices, correct, settle what was left open, close a month."""

from tenants.chargeback.services.hardware import charge
from tenants.chargeback.services.ledger import (
    correct,
    keep_partitions,
    ledger_of,
    settle_estimated,
)
from tenants.chargeback.services.prices import price_at, price_in_force, prices_of, set_price
from tenants.chargeback.services.statements import (
    CURRENCY,
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
    "CURRENCY",
    "between",
    "charge",
    "closable_months",
    "close_period",
    "correct",
    "keep_partitions",
    "ledger_of",
    "open_statements",
    "preview_of",
    "price_at",
    "price_in_force",
    "prices_of",
    "running_totals",
    "set_price",
    "settle_estimated",
    "statement_of",
    "usage",
    "verify_ledger",
]
