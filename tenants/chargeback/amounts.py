"""Amounts as text for programs: exact, without exponents, at least two decimals."""

from decimal import Decimal


def decimal_text(nano: int | None) -> str | None:
    """400_000 -> "0.0004", 6_000_000_000 -> "6.00", -18_400_000_000 -> "-18.40"."""
    if nano is None:
        return None
    whole, rest = divmod(abs(int(nano)), 1_000_000_000)
    digits = f"{rest:09d}".rstrip("0").ljust(2, "0")
    return f"{'-' if nano < 0 else ''}{whole}.{digits}"


def nano_of(amount: Decimal) -> int:
    """The nano-units of an amount with nine decimals or fewer."""
    return int(amount.scaleb(9))
