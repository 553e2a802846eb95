"""What a quantity costs: the same arithmetic as `Price.nano_for`, without the ORM."""

from decimal import Decimal

NANO = 1_000_000_000
LARGEST = 2**63 - 1


def nano_for(amount: Decimal, per: int, quantity: int) -> int:
    """Nano-units of the currency for `quantity` units at `amount` each `per`, half to even."""
    return round(amount * quantity * NANO / per)
