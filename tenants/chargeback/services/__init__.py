"""The verbs of chargeback: set prices, correct, settle what was left open, close a month."""

from tenants.chargeback.services.hardware import Use, charge, refund
from tenants.chargeback.services.ledger import (
    charged_run,
    correct,
    keep_partitions,
    ledger_of,
    settle_estimated,
)
from tenants.chargeback.services.prices import (
    all_unpriced,
    price_at,
    price_in_force,
    prices_of,
    set_price,
    unpriced,
)
from tenants.chargeback.services.statements import (
    CURRENCY,
    closable_months,
    close_period,
    open_statements,
    preview_of,
    running_totals,
    statement_of,
)
from tenants.chargeback.services.usage import between, hardware_usage, usage
from tenants.chargeback.services.verification import verify_ledger

__all__ = [
    "Use",
    "all_unpriced",
    "CURRENCY",
    "between",
    "charge",
    "charged_run",
    "closable_months",
    "close_period",
    "correct",
    "hardware_usage",
    "keep_partitions",
    "ledger_of",
    "open_statements",
    "preview_of",
    "price_at",
    "price_in_force",
    "prices_of",
    "refund",
    "running_totals",
    "set_price",
    "settle_estimated",
    "statement_of",
    "unpriced",
    "usage",
    "verify_ledger",
]
