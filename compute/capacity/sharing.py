"""Who uses what of one flavour: own, borrowed and lent, by one rule. Pure figures, no database.

The rule: what a tenant uses beyond its guarantee is borrowed. All that is borrowed of a flavour
is taken to come from those with guarantee to spare, in proportion to what they do not use and
lend, and from what nobody is guaranteed, in proportion to that. Hardware is not marked with a
lender, so any finer answer would be made up.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

SHARED = ""  # the lender of what nobody is guaranteed
ZERO = Decimal(0)


@dataclass(frozen=True)
class Share:
    """One tenant's part of one flavour, in GPUs (cores where there are none).

    `borrow` and `lend` None: as much as there is. `tenant` is a slug.
    """

    tenant: str
    guaranteed: Decimal = ZERO
    borrow: Decimal | None = None
    lend: Decimal | None = None
    used: Decimal = ZERO

    @property
    def own(self) -> Decimal:
        """What it uses of its guarantee."""
        return min(self.used, self.guaranteed)

    @property
    def borrowed(self) -> Decimal:
        return max(ZERO, self.used - self.guaranteed)

    @property
    def unused(self) -> Decimal:
        return max(ZERO, self.guaranteed - self.used)

    @property
    def spare(self) -> Decimal:
        """What of its guarantee others may have now."""
        return self.unused if self.lend is None else min(self.lend, self.unused)

    @property
    def kept(self) -> Decimal:
        """What of its guarantee it never leaves to others."""
        return ZERO if self.lend is None else max(ZERO, self.guaranteed - self.lend)

    @property
    def limit(self) -> Decimal | None:
        """The most it may ever have; None where only the hardware limits it."""
        return None if self.borrow is None else self.guaranteed + self.borrow


def shared(shares: Iterable[Share], total: Decimal) -> Decimal:
    """What nobody is guaranteed of `total`."""
    return max(ZERO, total - sum((each.guaranteed for each in shares), ZERO))


def lent(shares: list[Share], total: Decimal) -> dict[tuple[str, str], Decimal]:
    """(lender, borrower) -> how much, by the rule above. `SHARED` lends what is nobody's.

    The sum over all lenders is exactly what each borrower borrows. Where nobody has anything to
    spare (nodes were lost, or a guarantee was lowered), it is all taken to be `SHARED`.
    """
    spare = {each.tenant: each.spare for each in shares} | {SHARED: shared(shares, total)}
    sources = {tenant: amount for tenant, amount in spare.items() if amount > 0}
    whole = sum(sources.values(), ZERO)
    found: dict[tuple[str, str], Decimal] = {}
    for borrower in (each for each in shares if each.borrowed):
        if not whole:
            found[SHARED, borrower.tenant] = borrower.borrowed
        for lender, amount in sources.items():
            found[lender, borrower.tenant] = borrower.borrowed * amount / whole
    return found


def lent_by(shares: list[Share], total: Decimal) -> dict[str, Decimal]:
    """Lender -> how much of its guarantee others use now."""
    by: dict[str, Decimal] = {}
    for (lender, _), amount in lent(shares, total).items():
        by[lender] = by.get(lender, ZERO) + amount
    return by


def headroom(share: Share, shares: list[Share], total: Decimal) -> Decimal:
    """How much more `share` could get now without taking anything from anybody."""
    others = [each for each in shares if each.tenant != share.tenant]
    offered = shared(shares, total) + sum((each.spare for each in others), ZERO)
    taken = sum((each.borrowed for each in shares), ZERO)
    more = share.unused + max(ZERO, offered - taken)
    return more if share.limit is None else max(ZERO, min(more, share.limit - share.used))


def most(share: Share, shares: list[Share], total: Decimal) -> Decimal:
    """The most that `share` could ever have, if nobody else used anything."""
    kept = sum((each.kept for each in shares if each.tenant != share.tenant), ZERO)
    reach = max(ZERO, total - kept)
    return reach if share.limit is None else min(reach, share.limit)
